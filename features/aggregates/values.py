"""Aggregates of events and their values: counts, sums, averages, spread, extremes, trends.

Division by zero is null; a mean of nothing is null; a count of nothing is 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import clock
from ..declare.declarations import Measure
from ..declare.texts import NO_CONSENT, NO_ROWS, TOO_FEW
from .aggregate import Aggregate, FormulaInput
from .event_columns import divide

# A variance below this share of the squared mean is what rounding leaves of equal values.
VARIANCE_ROUNDING = 1e-12
# A trend needs three values: through two a line always fits.
MIN_VALUES_FOR_TREND = 3
# Times closer than this (variance in months squared) give no slope: the quotient would be noise.
MIN_TIME_SPREAD = 1e-6


def mean(c: FormulaInput) -> np.ndarray:
    """Return the mean of the values; null without one."""
    return divide(c.upto("s"), c.upto("n"))


def _variance(c: FormulaInput) -> np.ndarray:
    """Return (ss - s s / n) / n; null below two values, 0 where only rounding is left."""
    n = c.upto("n")
    average = mean(c)
    spread = divide(c.upto("ss"), n) - average * average
    is_real = spread > VARIANCE_ROUNDING * average * average
    return np.where(n < 2, np.nan, np.where(is_real, spread, 0.0))


def _logs(c: FormulaInput) -> FormulaInput:
    """Return the same input with ln(1 + value) as measure, which keeps zeros."""
    measure = c.needed_measure
    return replace(c, measure=replace(measure, name=f"log_{measure.name}", form="log"))


def _typical(c: FormulaInput) -> np.ndarray:
    """Return the geometric mean of 1 + value, less 1."""
    log_mean = divide(_logs(c).upto("s"), c.upto("n"))
    # Contiguous, as numpy may take another loop, with other last bits, over strided memory.
    return np.expm1(np.ascontiguousarray(log_mean))


def _extreme(c: FormulaInput, is_largest: bool) -> np.ndarray:
    extremes = c.part.extremes(c.needed_measure)[int(is_largest)][c.ends]
    # The loop leaves an infinite value where there is none.
    return np.where(np.isfinite(extremes), extremes, np.nan)


def largest(c: FormulaInput) -> np.ndarray:
    """Return the largest value; null without one."""
    return _extreme(c, is_largest=True)


def _smallest(c: FormulaInput) -> np.ndarray:
    return _extreme(c, is_largest=False)


def _of_end(
    c: FormulaInput, is_newest: bool, column: np.ndarray, measure: Measure | None
) -> np.ndarray:
    """Return an entry of `column` at the oldest or newest event of each application.

    It is null where that event lies outside the window. With a measure, only events count that
    have it.
    """
    at = c.part.ends(measure)[int(is_newest)]
    has_event = np.flatnonzero(at >= 0)
    value = np.full(c.part.n, np.nan)
    # The number of steps lies behind every window, so an application without an event is null.
    step = np.full(c.part.n, clock.N_STEPS)
    value[has_event] = column[at[has_event]]
    step[has_event] = c.part.rows.step[at[has_event]]
    return np.where(step <= np.array(c.ends)[:, None], value, np.nan)


def last(c: FormulaInput) -> np.ndarray:
    """Return the value of the newest event that has one."""
    values = c.part.rows.values(c.needed_measure)
    return _of_end(c, is_newest=True, column=values, measure=c.measure)


def _days_since(c: FormulaInput, is_newest: bool) -> np.ndarray:
    """Return whole days since the oldest or the newest event."""
    age = _of_end(c, is_newest=is_newest, column=c.part.rows.age, measure=None)
    return clock.whole_days(age)


def _trend(c: FormulaInput) -> np.ndarray:
    """Return the least-squares slope of the value over time in months.

    The formula is (n tv - t v) / (n tt - t t).
    """
    n = c.upto("n")
    t = c.upto("t")
    v = c.upto("s")
    width = n * c.upto("tt") - t * t
    has_slope = (n >= MIN_VALUES_FOR_TREND) & (width > MIN_TIME_SPREAD * n * n)
    return divide(n * c.upto("tv") - t * v, np.where(has_slope, width, 0.0))


def _move(c: FormulaInput) -> np.ndarray:
    """Return the mean absolute change between neighbours in time."""
    pairs, changes = c.part.moves(c.needed_measure)
    return divide(changes, pairs)[c.ends]


# table: aggregates of events and their values
VALUE_AGGREGATES = (
    Aggregate(
        name="count",
        formula=lambda c: c.part.counts()[c.ends],
        stem="{slice}_count",
        unit="count",
        en="number of {slice}",
        zh="{slice}数量",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="sum",
        formula=lambda c: c.upto("s"),
        stem="{slice}_{measure}",
        unit="",
        en="total {measure} of {slice}",
        zh="{slice}{measure}合计",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="mean",
        formula=mean,
        stem="{slice}_{measure}_mean",
        unit="",
        en="average {measure} of {slice}",
        zh="{slice}平均{measure}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="typical",
        formula=_typical,
        stem="{slice}_{measure}_typical",
        unit="",
        en="typical {measure} of {slice}",
        zh="{slice}典型{measure}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="log_std",
        formula=lambda c: np.sqrt(_variance(_logs(c))),
        stem="{slice}_{measure}_log_std",
        unit="ratio",
        en="proportional spread of {measure} of {slice}",
        zh="{slice}{measure}对数标准差",
        null=TOO_FEW,
    ),
    Aggregate(
        name="growth",
        formula=lambda c: _trend(_logs(c)),
        stem="{slice}_{measure}_growth",
        unit="ratio",
        en="monthly growth rate of {measure} of {slice}",
        zh="{slice}{measure}月增长率",
        null=TOO_FEW,
    ),
    Aggregate(
        name="std",
        formula=lambda c: np.sqrt(_variance(c)),
        stem="{slice}_{measure}_std",
        unit="",
        en="spread of {measure} of {slice}",
        zh="{slice}{measure}标准差",
        null=TOO_FEW,
    ),
    Aggregate(
        name="cv",
        formula=lambda c: divide(np.sqrt(_variance(c)), mean(c)),
        stem="{slice}_{measure}_cv",
        unit="ratio",
        en="relative spread of {measure} of {slice}",
        zh="{slice}{measure}变异系数",
        null=TOO_FEW,
    ),
    Aggregate(
        name="max",
        formula=largest,
        stem="{slice}_{measure}_max",
        unit="",
        en="largest {measure} of {slice}",
        zh="{slice}最大{measure}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="min",
        formula=_smallest,
        stem="{slice}_{measure}_min",
        unit="",
        en="smallest {measure} of {slice}",
        zh="{slice}最小{measure}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="last",
        formula=last,
        stem="{slice}_{measure}_last",
        unit="",
        en="latest {measure} of {slice}",
        zh="{slice}最新{measure}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="trend",
        formula=_trend,
        stem="{slice}_{measure}_trend",
        unit="",
        en="monthly trend of {measure} of {slice}",
        zh="{slice}{measure}月度趋势",
        null=TOO_FEW,
    ),
    Aggregate(
        name="recency",
        formula=lambda c: _days_since(c, is_newest=True),
        stem="{slice}_recency",
        unit="days",
        en="days since the latest of {slice}",
        zh="距最近一次{slice}天数",
        null=NO_ROWS,
    ),
    Aggregate(
        name="tenure",
        formula=lambda c: _days_since(c, is_newest=False),
        stem="{slice}_tenure",
        unit="days",
        en="days since the first of {slice}",
        zh="距首次{slice}天数",
        null=NO_ROWS,
    ),
    Aggregate(
        name="move",
        formula=_move,
        stem="{slice}_{measure}_move",
        unit="",
        en="average change of {measure} from one to the next of {slice}",
        zh="{slice}{measure}逐次平均变动",
        null=TOO_FEW,
    ),
)
