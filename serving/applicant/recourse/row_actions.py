"""Carry out what a person can change, on copies of their raw rows.

Each copy gets its own applicant_id, counted from 0: the engine then takes the copies for as many
people, and gives the features of all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.features.clock import BIN_DAYS, MICROS_PER_DAY, visible
from creditloom.features.contract.raw_changes import Cell

from .actionable import Quantity, Step

Change = tuple[Quantity, Step]
# An added row of a month lies in its middle, and is known a day later, as most reports are.
MID_BIN_DAYS = BIN_DAYS // 2
REPORTED_AFTER_DAYS = 1
# A proof is added two days back: the filters that count operations look at the last day.
PROVED_DAYS_BACK = 2
# The ids of added rows are above all that a table of today holds.
FIRST_ADDED_ID = 2**62


@dataclass(frozen=True)
class Edit:
    """What a change does to the rows of one table of one person.

    `at` are the places of the rows that it touches, `cells` their new values of `column`; without
    a column the rows are dropped. `added` are new rows, by column.
    """

    column: str
    at: np.ndarray
    cells: np.ndarray
    added: tuple[dict[str, Any], ...] = ()

    @property
    def is_effective(self) -> bool:
        """Whether it changes anything."""
        return bool(len(self.at) or self.added)


class OwnRows:
    """The rows of one table of one person, and what can be changed in them.

    `as_of` is the moment of the application in microseconds. Only rows that the application sees
    are changed; the others stay.
    """

    def __init__(self, rows: pa.Table, as_of: int) -> None:
        self.rows = rows.combine_chunks()
        self.as_of = as_of
        event = _micros(rows["event_time"])
        self.age = as_of - event
        self.is_seen = visible(event, _micros(rows["known_time"]), as_of)

    def edit(self, change: Change) -> Edit:
        """Return what a change does to the rows."""
        quantity, step = change
        # An action without a number does not look at it.
        to = 0.0 if step.to is None else step.to
        # table: actions
        acts: dict[str, Callable[[Quantity, Step], Edit]] = {
            "at_most": partial(self._cells, new=lambda old, _: np.minimum(old, to)),
            "at_least": partial(self._cells, new=lambda old, _: np.maximum(old, to)),
            "at_least_share": partial(self._cells, new=partial(_share_of, share=to)),
            "scale": partial(self._cells, new=lambda old, _: np.floor(old * to)),
            "level": self._levelled,
            "drop": self._dropped,
            "add_months": self._with_months,
            "add_kinds": self._with_kinds,
        }
        return acts[quantity.action](quantity, step)

    def _chosen(self, quantity: Quantity, months: int) -> np.ndarray:
        """Return the places of the seen rows of the last months that `where` asks for."""
        is_chosen = self.is_seen & (self.age <= months * BIN_DAYS * MICROS_PER_DAY)
        for name, values in quantity.where.items():
            is_chosen &= _is_in(self.rows[name], values)
        return np.flatnonzero(is_chosen)

    def _cells(
        self, quantity: Quantity, step: Step, new: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> Edit:
        at = self._chosen(quantity, step.months)
        old = self.numbers(quantity.column)[at]
        other = self.numbers(quantity.of)[at] if quantity.of else old
        cells = new(old, other)
        # A null stays null: NaN differs from itself, so it is asked for by name.
        is_moved = (cells != old) & ~np.isnan(cells)
        return Edit(quantity.column, at[is_moved], cells[is_moved])

    def _levelled(self, quantity: Quantity, step: Step) -> Edit:
        """Bring monthly totals nearer to their mean; months without rows stay empty."""
        at = self._chosen(quantity, step.months)
        old = self.numbers(quantity.column)[at]
        month = self.age[at] // (BIN_DAYS * MICROS_PER_DAY)
        totals = np.bincount(month, old, step.months + 1)
        is_active = totals > 0
        mean = totals.sum() / max(1, np.count_nonzero(is_active))
        factor = np.ones(len(totals))
        factor[is_active] = 1 + (step.to or 0.0) * (mean / totals[is_active] - 1)
        # The contract asks for one fen or more.
        cells = np.maximum(np.floor(old * factor[month]), 1.0)
        is_moved = cells != old
        return Edit(quantity.column, at[is_moved], cells[is_moved])

    def _dropped(self, quantity: Quantity, step: Step) -> Edit:
        return Edit("", self._chosen(quantity, step.months), np.empty(0))

    def _with_months(self, quantity: Quantity, step: Step) -> Edit:
        own = self.is_seen & self._has_texts(quantity)
        paid = set((self.age[own] // (BIN_DAYS * MICROS_PER_DAY)).tolist())
        cells = {**quantity.values, **self._typical(quantity, own)}
        missing = [month for month in range(step.months) if month not in paid]
        added = [self._row(month * BIN_DAYS + MID_BIN_DAYS, cells) for month in missing]
        return Edit("", np.empty(0, np.int64), np.empty(0), tuple(added))

    def _with_kinds(self, quantity: Quantity, _step: Step) -> Edit:
        own = self.is_seen & self._has_texts(quantity)
        there = set(self.rows[quantity.column].filter(pa.array(own)).to_pylist())
        cells = {**quantity.values, **self._typical(quantity, own)}
        added = [
            self._row(PROVED_DAYS_BACK, {**cells, quantity.column: kind})
            for kind in quantity.kinds
            if kind not in there
        ]
        return Edit("", np.empty(0, np.int64), np.empty(0), tuple(added))

    def _has_texts(self, quantity: Quantity) -> np.ndarray:
        """Return the rows that hold the texts and flags of `values`."""
        has = np.ones(len(self.rows), bool)
        for name, value in quantity.values.items():
            if isinstance(value, str | bool):
                has &= _is_in(self.rows[name], (value,))
        return has

    def _typical(self, quantity: Quantity, own: np.ndarray) -> dict[str, float]:
        """Return the median of the person's own rows of each column that asks for it."""
        columns = {name: self.numbers(name)[own] for name in quantity.own_typical}
        known = {name: values[~np.isnan(values)] for name, values in columns.items()}
        return {name: float(np.floor(np.median(v))) for name, v in known.items() if len(v)}

    def _row(self, days_back: int, cells: Mapping[str, Cell]) -> dict[str, Any]:
        moment = self.as_of - days_back * MICROS_PER_DAY
        known = moment + REPORTED_AFTER_DAYS * MICROS_PER_DAY
        return {"event_time": moment, "known_time": known, **cells}

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, NaN = null."""
        column = self.rows[name]
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)

    def copies(self, states: Sequence[Sequence[Edit]]) -> pa.Table:
        """Return one copy of the rows for each state, each changed by the edits of its state."""
        n_copies = len(states)
        n_rows = len(self.rows)
        is_kept = np.ones((n_copies, n_rows), bool)
        changed: dict[str, np.ndarray] = {}
        added: list[dict[str, Any]] = []
        for copy, edits in enumerate(states):
            for edit in edits:
                if not edit.column:
                    is_kept[copy, edit.at] = False
                elif edit.column not in changed:
                    changed[edit.column] = np.tile(self.numbers(edit.column), (n_copies, 1))
                if edit.column:
                    changed[edit.column][copy, edit.at] = edit.cells
                added += [{"applicant_id": copy, **row} for row in edit.added]
        copy_of, at = np.nonzero(is_kept)
        table = self.rows.take(pa.array(at))
        for name, cells in {"applicant_id": copy_of, **changed}.items():
            values = cells if name == "applicant_id" else cells[is_kept]
            kind = table.schema.field(name).type
            column = pa.array(values, from_pandas=True).cast(kind)
            table = table.set_column(table.schema.get_field_index(name), name, column)
        return pa.concat_tables([table, _rows_of(added, table.schema)]) if added else table


def _rows_of(cells: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return new rows, null where a cell is not given; ids are counted on."""
    columns = []
    for column in schema:
        if column.name == "event_id":
            values: list[Any] = [FIRST_ADDED_ID + k for k in range(len(cells))]
        else:
            values = [row.get(column.name) for row in cells]
        kind = column.type
        is_text = pa.types.is_dictionary(kind)
        plain = pa.array(values, pa.int64()) if pa.types.is_timestamp(kind) else pa.array(values)
        columns.append(plain.dictionary_encode().cast(kind) if is_text else plain.cast(kind))
    return pa.Table.from_arrays(columns, schema=schema)


