"""Judge the rows of a call by the contract, each alone.

What the contract looks up in other rows - who applies, who agreed - changes with every application,
so the store asks it when rows are read (`reading`, `serving`), and keeps the rows until then. A
moment that lies ahead counts once it has come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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


def _sql_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """Return the rules of the columns that are there, as SQL by name."""
    names = set(rows.column_names)
    own = rules(table, DEFAULT_PERIOD)
    return {rule.name: rule.sql for rule in own if rule.name.partition(".")[0] in names}


class Judge:
    """Judges tables in memory by the rules of single rows, with a database of its own."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("SET TimeZone = 'UTC'")
        # Scans of small tables gain nothing by it, and it takes longer than they do.
        self._connection.execute("PRAGMA disable_optimizer")

    def judged(
        self, given: Mapping[str, pa.Table], tables: Mapping[str, Table], source: str
    ) -> dict[str, tuple[pa.Table, list[BadRow]]]:
        """Return, by raw table, the rows that keep the contract, in order, and those that break it.

        Raises DataError as `typed`.
        """
        read = {
            name: typed(tables[name], rows, f"{source}: {name}") for name, rows in given.items()
        }
        known = {name: _sql_of(tables[name], there) for name, (there, _) in read.items()}
        broken = self._broken({name: there for name, (there, _) in read.items()}, known)
        found: dict[str, tuple[pa.Table, list[BadRow]]] = {}
        for name, (there, unfit) in read.items():
            is_bad = np.zeros(len(there), bool)
            is_bad[broken.get(name, np.zeros(0, np.int64))] = True
            for mask in unfit.values():
                is_bad |= mask
            at = np.flatnonzero(is_bad)
            if not len(at):
                found[name] = (there, [])
                continue
            bad = list(self._bad(there, given[name], known[name], unfit, at))
            found[name] = (there.filter(pa.array(~is_bad)), bad)
        return found

    def _broken(
        self, read: Mapping[str, pa.Table], known: Mapping[str, Mapping[str, str]]
    ) -> dict[str, np.ndarray]:
        """Return the places of the rows that break a rule, by table.

        One query for all tables: most of the time of a small one is not spent on its rows.
        """
        parts = []
        for name, rows in read.items():
            if len(rows):
                place = pa.array(np.arange(len(rows), dtype=np.int64))
                self._connection.register(f"{ROWS}_{name}", rows.append_column(PLACE, place))
                rules_of = " OR ".join(known[name].values())
                source = f"{ROWS}_{name}"
                query = f"SELECT '{name}', {PLACE} FROM {source} WHERE {rules_of}"  # noqa: S608
                parts.append(query)
        if not parts:
            return {}
        found: dict[str, list[int]] = {}
        for name, at in self._connection.execute(" UNION ALL ".join(parts)).fetchall():
            found.setdefault(name, []).append(at)
        return {name: np.array(at, np.int64) for name, at in found.items()}

    def _bad(
        self,
        there: pa.Table,
        given: pa.Table,
        known: Mapping[str, str],
        unfit: Mapping[str, np.ndarray],
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
