"""Rows of one stream in one bucket, in order, and the sums over (window, application) that every formula is made of.

All arrays are (windows, applications), windows first. The value of a cell never depends on which other applications share the bucket, and
sums within a cell run in the order (event_time, event_id).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import clock, loops
from .events import columns_read
from .grid import Condition, Measure, Slice, Stream


def divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """`top / bottom`, null where the bottom is 0 or either side is null."""
    top, bottom = np.broadcast_arrays(np.asarray(top, float), np.asarray(bottom, float))
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=(bottom != 0) & ~np.isnan(bottom))


FORMS: dict[str, Callable[..., np.ndarray]] = {
    "plain": lambda x: x,
    "log": np.log1p,
    "ratio": divide,
}


class Rows:
    """The visible rows of one stream, sorted by (application, event_time, event_id)."""

    def __init__(self, stream: Stream, table: pa.Table, as_of: np.ndarray) -> None:
        row, time, event = (_native(table, c) for c in ("row", "event_time", "event_id"))
        self._order = None if loops.in_order(row, time, event) else np.lexsort((event, time, row))
        self.stream, self.n, self._table = stream, len(as_of), table
        self.time = self._take(time)
        self.age = clock.age_micros(self.time, as_of[self._take(row)])
        self.row = self._take(row).astype(np.uint32)
        self.day = clock.days_back(self.age)
        self.step = clock.step_of(self.day)
        self._columns: dict[str, np.ndarray] = {}
        self._values: dict[str, np.ndarray] = {}
        self._parts: dict[str, Part] = {}
        self._masks: dict[Condition, np.ndarray] = {}

    def _take(self, values: np.ndarray) -> np.ndarray:
        return values if self._order is None else values[self._order]

    def column(self, name: str) -> np.ndarray:
        """A stored or derived column in its own type; null is NaN where it is a number with nulls, and -1 for identifiers."""
        if name not in self._columns:
            virtual = {"hour": clock.hour_of_day, "weekday": clock.weekday}
            self._columns[name] = virtual[name](self.time) if name in virtual else self._take(_native(self._table, name))
        return self._columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """A column as float64; null is NaN."""
        column = self._table.column(name).combine_chunks()
        return self._take(np.ascontiguousarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)))

    def values(self, measure: Measure) -> np.ndarray:
        """The measure of every row; NaN where it has none."""
        if measure.name not in self._values:
            self._values[measure.name] = FORMS[measure.form](*(self.numbers(c) for c in measure.columns))
        return self._values[measure.name]

    def part(self, name: str) -> Part:
        """The rows of one slice."""
        if name not in self._parts:
            self._parts[name] = Part(self, self._index(self.stream.slice(name)))
        return self._parts[name]

    def _index(self, part: Slice) -> np.ndarray | None:
        if not part.where:
            return None
        return np.flatnonzero(reduce(np.logical_and, (self._mask(condition) for condition in part.where)))

    def _mask(self, condition: Condition) -> np.ndarray:
        """Which rows meet a condition; kept, as many slices share it."""
        if condition not in self._masks:
            self._masks[condition] = self._among(condition) if condition.values else self._within(condition)
        return self._masks[condition]

    def _among(self, condition: Condition) -> np.ndarray:
        stored = next((c for c in columns_read(self.stream) if c.name == condition.column), None)
        codes = self.column(condition.column)
        values = [stored.among.index(v) if stored is not None and isinstance(v, str) else int(v) for v in condition.values]
        return reduce(np.logical_or, (codes == v for v in values))

    def _within(self, condition: Condition) -> np.ndarray:
        numbers = self.numbers(condition.column)
        low = -np.inf if condition.low is None else condition.low
        return (numbers >= low) & (numbers <= (np.inf if condition.high is None else condition.high))


class Part:
    """The rows of one slice, with what the loops made of them: each loop runs at most once per measure."""

    def __init__(self, rows: Rows, index: np.ndarray | None) -> None:
        self.rows, self.n, self._index = rows, rows.n, index
        self.row, self.step = self._of(rows.row), self._of(rows.step)
        self._made: dict[tuple[str, str], np.ndarray] = {}
        self._values: dict[str, np.ndarray] = {}

    def _of(self, values: np.ndarray) -> np.ndarray:
        return values if self._index is None else values.take(self._index)

    @cached_property
    def age(self) -> np.ndarray:
        """Age of each row in microseconds."""
        return self._of(self.rows.age)

    @cached_property
    def day(self) -> np.ndarray:
        """Whole days back of each row."""
        return self._of(self.rows.day)

    @cached_property
    def month(self) -> np.ndarray:
        """Time of each row in months, negative before as_of."""
        return clock.months_back(self.age)

    def identifiers(self, name: str) -> np.ndarray:
        """A column for comparing; null is -1."""
        return self._of(self.rows.column(name)).astype(np.int64)

    def values(self, measure: Measure | None) -> np.ndarray:
        """The measure of every row, NaN where it has none; without a measure 1."""
        key = measure.name if measure else ""
        if key not in self._values:
            self._values[key] = self._of(self.rows.values(measure)) if measure else np.ones(len(self.row))
        return self._values[key]

    def made(self, name: str, measure: Measure | None, loop: Callable[[], np.ndarray]) -> np.ndarray:
        """What `loop` gives, kept under a name and a measure."""
        key = (name, measure.name if measure else "")
        if key not in self._made:
            self._made[key] = loop()
        return self._made[key]

    def upto(self, kind: str, measure: Measure | None = None) -> np.ndarray:
        """Sums of a kind per (window, application).

        Kinds: n, s, ss (rows, values, squares), t, tt, tv (time in months and its products), over rows that have the measure.
        """
        if measure is None:
            return self.made("counts", None, lambda: loops.counts(self.row, self.step, self.n))[0]
        value = self.values(measure)
        if kind.startswith("t"):
            sums = self.made("trends", measure, lambda: loops.trends(self.row, self.step, value, self.month, self.n))
            return sums[("t", "tt", "tv").index(kind)]
        return self.made("moments", measure, lambda: loops.moments(self.row, self.step, value, self.n))[("n", "s", "ss").index(kind)]

    def days(self, measure: Measure | None = None) -> np.ndarray:
        """Days with rows, most rows on one day, largest sum on one day."""
        return self.made("days", measure, lambda: loops.days(self.row, self.step, self.day, self.values(measure), self.n))

    def binned(self, days: int, measure: Measure | None = None) -> np.ndarray:
        """(bins, applications) of the year: rows, or the sums of the measure."""
        bins = clock.YEAR_DAYS // days
        at = self.made(f"bin of {days}", None, lambda: self.day // np.int32(days))
        found = self.made(f"bins of {days}", measure, lambda: loops.binned(self.row, at, self.values(measure), bins, self.n))
        return found[1 if measure else 0]

    def extremes(self, measure: Measure) -> np.ndarray:
        """Smallest and largest value; infinite without any."""
        return self.made("extremes", measure, lambda: loops.extremes(self.row, self.step, self.values(measure), self.n))

    def ends(self, measure: Measure | None = None) -> np.ndarray:
        """The oldest and the newest row of each application, by its place in the slice; -1 without one."""
        return self.made("ends", measure, lambda: loops.ends(self.row, self.values(measure), self.n))


def _native(table: pa.Table, name: str) -> np.ndarray:
    """A column in numpy's own type: times as int64 microseconds, flags as 0 and 1, null as -1."""
    column = table.column(name).combine_chunks()
    if pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int64() if pa.types.is_timestamp(column.type) else pa.int8())
    if column.null_count:
        column = pc.fill_null(column, -1)
    return column.to_numpy(zero_copy_only=False)
