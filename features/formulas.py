"""The formulas of the aggregates: each takes a `Cell` (a slice, a measure, windows) and gives (windows, applications).

Keys are those of `words.AGGREGATES`; rhythm over time and identifiers have modules of their own.
Division by zero is null; a mean of nothing is null; a count of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from . import clock
from .cell import Cell
from .cube import divide
from .identifiers import IDENTIFIER_FORMULAS
from .rhythm import RHYTHM_FORMULAS


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


def _pace(c: Cell, kind: str) -> np.ndarray:
    days = np.array([[clock.WINDOW_DAYS[w]] for w in c.windows], float)
    return divide(c.upto(kind) / days, c.part.upto(kind, c.measure)[clock.WINDOWS["12m"]] / clock.YEAR_DAYS)


def _mean_pace(c: Cell) -> np.ndarray:
    end = clock.WINDOWS["12m"]
    return divide(divide(c.upto("s"), c.upto("n")), divide(c.part.upto("s", c.measure)[end], c.part.upto("n", c.measure)[end]))


def _gap(c: Cell, kind: str) -> np.ndarray:
    mine, other = c.upto(kind), c.upto(kind, c.over)
    return divide(mine - other, mine + other)


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
    "vs12": lambda c: _pace(c, "n"),
    "sum_vs12": lambda c: _pace(c, "s"),
    **RHYTHM_FORMULAS,
    **IDENTIFIER_FORMULAS,
}
