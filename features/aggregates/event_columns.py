"""Rows of one stream in one bucket, in order, and the sums over (window, application) that every formula is made of.

All arrays are (windows, applications), windows first. The value of a cell never depends on which other applications share the bucket, and
sums within a cell run in the order (event_time, event_id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import clock
from ..declare.declarations import AggregateBlock, Measure, RowCondition, Slice, Stream
from ..engine.point_in_time import columns_read
from . import row_positions, window_sums

FEW_RUNS, FEW_PIECES = 64, 1_000
"""Runs of rows in order, and stretches to merge them by, beyond which a table counts as unsorted."""


def divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """`top / bottom`, null where the bottom is 0 or either side is null."""
    if np.shape(top) != np.shape(bottom):
        top, bottom = np.broadcast_arrays(top, bottom)
    flat = (np.ascontiguousarray(side, np.float64).reshape(-1) for side in (top, bottom))
    return window_sums.divide(*flat).reshape(np.shape(top))


FORMS: dict[str, Callable[..., np.ndarray]] = {
    "plain": lambda x: x,
    "log": np.log1p,
    "ratio": divide,
}


class VisibleRows:
    """The visible rows of one stream, sorted by (application, event_time, event_id)."""

    def __init__(self, stream: Stream, table: pa.Table, as_of: np.ndarray) -> None:
        self.stream, self.n, self._table = stream, len(as_of), _in_order(table)
        self.time = _native(self._table, "event_time")
        self.row, self.age, self.day, self.step = row_positions.placed(
            _native(self._table, "row"), self.time, as_of
        )
        self.cell = row_positions.cells(self.step, self.row, self.n)
        self._columns: dict[str, np.ndarray] = {}
        self._numbers: dict[str, np.ndarray] = {}
        self._values: dict[str, np.ndarray] = {}
        self._bins: dict[int, np.ndarray] = {}
        self._parts: dict[str, SliceRows] = {}
        self._masks: dict[RowCondition, np.ndarray] = {}

    def column(self, name: str) -> np.ndarray:
        """A stored or derived column in its own type; null is NaN where it is a number with nulls, and -1 for identifiers."""
        if name not in self._columns:
            virtual = {"hour": row_positions.hours, "weekday": row_positions.weekdays}
            self._columns[name] = (
                virtual[name](self.time) if name in virtual else _native(self._table, name)
            )
        return self._columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """A column as float64; null is NaN."""
        if name not in self._numbers:
            column = _whole(self._table, name)
            column = pc.cast(column, pa.int8()) if pa.types.is_boolean(column.type) else column
            self._numbers[name] = column.to_numpy(zero_copy_only=False).astype(
                np.float64, copy=False
            )
        return self._numbers[name]

    def identifiers(self, name: str) -> np.ndarray:
        """A column for comparing, as int64, or as int8 where it is stored so; null is -1."""
        stored = self.column(name)
        if stored.dtype not in (np.int8, np.int64):
            self._columns[name] = stored.astype(np.int64)
        return self._columns[name]

    def values(self, measure: Measure) -> np.ndarray:
        """The measure of every row, NaN where it has none."""
        if measure.name not in self._values:
            self._values[measure.name] = FORMS[measure.form](*map(self.numbers, measure.columns))
        return self._values[measure.name]

    def bins(self, days: int) -> np.ndarray:
        """Cell of every row where planes are bins of so many days back from as_of; what is older shares a last one."""
        if days not in self._bins:
            self._bins[days] = row_positions.bins(self.day, self.row, days, self.n)
        return self._bins[days]

    def part(self, name: str) -> SliceRows:
        """The rows of one slice."""
        if name not in self._parts:
            self._parts[name] = SliceRows(self, self._index(self.stream.slice(name)))
        return self._parts[name]

    def release(self) -> None:
        """Let go of the parts, which know their rows: the memory of a stream would wait for the garbage collector, and be taken anew."""
        self._parts.clear()

    def _index(self, part: Slice) -> np.ndarray:
        if not part.where:
            return np.arange(len(self.row), dtype=np.uint32)
        return row_positions.chosen(
            reduce(np.logical_and, (self._mask(condition) for condition in part.where))
        )

    def _mask(self, condition: RowCondition) -> np.ndarray:
        """Which rows meet a condition; kept, as many slices share it."""
        if condition not in self._masks:
            self._masks[condition] = (
                self._among(condition) if condition.values else self._within(condition)
            )
        return self._masks[condition]

    def _among(self, condition: RowCondition) -> np.ndarray:
        stored = next((c for c in columns_read(self.stream) if c.name == condition.column), None)
        codes = self.column(condition.column)
        values = [
            stored.among.index(v) if stored is not None and isinstance(v, str) else int(v)
            for v in condition.values
        ]
        return reduce(np.logical_or, (codes == v for v in values))

    def _within(self, condition: RowCondition) -> np.ndarray:
        numbers = self.numbers(condition.column)
        low = -np.inf if condition.low is None else condition.low
        return (numbers >= low) & (
            numbers <= (np.inf if condition.high is None else condition.high)
        )


class SliceRows:
    """The rows of one slice, by their places `at` in the stream, with what the loops made of them: each runs at most once per measure."""

    def __init__(self, rows: VisibleRows, at: np.ndarray) -> None:
        self.rows, self.n, self.at = rows, rows.n, at
        self._made: dict[tuple[str, str], np.ndarray] = {}

    @property
    def row(self) -> np.ndarray:
        """The application of each row."""
        return self.rows.row[self.at]

    @property
    def age(self) -> np.ndarray:
        """Age of each row in microseconds."""
        return self.rows.age[self.at]

    @property
    def day(self) -> np.ndarray:
        """Whole days back of each row."""
        return self.rows.day[self.at]

    def identifiers(self, name: str) -> np.ndarray:
        """A column for comparing; null is -1."""
        return self.rows.identifiers(name)[self.at]

    def values(self, measure: Measure) -> np.ndarray:
        """The measure of each row, NaN where it has none."""
        return self.rows.values(measure)[self.at]

    def made(
        self, name: str, measure: Measure | None, loop: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """What `loop` gives, kept under a name and a measure."""
        key = (name, measure.name if measure else "")
        if key not in self._made:
            self._made[key] = loop()
        return self._made[key]

    def upto(self, kind: str, measure: Measure | None = None) -> np.ndarray:
        """Sums of a kind per (window, application).

        Kinds: n, s, ss (rows, values, squares), t, tt, tv (time in months and its products), over rows that have the measure.
        """
        r = self.rows
        if measure is None:
            return self.made("counts", None, lambda: window_sums.upto(self.at, r.cell, r.n))[0]
        if kind.startswith("t"):
            sums = self.made(
                "trends",
                measure,
                lambda: window_sums.trends(self.at, r.cell, r.values(measure), r.age, r.n),
            )
            return sums[("t", "tt", "tv").index(kind)]
        return self.made(
            "moments", measure, lambda: window_sums.moments(self.at, r.cell, r.values(measure), r.n)
        )[("n", "s", "ss").index(kind)]

    def days(self) -> np.ndarray:
        """Days with rows, most rows on one day."""
        r = self.rows
        return self.made("days", None, lambda: window_sums.days(self.at, r.cell, r.row, r.day, r.n))

    def day_sums(self, measure: Measure) -> np.ndarray:
        """Largest sum on one day."""
        r = self.rows
        return self.made(
            "day sums",
            measure,
            lambda: window_sums.day_sums(self.at, r.cell, r.row, r.day, r.values(measure), r.n),
        )

    def binned(self, days: int, measure: Measure | None = None) -> np.ndarray:
        """(bins, applications) of the year: rows, or the sums of the measure."""
        r, bins, cell = self.rows, clock.YEAR_DAYS // days, self.rows.bins(days)
        if measure is None:
            return self.made(
                f"bins of {days}", None, lambda: window_sums.counts(self.at, cell, bins + 1, r.n)
            )[:bins]
        return self.made(
            f"bins of {days}",
            measure,
            lambda: window_sums.sums(self.at, cell, r.values(measure), bins + 1, r.n),
        )[:bins]

    def extremes(self, measure: Measure) -> np.ndarray:
        """Smallest and largest value; infinite without any."""
        r = self.rows
        return self.made(
            "extremes",
            measure,
            lambda: window_sums.extremes(self.at, r.cell, r.values(measure), r.n),
        )

    def ends(self, measure: Measure | None = None) -> np.ndarray:
        """The oldest and the newest row of each application, by its place in the stream; -1 without one."""
        r = self.rows
        return self.made(
            "ends",
            measure,
            lambda: window_sums.ends(self.at, r.row, r.values(measure) if measure else None, r.n),
        )


def _in_order(table: pa.Table) -> pa.Table:
    """The rows by (application, event_time, event_id); equal ones stay as they come.

    Readers hand over a few runs that are in order each, as the files are: those are merged stretch by stretch. Anything else is sorted.
    """
    table = table.combine_chunks()
    keys = tuple(_native(table, name) for name in ("row", "event_time", "event_id"))
    if row_positions.in_order(*keys):
        return table
    starts = row_positions.runs(*keys)
    if len(starts) <= FEW_RUNS and len(pieces := row_positions.pieces(starts, *keys)) <= FEW_PIECES:
        return pa.concat_tables(table.slice(begin, end - begin) for begin, end in pieces)
    return table.take(np.lexsort(keys[::-1]))


def _native(table: pa.Table, name: str) -> np.ndarray:
    """A column in numpy's own type: times as int64 microseconds, flags as 0 and 1, null as -1."""
    column = _whole(table, name)
    if pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int64() if pa.types.is_timestamp(column.type) else pa.int8())
    if column.null_count:
        column = pc.fill_null(column, -1)
    return column.to_numpy(zero_copy_only=False)


