"""Aggregates of identifiers (devices, lenders, contacts, categories): how many, how new, how mixed, how often changed.

An identifier is only compared for equality within one application; null identifiers are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from . import clock
from .cell import Cell
from .cube import Part, cells, divide

LARGE = 2**40
"""Identifiers from here on are renumbered, so that (application, identifier) fits one integer."""


class Pairs:
    """One line per (application, identifier), sorted by application: its rows per step."""

    def __init__(self, part: Part, column: str) -> None:
        ids = part.of(part.rows.integers(column))
        has = np.flatnonzero(ids >= 0)
        self.n, self.ids, self.row, self.key = part.n, ids[has], part.row[has], part.key[has]
        self.step = self.key // self.n
        codes = self.ids if self.ids.max(initial=0) < LARGE else np.unique(self.ids, return_inverse=True)[1]
        self.order = np.argsort(self.row * (codes.max(initial=0) + 1) + codes, kind="stable")
        row, ids = self.row[self.order], self.ids[self.order]
        first = np.ones(len(row), bool)
        first[1:] = (row[1:] != row[:-1]) | (ids[1:] != ids[:-1])
        self.start = np.flatnonzero(first)
        self.pair_row = row[self.start]

    @cached_property
    def newest(self) -> np.ndarray:
        """Step of each pair's newest row."""
        return np.minimum.reduceat(self.step[self.order], self.start) if len(self.start) else self.start

    @cached_property
    def oldest(self) -> np.ndarray:
        """Step of each pair's oldest row."""
        return np.maximum.reduceat(self.step[self.order], self.start) if len(self.start) else self.start

    def counts(self, end: int) -> np.ndarray:
        """Rows of each pair within the window that ends with step `end`."""
        inside = (self.step[self.order] <= end).astype(np.int64)
        return np.add.reduceat(inside, self.start) if len(self.start) else self.start

    def per_application(self, step: np.ndarray) -> np.ndarray:
        """Pairs per window, by the step at which each starts to count."""
        return np.cumsum(cells(step * self.n + self.pair_row, self.n, clock.N_STEPS), axis=0)


def pairs(c: Cell) -> Pairs:
    """The slice's pairs for the measure's identifier, made once per part."""
    assert c.measure is not None
    cache: dict[str, Pairs] = c.part.__dict__.setdefault("_pairs", {})
    column = c.measure.columns[0]
    if column not in cache:
        cache[column] = Pairs(c.part, column)
    return cache[column]


def _distinct(c: Cell) -> np.ndarray:
    p = pairs(c)
    return p.per_application(p.newest)[c.ends]


def _new(c: Cell) -> np.ndarray:
    p = pairs(c)
    return p.per_application(p.oldest)[c.ends]


def _main_share(c: Cell) -> np.ndarray:
    p = pairs(c)

    def one(end: int) -> np.ndarray:
        counts, best = p.counts(end), np.zeros(p.n, np.int64)
        np.maximum.at(best, p.pair_row, counts)
        return divide(best, np.bincount(p.pair_row, counts, minlength=p.n))

    return np.stack([one(end) for end in c.ends])


def _entropy(c: Cell) -> np.ndarray:
    """ln(N) - sum(n ln n) / N over the identifiers of the window."""
    p = pairs(c)

    def one(end: int) -> np.ndarray:
        counts = p.counts(end).astype(float)
        total = np.bincount(p.pair_row, counts, minlength=p.n)
        mixed = np.bincount(p.pair_row, counts * np.log(np.maximum(counts, 1.0)), minlength=p.n)
        value = np.log(np.maximum(total, 1.0)) - divide(mixed, total)
        return np.where(value > 1e-12, value, np.where(np.isnan(value), np.nan, 0.0))

    return np.stack([one(end) for end in c.ends])


def _switches(c: Cell) -> tuple[np.ndarray, np.ndarray]:
    """(changes, neighbouring rows) per window; both rows of a change have the identifier."""
    p = pairs(c)
    same = p.row[1:] == p.row[:-1]
    changed = same & (p.ids[1:] != p.ids[:-1])
    count = [np.cumsum(cells(p.key[1:][mask], p.n, clock.N_STEPS), axis=0)[c.ends] for mask in (changed, same)]
    return count[0], count[1]


IDENTIFIER_FORMULAS: dict[str, Callable[[Cell], np.ndarray]] = {
    "distinct": _distinct,
    "new": _new,
    "main_share": _main_share,
    "entropy": _entropy,
    "changes": lambda c: _switches(c)[0],
    "change_share": lambda c: divide(*_switches(c)),
}
