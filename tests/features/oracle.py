"""The slow, obvious engine: one person and one feature at a time, in pandas.

It must agree with the fast one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from creditloom.features.aggregates.aggregates import AGGREGATES
from creditloom.features.declare.declarations import AggregateBlock, Slice, Stream

DAYS = {"1d": 1, "7d": 7, "1m": 30, "2m": 60, "3m": 90, "6m": 180, "12m": 360, "ever": 10_000}


@dataclass
class Case:
    """The rows of one person's slice.

    `rows` are those inside the window, `over` those of the slice compared with, `always` those of
    the slice at any time.
    """

    rows: pd.DataFrame
    over: pd.DataFrame
    always: pd.DataFrame
    days: int
    level: float


def seen(stream: Stream, events: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return a person's rows that were known before `as_of`, in order.

    With the columns that every formula needs.
    """
    known = events[(events.event_time < as_of) & (events.known_time < as_of)].sort_values(
        ["event_time", "event_id"]
    )
    if not stream.has_memory:
        known = known[known.event_time >= as_of - pd.Timedelta(days=360)]
    known = known.copy()
    known["age"] = (as_of - known.event_time) / pd.Timedelta(days=1)
    known["month"] = -known.age / 30
    known["hour"] = known.event_time.dt.hour
    known["weekday"] = known.event_time.dt.day_of_week
    return known


class Person:
    """What `seen` gave of one person, cut into slices as they are asked for."""

    def __init__(self, stream: Stream, known: pd.DataFrame) -> None:
        self.stream = stream
        self.known = known
        self._cut: dict[tuple[str, str], pd.DataFrame] = {}

    def rows(self, name: str, measure: str) -> pd.DataFrame:
        """Rows of a slice with the measure as `v`."""
        if (name, measure) not in self._cut:
            rows = _where(self.known, self.stream.slice(name))
            self._cut[name, measure] = rows.assign(v=_measure(self.stream, measure, rows))
        return self._cut[name, measure]


def value_of(person: Person, block: AggregateBlock, name: str, window: str) -> float:
    """One feature of one person; NaN is null."""
    always = person.rows(name, block.measure)
    over = person.rows(block.over or name, block.measure)
    days = DAYS[window]
    per = person.stream.measure(block.measure).per if block.measure else 1.0
    result = ORACLE[block.aggregate](
        Case(always[always.age <= days], over[over.age <= days], always, days, block.level * per)
    )
    return result / (per if block.measure and not AGGREGATES[block.aggregate].unit else 1.0)


def _measure(stream: Stream, name: str, rows: pd.DataFrame) -> pd.Series:
    if not name:
        return pd.Series(1.0, rows.index)
    measure = stream.measure(name)
    first = rows[measure.columns[0]]
    return first / rows[measure.columns[1]].replace(0, np.nan) if measure.form == "ratio" else first


def _where(rows: pd.DataFrame, part: Slice) -> pd.DataFrame:
    for c in part.where:
        low = -math.inf if c.low is None else c.low
        high = math.inf if c.high is None else c.high
        allowed = list(c.values)
        rows = rows[rows[c.column].isin(allowed) if allowed else rows[c.column].between(low, high)]
    return rows


def _ratio(top: float, bottom: float) -> float:
    return math.nan if bottom == 0 or math.isnan(bottom) else top / bottom


def _std(v: pd.Series) -> float:
    v = v.dropna().astype(float)
    return math.nan if len(v) < 2 else float(v.std(ddof=0))


def _mean(v: pd.Series) -> float:
    return float(v.dropna().astype(float).mean())


def _log(c: Case) -> pd.Series:
    return np.log1p(c.rows.v.dropna().astype(float))


