"""Is every whole number of a long stream different? Proved with one byte per possible number where they lie close together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BITS = 20  # a block of flags covers 2^20 neighbouring numbers, 1 MB
MOST = 512  # blocks held at once: half a GB
LOW = (1 << BITS) - 1


def all_different(batches: Iterable[NDArray[np.int64]]) -> bool | None:
    """True or False, or None when the numbers lie too far apart for the flags; ids made part by part are dense in stretches."""
    blocks: dict[int, NDArray[np.bool_]] = {}
    total = 0
    for numbers in batches:
        total += len(numbers)
        for key, inside in _by_block(numbers):
            blocks.setdefault(key, np.zeros(1 << BITS, dtype=bool))[inside & LOW] = True
            if len(blocks) > MOST:
                return None
    return sum(int(np.count_nonzero(block)) for block in blocks.values()) == total


def _by_block(numbers: NDArray[np.int64]) -> Iterable[tuple[int, NDArray[np.int64]]]:
    high = numbers >> BITS
    if not len(high) or high.min() == high.max():
        return [(int(high[0]), numbers)] if len(high) else []
    return [(int(key), numbers[high == key]) for key in np.unique(high)]
