"""Take whole columns of numbers in one pass: copy them in their one form, and look at their range.

Compiled, because numpy would read and write every column once per step.
"""

# numba infers the types of compiled functions.
# mypy: allow-untyped-defs

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block import jit

BITS_PER_BYTE = 8


# Compiled: a number that is not equal to itself is a NaN, of whatever bits.
@jit
def _copy(numbers, data):
    """Copy `data` into `numbers`, with one bit pattern for every NaN."""
    for k in range(len(numbers)):
        value = data[k]
        numbers[k] = value if value == value else np.nan


# Compiled: Arrow keeps one bit a value, the lowest of a byte first.
@jit
def _set_null(numbers, bits, start):
    """Write NaN where the bit of a value, from bit `start` on, is 0."""
    for k in range(len(numbers)):
        place = start + k
        if not (bits[place // BITS_PER_BYTE] >> (place % BITS_PER_BYTE)) & 1:
            numbers[k] = np.nan


# Compiled: no comparison is true of a NaN, so null lies in every range.
@jit
def _outside(matrix, low, high, is_outside):
    """Mark the columns (the first axis) with a value below `low` or above `high`."""
    for column in range(len(matrix)):
        values = matrix[column]
        least = low[column]
        most = high[column]
        # Counted and not left at the first one, so that the loop takes several values at a time.
        outside = 0
        for row in range(len(values)):
            outside += (values[row] < least) | (values[row] > most)
        is_outside[column] = outside > 0


# Compiled: a NaN alone is not equal to itself.
@jit
def _null(matrix, places, is_found):
    """Mark which of the columns at `places` hold a NaN."""
    for k in range(len(places)):
        values = matrix[places[k]]
        # Counted for the same reason as above.
        nulls = 0
        for row in range(len(values)):
            nulls += values[row] != values[row]
        is_found[k] = nulls > 0


def copy_column(
    numbers: NDArray[np.float64], data: NDArray[np.float64], validity: Any, start: int
) -> None:
    """Copy float64 values into `numbers`; every null and NaN becomes the one NaN.

    `validity` is Arrow's buffer of one bit a value, from bit `start` on; None has no nulls.
    """
    _copy(numbers, data)
    if validity is not None:
        _set_null(numbers, np.frombuffer(validity, np.uint8), start)


def columns_outside(
    matrix: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return which columns of columns x rows, C-contiguous, hold a value outside their range.

    NaN lies in every range.
    """
    is_outside = np.zeros(len(matrix), dtype=bool)
    _outside(matrix, low, high, is_outside)
    return np.flatnonzero(is_outside)


def columns_with_null(matrix: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of the `places` whose column of columns x rows holds a null."""
    if not len(places):
        return places
    if not matrix.flags.c_contiguous:
        # A view of a caller's memory, for which nothing is compiled.
        return places[np.isnan(matrix[places]).any(axis=1)]
    is_found = np.zeros(len(places), dtype=bool)
    _null(matrix, places, is_found)
    return places[is_found]
