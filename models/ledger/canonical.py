"""A table as the decision reads it: its columns in declared order, numbers as float64 where null is the one NaN, texts spelled out.

Made once per block: the row's hash, the rules for bad rows and the runtime all work on it without copying again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from models.inputs import Column

NUMERIC = ("number", "flag")


def canonical(table: pa.Table, columns: Iterable[Column]) -> pa.Table:
    """The columns of `table` that are read: id (int64 or text), times (naive us), numbers and flags (float64 without nulls), texts.

    Numbers and flags lie one after the other in one piece of memory, which the runtime takes as its matrix without copying.
    """
    columns = tuple(columns)
    x = iter(np.empty((sum(column.kind in NUMERIC for column in columns), len(table))))
    return pa.table({column.name: _plain(_whole(table[column.name]), column, x) for column in columns})


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return whole.cast(whole.type.value_type) if kinds.is_dictionary(whole.type) else whole


def _plain(values: pa.Array, column: Column, x: Iterator[NDArray[np.float64]]) -> pa.Array:
    if column.kind in NUMERIC:
        return pa.array(_fill(next(x), values))
    if column.kind == "time":
        return values.cast(pa.timestamp("us"), safe=False)
    return values.cast(pa.int64() if kinds.is_integer(values.type) else pa.string())


def floats(values: pa.Array) -> NDArray[np.float64]:
    """Numbers or flags as float64 with one bit pattern for null and any NaN."""
    return _fill(np.empty(len(values)), values)


def _fill(numbers: NDArray[np.float64], values: pa.Array) -> NDArray[np.float64]:
    if kinds.is_null(values.type):
        numbers.fill(np.nan)
        return numbers
    plain = values if kinds.is_float64(values.type) else values.cast(pa.float64())
    start, stop = plain.offset, plain.offset + len(plain)
    numbers[:] = np.frombuffer(plain.buffers()[1], np.float64)[start:stop]
    if plain.null_count:
        valid = np.unpackbits(np.frombuffer(plain.buffers()[0], np.uint8), count=stop, bitorder="little")[start:]
        numbers[np.flatnonzero(valid == 0)] = np.nan
    is_nan = np.isnan(numbers)
    if np.count_nonzero(is_nan) != plain.null_count:  # those not from nulls may have any bit pattern
        numbers[is_nan] = np.nan
    return numbers
