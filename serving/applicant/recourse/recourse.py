"""Recourse of one decision: what the person could have changed, at the same moment, to be approved.

`Recourse.of` answers for a decided row and its raw rows. Letters and explanations call it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.decide import BatchOutcomes, Decider
from creditloom.decision.frames.input_block import InputBlock
from creditloom.decision.rules.verdict import APPROVE, OUTCOMES
from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.features.engine.copies import CopiesEngine
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.row_actions import Change, OwnRows
from creditloom.storage.files.errors import DataError

from .answer import Offered, Proposed, RecourseAnswer, proposed
from .person import Person, RawPeople
from .search import Goal, Sets, Space, has_limit, is_approved, is_uncut, search
from .states import Item, TableStates, application_states, table_states

APPROVAL = "approval"
UNCUT = "uncut limit"
BETTER = "better limit"


@dataclass(frozen=True)
class Recourse:
    """A bundle with the list of what people can change, ready to answer.

    product, law: as in `Decider.decide`. there: names of the columns of the decided rows.
    """

    decider: Decider
    actionable: Actionable
    there: tuple[str, ...]
    product: str = ""
    law: str = ""

    @cached_property
    def read(self) -> frozenset[str]:
        """Columns that a decision rests on, and what ratios among them are made of."""
        return self.engine.wanted

    @cached_property
    def engine(self) -> CopiesEngine:
        """The engine cut to what this bundle reads, and what the quantities are measured by."""
        names = set(self.decider.columns(self.there))
        measures = {one.measure for one in self.actionable.quantities if one.measure}
        return CopiesEngine(names | measures, TABLES)

    @cached_property
    def decided_on(self) -> frozenset[str]:
        """The same without the measures."""
        return CopiesEngine(self.decider.columns(self.there), TABLES).wanted

    @cached_property
    def spreads(self) -> dict[str, float]:
        """By quantity, the inter-quartile range of its measure among the approved.

        It is the bundle's where that holds one above 0, else the one of the list.
        """
        of_bundle: Mapping[str, float | None] = getattr(self.decider.bundle.reference, "spread", {})
        return {
            one.id: of_bundle.get(one.measure) or one.spread.value
            for one in self.actionable.quantities
            if one.spread is not None
        }

    def blocks(self, rows: pa.Table) -> list[InputBlock]:
        """Return decided rows one by one, as the decision reads them."""
        policy, _ = self.decider.terms(self.product, self.law)
        block = self.decider.bundle.reader.block(rows, policy.banned_columns)
        return [block.kept(np.arange(len(block)) == k) for k in range(len(block))]

    def of(self, person: Person) -> RecourseAnswer:
        """Return what would have led to approval, or to a better limit; or that nothing would.

        Raises DataError where the raw rows are not those of the decision.
        """
        now = self._decide(person.block)
        goals = self._goals(now)
        if not goals:
            return self._answer(person, now, None, None, "nothing to change: approved, and uncut")
        space = self.space(person)
        reached = search(space, self._decide, goals)
        place = reached.found.place
        if place is None:
            return self._answer(person, now, reached.found.goal, None, "", reached)
        items = space.sets.items(place)
        after = self._decide(self.applied(person, items))
        met = dict(goals)[reached.found.goal](after)
        if not met[0]:
            raise RuntimeError(
                f"recourse of application {person.application_id}: the changes found do not reach "
                f"the {reached.found.goal} when they are applied; please report this"
            )
        return self._answer(person, now, reached.found.goal, (items, after), "", reached)

    def space(self, person: Person) -> Space:
        """Return everything that the person can be decided as."""
        most = int(self.actionable.max_changes.value)
        found = [*self._tables(person, most)]
        # All of them: where rows are missing nothing may be left that could be changed.
        self._require_same(person, found)
        tables = [states for states in found if len(states.sets) > 1]
        tables += self._unchanged(person, tables)
        stated = frozenset(person.stated) - {"application_id", "applicant_id"}
        return Space(person.block, Sets.of(tables, most), self.engine, stated)

    def _tables(self, person: Person, most: int) -> Iterator[TableStates]:
        by_table: dict[str, list[Change]] = {}
        for quantity in self.actionable.quantities:
            changes = by_table.setdefault(quantity.table, [])
            changes += [(quantity, step) for step in quantity.steps]
        for table, changes in by_table.items():
            if table == APPLICATIONS.name:
                yield application_states(person, changes, self.spreads, most)
            elif table in self.engine.streams:
                yield table_states(
                    person, table, changes, self.engine, self.spreads, self.decided_on, most
                )

    def _unchanged(self, person: Person, changed: Sequence[TableStates]) -> list[TableStates]:
        """Return the tables that nothing changes, and that a ratio with a changed one asks for."""
        moved = {name for states in changed for name in states.moving(states.columns)}
        missing = self.engine.parents(moved) - {n for states in changed for n in states.columns}
        needed = []
        for table in self._tables_of(missing):
            own = OwnRows(person.rows[table], person.as_of)
            columns = self.engine.columns(table, own.copies([[]]), person.spine(1))
            needed.append(TableStates(table, (), ((),), columns))
        return needed

    def applied(self, person: Person, items: Iterable[Item]) -> InputBlock:
        """Return the row after changes, its features computed afresh from the changed raw rows."""
        changes = [item.change for item in items]
        changed = {quantity.table for quantity, _ in changes}
        columns: dict[str, np.ndarray] = {}
        for table in changed & set(self.engine.streams):
            own = OwnRows(person.rows[table], person.as_of)
            edits = [own.edit(change) for change in changes if change[0].table == table]
            columns |= self.engine.columns(table, own.copies([edits]), person.spine(1))
        moved = set(columns)
        for table in self._tables_of(self.engine.parents(moved) - moved):
            own = OwnRows(person.rows[table], person.as_of)
            columns |= self.engine.columns(table, own.copies([[]]), person.spine(1))
        columns |= self.engine.combined(columns, moved)
        columns = {name: v for name, v in columns.items() if name not in person.stated}
        own_changes = [one for one in changes if one[0].table == APPLICATIONS.name]
        states = application_states(person, own_changes, self.spreads, len(own_changes))
        columns |= {name: values[-1:] for name, values in states.columns.items()}
        matrix = person.block.matrix.copy()
        for name, values in columns.items():
            place = person.block.layout.place.get(name)
            if place is not None:
                matrix[place] = values
        return replace(person.block, matrix=matrix, features=None)

    def _tables_of(self, names: Collection[str]) -> list[str]:
        """Return the tables that these features are made of."""
        return [
            table
            for table, (_, steps) in self.engine.streams.items()
            if any(spec.name in names for step in steps for _, _, spec in step.features)
        ]

    def _decide(self, block: InputBlock) -> BatchOutcomes:
        return self.decider.outcomes(block, product=self.product, law=self.law)

    def _goals(self, now: BatchOutcomes) -> list[Goal]:
        """Return what would be better, best first: approval; of a cut limit, an uncut one."""
        if now.verdicts.outcome[0] != APPROVE:
            return [(APPROVAL, is_approved)]
        limits = now.verdicts.limits
        if limits is None or not limits.is_cut[0]:
            return []
        least = float(limits.cny[0]) * self.actionable.better_limit.value
        return [(UNCUT, is_uncut_above(float(limits.cny[0]))), (BETTER, has_limit(least))]

    def _require_same(self, person: Person, tables: Iterable[TableStates]) -> None:
        """Raise DataError where features of the raw rows are not those that were decided on."""
        for states in tables:
            for name in states.columns:
                decided = person.decided(name)
                if decided is None or name in person.stated:
                    continue
                made = float(states.columns[name][0])
                if made != decided and not (np.isnan(made) and np.isnan(decided)):
                    raise DataError.of(
                        "The raw tables are not those of the decision",
                        where=f"application {person.application_id}, {name}",
                        expected=f"{decided} as it was decided on",
                        got=f"{made} of the raw rows",
                        next_step="name the raw tables that the features were made of",
                    )

    def _answer(
        self,
        person: Person,
        now: BatchOutcomes,
        goal: str | None,
        found: tuple[list[Item], BatchOutcomes] | None,
        note: str,
        reached: Any = None,
    ) -> RecourseAnswer:
        items, after = found if found else ([], None)
        changes: tuple[Proposed, ...] = tuple(proposed(item) for item in items)
        # table: fields of an answer
        return RecourseAnswer(
            application_id=person.application_id,
            decision=OUTCOMES[now.verdicts.outcome[0]],
            goal=goal or "",
            changes=changes,
            cost=round(sum(one.cost for one in changes), 9),
            months=max((one.months for one in changes), default=0),
            before=Offered.of(now),
            after=None if after is None else Offered.of(after),
            blocking=() if reached is None else reached.blocking,
            lowest_pd=None if reached is None else reached.lowest_pd,
            note=note,
        )


def is_uncut_above(cny: float) -> Any:
    """Return the goal of an uncut limit that is higher than the present one."""
    return lambda outcomes: is_uncut(outcomes) & (outcomes.verdicts.limits.cny > cny)


def recourse_of(
    bundle: Path, actionable: Actionable, sources: Mapping[str, Any], rows: pa.Table, **choice: str
) -> Iterator[RecourseAnswer]:
    """Yield the recourse of decided rows (of the matrix, or of a batch's evidence), in their order.

    sources: files by raw table. choice: product and law, as in `Decider.decide`.
    """
    recourse = Recourse(Decider.load(bundle), actionable, tuple(rows.column_names), **choice)
    people = RawPeople(sources, recourse.engine, actionable)
    ids = rows.column("application_id").to_pylist()
    blocks = recourse.blocks(rows)
    stated = people.stated(ids)
    for k, one in enumerate(ids):
        yield recourse.of(people.person(blocks[k], stated[one]))
