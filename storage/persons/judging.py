"""Judge the rows of a call by the contract, each alone.

What the contract looks up in other rows - who applies, who agreed - changes with every application,
so the store asks it when rows are read (`reading`, `serving`), and keeps the rows until then. A
moment that lies ahead counts once it has come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import Table
from creditloom.storage.contract.contract import DEFAULT_PERIOD
from creditloom.storage.contract.row_rules import missing_column, rules
from creditloom.storage.contract.stored_types import converted, is_accepted
from creditloom.storage.files.errors import DataError

# The name under which the rows of one table are judged.
ROWS = "rows_of_a_call"
PLACE = "_place"


@dataclass(frozen=True)
class BadRow:
    """A row that breaks the contract: its person where it has one, rules, and values as JSON."""

    person: int | None
    rule: str
    body: str


def typed(table: Table, rows: pa.Table, where: str) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """Return rows in the declared types, and by column which values did not fit (null then).

    Columns that the contract does not know are left out. Raises DataError for a missing column and
    a type that is not accepted.
    """
    columns = {}
    unfit = {}
    for column in table.columns:
        if column.name not in rows.column_names:
            if column.is_computed:
                continue
            if not column.optional:
                expected = f"{column.type} ({column.doc})"
                raise missing_column(column.name, rows.column_names, where, expected)
            columns[column.name] = pa.nulls(len(rows), column.type)
            continue
        values = rows.column(column.name)
        if not is_accepted(column, values.type):
            raise DataError.of(
                f"Column `{column.name}` has the wrong type",
                where=where,
                expected=f"{column.type} ({column.doc})",
                got=str(values.type),
                next_step=f"cast `{column.name}` to {column.type}; nothing was added",
            )
        if values.type == column.type and not pa.types.is_string(column.type):
            columns[column.name] = values
            continue
        columns[column.name], is_unfit = converted(values, column)
        if is_unfit.any():
            unfit[column.name] = is_unfit
    return pa.table(columns), unfit


class Judge:
    """Judges tables in memory by the rules of single rows, with a database of its own."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("SET TimeZone = 'UTC'")

    def judged(self, table: Table, rows: pa.Table, where: str) -> tuple[pa.Table, list[BadRow]]:
        """Return the rows that keep the contract, in their order, and those that break it.

        Raises DataError as `typed`.
        """
        there, unfit = typed(table, rows, where)
        names = set(there.column_names)
        own = [rule for rule in rules(table, DEFAULT_PERIOD) if rule.name.split(".")[0] in names]
        known = {rule.name: rule.sql for rule in own}
        is_bad = np.zeros(len(there), bool)
        for mask in unfit.values():
            is_bad |= mask
        self._connection.register(ROWS, there)
        broken = "(" + " OR ".join(known.values()) + ")"
        found = self._connection.sql(f"SELECT {broken} AS bad FROM {ROWS}").to_arrow_table()  # noqa: S608
        is_bad |= found.column("bad").to_numpy()
        if not is_bad.any():
            return there, []
        at = np.flatnonzero(is_bad)
        bad = list(self._bad(there, rows, known, unfit, at))
        return there.filter(pa.array(~is_bad)), bad

    def _bad(
        self,
        there: pa.Table,
        given: pa.Table,
        known: dict[str, str],
        unfit: dict[str, np.ndarray],
        at: np.ndarray,
    ) -> Iterator[BadRow]:
        self._connection.register(ROWS, there.take(pa.array(at)))
        broken = ", ".join(f"CASE WHEN {sql} THEN '{name}' END" for name, sql in known.items())
        query = f"SELECT concat_ws('; ', {broken}) AS rule FROM {ROWS}"  # noqa: S608
        told = self._connection.sql(query).to_arrow_table().column("rule").to_pylist()
        people = there.column("applicant_id").take(pa.array(at)).to_pylist()
        values = given.take(pa.array(at)).to_pylist()
        for k, place in enumerate(at.tolist()):
            wrong = [f"{name}.type" for name, mask in unfit.items() if mask[place]]
            # A value that does not fit reads as null, and is not named as null too.
            nulls = {f"{name.removesuffix('.type')}.null" for name in wrong}
            rest = [name for name in told[k].split("; ") if name and name not in nulls]
            body = json.dumps(values[k], default=str, ensure_ascii=False, sort_keys=True)
            yield BadRow(people[k], "; ".join([*wrong, *rest]), body)
