"""Aggregates of rhythm: on how many days, weeks and months, how evenly, growing or shrinking, in what bursts and with what pauses.

Whole bins of 7 or 30 days back from `as_of`; a bin without rows counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from . import clock, loops
from .cell import Cell, fold
from .cube import divide


def _bin_cv(days: int, has_measure: bool) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = c.part.binned(days, c.measure if has_measure else None)

        def one(k: int) -> np.ndarray:
            mean, square = fold(binned[:k]) / k, fold(binned[:k] * binned[:k]) / k
            return divide(np.sqrt(np.maximum(square - mean * mean, 0.0)), mean)

        return c.per_window(one, days)

    return formula


def _bin_slope(has_measure: bool) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure if has_measure else None)

        def one(k: int) -> np.ndarray:
            centre = (k - 1) / 2
            moment = fold((centre - b) * binned[b] for b in range(k))
            return divide(moment / sum((centre - b) ** 2 for b in range(k)), fold(binned[:k]) / k)

        return c.per_window(one, clock.BIN_DAYS)

    return formula


def _active(days: int) -> Callable[[Cell], np.ndarray]:
    def formula(c: Cell) -> np.ndarray:
        binned = c.part.binned(days) > 0
        return c.per_window(lambda k: binned[:k].sum(axis=0).astype(float), days)

    return formula


def _of_months(pick: Callable[[np.ndarray], np.ndarray]) -> Callable[[Cell], np.ndarray]:
    """A pick among the monthly totals: of the measure, or of rows without one."""

    def formula(c: Cell) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure)
        return c.per_window(lambda k: pick(binned[:k]), clock.BIN_DAYS)

    return formula


def _months_over(c: Cell) -> np.ndarray:
    """Months whose total reaches the block's level, which is stated in the unit shown."""
    binned = c.part.binned(clock.BIN_DAYS, c.measure) >= c.level * c.known.per
    return c.per_window(lambda k: binned[:k].sum(axis=0).astype(float), clock.BIN_DAYS)


def _run(c: Cell) -> np.ndarray:
    """Months in a row, back from the latest month with a row (a report may lag)."""
    active = c.part.binned(clock.BIN_DAYS) > 0

    def one(k: int) -> np.ndarray:
        run, running, over = np.zeros(c.part.n), np.zeros(c.part.n, bool), np.zeros(c.part.n, bool)
        for month in active[:k]:
            over |= running & ~month
            running = (running | month) & ~over
            run += running
        return run

    return c.per_window(one, clock.BIN_DAYS)


def _gaps(c: Cell) -> np.ndarray:
    """Days between neighbours in time per window: how many, sum, squares, longest."""
    p, r = c.part, c.part.rows
    return p.made("gaps", None, lambda: loops.gaps(p.at, r.cell, r.row, r.age, r.n))[:, c.ends]


def _interval_cv(c: Cell) -> np.ndarray:
    """Spread over mean of the time between neighbours in time; needs three intervals."""
    n, s, ss, _ = _gaps(c)
    mean = divide(s, np.where(n >= 3, n, 0.0))
    return divide(np.sqrt(np.maximum(divide(ss, n) - mean * mean, 0.0)), mean)


def _interval_max(c: Cell) -> np.ndarray:
    n, _, _, longest = _gaps(c)
    return np.where(n > 0, longest, np.nan)


def _on_days(kind: int, c: Cell) -> np.ndarray:
    return c.part.days()[kind][c.ends]


RHYTHM_FORMULAS: dict[str, Callable[[Cell], np.ndarray]] = {
    "active_days": lambda c: _on_days(0, c),
    "busiest_day": lambda c: _on_days(1, c),
    "sum_busiest_day": lambda c: c.part.day_sums(c.known)[c.ends],
    "per_day": lambda c: divide(c.upto("n"), _on_days(0, replace(c, part=c.over))),
    "active_weeks": _active(7),
    "active_months": _active(clock.BIN_DAYS),
    "run": _run,
    "weekly_cv": _bin_cv(7, False),
    "weekly_sum_cv": _bin_cv(7, True),
    "monthly_cv": _bin_cv(clock.BIN_DAYS, False),
    "monthly_sum_cv": _bin_cv(clock.BIN_DAYS, True),
    "slope": _bin_slope(False),
    "sum_slope": _bin_slope(True),
    "low_month": _of_months(lambda totals: totals.min(axis=0)),
    "low_month_sum": _of_months(lambda totals: totals.min(axis=0)),
    "top_month": _of_months(lambda totals: divide(totals.max(axis=0), fold(totals))),
    "top_month_sum": _of_months(lambda totals: divide(totals.max(axis=0), fold(totals))),
    "months_over": _months_over,
    "interval_mean": lambda c: divide(_gaps(c)[1], _gaps(c)[0]),
    "interval_max": _interval_max,
    "interval_cv": _interval_cv,
}
