"""What a person can change, table by table: single changes with their cost, and sets of them.

The columns that a table gives do not depend on the rows of another table. So each state of a table
(a set of changes in it) is computed once, and sets over several tables are put together from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.engine.copies import CopiesEngine
from creditloom.serving.applicant.recourse.actionable import Quantity
from creditloom.serving.applicant.recourse.row_actions import Change, OwnRows, changed_application

from .person import Person

Columns = dict[str, np.ndarray]
# Decimals of a cost: two costs that differ by rounding alone are a tie, which months break.
COST_DECIMALS = 9


@dataclass(frozen=True)
class Item:
    """One change that this person can make.

    `before` and `after` are the measure of its quantity; None where it is a yes or no.
    """

    change: Change
    cost: float
    before: float | None = None
    after: float | None = None

    @property
    def quantity(self) -> Quantity:
        """What is changed."""
        return self.change[0]

    @property
    def months(self) -> int:
        """How long the change takes."""
        return self.change[1].months


@dataclass(frozen=True)
class TableStates:
    """The states of one table: sets of changes in it, and the columns that each gives.

    State 0 changes nothing. `columns` hold one value per state; `moving` are those that some state
    moves. `sets` are positions in `items`, one set per state.
    """

    table: str
    items: tuple[Item, ...]
    sets: tuple[tuple[int, ...], ...]
    columns: Columns

    @property
    def sizes(self) -> np.ndarray:
        """Changes in each state."""
        return np.array([len(one) for one in self.sets])

    @property
    def costs(self) -> np.ndarray:
        """Cost of each state, in inter-quartile ranges of the approved."""
        return np.array([sum(self.items[k].cost for k in one) for one in self.sets])

    @property
    def months(self) -> np.ndarray:
        """Months that each state takes: changes are made at the same time."""
        return np.array([max((self.items[k].months for k in s), default=0) for s in self.sets])

    def moving(self, names: Collection[str]) -> list[str]:
        """Return those of the names that some state moves."""
        return [name for name in names if name in self.columns and _moves(self.columns[name])]


def _moves(values: np.ndarray) -> bool:
    return bool((_differs(values, values[0])).any())


def _differs(values: np.ndarray, base: float) -> np.ndarray:
    """Return where values differ from a number; null equals null."""
    is_null = np.isnan(values)
    return np.where(is_null, not np.isnan(base), values != base)


def sets_of(changes: Sequence[Quantity], most: int) -> list[tuple[int, ...]]:
    """Return the sets of at most so many positions, of different quantities; the empty one first.

    >>> a, b = object(), object()
    >>> sets_of([a, a, b], 2)
    [(), (0,), (1,), (2,), (0, 2), (1, 2)]
    """
    sets: list[tuple[int, ...]] = []
    for size in range(most + 1):
        for one in combinations(range(len(changes)), size):
            if len({id(changes[k]) for k in one}) == size:
                sets.append(one)
    return sets


def table_states(
    person: Person,
    table: str,
    changes: Sequence[Change],
    engine: CopiesEngine,
    spreads: Mapping[str, float],
    read: Collection[str],
    most: int,
) -> TableStates:
    """Return the states of a table of events for a person.

    changes: of this table. spreads: by quantity. read: the columns that the decision rests on.
    most: changes in a set. Changes that move none of `read`, or not their own measure, are left
    out; of several that do the same, the one of the fewest months stays.
    """
    own = OwnRows(person.rows[table], person.as_of)
    edits = [(change, own.edit(change)) for change in changes]
    effective = [(change, edit) for change, edit in edits if edit.is_effective]
    sets = sets_of([change[0] for change, _ in effective], most)
    states = [[effective[k][1] for k in one] for one in sets]
    columns = engine.columns(table, own.copies(states), person.spine(len(states)))
    items = [_item(change, columns, 1 + k, spreads) for k, (change, _) in enumerate(effective)]
    useful = _useful(items, columns, read)
    kept = [k for k, one in enumerate(sets) if all(place in useful for place in one)]
    place = {old: new for new, old in enumerate(useful)}
    own_items = tuple(item for k, item in enumerate(items) if k in place and item)
    own_sets = tuple(tuple(place[k] for k in sets[one]) for one in kept)
    own_columns = {name: values[kept] for name, values in columns.items()}
    return TableStates(table, own_items, own_sets, own_columns)


def _item(
    change: Change, columns: Columns, state: int, spreads: Mapping[str, float]
) -> Item | None:
    """Return a change with its cost; None where its measure does not move."""
    quantity = change[0]
    if not quantity.measure:
        return Item(change, 1.0)
    before = float(columns[quantity.measure][0])
    after = float(columns[quantity.measure][state])
    if np.isnan(before) or np.isnan(after) or before == after:
        return None
    cost = round(abs(after - before) / spreads[quantity.id], COST_DECIMALS)
    return Item(change, cost, before, after) if cost > 0 else None


def _useful(items: Sequence[Item | None], columns: Columns, read: Collection[str]) -> list[int]:
    """Return the places of the changes that move something, each effect once."""
    names = [name for name in columns if name in read]
    # State 1 + k is the change k alone.
    alone = np.array([columns[name][: 1 + len(items)] for name in names])
    kept: dict[tuple[int, bytes], int] = {}
    # Cheapest first; a tie goes to fewer months, then to the order of the list.
    order = sorted(
        (k for k, item in enumerate(items) if item is not None),
        key=lambda k: (items[k].cost, items[k].months, k),  # type: ignore[union-attr]
    )
    for k in order:
        moved = np.array([_differs(row[1 + k : 2 + k], row[0])[0] for row in alone])
        item = items[k]
        if moved.any() and item is not None:
            kept.setdefault((id(item.quantity), alone[:, 1 + k].tobytes()), k)
    return sorted(kept.values())


def application_states(
    person: Person, changes: Sequence[Change], spreads: Mapping[str, float], most: int
) -> TableStates:
    """Return the states of the own application: what it states, after each set of changes."""
    # What no policy input holds, as the declared income, stands in the raw application alone.
    base = dict(person.stated)
    for name in base:
        decided = person.decided(name)
        if decided is not None:
            base[name] = None if np.isnan(decided) else decided
    items = []
    for change in changes:
        after = changed_application(base, [change])
        if after is not None:
            items.append(_application_item(change, base, after, spreads))
    sets = sets_of([item.quantity for item in items], most)
    rows = [changed_application(base, [items[k].change for k in one]) or base for one in sets]
    names = {item.quantity.column for item in items}
    columns = {
        name: np.array([np.nan if one[name] is None else float(one[name]) for one in rows])
        for name in names
    }
    return TableStates(APPLICATIONS.name, tuple(items), tuple(sets), columns)


def _application_item(
    change: Change,
    base: Mapping[str, object],
    after: Mapping[str, object],
    spreads: Mapping[str, float],
) -> Item:
    quantity = change[0]
    if not quantity.measure:
        return Item(change, 1.0)
    was = float(str(base[quantity.measure]))
    now = float(str(after[quantity.measure]))
    return Item(change, round(abs(now - was) / spreads[quantity.id], COST_DECIMALS), was, now)
