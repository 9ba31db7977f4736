"""The formulas of the aggregates: each takes a `Cell` (rows, block, slice) and gives (windows, applications).

Keys are those of `words.AGGREGATES`. Division by zero is null; a mean of nothing is null; a count of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from . import clock
from .cube import Part, Rows, cells, divide
from .grid import Block, Measure
from .identifiers import IDENTIFIER_FORMULAS


@dataclass(frozen=True)
class Cell:
    """What one formula works on: the slice's part, the part compared with, the measure and the windows asked for."""

    part: Part
    over: Part
    measure: Measure | None
    windows: tuple[str, ...]

    @property
    def ends(self) -> list[int]:
        """Index of the last step of each window."""
        return [clock.WINDOWS[w] for w in self.windows]

    def upto(self, kind: str, of: Part | None = None) -> np.ndarray:
        return (of or self.part).upto(kind, self.measure)[self.ends]

    def per_window(self, formula: Callable[[int], np.ndarray], days: int) -> np.ndarray:
        """Stack a formula of the number of whole bins of `days` in each window."""
        return np.stack([formula(clock.WINDOW_DAYS[w] // days) for w in self.windows])


def cell(rows: Rows, block: Block, name: str) -> Cell:
    measure = rows.stream.measure(block.measure) if block.measure else None
    part = rows.part(name)
    return Cell(part, rows.part(block.over) if block.over else part, measure, block.windows)


def fold(planes: Iterable[np.ndarray]) -> np.ndarray:
    """Sum planes one after the other, so that the order of additions is the same for one application and for many."""
    total, *rest = planes
    total = total.copy()
    for plane in rest:
        total += plane
    return total


def _variance(c: Cell) -> np.ndarray:
    """(ss - s s / n) / n; null below two values, and 0 where only rounding is left."""
    n, mean = c.upto("n"), divide(c.upto("s"), c.upto("n"))
    spread = divide(c.upto("ss"), n) - mean * mean
    return np.where(n < 2, np.nan, np.where(spread > 1e-12 * mean * mean, spread, 0.0))


def _logs(c: Cell) -> Cell:
    """The same cell on ln(1 + value), which keeps zeros."""
    assert c.measure is not None
    return replace(c, measure=replace(c.measure, name=f"log_{c.measure.name}", form="log"))


def _extreme(c: Cell, sign: float) -> np.ndarray:
    assert c.measure is not None
    grid = np.full(clock.N_STEPS * c.part.n, -np.inf)
    np.maximum.at(grid, c.part.having(c.measure, c.part.key), sign * c.part.values(c.measure))
    best = np.maximum.accumulate(grid.reshape(clock.N_STEPS, -1), axis=0)[c.ends]
    return np.where(np.isfinite(best), sign * best, np.nan)


def _last(c: Cell) -> np.ndarray:
    """Value of the newest row that has one; rows are in time order, so the last assignment wins."""
    assert c.measure is not None
    row, key = c.part.having(c.measure, c.part.row), c.part.having(c.measure, c.part.key)
    newest, step = np.full(c.part.n, np.nan), np.full(c.part.n, clock.N_STEPS)
    newest[row], step[row] = c.part.values(c.measure), key // max(c.part.n, 1)
    return np.stack([np.where(step <= end, newest, np.nan) for end in c.ends])


def _trend(c: Cell) -> np.ndarray:
    """Least-squares slope of the value over time in months: (n tv - t v) / (n tt - t t); needs three values."""
    n, t, v = c.upto("n"), c.upto("t"), c.upto("s")
    width = n * c.upto("tt") - t * t
    return divide(n * c.upto("tv") - t * v, np.where((n >= 3) & (width > 1e-6 * n * n), width, 0.0))


def _days_since(c: Cell, newest: bool) -> np.ndarray:
    row = c.part.row if newest else c.part.row[::-1]
    age, step = np.full(c.part.n, np.nan), np.full(c.part.n, clock.N_STEPS)
    age[row] = clock.whole_days(c.part.age if newest else c.part.age[::-1])
    step[row] = (c.part.key if newest else c.part.key[::-1]) // c.part.n
    return np.stack([np.where(step <= end, age, np.nan) for end in c.ends])


def _binned(c: Cell, days: int, has_measure: bool) -> np.ndarray:
    """(bins, applications): counts or sums per bin of `days` within the year."""
    age, row, weights = c.part.age, c.part.row, None
    if has_measure and c.measure:
        age, row, weights = c.part.having(c.measure, age), c.part.having(c.measure, row), c.part.values(c.measure)
    bin_, bins = clock.bins_back(age, days), clock.YEAR_DAYS // days
    inside = bin_ < bins
    return cells((bin_ * c.part.n + row)[inside], c.part.n, bins, None if weights is None else weights[inside])


def _bin_cv(days: int, has_measure: bool) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = _binned(c, days, has_measure)

        def one(k: int) -> np.ndarray:
            mean, square = fold(binned[:k]) / k, fold(binned[:k] * binned[:k]) / k
            return divide(np.sqrt(np.maximum(square - mean * mean, 0.0)), mean)

        return c.per_window(one, days)

    return formula


def _bin_slope(has_measure: bool) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = _binned(c, clock.BIN_DAYS, has_measure)

        def one(k: int) -> np.ndarray:
            centre = (k - 1) / 2
            moment = fold((centre - b) * binned[b] for b in range(k))
            return divide(moment / sum((centre - b) ** 2 for b in range(k)), fold(binned[:k]) / k)

        return c.per_window(one, clock.BIN_DAYS)

    return formula


def _active(days: int) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = _binned(c, days, False) > 0
        return c.per_window(lambda k: binned[:k].sum(axis=0).astype(float), days)

    return formula


def _active_days(c: Cell) -> np.ndarray:
    day = clock.bins_back(c.part.age, 1)
    first = np.ones(len(day), bool)
    first[1:] = (day[1:] != day[:-1]) | (c.part.row[1:] != c.part.row[:-1])
    return np.cumsum(cells(c.part.key[first], c.part.n, clock.N_STEPS), axis=0)[c.ends]


def _run(c: Cell) -> np.ndarray:
    """Months in a row, back from the latest month with a row (a report may lag)."""
    active = _binned(c, clock.BIN_DAYS, False) > 0

    def one(k: int) -> np.ndarray:
        run, running, over = np.zeros(c.part.n), np.zeros(c.part.n, bool), np.zeros(c.part.n, bool)
        for month in active[:k]:
            over |= running & ~month
            running = (running | month) & ~over
            run += running
        return run

    return c.per_window(one, clock.BIN_DAYS)


def _pace(c: Cell, kind: str) -> np.ndarray:
    days = np.array([[clock.WINDOW_DAYS[w]] for w in c.windows], float)
    return divide(c.upto(kind) / days, c.part.upto(kind, c.measure)[clock.WINDOWS["12m"]] / clock.YEAR_DAYS)


def _mean_pace(c: Cell) -> np.ndarray:
    end = clock.WINDOWS["12m"]
    return divide(divide(c.upto("s"), c.upto("n")), divide(c.part.upto("s", c.measure)[end], c.part.upto("n", c.measure)[end]))


def _gap(c: Cell, kind: str) -> np.ndarray:
    mine, other = c.upto(kind), c.upto(kind, c.over)
    return divide(mine - other, mine + other)


def _interval_cv(c: Cell) -> np.ndarray:
    """Spread over mean of the time between neighbours in time; needs three intervals."""
    gap = (c.part.age[:-1] - c.part.age[1:]) / clock.MICROS_PER_DAY
    same = c.part.row[1:] == c.part.row[:-1]
    key, gap = c.part.key[1:][same], gap[same]
    n, s, ss = (np.cumsum(cells(key, c.part.n, clock.N_STEPS, w), axis=0)[c.ends] for w in (None, gap, gap * gap))
    mean = divide(s, np.where(n >= 3, n, 0.0))
    return divide(np.sqrt(np.maximum(divide(ss, n) - mean * mean, 0.0)), mean)


FORMULAS: dict[str, Callable[[Cell], np.ndarray]] = {
    "count": lambda c: c.part.upto("n")[c.ends],
    "sum": lambda c: c.upto("s"),
    "mean": lambda c: divide(c.upto("s"), c.upto("n")),
    "typical": lambda c: np.expm1(np.ascontiguousarray(divide(_logs(c).upto("s"), c.upto("n")))),
    "std": lambda c: np.sqrt(_variance(c)),
    "log_std": lambda c: np.sqrt(_variance(_logs(c))),
    "growth": lambda c: _trend(_logs(c)),
    "cv": lambda c: divide(np.sqrt(_variance(c)), divide(c.upto("s"), c.upto("n"))),
    "max": lambda c: _extreme(c, 1.0),
    "min": lambda c: _extreme(c, -1.0),
    "last": _last,
    "trend": _trend,
    "mean_vs12": _mean_pace,
    "share": lambda c: divide(c.part.upto("n")[c.ends], c.over.upto("n")[c.ends]),
    "sum_share": lambda c: divide(c.upto("s"), c.upto("s", c.over)),
    "gap": lambda c: _gap(c, "s"),
    "count_gap": lambda c: _gap(c, "n"),
    "top_share": lambda c: divide(_extreme(c, 1.0), c.upto("s")),
    "recency": lambda c: _days_since(c, True),
    "tenure": lambda c: _days_since(c, False),
    "active_days": _active_days,
    "per_day": lambda c: divide(c.upto("n"), _active_days(replace(c, part=c.over))),
    "active_weeks": _active(7),
    "active_months": _active(clock.BIN_DAYS),
    "run": _run,
    "weekly_cv": _bin_cv(7, False),
    "weekly_sum_cv": _bin_cv(7, True),
    "monthly_cv": _bin_cv(clock.BIN_DAYS, False),
    "monthly_sum_cv": _bin_cv(clock.BIN_DAYS, True),
    "slope": _bin_slope(False),
    "sum_slope": _bin_slope(True),
    "vs12": lambda c: _pace(c, "n"),
    "sum_vs12": lambda c: _pace(c, "s"),
    "interval_cv": _interval_cv,
    **IDENTIFIER_FORMULAS,
}
