"""The formulas of the aggregates: each takes a `Cell` (a slice, a measure, windows) and gives (windows, applications).

Keys are those of `words.AGGREGATES`; rhythm over time and identifiers have modules of their own.
Division by zero is null; a mean of nothing is null; a count of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import clock
from ..declare.declarations import Measure
from . import window_sums
from .distinct_counts import IDENTIFIER_FORMULAS
from .event_columns import FormulaInput, divide, fold

# Aggregates of rhythm: on how many days, weeks and months, how evenly, growing or shrinking, in what bursts and with what pauses.


def _bin_cv(days: int, has_measure: bool) -> Callable[[FormulaInput], np.ndarray]:
    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(days, c.measure if has_measure else None)

        def one(k: int) -> np.ndarray:
            mean, square = fold(binned[:k]) / k, fold(binned[:k] * binned[:k]) / k
            return divide(np.sqrt(np.maximum(square - mean * mean, 0.0)), mean)

        return c.per_window(one, days)

    return formula


def _bin_slope(has_measure: bool) -> Callable[[FormulaInput], np.ndarray]:
    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure if has_measure else None)

        def one(k: int) -> np.ndarray:
            centre = (k - 1) / 2
            moment = fold((centre - b) * binned[b] for b in range(k))
            return divide(moment / sum((centre - b) ** 2 for b in range(k)), fold(binned[:k]) / k)

        return c.per_window(one, clock.BIN_DAYS)

    return formula


def _active(days: int) -> Callable[[FormulaInput], np.ndarray]:
    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(days) > 0
        return c.per_window(lambda k: binned[:k].sum(axis=0).astype(float), days)

    return formula


def _of_months(pick: Callable[[np.ndarray], np.ndarray]) -> Callable[[FormulaInput], np.ndarray]:
    """A pick among the monthly totals: of the measure, or of rows without one."""

    def formula(c: FormulaInput) -> np.ndarray:
        binned = c.part.binned(clock.BIN_DAYS, c.measure)
        return c.per_window(lambda k: pick(binned[:k]), clock.BIN_DAYS)

    return formula


def _months_over(c: FormulaInput) -> np.ndarray:
    """Months whose total reaches the block's level, which is stated in the unit shown."""
    binned = c.part.binned(clock.BIN_DAYS, c.measure) >= c.level * c.known.per
    return c.per_window(lambda k: binned[:k].sum(axis=0).astype(float), clock.BIN_DAYS)


def _run(c: FormulaInput) -> np.ndarray:
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


def _gaps(c: FormulaInput) -> np.ndarray:
    """Days between neighbours in time per window: how many, sum, squares, longest."""
    p, r = c.part, c.part.rows
    return p.made("gaps", None, lambda: window_sums.gaps(p.at, r.cell, r.row, r.age, r.n))[
        :, c.ends
    ]


def _interval_cv(c: FormulaInput) -> np.ndarray:
    """Spread over mean of the time between neighbours in time; needs three intervals."""
    n, s, ss, _ = _gaps(c)
    mean = divide(s, np.where(n >= 3, n, 0.0))
    return divide(np.sqrt(np.maximum(divide(ss, n) - mean * mean, 0.0)), mean)


def _interval_max(c: FormulaInput) -> np.ndarray:
    n, _, _, longest = _gaps(c)
    return np.where(n > 0, longest, np.nan)


def _on_days(kind: int, c: FormulaInput) -> np.ndarray:
    return c.part.days()[kind][c.ends]


