"""A block of applications in its one form, read from an Arrow table or a pandas frame.

Both give the same ids, moments, texts and numbers, and the same faults, for the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..base.readings.moments import FIRST_MOMENT, LAST_MOMENT, days_between
from .accepted import (
    MAX_EXACT,
    Read,
    RowFault,
    inexact,
    is_accepted,
    read_array,
    read_numbers,
    read_objects,
    wrong_type,
)
from .columns import AS_OF, REMEMBERED_SHAPES, InputColumn, InputLayout

if TYPE_CHECKING:
    from .feature_values import FeatureValues

DOUBLE = pa.float64()
FLOAT_BYTES = 8  # of a float64
# Types of numpy that convert to float64 without a look at each value.
NUMBER_TYPES = frozenset(
    map(np.dtype, ("f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"))
)
# Types whose largest values float64 does not hold.
WIDE_TYPES = frozenset(map(np.dtype, ("i8", "u8")))
ID_TYPES = frozenset(map(np.dtype, ("i8", "i4")))  # ids of these types cannot be null
MICROSECONDS = np.dtype("M8[us]")
OBJECT = np.dtype(object)
# Single values of Python that numpy takes as numbers as they are.
PLAIN_VALUES = frozenset((float, int, bool, type(None), np.float64))


@dataclass(frozen=True)
class InputBlock:
    """Applications as every rule and every decision reads them.

    `ids` are int64 or text. `times` are datetime64[us] in UTC, NaT = null. `texts` are Arrow's
    strings. `matrix` is numeric columns x rows, float64, NaN = null, in the order of
    `layout.numeric`. `faults` tell the values that their column's form cannot hold; such a value is
    null here. `features` are the features of all rows, once they are read.
    """

    layout: InputLayout
    ids: pa.Array
    times: Mapping[str, np.ndarray]
    texts: Mapping[str, pa.Array]
    matrix: np.ndarray
    faults: list[RowFault]
    features: FeatureValues | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, name: str) -> np.ndarray:
        """Return a number or flag by its column's name."""
        values: np.ndarray = self.matrix[self.layout.place[name]]
        return values

    def kept(self, is_kept: np.ndarray) -> InputBlock:
        """Return the rows of the mask, without faults."""
        mask = pa.array(is_kept)
        ids = self.ids.filter(mask)
        times = {name: moments[is_kept] for name, moments in self.times.items()}
        texts = {name: words.filter(mask) for name, words in self.texts.items()}
        return InputBlock(self.layout, ids, times, texts, self.matrix[:, is_kept], [])

    def table(self) -> pa.Table:
        """Return the columns as a table: what a ledger hashes, and what is read again as it is."""
        rows = iter(self.matrix)
        return pa.table({c.name: self._column(c, rows) for c in self.layout.columns})

    def _column(self, column: InputColumn, rows: Any) -> pa.Array:
        if column.kind == "id":
            return self.ids
        if column.kind == "time":
            return pa.array(self.times[column.name])
        if column.kind == "text":
            return self.texts[column.name]
        return pa.array(next(rows))


class Gathered:
    """The columns of a block, as they are read."""

    def __init__(self, layout: InputLayout) -> None:
        self.layout = layout
        self.ids: pa.Array = None
        # Dates of which a number is made, by its row in the matrix.
        self.dates: dict[int, np.ndarray] = {}
        self.times: dict[str, np.ndarray] = {}
        self.texts: dict[str, pa.Array] = {}
        self.faults: list[RowFault] = []

    def add(self, column: InputColumn, read: Read) -> None:
        self.faults += read.faults
        if column.kind == "id":
            self.ids = read.data
        elif column.kind == "time":
            self.times[column.name] = read.data
        else:
            self.texts[column.name] = read.data

    def add_dates(self, k: int, read: Read) -> None:
        self.faults += read.faults
        self.dates[k] = read.data

    def block(self, matrix: np.ndarray) -> InputBlock:
        for k, dates in self.dates.items():
            matrix[k] = days_between(dates, self.times[AS_OF])
        return InputBlock(self.layout, self.ids, self.times, self.texts, matrix, self.faults)


# From Arrow.


def of_table(table: pa.Table, layout: InputLayout) -> InputBlock:
    """Return a table's columns in their one form.

    Numbers that lie at even distances in memory, as float64 without nulls, are used without a copy.
    Raises `DecisionError` for a column of another type.
    """
    gathered = Gathered(layout)
    for column in layout.columns:
        if column.kind in ("id", "time", "text"):
            gathered.add(column, read_array(column, _whole(table[column.read_from])))
    columns = [table[column.read_from] for column in layout.numeric]
    evenly = _evenly(columns)
    if evenly is not None:
        return gathered.block(evenly)
    # One allocation for all numbers, so that they are a matrix without another copy.
    matrix = np.empty((len(columns), table.num_rows))
    for column, numbers, values in zip(layout.numeric, matrix, columns, strict=True):
        if not column.is_days:
            gathered.faults += read_numbers(column, numbers, _whole(values))
    for k, column in layout.days:
        gathered.add_dates(k, read_array(column, _whole(columns[k])))
    return gathered.block(matrix)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return the column as one array; `combine_chunks` copies, so a single chunk is taken as is."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


class _Memory:
    """Columns at even distances in memory, seen by numpy as one matrix, columns x rows."""

    def __init__(self, columns: Sequence[pa.ChunkedArray], address: int, step: int) -> None:
        # Held, so that the memory lives as long as a numpy array looks at it.
        self.columns = columns
        self.__array_interface__ = {
            # False = writable. Nobody writes to it, but the contribution kernel is compiled for
            # writable memory and would copy any other.
            "data": (address, False),
            "shape": (len(columns), len(columns[0])),
            "strides": (step, FLOAT_BYTES),
            "typestr": np.dtype(np.float64).str,
            "version": 3,
        }