def _bins(c: Case, days: int, is_sum: bool) -> np.ndarray:
    """Return the totals of the whole bins of the window, newest first.

    The bin that holds age a is ceil(a / days) - 1.
    """
    totals = np.zeros(c.days // days)
    for age, v in zip(c.rows.age, c.rows.v, strict=True):
        place = math.ceil(age / days) - 1
        if place < len(totals):
            totals[place] += (0 if math.isnan(v) else v) if is_sum else 1
    return totals


def _cv(totals: np.ndarray) -> float:
    return _ratio(float(totals.std()), float(totals.mean()))


def _slope(totals: np.ndarray) -> float:
    return _ratio(float(np.polyfit(-np.arange(len(totals)), totals, 1)[0]), float(totals.mean()))


def _trend(v: pd.Series, month: pd.Series) -> float:
    v = v.dropna().astype(float)
    return (
        math.nan
        if len(v) < 3 or month[v.index].nunique() < 2
        else float(np.polyfit(month[v.index], v, 1)[0])
    )


def _run(c: Case) -> float:
    active = (_bins(c, 30, False) > 0).tolist()
    run = active[active.index(True) :] if True in active else []
    return float(run.index(False) if False in run else len(run))


def _entropy(v: pd.Series) -> float:
    share = v.dropna().value_counts(normalize=True)
    return float(-(share * np.log(share)).sum()) if len(share) else math.nan


def _changes(c: Case) -> tuple[int, int]:
    """Neighbours in time over all rows, counted where the later one lies inside the window."""
    ids = c.always.dropna(subset="v")
    pairs = [
        (old, new)
        for old, new, age in zip(ids.v, ids.v[1:], ids.age[1:], strict=False)
        if age <= c.days
    ]
    return sum(old != new for old, new in pairs), len(pairs)


def _gaps(c: Case) -> np.ndarray:
    """Days between neighbours in time, where the later one lies inside the window."""
    return np.array([a - b for a, b in pairwise(c.always.age) if b <= c.days])


def _moves(c: Case) -> list[float]:
    known = c.always.dropna(subset="v")
    pairs = zip(known.v.astype(float), known.v.astype(float)[1:], known.age[1:], strict=False)
    return [abs(new - old) for old, new, age in pairs if age <= c.days]


def _before(c: Case) -> pd.DataFrame:
    """Rows of the equally long window before."""
    return c.always[(c.always.age > c.days) & (c.always.age <= 2 * c.days)]


def _relative(one: float, other: float) -> float:
    return _ratio(one - other, one + other)


def _by_day(c: Case) -> pd.api.typing.DataFrameGroupBy:
    return c.rows.groupby(np.ceil(c.rows.age))


def _top_month(c: Case, is_sum: bool) -> float:
    totals = _bins(c, 30, is_sum)
    return _ratio(totals.max(), totals.sum())


def _last(v: pd.Series) -> float:
    v = v.dropna()
    return float(v.iloc[-1]) if len(v) else math.nan


def _interval_cv(c: Case) -> float:
    gaps = _gaps(c)
    return math.nan if len(gaps) < 3 else _ratio(float(gaps.std()), float(gaps.mean()))


def _new(c: Case) -> float:
    first = c.always.dropna(subset="v").groupby("v").age.max()
    return float((first <= c.days).sum())


def _year(c: Case, of: Callable[[pd.DataFrame], float]) -> float:
    return of(c.always[c.always.age <= 360])


# table: aggregate -> its definition on the rows of one person
ORACLE: dict[str, Callable[[Case], float]] = {
    "count": lambda c: len(c.rows),
    "sum": lambda c: float(c.rows.v.sum()),
    "mean": lambda c: _mean(c.rows.v),
    "typical": lambda c: math.expm1(_log(c).mean()) if len(_log(c)) else math.nan,
    "std": lambda c: _std(c.rows.v),
    "log_std": lambda c: _std(_log(c)),
    "cv": lambda c: _ratio(_std(c.rows.v), _mean(c.rows.v)),
    "max": lambda c: float(c.rows.v.max()),
    "min": lambda c: float(c.rows.v.min()),
    "last": lambda c: _last(c.rows.v),
    "trend": lambda c: _trend(c.rows.v, c.rows.month),
    "growth": lambda c: _trend(_log(c), c.rows.month),
    "mean_vs12": lambda c: _ratio(_mean(c.rows.v), _year(c, lambda r: _mean(r.v))),
    "share": lambda c: _ratio(len(c.rows), len(c.over)),
    "sum_share": lambda c: _ratio(c.rows.v.sum(), c.over.v.sum()),
    "gap": lambda c: _ratio(c.rows.v.sum() - c.over.v.sum(), c.rows.v.sum() + c.over.v.sum()),
    "count_gap": lambda c: _ratio(len(c.rows) - len(c.over), len(c.rows) + len(c.over)),
    "top_share": lambda c: _ratio(c.rows.v.max(), c.rows.v.sum()),
    "recency": lambda c: math.floor(c.rows.age.min()) if len(c.rows) else math.nan,
    "tenure": lambda c: math.floor(c.rows.age.max()) if len(c.rows) else math.nan,
    "active_days": lambda c: np.ceil(c.rows.age).nunique(),
    "per_day": lambda c: _ratio(len(c.rows), np.ceil(c.over.age).nunique()),
    "active_weeks": lambda c: int((_bins(c, 7, False) > 0).sum()),
    "active_months": lambda c: int((_bins(c, 30, False) > 0).sum()),
    "run": _run,
    "weekly_cv": lambda c: _cv(_bins(c, 7, False)),
    "weekly_sum_cv": lambda c: _cv(_bins(c, 7, True)),
    "monthly_cv": lambda c: _cv(_bins(c, 30, False)),
    "monthly_sum_cv": lambda c: _cv(_bins(c, 30, True)),
    "slope": lambda c: _slope(_bins(c, 30, False)),
    "sum_slope": lambda c: _slope(_bins(c, 30, True)),
    "vs12": lambda c: _ratio(len(c.rows) / c.days, _year(c, len) / 360),
    "sum_vs12": lambda c: _ratio(c.rows.v.sum() / c.days, _year(c, lambda r: r.v.sum()) / 360),
    "interval_cv": _interval_cv,
    "distinct": lambda c: c.rows.v.nunique(),
    "new": _new,
    "main_share": lambda c: (
        c.rows.v.value_counts(normalize=True).max() if c.rows.v.notna().any() else math.nan
    ),
    "entropy": lambda c: _entropy(c.rows.v),
    "changes": lambda c: _changes(c)[0],
    "change_share": lambda c: _ratio(*_changes(c)),
    "new_share": lambda c: _ratio(_new(c), c.rows.v.nunique()),
    "per_one": lambda c: _ratio(c.rows.v.notna().sum(), c.rows.v.nunique()),
    "shift": lambda c: _relative(len(c.rows), len(_before(c))),
    "sum_shift": lambda c: _relative(c.rows.v.sum(), _before(c).v.sum()),
    "mean_shift": lambda c: _relative(_mean(c.rows.v), _mean(_before(c).v)),
    "move": lambda c: float(np.mean(_moves(c))) if _moves(c) else math.nan,
    "drawdown": lambda c: 1 - _ratio(_last(c.rows.v), c.rows.v.max()),
    "last_vs_mean": lambda c: _ratio(_last(c.rows.v), _mean(c.rows.v)),
    "busiest_day": lambda c: int(_by_day(c).size().max()) if len(c.rows) else 0,
    "sum_busiest_day": lambda c: float(_by_day(c).v.sum().max()) if len(c.rows) else 0.0,
    "low_month": lambda c: float(_bins(c, 30, False).min()),
    "low_month_sum": lambda c: float(_bins(c, 30, True).min()),
    "top_month": lambda c: _top_month(c, False),
    "top_month_sum": lambda c: _top_month(c, True),
    "months_over": lambda c: float((_bins(c, 30, True) >= c.level).sum()),
    "interval_mean": lambda c: float(_gaps(c).mean()) if len(_gaps(c)) else math.nan,
    "interval_max": lambda c: float(_gaps(c).max()) if len(_gaps(c)) else math.nan,
}
