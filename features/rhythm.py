"""Aggregates of rhythm: on how many days, weeks and months, how evenly, growing or shrinking, how many months in a row.

Whole bins of 7 or 30 days back from `as_of`; a bin without rows counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from . import clock
from .cell import Cell, fold
from .cube import cells, divide


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


def _interval_cv(c: Cell) -> np.ndarray:
    """Spread over mean of the time between neighbours in time; needs three intervals."""
    gap = (c.part.age[:-1] - c.part.age[1:]) / clock.MICROS_PER_DAY
    same = c.part.row[1:] == c.part.row[:-1]
    key, gap = c.part.key[1:][same], gap[same]
    n, s, ss = (np.cumsum(cells(key, c.part.n, clock.N_STEPS, w), axis=0)[c.ends] for w in (None, gap, gap * gap))
    mean = divide(s, np.where(n >= 3, n, 0.0))
    return divide(np.sqrt(np.maximum(divide(ss, n) - mean * mean, 0.0)), mean)


RHYTHM_FORMULAS: dict[str, Callable[[Cell], np.ndarray]] = {
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
    "interval_cv": _interval_cv,
}
