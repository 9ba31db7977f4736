"""Hash rows one by one with BLAKE2b, compiled: a part has too many rows for a loop in Python.

A digest is that of `hashlib.blake2b(message, digest_size=16, salt=..., person=...)`, to the bit.
The message of a row is its 64-bit words, little-endian: first the same number of words for all
rows, then entries of some words each, whose number varies, and at the end the number of their
words.
"""

# numba infers the types of compiled functions.
# mypy: allow-untyped-defs

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .block import jit

Words = NDArray[np.uint64]

# Bytes of a digest, and of a salt: half of what BLAKE2b could give. To find another row with the
# same digest takes 2^128 trials, to make two rows with one digest 2^64.
DIGEST_BYTES = 16
WORD_BYTES = 8
# RFC 7693, 2.6: the fractional parts of the square roots of the first eight primes.
START = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    np.uint64,
)
# RFC 7693, 2.7: the order in which each round takes the words of a block; rounds 10 and 11 are
# rounds 0 and 1 again.
# table: a round a row
ORDER = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.uint8,
)
BLOCK_WORDS = 16
STATE_WORDS = 8
# Fan-out 1, depth 1, no key, and the length of the digest: the first word of the parameters.
PARAMETERS = np.uint64(0x0101_0000 | DIGEST_BYTES)
BLOCK_BYTES = np.uint64(BLOCK_WORDS * WORD_BYTES)


# Compiled, as all three are: a part has millions of these steps.
@jit
def _mixed(a, b, c, d, x, y):
    """Return G of RFC 7693: four words of the state, mixed with two of the message."""
    a = a + b + x
    d = d ^ a
    d = (d >> np.uint64(32)) | (d << np.uint64(32))
    c = c + d
    b = b ^ c
    b = (b >> np.uint64(24)) | (b << np.uint64(40))
    a = a + b + y
    d = d ^ a
    d = (d >> np.uint64(16)) | (d << np.uint64(48))
    c = c + d
    b = b ^ c
    b = (b >> np.uint64(63)) | (b << np.uint64(1))
    return a, b, c, d


# Its 16 words are scalars and not an array, so that they stay in registers.
@jit
def _compress(state, m, length, is_last):
    """Mix a block `m` into `state`, in place; `length` counts the message's bytes up to its end."""
    v0, v1, v2, v3 = state[0], state[1], state[2], state[3]
    v4, v5, v6, v7 = state[4], state[5], state[6], state[7]
    v8, v9, v10, v11 = START[0], START[1], START[2], START[3]
    v12, v13, v14, v15 = START[4] ^ length, START[5], START[6], START[7]
    if is_last:
        v14 = ~v14
    for k in range(12):
        s = ORDER[k]
        v0, v4, v8, v12 = _mixed(v0, v4, v8, v12, m[s[0]], m[s[1]])
        v1, v5, v9, v13 = _mixed(v1, v5, v9, v13, m[s[2]], m[s[3]])
        v2, v6, v10, v14 = _mixed(v2, v6, v10, v14, m[s[4]], m[s[5]])
        v3, v7, v11, v15 = _mixed(v3, v7, v11, v15, m[s[6]], m[s[7]])
        v0, v5, v10, v15 = _mixed(v0, v5, v10, v15, m[s[8]], m[s[9]])
        v1, v6, v11, v12 = _mixed(v1, v6, v11, v12, m[s[10]], m[s[11]])
        v2, v7, v8, v13 = _mixed(v2, v7, v8, v13, m[s[12]], m[s[13]])
        v3, v4, v9, v14 = _mixed(v3, v4, v9, v14, m[s[14]], m[s[15]])
    state[0] ^= v0 ^ v8
    state[1] ^= v1 ^ v9
    state[2] ^= v2 ^ v10
    state[3] ^= v3 ^ v11
    state[4] ^= v4 ^ v12
    state[5] ^= v5 ^ v13
    state[6] ^= v6 ^ v14
    state[7] ^= v7 ^ v15


# A loop over rows, as each has a length of its own.
@jit
def _digests(fixed, starts, varying, salts, person, digests):
    """Fill `digests`, two words a row."""
    n_fixed = fixed.shape[0]
    width = varying.shape[0]
    block = np.empty(BLOCK_WORDS, np.uint64)
    state = np.empty(STATE_WORDS, np.uint64)
    for row in range(fixed.shape[1]):
        state[:] = START
        state[0] ^= PARAMETERS
        state[4] ^= salts[row, 0]
        state[5] ^= salts[row, 1]
        state[6] ^= person[0]
        state[7] ^= person[1]
        entry = starts[row]
        column = 0
        n_varying = width * (starts[row + 1] - entry)
        total = n_fixed + n_varying + 1
        length = np.uint64(0)
        filled = 0
        for k in range(total):
            if filled == BLOCK_WORDS:
                length += BLOCK_BYTES
                _compress(state, block, length, False)
                filled = 0
            if k < n_fixed:
                block[filled] = fixed[k, row]
            elif k < total - 1:
                block[filled] = varying[column, entry]
                column += 1
                if column == width:
                    column = 0
                    entry += 1
            else:
                block[filled] = np.uint64(n_varying)
            filled += 1
        # The last block is filled up with zeros, which its length tells from words.
        block[filled:] = np.uint64(0)
        _compress(state, block, np.uint64(total * WORD_BYTES), True)
        digests[row, 0] = state[0]
        digests[row, 1] = state[1]


def digests(
    fixed: Words, starts: NDArray[np.int64], varying: Words, salts: Words, person: bytes
) -> Words:
    """Return the digest of each row as two words, n x 2.

    `fixed` holds words x rows, `varying` words x entries; those of row k are the entries
    `starts[k]` up to `starts[k + 1]`. `salts` are two words a row; `person` are up to 16 bytes that
    say what the rows are.
    """
    made = np.empty((fixed.shape[1], 2), np.uint64)
    name = np.frombuffer(person.ljust(DIGEST_BYTES, b"\0"), np.uint64)
    _digests(fixed, starts, varying, salts, name, made)
    return made
