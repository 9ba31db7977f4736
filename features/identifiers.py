"""Aggregates of identifiers (devices, lenders, contacts, categories): how many, how new, how mixed, how often changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import tallies
from .cell import Cell
from .cube import divide


def _tally(c: Cell) -> np.ndarray:
    """Per window: different identifiers, those first seen in it, rows of the commonest, sum of count ln count, rows in all."""
    p, r, name = c.part, c.part.rows, c.known.columns[0]
    return p.made("tally", c.measure, lambda: tallies.tally(p.at, r.row, r.step, r.identifiers(name), r.n))[:, c.ends]


def _switches(c: Cell) -> np.ndarray:
    """(changes, neighbouring rows) per window; both rows of a change have the identifier."""
    p, r, name = c.part, c.part.rows, c.known.columns[0]
    return p.made("switches", c.measure, lambda: tallies.switches(p.at, r.row, r.step, r.identifiers(name), r.n))[:, c.ends]


def _entropy(c: Cell) -> np.ndarray:
    """ln(N) - sum(n ln n) / N over the identifiers of the window."""
    _, _, _, mixed, total = _tally(c)
    value = np.log(np.maximum(total, 1.0)) - divide(mixed, total)
    return np.where(value > 1e-12, value, np.where(np.isnan(value), np.nan, 0.0))


IDENTIFIER_FORMULAS: dict[str, Callable[[Cell], np.ndarray]] = {
    "distinct": lambda c: _tally(c)[0],
    "new": lambda c: _tally(c)[1],
    "new_share": lambda c: divide(_tally(c)[1], _tally(c)[0]),
    "main_share": lambda c: divide(_tally(c)[2], _tally(c)[4]),
    "per_one": lambda c: divide(_tally(c)[4], _tally(c)[0]),
    "entropy": _entropy,
    "changes": lambda c: _switches(c)[0],
    "change_share": lambda c: divide(*_switches(c)),
}