def _evenly(columns: Sequence[pa.ChunkedArray]) -> np.ndarray | None:
    """Return columns x rows without a copy, or None where the columns do not lie evenly.

    They do in a table whose columns lie one after the other, and in a slice of such a table.
    """
    addresses = []
    for column in columns:
        if column.num_chunks != 1 or column.type != DOUBLE or column.null_count:
            return None
        values = column.chunk(0)
        addresses.append(values.buffers()[1].address + FLOAT_BYTES * values.offset)
    steps = {after - before for before, after in pairwise(addresses)}
    # A step shorter than a column would mean columns that overlap.
    if len(steps) != 1 or min(steps) < FLOAT_BYTES * len(columns[0]) or not len(columns[0]):
        return None
    return np.asarray(_Memory(columns, addresses[0], steps.pop()))


# From pandas.


def of_frame(frame: pd.DataFrame, there: tuple[str, ...], layout: InputLayout) -> InputBlock:
    """Return a frame's columns in their one form; `there` are its column names as text.

    Raises `DecisionError` for a column of another type.
    """
    gathered = Gathered(layout)
    others, at = _positions(there, layout)
    matrix = _matrix(frame, at, gathered)
    for column, k in others:
        gathered.add(column, _of_series(column, frame[frame.columns[k]]))
    return gathered.block(matrix)


@lru_cache(maxsize=REMEMBERED_SHAPES)
def _positions(
    there: tuple[str, ...], layout: InputLayout
) -> tuple[list[tuple[InputColumn, int]], np.ndarray]:
    """Return ids, times and texts with their positions in a frame, and those of the numbers."""
    position = {name: k for k, name in enumerate(there)}
    others = [
        (c, position[c.read_from]) for c in layout.columns if c.kind in ("id", "time", "text")
    ]
    at = np.array([position[column.read_from] for column in layout.numeric], dtype=np.int64)
    return others, at


def _matrix(frame: pd.DataFrame, at: np.ndarray, gathered: Gathered) -> np.ndarray:
    """Return numeric columns x rows: plain numbers are read together, each other column alone."""
    dtypes = frame.dtypes.tolist()
    kinds = [dtypes[k] for k in at.tolist()]
    is_plain = np.array([kind in NUMBER_TYPES for kind in kinds], dtype=bool)
    days = dict(gathered.layout.days)
    # One row goes through objects: pandas takes four times as long to pick its columns.
    single = frame.to_numpy(object)[0, at] if len(frame) == 1 else None
    if single is not None:
        for k in np.flatnonzero(~is_plain).tolist():
            is_plain[k] = kinds[k] == OBJECT and type(single[k]) in PLAIN_VALUES
    if days:
        # A number is no date, whatever its type.
        is_plain[list(days)] = False
    matrix = np.empty((len(at), len(frame)))
    if single is not None and is_plain.all():
        matrix = single.astype(np.float64)[:, None]
    elif single is not None:
        matrix[is_plain, 0] = single[is_plain].astype(np.float64)
    elif is_plain.all():
        matrix = frame.iloc[:, at].to_numpy(np.float64).T
    else:
        matrix[is_plain] = frame.iloc[:, at[is_plain]].to_numpy(np.float64).T
    is_wide = [k for k, kind in enumerate(kinds) if is_plain[k] and _may_be_wide(kind)]
    if is_wide:
        matrix = _exact(frame, at, matrix, np.array(is_wide), gathered)
    for k in np.flatnonzero(~is_plain).tolist():
        read = _of_series(gathered.layout.numeric[k], frame.iloc[:, at[k]])
        if k in days:
            gathered.add_dates(k, read)
            continue
        matrix[k] = read.data
        gathered.faults += read.faults
    return matrix


def _may_be_wide(kind: Any) -> bool:
    return kind in WIDE_TYPES or kind == OBJECT


def _exact(
    frame: pd.DataFrame, at: np.ndarray, matrix: np.ndarray, wide: np.ndarray, gathered: Gathered
) -> np.ndarray:
    """Return the matrix with null for whole numbers that float64 does not hold, and tell them."""
    is_suspect = (np.abs(matrix[wide]) >= MAX_EXACT).any(axis=1)
    for k in wide[is_suspect].tolist():
        # Copied, as the matrix may be the caller's own memory.
        matrix = matrix.copy()
        rows = np.flatnonzero(np.abs(matrix[k]) >= MAX_EXACT)
        exact = frame.iloc[rows, at[k]].tolist()
        is_whole = np.array([isinstance(value, int) for value in exact], dtype=bool)
        whole = [value for value in exact if isinstance(value, int)]
        name = gathered.layout.numeric[k].name
        gathered.faults += inexact(matrix[k], rows[is_whole], whole, name)
    return matrix


def _of_series(column: InputColumn, series: pd.Series) -> Read:
    """Return one column of a frame in its one form."""
    kind = series.dtype
    if column.kind == "id" and kind in ID_TYPES:
        return Read(pa.array(series.to_numpy(np.int64)), [])
    if kind == MICROSECONDS and (column.kind == "time" or column.is_days):
        times = series.to_numpy()
        counts = times[~np.isnat(times)].view(np.int64)
        if not len(counts) or (counts.min() >= FIRST_MOMENT and counts.max() <= LAST_MOMENT):
            return Read(times, [])
    if kind == OBJECT:
        return read_objects(column, series.to_numpy(object))
    try:
        values = pa.Array.from_pandas(series)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which Arrow cannot hold: each text is looked at.
        return read_objects(column, series.to_numpy(object))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise wrong_type(column, str(kind)) from error
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not is_accepted(column, values.type):
        raise wrong_type(column, str(kind))
    return read_array(column, values)
