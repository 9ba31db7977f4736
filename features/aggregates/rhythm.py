"""Aggregates of rhythm: on how many days, how evenly, growing or not, in what bursts and pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import clock
from ..declare.texts import NO_BASE, NO_CONSENT, TOO_FEW
from .aggregate import Aggregate, Formula, FormulaInput, bin_counts
from .event_columns import divide
from .sum_formulas import bin_slopes, bin_variations, interval_variations, largest_bin_shares

WEEK_DAYS = 7


def _bin_cv(days: int, has_measure: bool) -> Formula:
    """Return the formula of standard deviation over mean of the bins in a window."""

    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(days, c.measure if has_measure else None)
        return bin_variations(binned, bin_counts(c.windows, days))

    return formula


def _bin_slope(has_measure: bool) -> Formula:
    """Return the formula of the least-squares slope over months, relative to their mean."""

    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure if has_measure else None)
        return bin_slopes(binned, bin_counts(c.windows, clock.BIN_DAYS))

    return formula


def _active(days: int) -> Formula:
    """Return the formula of the number of bins with an event."""

    def formula(c: FormulaInput) -> np.ndarray:
        has_event = c.part.binned(days) > 0
        return c.per_window(lambda k: has_event[:k].sum(axis=0).astype(float), days)

    return formula


def _of_months(pick: Callable[[np.ndarray], np.ndarray]) -> Formula:
    """Return the formula of a pick among monthly totals: of the measure, or else of events."""

    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure)
        return c.per_window(lambda k: pick(binned[:k]), clock.BIN_DAYS)

    return formula


def _smallest(totals: np.ndarray) -> np.ndarray:
    return totals.min(axis=0)


def _largest_share(c: FormulaInput) -> np.ndarray:
    """Return the share of the largest month: of the measure, or else of events."""
    binned = c.part.binned(clock.BIN_DAYS, c.measure)
    return largest_bin_shares(binned, bin_counts(c.windows, clock.BIN_DAYS))


def _months_over(c: FormulaInput) -> np.ndarray:
    """Return the months whose total reaches the block's level."""
    # The level has the unit that is shown, the totals have the stored one.
    level = c.level * c.needed_measure.per
    reaches = c.part.binned(clock.BIN_DAYS, c.measure) >= level
    return c.per_window(lambda k: reaches[:k].sum(axis=0).astype(float), clock.BIN_DAYS)


def _run(c: FormulaInput) -> np.ndarray:
    """Return the months in a row that have an event, back from the latest month with one.

    Empty months before that one do not end the run, as a report may lag.
    """
    active = c.part.binned(clock.BIN_DAYS) > 0

    def run_length(k: int) -> np.ndarray:
        run = np.zeros(c.part.n)
        is_running = np.zeros(c.part.n, bool)
        is_over = np.zeros(c.part.n, bool)
        # From the newest month back, for all applications at once.
        for month in active[:k]:
            is_over |= is_running & ~month
            is_running = (is_running | month) & ~is_over
            run += is_running
        return run

    return c.per_window(run_length, clock.BIN_DAYS)


def _active_days(c: FormulaInput) -> np.ndarray:
    return c.part.days()[0][c.ends]


def _per_day(c: FormulaInput) -> np.ndarray:
    """Return events of the slice for each day with an event of the slice compared with."""
    return divide(c.upto("n"), _active_days(replace(c, part=c.over)))


def _gaps(c: FormulaInput) -> np.ndarray:
    """Return (4, windows, applications) of the days between neighbours in time.

    The four are how many, their sum, the sum of their squares, and the longest.
    """
    return c.part.gaps()[:, c.ends]


def _interval_cv(c: FormulaInput) -> np.ndarray:
    """Return standard deviation over mean of the time between neighbours in time."""
    return interval_variations(_gaps(c))


def _interval_max(c: FormulaInput) -> np.ndarray:
    n, _, _, longest = _gaps(c)
    return np.where(n > 0, longest, np.nan)


