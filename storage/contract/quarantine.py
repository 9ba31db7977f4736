"""Write the quarantine: bad rows with table, file, row, rule and reason.

Beside it the files that they came from, without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from creditloom.features.contract.tables import Table
from creditloom.features.engine.raw_reader import literal
from creditloom.storage.contract.row_rules import RowRule
from creditloom.storage.contract.staged import RawFile


def any_of(broken: Sequence[RowRule]) -> str:
    """Return the SQL that is true for a row that breaks at least one rule."""
    return "(" + " OR ".join(rule.sql for rule in broken) + ")"


def set_aside(
    connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[RowRule], path: Path
) -> dict[str, int]:
    """Write the bad rows of a table to `path`; return the rows per broken rule.

    Columns: table, file (its path in the table's folder), row (from 0), rule and reason (several
    are joined by `; `), stored (the values that do not fit their type), the table's own columns.
    """
    _copy(connection, _bad_rows(table, broken), path)
    counts = f"""
        SELECT unnest(string_split(rule, '; ')) AS one, count(*)
        FROM {parquet(path)} GROUP BY one ORDER BY one"""  # noqa: S608
    return dict(connection.execute(counts).fetchall())


def _bad_rows(table: Table, broken: Sequence[RowRule]) -> str:
    """Return the query of the bad rows as they are set aside."""
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(
        f"CASE WHEN {rule.sql} THEN '{_quoted(rule.reason)}' END" for rule in broken
    )
    columns = ", ".join(column.name for column in table.columns)
    # Ordered, as the rules look things up in other tables, and their joins promise no order.
    return f"""
        SELECT '{table.name}' AS "table", files.file AS file, _row AS row,
            concat_ws('; ', {names}) AS rule, concat_ws('; ', {reasons}) AS reason, stored,
            {columns}
        FROM {table.name} JOIN files_{table.name} AS files ON files.number = _file
        LEFT JOIN (
            SELECT file AS number, row AS place,
                string_agg(name || ' = ' || value, '; ' ORDER BY name) AS stored
            FROM unfit_{table.name} GROUP BY file, row
        ) AS unfit ON unfit.number = _file AND unfit.place = _row
        WHERE {any_of(broken)}
        ORDER BY _file, _row"""  # noqa: S608


def without_bad(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    file: RawFile,
    quarantined: Path,
    path: Path,
) -> None:
    """Copy one file of a table to `path`, without the rows that were set aside.

    The copy has the file's own order.
    """
    columns = ", ".join(column.name for column in table.columns)
    bad = f"""
        SELECT row FROM {parquet(quarantined)}
        WHERE file = '{_quoted(file.name)}'"""  # noqa: S608
    query = f"""
        SELECT {columns} FROM {parquet(file.path)}
        WHERE file_row_number NOT IN ({bad}) ORDER BY file_row_number"""  # noqa: S608
    _copy(connection, query, path)


def files_with(connection: duckdb.DuckDBPyConnection, quarantined: Path) -> set[str]:
    """Return the names of the files that have rows in a quarantine file.

    None where there is no such file.
    """
    if not quarantined.is_file():
        return set()
    query = f"""
        SELECT DISTINCT file
        FROM {parquet(quarantined)}"""  # noqa: S608
    rows = connection.execute(query).fetchall()
    return {name for (name,) in rows}


def parquet(path: Path) -> str:
    """Return the SQL of a list of one file, read as it lies and not as a pattern."""
    return f"read_parquet([{path_of(path)}], hive_partitioning = false)"


def path_of(path: Path) -> str:
    """Return the SQL of a path."""
    return f"'{_quoted(literal(path))}'"


def _quoted(text: str | Path) -> str:
    """Return a text for use between single quotes in SQL.

    >>> _quoted("it's")
    "it''s"
    """
    return str(text).replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path), compression="zstd")
