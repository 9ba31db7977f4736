"""Aggregates of events and their values: counts, sums, averages, spread, extremes, trends.

Division by zero is null; a mean of nothing is null; a count of nothing is 0.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from .. import clock
from ..declare.declarations import Measure
from ..declare.texts import NO_BASE, NO_CONSENT, NO_ROWS, TOO_FEW
from .aggregate import Aggregate, FormulaInput, last_steps
from .event_columns import divide
from .sum_formulas import at_places, relative_differences, variances, variations

# A trend needs three values: through two a line always fits.
MIN_VALUES_FOR_TREND = 3
# Times closer than this (variance in months squared) give no slope: the quotient would be noise.
MIN_TIME_SPREAD = 1e-6


def mean(c: FormulaInput) -> np.ndarray:
    """Return the mean of the values; null without one."""
    return divide(c.upto("s"), c.upto("n"))


def _variance(c: FormulaInput) -> np.ndarray:
    return variances(c.upto("n"), c.upto("s"), c.upto("ss"))


def _logs(c: FormulaInput) -> FormulaInput:
    """Return the same input with ln(1 + value) as measure, which keeps zeros."""
    return replace(c, measure=_log_of(c.needed_measure))


@cache
def _log_of(measure: Measure) -> Measure:
    return replace(measure, name=f"log_{measure.name}", form="log")


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
    return at_places(at, column, c.part.rows.step, c.ends)


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
        zh="{slice}{counter}数",
        say_en="{last}, the number of {slice} was {value}",
        say_zh="{last}{slice}{counter}数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="sum",
        formula=lambda c: c.upto("s"),
        stem="{slice}_{measure}",
        unit="",
        en="total {measure}{of}",
        zh="{of}{measure}合计",
        say_en="{last}, the total {measure}{of} was {value}",
        say_zh="{last}{of}{measure}合计为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="mean",
        formula=mean,
        stem="{slice}_{measure}_mean",
        unit="",
        en="average {measure}{of}",
        zh="{of}平均{measure}",
        say_en="{last}, the average {measure}{of} was {value}",
        say_zh="{last}{of}平均{measure}为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="typical",
        formula=_typical,
        stem="{slice}_{measure}_typical",
        unit="",
        en="usual {measure}{of}",
        zh="{of}通常{measure}",
        say_en="{last}, the usual {measure}{of} was {value}",
        say_zh="{last}{of}通常{measure}为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="log_std",
        formula=lambda c: np.sqrt(_variance(_logs(c))),
        stem="{slice}_{measure}_log_std",
        unit="ratio",
        en="proportional spread of {measure}{of}",
        zh="{of}{measure}对数标准差",
        null=TOO_FEW,
    ),
    Aggregate(
        name="growth",
        formula=lambda c: _trend(_logs(c)),
        stem="{slice}_{measure}_growth",
        unit="ratio",
        en="monthly growth rate of {measure}{of}",
        zh="{of}{measure}月增长率",
        null=TOO_FEW,
    ),
    Aggregate(
        name="std",
        formula=lambda c: np.sqrt(_variance(c)),
        stem="{slice}_{measure}_std",
        unit="",
        en="spread of {measure}{of}",
        zh="{of}{measure}标准差",
        null=TOO_FEW,
    ),
    Aggregate(
        name="cv",
        formula=lambda c: variations(c.upto("n"), c.upto("s"), c.upto("ss")),
        stem="{slice}_{measure}_cv",
        unit="ratio",
        en="relative spread of {measure}{of}",
        zh="{of}{measure}变异系数",
        null=TOO_FEW,
    ),
    Aggregate(
        name="max",
        formula=largest,
        stem="{slice}_{measure}_max",
        unit="",
        en="highest {measure}{of}",
        zh="{of}最高{measure}",
        say_en="{last}, the highest {measure}{of} was {value}",
        say_zh="{last}{of}最高{measure}为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="min",
        formula=_smallest,
        stem="{slice}_{measure}_min",
        unit="",
        en="lowest {measure}{of}",
        zh="{of}最低{measure}",
        say_en="{last}, the lowest {measure}{of} was {value}",
        say_zh="{last}{of}最低{measure}为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="last",
        formula=last,
        stem="{slice}_{measure}_last",
        unit="",
        en="latest {measure}{of}",
        zh="{of}最新{measure}",
        say_en="{last}, the latest {measure}{of} was {value}",
        say_zh="{last}{of}最新{measure}为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="trend",
        formula=_trend,
        stem="{slice}_{measure}_trend",
        unit="",
        en="monthly trend of {measure}{of}",
        zh="{of}{measure}月度趋势",
        null=TOO_FEW,
    ),
    Aggregate(
        name="recency",
        formula=lambda c: _days_since(c, is_newest=True),
        stem="{slice}_recency",
        unit="days",
        en="days since the latest {one}{since}",
        zh="{since}最近一次{slice}距今天数",
        say_en="the latest {one} was {value} ago",
        say_zh="最近一次{slice}距今{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="tenure",
        formula=lambda c: _days_since(c, is_newest=False),
        stem="{slice}_tenure",
        unit="days",
        en="days since the first {one}{since}",
        zh="{since}首次{slice}距今天数",
        say_en="the first {one}{since} was {value} ago",
        say_zh="{since}首次{slice}距今{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="move",
        formula=_move,
        stem="{slice}_{measure}_move",
        unit="",
        en="average change of {measure} from one to the next{of}",
        zh="{of}{measure}逐次平均变动",
        null=TOO_FEW,
    ),
)


# Aggregates that compare: with another slice, with twelve months, with the window before.


def _pace(c: FormulaInput, kind: str) -> np.ndarray:
    """Return a sum per day in the window, relative to the same over twelve months."""
    days = np.array([[clock.WINDOW_DAYS[window]] for window in c.windows], float)
    year = c.part.upto(kind, c.measure)[clock.WINDOWS["12m"]]
    return divide(c.upto(kind) / days, year / clock.YEAR_DAYS)


def _mean_pace(c: FormulaInput) -> np.ndarray:
    """Return the mean of the window, relative to the mean of twelve months."""
    year = clock.WINDOWS["12m"]
    total_of_year = c.part.upto("s", c.measure)[year]
    n_of_year = c.part.upto("n", c.measure)[year]
    return divide(mean(c), divide(total_of_year, n_of_year))


def _relative(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the difference relative to both, within [-1, 1] for numbers of 0 or more.

    >>> _relative(np.array([[3.0, 0.0]]), np.array([[1.0, 0.0]])).tolist()
    [[0.5, nan]]
    """
    return relative_differences(one, other)


