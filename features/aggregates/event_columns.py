"""Columns of the visible events of one stream in one bucket, and the sums that formulas use.

Arrays are (windows, applications), windows first. The value of a cell never depends on which other
applications share the bucket. Sums in a cell run in the order (event_time, event_id).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import clock
from ..declare.declarations import Measure, RowCondition, Slice, Stream
from . import row_positions, window_sums

# A table counts as unsorted beyond so many runs in order: merging looks at every run for each
# stretch of rows, so a sort is then faster.
MAX_MERGED_RUNS = 64
# Stretches that are put together as slices; of more of them each row is taken by its place.
MAX_MERGED_PIECES = 1_000


def divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return `top / bottom`, null (NaN) where the bottom is 0 or either side is null.

    >>> divide(np.array([1.0, 1.0, np.nan]), np.array([2.0, 0.0, 1.0])).tolist()
    [0.5, nan, nan]
    """
    shape = np.shape(top)
    if shape != np.shape(bottom):
        top, bottom = np.broadcast_arrays(top, bottom)
        shape = top.shape
    # The compiled loop takes flat float64: one version of it for arrays of any shape.
    flat_top = np.ascontiguousarray(top, np.float64).reshape(-1)
    flat_bottom = np.ascontiguousarray(bottom, np.float64).reshape(-1)
    quotient: np.ndarray = window_sums.divide(flat_top, flat_bottom)
    return quotient if len(shape) == 1 else quotient.reshape(shape)


# Form of a measure to the number that an event has, from the measure's columns.
FORMS: dict[str, Callable[..., np.ndarray]] = {
    "plain": lambda x: x,
    "log": np.log1p,
    "ratio": divide,
}

# Columns that are derived from the time of an event; a slice may use them like stored ones.
DERIVED_COLUMNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hour": row_positions.hours,
    "weekday": row_positions.weekdays,
}


class VisibleRows:
    """The visible events of one stream, sorted by (application, event_time, event_id).

    `application` is the place of an event's application in the bucket, which holds `n` of them.
    What is made of the events is kept, as many aggregates share it.
    """

    def __init__(self, stream: Stream, table: pa.Table, as_of: np.ndarray) -> None:
        self.stream = stream
        self.n = len(as_of)
        self._table = _in_order(table)
        self.time = _native(self._table, "event_time")
        self._place(_native(self._table, "row"), as_of)

    def _place(self, row: np.ndarray, as_of: np.ndarray) -> None:
        """Say where each event lies, and begin to keep what is made of the events."""
        self.application, self.age, self.day, self.step = row_positions.event_positions(
            row, self.time, as_of
        )
        self.cell = row_positions.cells(self.step, self.application, self.n)
        self._columns: dict[str, np.ndarray] = {}
        self._numbers: dict[str, np.ndarray] = {}
        self._values: dict[str, np.ndarray] = {}
        self._bins: dict[int, np.ndarray] = {}
        self._slices: dict[str, SliceRows] = {}
        self._masks: dict[RowCondition, np.ndarray] = {}

    def column(self, name: str) -> np.ndarray:
        """Return a stored or derived column in its own type; null is -1."""
        if name not in self._columns:
            if name in DERIVED_COLUMNS:
                self._columns[name] = DERIVED_COLUMNS[name](self.time)
            else:
                self._columns[name] = _native(self._table, name)
        return self._columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64; null is NaN."""
        if name not in self._numbers:
            column = _one_chunk(self._table, name)
            if pa.types.is_boolean(column.type):
                column = pc.cast(column, pa.int8())
            stored = column.to_numpy(zero_copy_only=False)
            self._numbers[name] = stored.astype(np.float64, copy=False)
        return self._numbers[name]

    def identifiers(self, name: str) -> np.ndarray:
        """Return a column to compare: int64, or int8 where it is stored so; null is -1."""
        stored = self.column(name)
        # Two types only, so that the loops over identifiers are compiled twice and not more often.
        if stored.dtype not in (np.int8, np.int64):
            self._columns[name] = stored.astype(np.int64)
        return self._columns[name]

    def values(self, measure: Measure) -> np.ndarray:
        """Return the measure of every event, NaN where it has none."""
        if measure.name not in self._values:
            columns = map(self.numbers, measure.columns)
            self._values[measure.name] = FORMS[measure.form](*columns)
        return self._values[measure.name]

    def bins(self, days: int) -> np.ndarray:
        """Return the cell of every event where planes are bins of `days` days back from as_of.

        What is older than the last whole bin of the year shares one more plane.
        """
        if days not in self._bins:
            self._bins[days] = row_positions.bins(self.day, self.application, days, self.n)
        return self._bins[days]

    def part(self, name: str) -> SliceRows:
        """Return the events of one slice."""
        if name not in self._slices:
            self._slices[name] = SliceRows(self, self._places(self.stream.slice(name)))
        return self._slices[name]

    def release(self) -> None:
        """Free the slices.

        A slice points back to its stream. Without this the memory of both would wait for the
        garbage collector, and the next stream would take new memory instead.
        """
        self._slices.clear()

    def _places(self, part: Slice) -> np.ndarray:
        """Return the places of a slice's events."""
        if not part.where:
            return np.arange(len(self.application), dtype=np.uint32)
        masks = (self._mask(condition) for condition in part.where)
        return row_positions.mask_positions(reduce(np.logical_and, masks))

    def _mask(self, condition: RowCondition) -> np.ndarray:
        """Return which events meet a condition; kept, as many slices share it."""
        if condition not in self._masks:
            is_list = bool(condition.values)
            mask = self._among(condition) if is_list else self._within(condition)
            self._masks[condition] = mask
        return self._masks[condition]

    def _among(self, condition: RowCondition) -> np.ndarray:
        """Return which events hold one of the values; strings are stored as their index."""
        among = self.stream.strings.get(condition.column)
        codes = self.column(condition.column)
        values = [
            among.index(value) if among is not None and isinstance(value, str) else int(value)
            for value in condition.values
        ]
        return reduce(np.logical_or, (codes == value for value in values))

    def _within(self, condition: RowCondition) -> np.ndarray:
        """Return which events lie within the bounds; a null fails, as NaN compares false."""
        numbers = self.numbers(condition.column)
        low = -np.inf if condition.low is None else condition.low
        high = np.inf if condition.high is None else condition.high
        return (numbers >= low) & (numbers <= high)


