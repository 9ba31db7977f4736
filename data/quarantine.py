"""Bad rows set aside with table, file, row, rule and reason; and the files they came from, without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from data.rules import SQL_TYPES, Rule
from features.tables import Table


def any_of(broken: Sequence[Rule]) -> str:
    """True for a row that breaks at least one rule."""
    return "(" + " OR ".join(rule.sql for rule in broken) + ")"


def set_aside(connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[Rule], path: Path) -> dict[str, int]:
    """Write the bad rows of a table to `path`; rows per broken rule.

    Columns: table, file (its name), row (from 0), rule and reason (several are joined by `; `), then the table's own columns.
    """
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(f"CASE WHEN {rule.sql} THEN '{_quoted(rule.reason)}' END" for rule in broken)
    columns = ", ".join(column.name for column in table.columns)
    _copy(
        connection,
        f"""SELECT '{table.name}' AS "table", parse_filename(_file) AS file, _row AS row, concat_ws('; ', {names}) AS rule,
        concat_ws('; ', {reasons}) AS reason, {columns} FROM {table.name} WHERE {any_of(broken)}
        ORDER BY _file, _row""",  # noqa: S608  the rules look things up in other tables: their joins promise no order
        path,
    )
    counts = "SELECT unnest(string_split(rule, '; ')) AS one, count(*) FROM read_parquet($path) GROUP BY one ORDER BY one"
    return dict(connection.execute(counts, {"path": str(path)}).fetchall())


def without(connection: duckdb.DuckDBPyConnection, table: Table, file: Path, quarantined: Path, path: Path) -> None:
    """Copy one file of a table to `path` in the declared types and its own order, without the rows that were set aside."""
    columns = ", ".join(f"{c.name}::{SQL_TYPES[str(c.type)]} AS {c.name}" for c in table.columns)
    bad = f"SELECT row FROM read_parquet('{_quoted(quarantined)}') WHERE file = '{_quoted(file.name)}'"  # noqa: S608
    kept = f"WHERE file_row_number NOT IN ({bad})" if quarantined.is_file() else ""
    rows = f"read_parquet('{_quoted(file)}', file_row_number = true)"
    _copy(connection, f"SELECT {columns} FROM {rows} {kept} ORDER BY file_row_number", path)  # noqa: S608


def files_with(connection: duckdb.DuckDBPyConnection, quarantined: Path) -> set[str]:
    """Names of the files that have rows in a quarantine file; none where there is no such file."""
    if not quarantined.is_file():
        return set()
    return {name for (name,) in connection.execute("SELECT DISTINCT file FROM read_parquet($path)", {"path": str(quarantined)}).fetchall()}


def _quoted(text: str | Path) -> str:
    return str(text).replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path), compression="zstd")