def _before(c: FormulaInput, kind: str) -> np.ndarray:
    """Return sums of a kind over the equally long window before each window."""
    sums = c.part.upto(kind, c.measure)
    return sums[_doubled(c.windows)] - sums[c.ends]


@cache
def _doubled(windows: tuple[str, ...]) -> np.ndarray:
    return last_steps(tuple(clock.DOUBLED[window] for window in windows))


def _count_shift(c: FormulaInput) -> np.ndarray:
    """Return the number in the window against the number in the equally long one before."""
    counts = c.part.counts()
    return _relative(counts[c.ends], counts[_doubled(c.windows)] - counts[c.ends])


def _sum_shift(c: FormulaInput) -> np.ndarray:
    """Return the sum in the window against the sum in the equally long one before."""
    return _relative(c.upto("s"), _before(c, "s"))


def _mean_shift(c: FormulaInput) -> np.ndarray:
    """Return the mean in the window against the mean in the equally long one before."""
    return _relative(mean(c), divide(_before(c, "s"), _before(c, "n")))


# table: aggregates that compare
COMPARISON_AGGREGATES = (
    Aggregate(
        name="mean_vs12",
        formula=_mean_pace,
        stem="{slice}_{measure}_vs12",
        unit="ratio",
        en="{measure}{of} against its 12-month average",
        zh="{of}{measure}与12个月均值之比",
        null=NO_BASE,
    ),
    Aggregate(
        name="share",
        formula=lambda c: divide(c.part.counts()[c.ends], c.over.counts()[c.ends]),
        stem="{slice}_count",
        unit="share",
        en="share of {over} that {were}",
        zh="{slice}占{over}{counter}数的比例",
        say_en="{last}, {value} of your {over} {were}",
        say_zh="{last}{slice}占{over}{counter}数的{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_share",
        formula=lambda c: divide(c.upto("s"), c.upto("s", c.over)),
        stem="{slice}_{measure}",
        unit="share",
        en="share of {slice} in the total {measure} of {over}",
        zh="{slice}占{over}{measure}的比例",
        say_en="{last}, {slice} made up {value} of the total {measure} of your {over}",
        say_zh="{last}{slice}占{over}{measure}的{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="gap",
        formula=lambda c: _relative(c.upto("s"), c.upto("s", c.over)),
        stem="{slice}_{over}_{measure}_gap",
        unit="ratio",
        en="{slice} minus {over} relative to both, by {measure}",
        zh="{slice}与{over}的{measure}差值比",
        null=NO_BASE,
    ),
    Aggregate(
        name="count_gap",
        formula=lambda c: _relative(c.upto("n"), c.upto("n", c.over)),
        stem="{slice}_{over}_count_gap",
        unit="ratio",
        en="{slice} minus {over} relative to both, by number",
        zh="{slice}与{over}的数量差值比",
        null=NO_BASE,
    ),
    Aggregate(
        name="top_share",
        formula=lambda c: divide(largest(c), c.upto("s")),
        stem="{slice}_{measure}_top",
        unit="share",
        en="share of the largest single {one} in the total {measure}{of}",
        zh="{of}单{counter}最大{measure}占合计的比例",
        say_en="{last}, the largest single {one} made up {value} of the total {measure}{of}",
        say_zh="{last}{of}单{counter}最大{measure}占合计的{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="vs12",
        formula=lambda c: _pace(c, "n"),
        stem="{slice}_count_vs12",
        unit="ratio",
        en="pace of {slice} against the 12-month pace",
        zh="{slice}频率与12个月频率之比",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_vs12",
        formula=lambda c: _pace(c, "s"),
        stem="{slice}_{measure}_vs12",
        unit="ratio",
        en="pace of {measure}{of} against the 12-month pace",
        zh="{of}{measure}与12个月水平之比",
        null=NO_BASE,
    ),
    Aggregate(
        name="shift",
        formula=_count_shift,
        stem="{slice}_count_shift",
        unit="ratio",
        en="number of {slice} relative to the same time before,",
        zh="{slice}{counter}数较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_shift",
        formula=_sum_shift,
        stem="{slice}_{measure}_shift",
        unit="ratio",
        en="{measure}{of} relative to the same time before,",
        zh="{of}{measure}较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="mean_shift",
        formula=_mean_shift,
        stem="{slice}_{measure}_mean_shift",
        unit="ratio",
        en="average {measure}{of} relative to the same time before,",
        zh="{of}平均{measure}较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="drawdown",
        formula=lambda c: 1.0 - divide(last(c), largest(c)),
        stem="{slice}_{measure}_drawdown",
        unit="share",
        en="fall of the latest {measure}{of} from the highest",
        zh="{of}最新{measure}较最高值低的比例",
        say_en="{last}, the latest {measure}{of} was {value} lower than the highest",
        say_zh="{last}{of}最新{measure}比最高值低{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="last_vs_mean",
        formula=lambda c: divide(last(c), mean(c)),
        stem="{slice}_{measure}_last_vs_mean",
        unit="ratio",
        en="latest {measure}{of} against the average",
        zh="{of}最新{measure}与均值之比",
        null=NO_BASE,
    ),
)