class SliceRows:
    """The events of one slice: their places `at` in the stream, and the sums made of them.

    Each compiled loop runs at most once for a measure.
    """

    def __init__(self, rows: VisibleRows, at: np.ndarray) -> None:
        self.rows = rows
        self.n = rows.n
        self.at = at
        self._sums: dict[tuple[str, str], np.ndarray] = {}

    @property
    def application(self) -> np.ndarray:
        """The application of each event."""
        return self.rows.application[self.at]

    @property
    def age(self) -> np.ndarray:
        """Age of each event in microseconds."""
        return self.rows.age[self.at]

    @property
    def day(self) -> np.ndarray:
        """Whole days back of each event."""
        return self.rows.day[self.at]

    def identifiers(self, name: str) -> np.ndarray:
        """Return a column to compare; null is -1."""
        return self.rows.identifiers(name)[self.at]

    def values(self, measure: Measure) -> np.ndarray:
        """Return the measure of each event, NaN where it has none."""
        return self.rows.values(measure)[self.at]

    def once(
        self, name: str, measure: Measure | None, loop: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """Return the result of `loop`, kept under a name and a measure."""
        key = (name, measure.name if measure else "")
        if key not in self._sums:
            self._sums[key] = loop()
        return self._sums[key]

    def counts(self) -> np.ndarray:
        """Return (windows, n): events per window."""
        rows = self.rows
        return self.once("counts", None, lambda: window_sums.upto(self.at, rows.cell, self.n))[0]

    def upto(self, kind: str, measure: Measure | None = None) -> np.ndarray:
        """Return (windows, n): sums of one kind over the events that have the measure.

        Kinds are n, s, ss (events, values, squares) and t, tt, tv (time in months and its products
        with time and value). Without a measure the result is the number of events.
        """
        if measure is None:
            return self.counts()
        if kind.startswith("t"):
            return self._trends(measure)[("t", "tt", "tv").index(kind)]
        return self._moments(measure)[("n", "s", "ss").index(kind)]

    def _moments(self, measure: Measure) -> np.ndarray:
        rows = self.rows
        return self.once(
            "moments",
            measure,
            lambda: window_sums.moments(self.at, rows.cell, rows.values(measure), self.n),
        )

    def _trends(self, measure: Measure) -> np.ndarray:
        rows = self.rows
        return self.once(
            "trends",
            measure,
            lambda: window_sums.trends(self.at, rows.cell, rows.values(measure), rows.age, self.n),
        )

    def days(self) -> np.ndarray:
        """Return (2, windows, n): days with events, most events on one day."""
        rows = self.rows
        return self.once(
            "days",
            None,
            lambda: window_sums.days(self.at, rows.cell, rows.application, rows.day, self.n),
        )

    def day_sums(self, measure: Measure) -> np.ndarray:
        """Return (windows, n): largest sum on one day."""
        rows = self.rows
        return self.once(
            "day sums",
            measure,
            lambda: window_sums.day_sums(
                self.at, rows.cell, rows.application, rows.day, rows.values(measure), self.n
            ),
        )

    def gaps(self) -> np.ndarray:
        """Return (4, windows, n): gaps between neighbours in time, their sum, squares, longest."""
        rows = self.rows
        return self.once(
            "gaps",
            None,
            lambda: window_sums.gaps(self.at, rows.cell, rows.application, rows.age, self.n),
        )

    def moves(self, measure: Measure) -> np.ndarray:
        """Return (2, windows, n): pairs of neighbours in time, their summed absolute changes."""
        rows = self.rows
        return self.once(
            "moves",
            measure,
            lambda: window_sums.moves(
                self.at, rows.cell, rows.application, rows.values(measure), self.n
            ),
        )

    def binned(self, days: int, measure: Measure | None = None) -> np.ndarray:
        """Return (bins, n) of the year: events, or the sums of the measure."""
        rows = self.rows
        cell = rows.bins(days)
        n_bins = clock.YEAR_DAYS // days
        # One bin more than is returned: it holds what is older than the last whole bin.
        planes = n_bins + 1
        name = f"bins of {days}"
        if measure is None:
            totals = self.once(
                name, None, lambda: window_sums.counts(self.at, cell, planes, self.n)
            )
        else:
            totals = self.once(
                name,
                measure,
                lambda: window_sums.sums(self.at, cell, rows.values(measure), planes, self.n),
            )
        return totals[:n_bins]

    def extremes(self, measure: Measure) -> np.ndarray:
        """Return (2, windows, n): smallest and largest value; infinite without any."""
        rows = self.rows
        return self.once(
            "extremes",
            measure,
            lambda: window_sums.extremes(self.at, rows.cell, rows.values(measure), self.n),
        )

    def ends(self, measure: Measure | None = None) -> np.ndarray:
        """Return (2, n): place in the stream of the oldest and the newest event, -1 without one.

        With a measure, only events count that have it.
        """
        rows = self.rows
        values = rows.values(measure) if measure else None
        return self.once(
            "ends",
            measure,
            lambda: window_sums.ends(self.at, rows.application, values, self.n),
        )


def _in_order(table: pa.Table) -> pa.Table:
    """Return the events by (application, event_time, event_id); equal ones stay as they came.

    Readers give a few runs, each in order, as the files are: those are merged stretch by stretch.
    Anything else is sorted.
    """
    table = table.combine_chunks()
    keys = tuple(_native(table, name) for name in ("row", "event_time", "event_id"))
    if row_positions.in_order(*keys):
        return table
    starts = row_positions.runs(*keys)
    if len(starts) <= MAX_MERGED_RUNS:
        stretches = row_positions.pieces(starts, *keys)
        if len(stretches) <= MAX_MERGED_PIECES:
            return pa.concat_tables(table.slice(begin, end - begin) for begin, end in stretches)
        # No bounds check: the stretches are places of this very table.
        return pc.take(table, pa.array(row_positions.stretched(stretches)), boundscheck=False)
    # numpy's lexsort is stable and takes the first key last.
    return table.take(np.lexsort(keys[::-1]))


def _native(table: pa.Table, name: str) -> np.ndarray:
    """Return a column in numpy's own type.

    Times are int64 microseconds, flags are 0 and 1, null is -1.
    """
    column = _one_chunk(table, name)
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.int64())
    elif pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    if column.null_count:
        column = pc.fill_null(column, -1)
    return column.to_numpy(zero_copy_only=False)


def _one_chunk(table: pa.Table, name: str) -> pa.Array:
    """Return a column in one piece, without a copy where it is one already."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
