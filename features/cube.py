"""Rows of one stream in one bucket, in order, and the sums over (step, application) that every formula is made of.

All arrays are (steps, applications), steps first, so that sums over steps are element-wise additions: the value of a cell never depends
on which other applications share the bucket. Sums within a cell run in the order (event_time, event_id).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import clock
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
        order = _order(*(_integers(table, c) for c in ("row", "event_time", "event_id")))
        self.stream, self.n, self._table, self._order = stream, len(as_of), table, order
        self.row = self._take(_integers(table, "row"))
        self.time = self._take(_integers(table, "event_time"))
        self.age = clock.age_micros(self.time, as_of[self.row])
        self.key = clock.step_of(self.age) * self.n + self.row
        self._columns: dict[str, np.ndarray] = {}
        self._values: dict[str, np.ndarray] = {}
        self._parts: dict[str, Part] = {}
        self._masks: dict[Condition, np.ndarray] = {}

    def _take(self, values: np.ndarray) -> np.ndarray:
        return values if self._order is None else values[self._order]

    def integers(self, name: str) -> np.ndarray:
        """A column as int64; null is -1."""
        if name not in self._columns:
            virtual = {"hour": clock.hour_of_day, "weekday": clock.weekday}
            self._columns[name] = virtual[name](self.time) if name in virtual else self._take(_integers(self._table, name))
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
        return np.flatnonzero(np.logical_and.reduce([self._mask(condition) for condition in part.where]))

    def _mask(self, condition: Condition) -> np.ndarray:
        """Which rows meet a condition; kept, as many slices share it."""
        if condition not in self._masks:
            self._masks[condition] = self._among(condition) if condition.values else self._within(condition)
        return self._masks[condition]

    def _among(self, condition: Condition) -> np.ndarray:
        column = next((c for c in columns_read(self.stream) if c.name == condition.column), None)
        codes = self.integers(condition.column)
        values = [column.among.index(v) if column is not None and isinstance(v, str) else int(v) for v in condition.values]
        return np.logical_or.reduce([codes == v for v in values])

    def _within(self, condition: Condition) -> np.ndarray:
        numbers = self.numbers(condition.column)
        low = -np.inf if condition.low is None else condition.low
        return (numbers >= low) & (numbers <= (np.inf if condition.high is None else condition.high))


class Part:
    """The rows of one slice, with its cached sums; `key` is the (step, application) cell of each row."""

    def __init__(self, rows: Rows, index: np.ndarray | None) -> None:
        self.rows, self.n, self.index = rows, rows.n, index
        self._sums: dict[tuple[str, str], np.ndarray] = {}
        self._values: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}

    def of(self, values: np.ndarray) -> np.ndarray:
        return values if self.index is None else values[self.index]

    @cached_property
    def row(self) -> np.ndarray:
        return self.of(self.rows.row)

    @cached_property
    def age(self) -> np.ndarray:
        return self.of(self.rows.age)

    @cached_property
    def key(self) -> np.ndarray:
        return self.of(self.rows.key)

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows per cell."""
        return cells(self.key, self.n, clock.N_STEPS)

    def values(self, measure: Measure) -> np.ndarray:
        """The measure of every row that has one; `having` tells which those are."""
        return self._valued(measure)[0]

    def having(self, measure: Measure, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` (one entry per row of the part) that have the measure."""
        has = self._valued(measure)[1]
        return rows if has is None else rows[has]

    def _valued(self, measure: Measure) -> tuple[np.ndarray, np.ndarray | None]:
        if measure.name not in self._values:
            value = self.of(self.rows.values(measure))
            has = ~np.isnan(value)
            self._values[measure.name] = (value, None) if has.all() else (value[has], has)
        return self._values[measure.name]

    def upto(self, kind: str, measure: Measure | None = None) -> np.ndarray:
        """Sums of a kind per (window, application): row w is the window that ends with step w.

        Kinds: n, s, ss (rows, values, squares), t, tt, tv (time in months and its products), over rows that have the measure.
        """
        name = measure.name if measure else ""
        if (kind, name) not in self._sums:
            self._sums[kind, name] = np.cumsum(self._sum(kind, measure), axis=0)
        return self._sums[kind, name]

    def _sum(self, kind: str, measure: Measure | None) -> np.ndarray:
        if measure is None or (kind == "n" and self._valued(measure)[1] is None):
            return self.counts
        value, key = self.values(measure), self.having(measure, self.key)
        if kind == "n":
            return cells(key, self.n, clock.N_STEPS)
        time = clock.months_back(self.having(measure, self.age)) if kind.startswith("t") else value
        weights = {"s": (value,), "ss": (value, value), "t": (time,), "tt": (time, time), "tv": (time, value)}[kind]
        return cells(key, self.n, clock.N_STEPS, np.multiply(*weights) if len(weights) == 2 else weights[0])


def cells(key: np.ndarray, n: int, steps: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Counts or sums of rows per (step, application)."""
    return np.bincount(key, weights, minlength=steps * n).reshape(steps, n).astype(float, copy=False)


def _integers(table: pa.Table, name: str) -> np.ndarray:
    column = table.column(name).combine_chunks()
    filled = pc.fill_null(pc.cast(column, pa.int64()), -1) if column.null_count else pc.cast(column, pa.int64())
    return filled.to_numpy(zero_copy_only=False)


def _order(row: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray | None:
    """The sorting permutation, or None where the rows come in order already (the world's own layout)."""
    rows, times, events = np.diff(row), np.diff(time), np.diff(event)
    in_order = (rows > 0) | ((rows == 0) & ((times > 0) | ((times == 0) & (events > 0))))
    return None if in_order.all() else np.lexsort((event, time, row))