# table: aggregates of rhythm
RHYTHM_AGGREGATES = (
    Aggregate(
        name="per_day",
        formula=_per_day,
        stem="{slice}_per_day",
        unit="ratio",
        en="average number of {slice} on days with {over}",
        zh="有{over}之日平均{slice}{counter}数",
        say_en="{last}, on days with {over}, the average number of {slice} was {value}",
        say_zh="{last}有{over}之日平均{slice}{counter}数为{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="active_days",
        formula=_active_days,
        stem="{slice}_active",
        unit="days",
        en="days with {slice}",
        zh="有{slice}的天数",
        say_en="{last}, you had {slice} on {value}",
        say_zh="{last}有{slice}的天数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="active_weeks",
        formula=_active(WEEK_DAYS),
        stem="{slice}_active",
        unit="weeks",
        en="weeks with {slice}",
        zh="有{slice}的周数",
        say_en="{last}, you had {slice} in {value}",
        say_zh="{last}有{slice}的周数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="active_months",
        formula=_active(clock.BIN_DAYS),
        stem="{slice}_active",
        unit="months",
        en="months with {slice}",
        zh="有{slice}的月数",
        say_en="{last}, you had {slice} in {value}",
        say_zh="{last}有{slice}的月数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="run",
        formula=_run,
        stem="{slice}_run",
        unit="months",
        en="length of the latest run of months in a row with {slice}",
        zh="最近一段连续有{slice}的月数",
        say_en="{last}, your latest run of months in a row with {slice} lasted {value}",
        say_zh="{last}最近一段连续有{slice}的时间为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="weekly_cv",
        formula=_bin_cv(WEEK_DAYS, has_measure=False),
        stem="{slice}_weekly_count_cv",
        unit="ratio",
        en="week-to-week variation of the number of {slice}",
        zh="{slice}每周{counter}数波动率",
        null=NO_BASE,
    ),
    Aggregate(
        name="weekly_sum_cv",
        formula=_bin_cv(WEEK_DAYS, has_measure=True),
        stem="{slice}_weekly_{measure}_cv",
        unit="ratio",
        en="week-to-week variation of {measure}{of}",
        zh="{of}每周{measure}波动率",
        null=NO_BASE,
    ),
    Aggregate(
        name="monthly_cv",
        formula=_bin_cv(clock.BIN_DAYS, has_measure=False),
        stem="{slice}_monthly_count_cv",
        unit="ratio",
        en="month-to-month variation of the number of {slice}",
        zh="{slice}每月{counter}数波动率",
        null=NO_BASE,
    ),
    Aggregate(
        name="monthly_sum_cv",
        formula=_bin_cv(clock.BIN_DAYS, has_measure=True),
        stem="{slice}_monthly_{measure}_cv",
        unit="ratio",
        en="month-to-month variation of {measure}{of}",
        zh="{of}每月{measure}波动率",
        null=NO_BASE,
    ),
    Aggregate(
        name="slope",
        formula=_bin_slope(has_measure=False),
        stem="{slice}_count_slope",
        unit="ratio",
        en="monthly growth of the number of {slice}",
        zh="{slice}{counter}数月度增速",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_slope",
        formula=_bin_slope(has_measure=True),
        stem="{slice}_{measure}_slope",
        unit="ratio",
        en="monthly growth of {measure}{of}",
        zh="{of}{measure}月度增速",
        null=NO_BASE,
    ),
    Aggregate(
        name="interval_cv",
        formula=_interval_cv,
        stem="{slice}_interval_cv",
        unit="ratio",
        en="irregularity of the time between {slice}",
        zh="{slice}间隔不规律度",
        null=TOO_FEW,
    ),
    Aggregate(
        name="busiest_day",
        formula=lambda c: c.part.days()[1][c.ends],
        stem="{slice}_busiest_day",
        unit="count",
        en="largest number of {slice} on one day",
        zh="{slice}单日最多{counter}数",
        say_en="{last}, the largest number of {slice} on one day was {value}",
        say_zh="{last}{slice}单日最多{counter}数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="sum_busiest_day",
        formula=lambda c: c.part.day_sums(c.needed_measure)[c.ends],
        stem="{slice}_{measure}_busiest_day",
        unit="",
        en="largest total {measure}{of} on one day",
        zh="{of}单日最高{measure}合计",
        say_en="{last}, the largest total {measure}{of} on one day was {value}",
        say_zh="{last}{of}单日最高{measure}合计为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="low_month",
        formula=_of_months(_smallest),
        stem="{slice}_low_month",
        unit="count",
        en="number of {slice} in the month with the fewest",
        zh="{slice}最少月份的{counter}数",
        say_en="{last}, the number of {slice} in the month with the fewest was {value}",
        say_zh="{last}{slice}{counter}数最少的月份，{counter}数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="low_month_sum",
        formula=_of_months(_smallest),
        stem="{slice}_{measure}_low_month",
        unit="",
        en="total {measure}{of} in the lowest month",
        zh="{of}最低月份的{measure}合计",
        say_en="{last}, the total {measure}{of} in your lowest month was {value}",
        say_zh="{last}{of}最低月份的{measure}合计为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="top_month",
        formula=_largest_share,
        stem="{slice}_top_month",
        unit="share",
        en="share of {slice} that fell in the busiest month",
        zh="{slice}最多的一个月占全部{counter}数的比例",
        say_en="{last}, {value} of all {slice} were in the busiest single month",
        say_zh="{last}{slice}最多的一个月占全部{counter}数的{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="top_month_sum",
        formula=_largest_share,
        stem="{slice}_{measure}_top_month",
        unit="share",
        en="share of the largest month in the total {measure}{of}",
        zh="{of}{measure}最高的一个月占合计的比例",
        say_en="{last}, your largest month made up {value} of the total {measure}{of}",
        say_zh="{last}{of}{measure}最高的一个月占合计的{value}",
        null=NO_BASE,
    ),
    Aggregate(
        name="months_over",
        formula=_months_over,
        stem="{slice}_{measure}_over_{level}",
        unit="months",
        en="months in which {slice} reached {level} or more in total",
        zh="{slice}月{measure}不低于{level}的月数",
        say_en="{last}, {slice} reached {level} or more in total in {value}",
        say_zh="{last}{slice}月{measure}不低于{level}的月数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="interval_mean",
        formula=lambda c: divide(_gaps(c)[1], _gaps(c)[0]),
        stem="{slice}_interval",
        unit="days",
        en="average time between one {one} and the next",
        zh="{slice}平均间隔天数",
        say_en="{last}, the average time between one {one} and the next was {value}",
        say_zh="{last}{slice}平均间隔{value}",
        null=TOO_FEW,
    ),
    Aggregate(
        name="interval_max",
        formula=_interval_max,
        stem="{slice}_longest_pause",
        unit="days",
        en="longest time between one {one} and the next",
        zh="{slice}最长间隔天数",
        say_en="{last}, the longest time between one {one} and the next was {value}",
        say_zh="{last}{slice}最长间隔{value}",
        null=TOO_FEW,
    ),
)
