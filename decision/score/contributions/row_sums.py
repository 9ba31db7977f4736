"""Sum up a row of named numbers to one 64-bit word: rows that differ have other words.

Each number is mixed with the word of its name by steps that can be undone, and the results are
added modulo 2^64. So neither the order of the columns counts, nor a column that is null. One
changed number always changes the sum; several do but for one chance in 2^64. It is no defence
against someone who looks for two rows with one sum.
"""

# numba infers the types of compiled functions.
# mypy: allow-untyped-defs

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .block import jit

# Odd, so that multiplying by it can be undone modulo 2^64; its bits look random.
MULTIPLIER = np.uint64(0x9FB2_1C65_1E98_DF25)
# Half of the 64 bits: multiplying moves information up only, the shift brings it down again.
SHIFT_BITS = np.uint64(32)
# Rows taken together: their sums stay in the fastest cache while all columns are added.
TILE_ROWS = 512
WORD_BYTES = 8
Words = NDArray[np.uint64]


# Compiled: numpy would write every step of every column to memory. Sums of whole numbers do not
# depend on their order, so the tiles change nothing.
@jit
def _add(numbers, bits, names, sums):
    """Add columns x rows of `numbers`, whose bits are `bits`, to `sums`."""
    for start in range(0, len(sums), TILE_ROWS):
        stop = min(start + TILE_ROWS, len(sums))
        for column in range(len(names)):
            name = names[column]
            # Slices from 0, as an index that may be negative keeps the loop from SIMD.
            values = numbers[column, start:stop]
            words = bits[column, start:stop]
            tile = sums[start:stop]
            for row in range(len(tile)):
                word = (words[row] ^ name) * MULTIPLIER
                word = (word ^ (word >> SHIFT_BITS)) * MULTIPLIER
                # NaN is not equal to itself: it stands for null and adds nothing.
                tile[row] += word if values[row] == values[row] else np.uint64(0)


def add_rows(sums: Words, names: tuple[str, ...], numbers: np.ndarray) -> None:
    """Add `numbers`, columns x rows of float64 with NaN for null, to the sums of the rows."""
    plain = np.ascontiguousarray(numbers)
    _add(plain, plain.view(np.uint64), name_words(names), sums)


@lru_cache(maxsize=64)
def name_words(names: tuple[str, ...]) -> Words:
    """Return a word for each name: the first 8 bytes of its sha256."""
    words = [hashlib.sha256(name.encode()).digest()[:WORD_BYTES] for name in names]
    return np.frombuffer(b"".join(words), np.uint64).copy()
