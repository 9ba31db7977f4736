"""A table as the decision reads it: its columns in declared order, numbers as float64 where null is the one NaN, texts spelled out.

Made once per block: the row's hash, the rules for bad rows and the runtime all work on it without copying again.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from models.inputs import Column

NUMERIC = ("number", "flag")


def canonical(table: pa.Table, columns: Iterable[Column]) -> pa.Table:
    """The columns of `table` that are read: id (int64 or text), times (naive us), numbers and flags (float64 without nulls), texts."""
    found = {column.name: _plain(_whole(table[column.name]), column) for column in columns}
    return pa.table(found)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return whole.cast(whole.type.value_type) if kinds.is_dictionary(whole.type) else whole


def _plain(values: pa.Array, column: Column) -> pa.Array:
    if column.kind in NUMERIC:
        return pa.array(floats(values))
    if column.kind == "time":
        return values.cast(pa.timestamp("us"), safe=False)
    return values.cast(pa.int64() if kinds.is_integer(values.type) else pa.string())


def floats(values: pa.Array) -> NDArray[np.float64]:
    """Numbers or flags as float64 with one bit pattern for null and any NaN; the array's own memory where it is like that already."""
    if kinds.is_null(values.type):
        return np.full(len(values), np.nan)
    plain = values if kinds.is_float64(values.type) else values.cast(pa.float64())
    start, stop = plain.offset, plain.offset + len(plain)
    numbers = np.frombuffer(plain.buffers()[1], np.float64)[start:stop]
    if plain.null_count:
        valid = np.unpackbits(np.frombuffer(plain.buffers()[0], np.uint8), count=stop, bitorder="little")[start:]
        numbers = numbers.copy()
        numbers[valid == 0] = np.nan
        return numbers if np.count_nonzero(np.isnan(numbers)) == plain.null_count else _one_nan(numbers)
    # a NaN anywhere makes the sum of squares NaN, infinities do not
    with np.errstate(all="ignore"):
        has_nan = np.isnan(np.dot(numbers, numbers))
    return _one_nan(numbers.copy()) if has_nan else numbers


def _one_nan(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    numbers[np.isnan(numbers)] = np.nan
    return numbers
