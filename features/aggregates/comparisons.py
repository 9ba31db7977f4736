"""Aggregates that compare: with another slice, with twelve months, with the window before.

A comparison is null where there is nothing to compare with.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import clock
from ..declare.texts import NO_BASE
from .aggregate import Aggregate, FormulaInput
from .event_columns import divide
from .values import largest, last, mean


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

    >>> _relative(np.array([3.0, 0.0]), np.array([1.0, 0.0])).tolist()
    [0.5, nan]
    """
    return divide(one - other, one + other)


def _before(c: FormulaInput, kind: str) -> np.ndarray:
    """Return sums of a kind over the equally long window before each window."""
    doubled = replace(c, windows=tuple(clock.DOUBLED[window] for window in c.windows))
    return doubled.upto(kind) - c.upto(kind)


def _sum_shift(c: FormulaInput, kind: str) -> np.ndarray:
    """Return a sum in the window against the sum in the equally long one before."""
    return _relative(c.upto(kind), _before(c, kind))


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
        en="{measure} of {slice} against its 12-month average",
        zh="{slice}{measure}与12个月均值之比",
        null=NO_BASE,
    ),
    Aggregate(
        name="share",
        formula=lambda c: divide(c.part.counts()[c.ends], c.over.counts()[c.ends]),
        stem="{slice}_count",
        unit="share",
        en="share of {slice} among {over}",
        zh="{slice}占{over}笔数比例",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_share",
        formula=lambda c: divide(c.upto("s"), c.upto("s", c.over)),
        stem="{slice}_{measure}",
        unit="share",
        en="share of {slice} in {measure} of {over}",
        zh="{slice}占{over}{measure}比例",
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
        en="largest single part of {measure} of {slice}",
        zh="{slice}单笔最大{measure}占比",
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
        en="pace of {measure} of {slice} against the 12-month pace",
        zh="{slice}{measure}与12个月水平之比",
        null=NO_BASE,
    ),
    Aggregate(
        name="shift",
        formula=lambda c: _sum_shift(replace(c, measure=None), "n"),
        stem="{slice}_count_shift",
        unit="ratio",
        en="number of {slice} relative to the same time before,",
        zh="{slice}数量较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="sum_shift",
        formula=lambda c: _sum_shift(c, "s"),
        stem="{slice}_{measure}_shift",
        unit="ratio",
        en="{measure} of {slice} relative to the same time before,",
        zh="{slice}{measure}较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="mean_shift",
        formula=_mean_shift,
        stem="{slice}_{measure}_mean_shift",
        unit="ratio",
        en="average {measure} of {slice} relative to the same time before,",
        zh="{slice}平均{measure}较上一同长时段的相对变化",
        null=NO_BASE,
    ),
    Aggregate(
        name="drawdown",
        formula=lambda c: 1.0 - divide(last(c), largest(c)),
        stem="{slice}_{measure}_drawdown",
        unit="share",
        en="fall of the latest {measure} of {slice} from the largest",
        zh="{slice}最新{measure}较最大值的回落",
        null=NO_BASE,
    ),
    Aggregate(
        name="last_vs_mean",
        formula=lambda c: divide(last(c), mean(c)),
        stem="{slice}_{measure}_last_vs_mean",
        unit="ratio",
        en="latest {measure} of {slice} against the average",
        zh="{slice}最新{measure}与均值之比",
        null=NO_BASE,
    ),
)