def _whole(table: pa.Table, name: str) -> pa.Array:
    """A column in one piece, without a copy where it is so already."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


# What a formula works on: one slice of one stream, with a measure and windows.


@dataclass(frozen=True)
class FormulaInput:
    """What one formula works on: the slice's part, the part compared with, the measure, the windows, and the block's level."""

    part: SliceRows
    over: SliceRows
    measure: Measure | None
    windows: tuple[str, ...]
    level: float = 0.0

    @property
    def ends(self) -> list[int]:
        """Index of the last step of each window."""
        return [clock.WINDOWS[w] for w in self.windows]

    def upto(self, kind: str, of: SliceRows | None = None) -> np.ndarray:
        """Sums of a kind over the windows, of the slice or of another."""
        return (of or self.part).upto(kind, self.measure)[self.ends]

    @property
    def known(self) -> Measure:
        """The measure, for formulas that need one."""
        assert self.measure is not None
        return self.measure

    def per_window(self, formula: Callable[[int], np.ndarray], days: int) -> np.ndarray:
        """Stack a formula of the number of whole bins of `days` in each window."""
        return np.stack([formula(clock.WINDOW_DAYS[w] // days) for w in self.windows])


def cell(rows: VisibleRows, block: AggregateBlock, name: str) -> FormulaInput:
    """The cell of one slice of a block; without a slice to compare with, a slice is compared with itself."""
    measure = rows.stream.measure(block.measure) if block.measure else None
    part = rows.part(name)
    return FormulaInput(
        part, rows.part(block.over) if block.over else part, measure, block.windows, block.level
    )


def fold(planes: Iterable[np.ndarray]) -> np.ndarray:
    """Sum planes one after the other, so that the order of additions is the same for one application and for many."""
    total, *rest = planes
    total = total.copy()
    for plane in rest:
        total += plane
    return total
