"""The search: every set of up to three changes, cheapest first, decided by the bundle itself.

Nothing is estimated. Each set becomes one row of the block that is decided: the columns of its
tables' states, and ratios and marks made of them afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from math import prod

import numpy as np
import pyarrow as pa

from creditloom.decision.decide import BatchOutcomes
from creditloom.decision.frames.input_block import InputBlock
from creditloom.decision.rules.verdict import APPROVE
from creditloom.features.engine.copies import CopiesEngine

from .states import Columns, Item, TableStates

# Sets decided at once. The first blocks are small: who is near the cut is done after one of them.
FIRST_BLOCK = 256
LARGEST_BLOCK = 4_096
Decide = Callable[[InputBlock], BatchOutcomes]


@dataclass(frozen=True)
class Sets:
    """Sets of changes over all tables, cheapest first.

    `states` is sets x tables: the state of each table, 0 = unchanged. Ties in cost go to fewer
    months, then to fewer changes, then to the order of the list.
    """

    tables: tuple[TableStates, ...]
    states: np.ndarray
    costs: np.ndarray
    months: np.ndarray

    @classmethod
    def of(cls, tables: Sequence[TableStates], most: int) -> Sets:
        """Return all sets of one to `most` changes."""
        parts = list(_parts([one.sizes for one in tables], most))
        empty = np.zeros((0, len(tables)), np.int16)
        states = np.concatenate([empty, *parts])
        by_table = [(one.costs, one.months, one.sizes) for one in tables]
        costs = np.zeros(len(states))
        months = np.zeros(len(states), np.int64)
        sizes = np.zeros(len(states), np.int64)
        for k, (cost, takes, size) in enumerate(by_table):
            costs += cost[states[:, k]]
            months = np.maximum(months, takes[states[:, k]])
            sizes += size[states[:, k]]
        # Sums in another order differ in the last bit, which must not break a tie.
        costs = np.round(costs, 9)
        # numpy's lexsort is stable: what is equal in all keys stays in the order of the list.
        order = np.lexsort((sizes, months, costs))
        return cls(tuple(tables), states[order], costs[order], months[order])

    def __len__(self) -> int:
        return len(self.states)

    def items(self, k: int) -> list[Item]:
        """Return the changes of one set."""
        return [
            table.items[place]
            for table, state in zip(self.tables, self.states[k], strict=True)
            for place in table.sets[state]
        ]

    def blocks(self) -> Iterator[slice]:
        """Return the sets in blocks, small ones first."""
        start = 0
        size = FIRST_BLOCK
        while start < len(self):
            yield slice(start, start + size)
            start += size
            size = min(2 * size, LARGEST_BLOCK)


def _parts(sizes: Sequence[np.ndarray], most: int) -> Iterator[np.ndarray]:
    """Yield the states of sets, by which tables they change and how much in each."""
    of_size = [[np.flatnonzero(one == n) for n in range(most + 1)] for one in sizes]
    for n_tables in range(1, most + 1):
        for chosen in combinations(range(len(sizes)), n_tables):
            for shares in _shares(n_tables, most):
                states = [of_size[table][n] for table, n in zip(chosen, shares, strict=True)]
                n_sets = prod(map(len, states))
                part = np.zeros((n_sets, len(sizes)), np.int16)
                repeats = n_sets
                for table, values in zip(chosen, states, strict=True):
                    # The last table runs fastest.
                    repeats //= max(1, len(values))
                    column = np.repeat(values, repeats)
                    part[:, table] = np.resize(column, n_sets)
                yield part


@cache
def _shares(n_tables: int, most: int) -> list[tuple[int, ...]]:
    """Return how many changes each table may have: one or more, at most so many in all.

    >>> _shares(2, 3)
    [(1, 1), (1, 2), (2, 1)]
    """
    shares: list[tuple[int, ...]] = [()]
    for _ in range(n_tables):
        shares = [(*one, n) for one in shares for n in range(1, most + 1)]
    return [one for one in shares if sum(one) <= most]


@dataclass(frozen=True)
class Space:
    """All that one person can be decided as.

    `block` is the row that was decided, `sets` the changes. `stated` are the columns that the
    application states itself: no events change them.
    """

    block: InputBlock
    sets: Sets
    engine: CopiesEngine
    stated: frozenset[str]

    @cached_property
    def _substituted(self) -> list[list[tuple[str, np.ndarray]]]:
        """Return, by table, the columns that it moves: name, and value per state."""
        wanted = {*self.block.layout.place, *self.engine.wanted}
        own = [
            wanted - self.stated if table.table in self.engine.streams else wanted
            for table in self.sets.tables
        ]
        return [
            [(name, table.columns[name]) for name in table.moving(names)]
            for table, names in zip(self.sets.tables, own, strict=True)
        ]

    @cached_property
    def _base(self) -> Columns:
        """Return what ratios and marks are made of, as they are without a change."""
        return {name: v[:1] for table in self.sets.tables for name, v in table.columns.items()}

    def rows(self, states: np.ndarray) -> InputBlock:
        """Return one row for each set: the block that is decided. states: sets x tables."""
        n = len(states)
        place = self.block.layout.place
        matrix = np.repeat(self.block.matrix, n, axis=1)
        moved: Columns = {}
        for k, columns in enumerate(self._substituted):
            for name, values in columns:
                moved[name] = values[states[:, k]]
        parents = self.engine.combined(_Either(moved, self._base, n), moved)
        for name, values in {**moved, **parents}.items():
            if name in place:
                matrix[place[name]] = values
        ids = _repeated(self.block.ids, n)
        times = {name: np.repeat(v, n) for name, v in self.block.times.items()}
        texts = {name: _repeated(words, n) for name, words in self.block.texts.items()}
        return InputBlock(self.block.layout, ids, times, texts, matrix, [])


class _Either(dict[str, np.ndarray]):
    """Columns that are moved, else as they were."""

    def __init__(self, moved: Columns, base: Columns, n: int) -> None:
        super().__init__(moved)
        self.base = base
        self.n = n

    def __missing__(self, name: str) -> np.ndarray:
        return np.repeat(self.base[name], self.n)


def _repeated(values: pa.Array, n: int) -> pa.Array:
    return values.take(pa.array(np.zeros(n, np.int64)))


@dataclass(frozen=True)
class Found:
    """The cheapest set that reaches a goal: its place among the sets; None where none does."""

    goal: str
    place: int | None


@dataclass(frozen=True)
class Reached:
    """What sets were found for the goals, and what was seen on the way.

    `lowest_pd` is the lowest PD of any set. `blocking` are (code, words in English and Chinese) of
    the rules that fired on every set.
    """

    found: Found
    lowest_pd: float
    blocking: tuple[tuple[str, str, str], ...]


Goal = tuple[str, Callable[[BatchOutcomes], np.ndarray]]


def is_approved(outcomes: BatchOutcomes) -> np.ndarray:
    """Return where the decision is an approval."""
    return np.asarray(outcomes.verdicts.outcome == APPROVE)


def is_uncut(outcomes: BatchOutcomes) -> np.ndarray:
    """Return where it is one whose limit nothing personal holds down."""
    limits = outcomes.verdicts.limits
    approved = is_approved(outcomes)
    return approved if limits is None else approved & ~limits.is_cut


def has_limit(least: float) -> Callable[[BatchOutcomes], np.ndarray]:
    """Return the goal of an approval with a limit of so many yuan or more."""

    def is_met(outcomes: BatchOutcomes) -> np.ndarray:
        limits = outcomes.verdicts.limits
        approved = is_approved(outcomes)
        return approved if limits is None else approved & (limits.cny >= least)

    return is_met


def search(space: Space, decide: Decide, goals: Sequence[Goal]) -> Reached:
    """Return the cheapest set that reaches the first goal that any set reaches."""
    first: dict[str, int] = {}
    lowest = np.inf
    blocking: set[tuple[str, str, str]] | None = None
    for rows in space.sets.blocks():
        outcomes = decide(space.rows(space.sets.states[rows]))
        pd = outcomes.scored["pd"]
        if np.isfinite(pd).any():
            lowest = min(lowest, float(np.nanmin(pd)))
        always = _always(outcomes)
        blocking = always if blocking is None else blocking & always
        for name, is_met in goals:
            met = np.flatnonzero(is_met(outcomes))
            if len(met):
                first.setdefault(name, rows.start + int(met[0]))
        if goals[0][0] in first:
            break
    reached = next((Found(name, first[name]) for name, _ in goals if name in first), None)
    if reached is not None:
        return Reached(reached, lowest, ())
    return Reached(Found(goals[0][0], None), lowest, tuple(sorted(blocking or ())))


def _always(outcomes: BatchOutcomes) -> set[tuple[str, str, str]]:
    """Return code and words of the deciding rules that fired on every row."""
    fired = outcomes.verdicts.fired
    return {
        (hits.code, hits.text_en, hits.text_zh)
        for hits in fired
        if hits.outcome and hits.mask.all()
    }