def changed_application(
    application: Mapping[str, Any], changes: Sequence[Change]
) -> dict[str, Any] | None:
    """Return an application (its columns by name) after changes; None where one changes nothing."""
    changed = dict(application)
    for quantity, step in changes:
        old = changed.get(quantity.column)
        new = _new_cell(quantity, step, old, changed)
        if new is None or new == old:
            return None
        changed[quantity.column] = new
    return changed


def _new_cell(quantity: Quantity, step: Step, old: Any, row: Mapping[str, Any]) -> Any:
    """Return the cell of an application after a change; None where the change asks for a number."""
    if quantity.action == "set":
        return quantity.to
    if quantity.action == "take":
        return row.get(quantity.of) if old is None else old
    if old is None or step.to is None:
        return None
    if quantity.action == "scale":
        return int(old * step.to)
    return int(max(old, step.to)) if quantity.action == "at_least" else int(min(old, step.to))


def _share_of(old: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return np.maximum(old, np.floor(other * share))


def _is_in(column: pa.ChunkedArray, values: Sequence[Cell]) -> np.ndarray:
    """Return where a column holds one of the values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = pc.is_in(column, pa.array(list(values)))
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def _micros(times: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.cast(times.cast(pa.timestamp("us")), pa.int64()).to_numpy())