RHYTHM_FORMULAS: dict[str, Callable[[FormulaInput], np.ndarray]] = {
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


def _variance(c: FormulaInput) -> np.ndarray:
    """(ss - s s / n) / n; null below two values, and 0 where only rounding is left."""
    n, mean = c.upto("n"), divide(c.upto("s"), c.upto("n"))
    spread = divide(c.upto("ss"), n) - mean * mean
    return np.where(n < 2, np.nan, np.where(spread > 1e-12 * mean * mean, spread, 0.0))


def _logs(c: FormulaInput) -> FormulaInput:
    """The same cell on ln(1 + value), which keeps zeros."""
    return replace(c, measure=replace(c.known, name=f"log_{c.known.name}", form="log"))


def _extreme(c: FormulaInput, is_largest: bool) -> np.ndarray:
    best = c.part.extremes(c.known)[int(is_largest)][c.ends]
    return np.where(np.isfinite(best), best, np.nan)


def _edge(c: FormulaInput, is_newest: bool, of: np.ndarray, measure: Measure | None) -> np.ndarray:
    """An entry of the oldest or newest row of each application, null where that row lies outside the window."""
    at = c.part.ends(measure)[int(is_newest)]
    has = np.flatnonzero(at >= 0)
    value, step = np.full(c.part.n, np.nan), np.full(c.part.n, clock.N_STEPS)
    value[has], step[has] = of[at[has]], c.part.rows.step[at[has]]
    return np.where(step <= np.array(c.ends)[:, None], value, np.nan)


def _last(c: FormulaInput) -> np.ndarray:
    """Value of the newest row that has one."""
    return _edge(c, True, c.part.rows.values(c.known), c.measure)


def _days_since(c: FormulaInput, is_newest: bool) -> np.ndarray:
    return clock.whole_days(_edge(c, is_newest, c.part.rows.age, None))


def _trend(c: FormulaInput) -> np.ndarray:
    """Least-squares slope of the value over time in months: (n tv - t v) / (n tt - t t); needs three values."""
    n, t, v = c.upto("n"), c.upto("t"), c.upto("s")
    width = n * c.upto("tt") - t * t
    return divide(n * c.upto("tv") - t * v, np.where((n >= 3) & (width > 1e-6 * n * n), width, 0.0))


def _pace(c: FormulaInput, kind: str) -> np.ndarray:
    days = np.array([[clock.WINDOW_DAYS[w]] for w in c.windows], float)
    return divide(
        c.upto(kind) / days, c.part.upto(kind, c.measure)[clock.WINDOWS["12m"]] / clock.YEAR_DAYS
    )


def _mean_pace(c: FormulaInput) -> np.ndarray:
    end = clock.WINDOWS["12m"]
    return divide(
        divide(c.upto("s"), c.upto("n")),
        divide(c.part.upto("s", c.measure)[end], c.part.upto("n", c.measure)[end]),
    )


def _relative(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference relative to both, within [-1, 1] for numbers that are not negative."""
    return divide(one - other, one + other)


def _shift(c: FormulaInput, kinds: tuple[str, ...]) -> np.ndarray:
    """The window against the equally long one before it: of sums of one kind, or of a mean made of two."""
    doubled = replace(c, windows=tuple(clock.DOUBLED[w] for w in c.windows))
    new = [c.upto(kind) for kind in kinds]
    old = [
        both - one for both, one in zip((doubled.upto(kind) for kind in kinds), new, strict=True)
    ]
    return _relative(divide(*new), divide(*old)) if len(kinds) == 2 else _relative(new[0], old[0])


def _move(c: FormulaInput) -> np.ndarray:
    """Mean absolute change between neighbours in time."""
    p, r = c.part, c.part.rows
    made = p.made(
        "moves", c.measure, lambda: window_sums.moves(p.at, r.cell, r.row, r.values(c.known), r.n)
    )
    return divide(made[1], made[0])[c.ends]


FORMULAS: dict[str, Callable[[FormulaInput], np.ndarray]] = {
    "count": lambda c: c.part.upto("n")[c.ends],
    "sum": lambda c: c.upto("s"),
    "mean": lambda c: divide(c.upto("s"), c.upto("n")),
    "typical": lambda c: np.expm1(np.ascontiguousarray(divide(_logs(c).upto("s"), c.upto("n")))),
    "std": lambda c: np.sqrt(_variance(c)),
    "log_std": lambda c: np.sqrt(_variance(_logs(c))),
    "growth": lambda c: _trend(_logs(c)),
    "cv": lambda c: divide(np.sqrt(_variance(c)), divide(c.upto("s"), c.upto("n"))),
    "max": lambda c: _extreme(c, True),
    "min": lambda c: _extreme(c, False),
    "last": _last,
    "trend": _trend,
    "mean_vs12": _mean_pace,
    "share": lambda c: divide(c.part.upto("n")[c.ends], c.over.upto("n")[c.ends]),
    "sum_share": lambda c: divide(c.upto("s"), c.upto("s", c.over)),
    "gap": lambda c: _relative(c.upto("s"), c.upto("s", c.over)),
    "count_gap": lambda c: _relative(c.upto("n"), c.upto("n", c.over)),
    "top_share": lambda c: divide(_extreme(c, True), c.upto("s")),
    "recency": lambda c: _days_since(c, True),
    "tenure": lambda c: _days_since(c, False),
    "vs12": lambda c: _pace(c, "n"),
    "sum_vs12": lambda c: _pace(c, "s"),
    "shift": lambda c: _shift(replace(c, measure=None), ("n",)),
    "sum_shift": lambda c: _shift(c, ("s",)),
    "mean_shift": lambda c: _shift(c, ("s", "n")),
    "move": _move,
    "drawdown": lambda c: 1.0 - divide(_last(c), _extreme(c, True)),
    "last_vs_mean": lambda c: divide(_last(c), divide(c.upto("s"), c.upto("n"))),
    **RHYTHM_FORMULAS,
    **IDENTIFIER_FORMULAS,
}
