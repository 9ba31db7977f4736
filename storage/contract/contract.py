"""Check raw tables against the contract: raw tables in, files that keep the contract out.

Bad rows are set aside with rule and reason. What goes on has every mandatory field (S3-R51).
All rules of a table are one predicate, so that one scan tells whether any row is bad. A table
without bad rows is handed on as it lies. Of one with bad rows, only the files that hold them are
written again.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Table
from creditloom.storage.contract.lookups import Lookups
from creditloom.storage.contract.row_rules import (
    SQL_TYPES,
    Period,
    RowRule,
    check_schema,
    rules,
    type_rules,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import table_files, write_json

# Where no period is given. No event is older: such a date is an unset clock.
DEFAULT_PERIOD = Period(dt.datetime(1990, 1, 1))


@dataclass(frozen=True)
class TableCheck:
    """The check of one table: rows, rows set aside, and rows per broken rule.

    A row may break several rules.
    """

    table: str
    rows: int
    bad: int
    rules: Mapping[str, int]


@dataclass(frozen=True)
class Checked:
    """Files per table that keep the contract, and the check of each table."""

    files: Mapping[str, tuple[str, ...]]
    checks: tuple[TableCheck, ...]

    @property
    def bad(self) -> int:
        """The number of rows set aside in all tables."""
        return sum(check.bad for check in self.checks)


def check_tables(
    root: Path,
    quarantine: Path,
    clean: Path,
    *,
    max_bad_share: float,
    period: Period = DEFAULT_PERIOD,
    threads: int = 2,
) -> Checked:
    """Check every raw table under `root` against `creditloom.features.contract.tables`.

    Bad rows go to `<quarantine>/<table>.parquet` with `file`, `row`, `rule` and `reason`, the
    counts to `<quarantine>/summary.json`. Files that held bad rows, or other types, are written
    again as `<clean>/<table>/<file>`.
    Raises DataError for a table that cannot be read, for a missing `applications`, and where more
    than `max_bad_share` of a table is bad (its bad rows are written even then).
    """
    files = _present(root)
    _clear(quarantine, clean)
    checks = []
    handed_on = {}
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        # All times are naive UTC: no cast may go through the machine's zone.
        connection.execute("SET TimeZone = 'UTC'")
        # All views first: rules of one table look things up in others.
        is_exact = {name: _open(connection, TABLES[name], of) for name, of in files.items()}
        lookups = Lookups(connection)
        for name, of_table in files.items():
            table = TABLES[name]
            aside = quarantine / f"{name}.parquet"
            row_rules = _rules(table, period, lookups, is_exact=is_exact[name])
            checks.append(_check(connection, table, row_rules, aside, max_bad_share))
            handed_on[name] = _handed_on(
                connection, table, of_table, aside, clean, is_exact=is_exact[name]
            )
    write_json({check.table: _counts(check) for check in checks}, quarantine / "summary.json")
    return Checked(handed_on, tuple(checks))


def _counts(check: TableCheck) -> dict[str, Any]:
    return {"rows": check.rows, "bad": check.bad, "rules": dict(check.rules)}


def _present(root: Path) -> dict[str, tuple[Path, ...]]:
    """Return the files of each raw table that is there.

    Raises DataError without applications, or without any table of events.
    """
    if not root.is_dir():
        raise DataError.of(
            "No such folder",
            where=root,
            expected="a folder of raw tables",
            got="nothing",
            next_step="check source.path",
        )
    files = {name: table_files(root, name) for name in TABLES}
    present = {name: paths for name, paths in files.items() if paths}
    events = [table.name for table in EVENT_TABLES]
    if "applications" not in present or not any(name in present for name in events):
        raise DataError.of(
            "Raw tables are missing",
            where=root,
            expected="applications and at least one of " + ", ".join(events),
            got=", ".join(present) or "none of them",
            next_step="write <table>.parquet or <table>/*.parquet",
        )
    return present


def _clear(quarantine: Path, clean: Path) -> None:
    """Remove what an earlier check left, and nothing else."""
    for name in TABLES:
        (quarantine / f"{name}.parquet").unlink(missing_ok=True)
        shutil.rmtree(clean / name, ignore_errors=True)


def _open(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> bool:
    """Make a view of the table's files, whose rows know their place.

    Return whether the stored types are the declared ones.
    """
    is_exact = check_schema(table, files)
    paths = [str(file) for file in files]
    rows = connection.read_parquet(paths, filename=True, file_row_number=True)
    rows.project("*, filename AS _file, file_row_number AS _row").create_view(table.name)
    return is_exact


def _rules(
    table: Table, period: Period, lookups: Lookups, *, is_exact: bool
) -> tuple[RowRule, ...]:
    """Return all rules of a table; values of the declared types need no rule of their own."""
    return (
        *rules(table, period),
        *(() if is_exact else type_rules(table)),
        *lookups.rules(table),
    )


def _check(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    row_rules: Sequence[RowRule],
    aside: Path,
    max_bad_share: float,
) -> TableCheck:
    """Count the bad rows in one scan; only where there are any are they set aside."""
    # The files' footers answer the first query.
    rows = _number(connection, f"SELECT count(*) FROM {table.name}")  # noqa: S608
    bad_rows = f"SELECT count(*) FROM {table.name} WHERE {any_of(row_rules)}"  # noqa: S608
    bad = _number(connection, bad_rows)
    by_rule = set_aside(connection, table, row_rules, aside) if bad else {}
    check = TableCheck(table=table.name, rows=rows, bad=bad, rules=by_rule)
    # After they were written: whoever reads the error can look at them.
    if bad > max_bad_share * rows:
        raise _too_many(check, max_bad_share, aside)
    return check


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _handed_on(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    files: Sequence[Path],
    aside: Path,
    clean: Path,
    *,
    is_exact: bool,
) -> tuple[str, ...]:
    """Return the files that keep the contract: as they lie, or written again under `clean`."""
    # Other types are cast once here: the features read the declared types only.
    rewritten = files_with(connection, aside) if is_exact else {file.name for file in files}
    paths = []
    for file in files:
        path = file
        if file.name in rewritten:
            path = clean / table.name / file.name
            without(connection, table, file, aside, path)
        paths.append(str(path))
    return tuple(paths)


def _too_many(check: TableCheck, allowed: float, aside: Path) -> DataError:
    most_first = sorted(check.rules.items(), key=lambda item: -item[1])
    by_rule = ", ".join(f"{name}: {count:,}" for name, count in most_first)
    counts = f"{check.bad:,} of {check.rows:,} ({check.bad / check.rows:.1%})"
    return DataError.of(
        f"Too many bad rows in table `{check.table}`",
        where=check.table,
        expected=f"at most {allowed:.1%} of rows",
        got=f"{counts}; {by_rule}",
        next_step=f"look at them in {aside} and mend the source, or raise source.max_bad_share "
        "in params.yaml if they may be left out",
    )


# The quarantine: bad rows with table, file, row, rule and reason; and the files that they came
# from, without them.


def any_of(broken: Sequence[RowRule]) -> str:
    """Return the SQL that is true for a row that breaks at least one rule."""
    return "(" + " OR ".join(rule.sql for rule in broken) + ")"


def set_aside(
    connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[RowRule], path: Path
) -> dict[str, int]:
    """Write the bad rows of a table to `path`; return the rows per broken rule.

    Columns: table, file (its name), row (from 0), rule and reason (several are joined by `; `),
    then the table's own columns.
    """
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(
        f"CASE WHEN {rule.sql} THEN '{_quoted(rule.reason)}' END" for rule in broken
    )
    columns = ", ".join(column.name for column in table.columns)
    # Ordered, as the rules look things up in other tables, and their joins promise no order.
    query = f"""
        SELECT '{table.name}' AS "table", parse_filename(_file) AS file, _row AS row,
            concat_ws('; ', {names}) AS rule, concat_ws('; ', {reasons}) AS reason, {columns}
        FROM {table.name} WHERE {any_of(broken)}
        ORDER BY _file, _row"""  # noqa: S608
    _copy(connection, query, path)
    counts = """
        SELECT unnest(string_split(rule, '; ')) AS one, count(*) FROM read_parquet($path)
        GROUP BY one ORDER BY one"""
    return dict(connection.execute(counts, {"path": str(path)}).fetchall())


def without(
    connection: duckdb.DuckDBPyConnection, table: Table, file: Path, quarantined: Path, path: Path
) -> None:
    """Copy one file of a table to `path`, without the rows that were set aside.

    The copy has the declared types and the file's own order.
    """
    columns = ", ".join(
        f"{column.name}::{SQL_TYPES[str(column.type)]} AS {column.name}" for column in table.columns
    )
    is_of_file = f"file = '{_quoted(file.name)}'"
    bad = f"SELECT row FROM read_parquet('{_quoted(quarantined)}') WHERE {is_of_file}"  # noqa: S608
    condition = f"WHERE file_row_number NOT IN ({bad})" if quarantined.is_file() else ""
    rows = f"read_parquet('{_quoted(file)}', file_row_number = true)"
    query = f"SELECT {columns} FROM {rows} {condition} ORDER BY file_row_number"  # noqa: S608
    _copy(connection, query, path)


def files_with(connection: duckdb.DuckDBPyConnection, quarantined: Path) -> set[str]:
    """Return the names of the files that have rows in a quarantine file.

    None where there is no such file.
    """
    if not quarantined.is_file():
        return set()
    query = "SELECT DISTINCT file FROM read_parquet($path)"
    rows = connection.execute(query, {"path": str(quarantined)}).fetchall()
    return {name for (name,) in rows}


def _quoted(text: str | Path) -> str:
    """Return a text for use between single quotes in SQL.

    >>> _quoted("it's")
    "it''s"
    """
    return str(text).replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path), compression="zstd")
