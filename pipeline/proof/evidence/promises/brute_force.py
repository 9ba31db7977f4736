"""The slow and obvious way to find recourse: every set of changes, on the raw rows, decided.

Nothing of the search is used: no states of tables, no columns shared between sets, the whole plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.declare.registry import plan
from creditloom.features.engine.bucket import kernel
from creditloom.features.engine.point_in_time import Sight
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.person import Person
from creditloom.serving.applicant.recourse.recourse import Recourse
from creditloom.serving.applicant.recourse.row_actions import Change, OwnRows, changed_application
from creditloom.serving.applicant.recourse.search import is_approved

Set = tuple[Change, ...]
# Decimals of a cost, as the search rounds it.
DECIMALS = 9


def coarse(actionable: Actionable) -> Actionable:
    """Return the list with the last step of each quantity alone: what brute force can walk."""
    quantities = tuple(replace(one, steps=one.steps[-1:]) for one in actionable.quantities)
    return replace(actionable, quantities=quantities)


@dataclass(frozen=True)
class Cheapest:
    """The cheapest set that is approved, with its months; `cost` is None where none is."""

    cost: float | None
    months: int = 0


def brute_force(recourse: Recourse, person: Person, snapshot: Mapping[str, float]) -> Cheapest:
    """Return the cheapest set by trying all. snapshot: what other people's rows say of the person.

    A change that moves no row is no change; neither is one that does not move its own measure.
    """
    changes = [(one, step) for one in recourse.actionable.quantities for step in one.steps]
    effective = [change for change in changes if _moves(person, change)]
    most = int(recourse.actionable.max_changes.value)
    sets: list[Set] = [s for size in range(most + 1) for s in combinations(effective, size)]
    matrix = _matrix(person, sets, snapshot)
    costs = _costs(recourse, sets, matrix)
    # Columns that the row did not have when it was decided stay out.
    block = recourse.decider.bundle.reader.block(matrix.select(_there(recourse, matrix)))
    outcomes = recourse.decider.outcomes(block, product=recourse.product, law=recourse.law)
    best = Cheapest(None)
    for k in np.flatnonzero(is_approved(outcomes)).tolist():
        cost = costs[k]
        months = max((step.months for _, step in sets[k]), default=0)
        is_first = best.cost is None
        if cost is not None and (is_first or (cost, months) < (best.cost, best.months)):
            best = Cheapest(cost, months)
    return best


def _there(recourse: Recourse, matrix: pa.Table) -> list[str]:
    return [
        name for name in recourse.decider.columns(recourse.there) if name in matrix.schema.names
    ]


def _is_own(change: Change) -> bool:
    return change[0].table == APPLICATIONS.name


def _moves(person: Person, change: Change) -> bool:
    if _is_own(change):
        return changed_application(person.stated, [change]) is not None
    own = OwnRows(person.rows[change[0].table], person.as_of)
    return own.edit(change).is_effective


def _matrix(person: Person, sets: Sequence[Set], snapshot: Mapping[str, float]) -> pa.Table:
    """Return one row of the whole matrix per set, from the changed raw rows."""
    stated = [changed_application(person.stated, [c for c in s if _is_own(c)]) for s in sets]
    # The columns keep the types that the table of applications has.
    columns = {c.name: c for c in APPLICATIONS.columns if c.name in person.stated}
    rows = [one or {} for one in stated]
    cells = {name: pa.array([r[name] for r in rows]).cast(c.type) for name, c in columns.items()}
    n = len(sets)
    cells["applicant_id"] = pa.array(np.arange(n, dtype=np.int64))
    cells["as_of"] = pa.array(np.full(n, person.as_of)).cast(pa.timestamp("us"))
    spine = pa.table(cells)
    sight = Sight(spine)
    tables = {}
    for stream, _ in plan(person.rows).streams:
        name = stream.table.name
        own = OwnRows(person.rows[name], person.as_of)
        edits = [[own.edit(c) for c in one if c[0].table == name] for one in sets]
        tables[name] = sight.seen_of([own.copies(edits)], stream)
    row = pa.array(np.arange(n, dtype=np.int64))
    others = {name: np.full(n, value) for name, value in snapshot.items()}
    return kernel(spine.append_column("row", row), tables, others)


def _costs(recourse: Recourse, sets: Sequence[Set], matrix: pa.Table) -> list[float | None]:
    """Return the cost of each set; None where a change in it does not move its measure."""
    alone: dict[Any, float | None] = {}
    for k, one in enumerate(sets):
        if len(one) == 1:
            alone[_key(one[0])] = _cost(recourse, one[0], matrix, k)
    costs: list[float | None] = []
    for one in sets:
        each = [alone[_key(change)] for change in one]
        known = [cost for cost in each if cost is not None]
        costs.append(round(sum(known), DECIMALS) if len(known) == len(each) else None)
    return costs


def _key(change: Change) -> tuple[str, float | None, int]:
    return (change[0].id, change[1].to, change[1].months)


def _cost(recourse: Recourse, change: Change, matrix: pa.Table, k: int) -> float | None:
    quantity = change[0]
    if not quantity.measure:
        return 1.0
    values = matrix[quantity.measure].to_numpy(zero_copy_only=False).astype(float)
    if np.isnan(values[[0, k]]).any() or values[0] == values[k]:
        return None
    return round(abs(values[k] - values[0]) / recourse.spreads[quantity.id], DECIMALS) or None
