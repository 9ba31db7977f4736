"""Changes of raw tables whose direction every model promises, as one more overdue instalment.

`raw_changes.yaml` holds them. A model keeps the signs of its features; a change that moves all
signed features to the same side therefore moves its PD to that side, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .column import Table
from .tables import EVENT_TABLES

TABLES = {table.name: table for table in EVENT_TABLES}
# Columns that a row to be added gets by itself.
OWN_COLUMNS = ("event_id", "applicant_id", "event_time", "known_time")
DAY = np.timedelta64(1, "D")

# table: what a cell may hold
Cell = bool | int | float | str


@dataclass(frozen=True)
class RawChange:
    """One change of the raw rows of a person.

    action: `add` = a row of `values`, `within_days` before the application; `change` = of the
    newest row within so many days that has the cells of `where`, the cells of `values`. A row whose
    cell is null is passed over: what is not known does not get worse.
    worst: columns whose cell becomes the largest or smallest of `values` and the person's own.
    direction: +1 = the PD may rise and never fall, -1 = the opposite.
    reason, source: why, and the rule that says so.
    unsure: signed features that may move to the other side all the same.
    Raise ValueError for a table or column that the contract does not have.
    """

    id: str
    doc: str
    table: str
    action: Literal["add", "change"]
    within_days: int
    values: dict[str, Cell]
    direction: Literal[1, -1]
    reason: str
    source: str
    where: dict[str, Cell] = field(default_factory=dict)
    worst: dict[str, Literal["largest", "smallest"]] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f"`{self.id}`: expected a table of events, got `{self.table}`")
        known = {column.name for column in TABLES[self.table].columns} - set(OWN_COLUMNS)
        strange = sorted({*self.values, *self.where} - known)
        if strange or not self.values:
            raise ValueError(
                f"`{self.id}`: expected columns of {self.table} ({', '.join(sorted(known))}), "
                f"got {', '.join(strange) or 'none'}"
            )
        for name, cell in (*self.values.items(), *self.where.items()):
            _require_cell(self.id, name, cell, TABLES[self.table])
        absent = sorted(known - set(self.values)) if self.action == "add" else []
        if absent:
            raise ValueError(f"`{self.id}`: a row to add needs all cells; {absent[0]} is missing")
        if set(self.worst) - set(self.values) or self.within_days < 1:
            raise ValueError(
                f"`{self.id}`: expected within_days of 1 or more, and `worst` of columns of values"
            )


def _require_cell(change: str, name: str, cell: Cell, table: Table) -> None:
    """Raise ValueError where the contract does not take the cell."""
    column = next(column for column in table.columns if column.name == name)
    is_text = isinstance(cell, str)
    is_flag = isinstance(cell, bool)
    is_right = is_text == (column.type == pa.string()) and is_flag == (column.type == pa.bool_())
    if is_right and not is_text and not is_flag:
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        is_right = low <= float(cell) <= high
    if is_right and column.among:
        is_right = cell in column.among
    if not is_right:
        raise ValueError(
            f"`{change}`: {table.name}.{name}: expected {column.type} as the contract has it, "
            f"got {cell!r}"
        )


@dataclass(frozen=True)
class RawChanges:
    """The content of raw_changes.yaml. Raise ValueError for an id that stands twice."""

    changes: tuple[RawChange, ...]

    def __post_init__(self) -> None:
        ids = [change.id for change in self.changes]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"changes: expected each id once, got `{twice[0]}` twice")


def changed_rows(
    change: RawChange, rows: pa.Table, applicant_id: int, as_of: np.datetime64
) -> pa.Table | None:
    """Return the table with the change for one person; None where no row of theirs fits.

    rows: the raw table of `change.table`, of everyone. as_of: when the person applied.
    """
    if change.action == "add":
        return pa.concat_tables([rows, _new_row(change, rows, applicant_id, as_of)])
    at = newest_fitting(change, rows, applicant_id, as_of)
    if at is None:
        return None
    is_own = pc.equal(rows["applicant_id"], applicant_id)
    for name, value in change.values.items():
        cell = _worse(change, name, value, rows.filter(is_own)[name])
        cells = rows[name].to_pylist()
        cells[at] = cell
        column = pa.array(cells, rows.schema.field(name).type)
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    return rows


def newest_fitting(
    change: RawChange, rows: pa.Table, applicant_id: int, as_of: np.datetime64
) -> int | None:
    """Return the position of the newest row that fits and was known before the application.

    Of it every cell to be changed is known.
    """
    event = rows["event_time"].to_numpy()
    is_fit = rows["applicant_id"].to_numpy() == applicant_id
    is_fit &= (rows["known_time"].to_numpy() < as_of) & (event < as_of)
    is_fit &= event >= as_of - change.within_days * DAY
    for name in change.values:
        is_fit &= rows[name].is_valid().to_numpy(zero_copy_only=False)
    for name, value in change.where.items():
        is_equal = pc.fill_null(pc.equal(rows[name], value), fill_value=False)
        is_fit &= is_equal.to_numpy(zero_copy_only=False)
    found = np.flatnonzero(is_fit)
    keys = (rows["event_id"].to_numpy()[found], event[found])
    # Of rows of one moment the one with the last id: the order in the file is no reason.
    return int(found[np.lexsort(keys)[-1]]) if len(found) else None


def _worse(change: RawChange, name: str, value: Cell, own: pa.ChunkedArray) -> Any:
    """Return the new cell: the value, or what of the person's own cells is worse."""
    if name not in change.worst:
        return value
    is_largest = change.worst[name] == "largest"
    worst = (pc.max if is_largest else pc.min)(own).as_py()
    if worst is None:
        return value
    return max(worst, value) if is_largest else min(worst, value)


def _new_row(
    change: RawChange, rows: pa.Table, applicant_id: int, as_of: np.datetime64
) -> pa.Table:
    moment = as_of - change.within_days * DAY
    cells = {
        "event_id": (pc.max(rows["event_id"]).as_py() or 0) + 1,
        "applicant_id": applicant_id,
        "event_time": moment,
        "known_time": moment,
        **change.values,
    }
    columns = [pa.array([cells[field.name]], field.type) for field in rows.schema]
    return pa.Table.from_arrays(columns, schema=rows.schema)
