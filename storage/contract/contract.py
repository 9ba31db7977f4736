"""The contract check: raw tables in, files that keep the contract out; bad rows set aside with rule and reason.

What goes on has every mandatory field (S3-R51).
All rules of a table are one predicate, so that one scan tells whether any row is bad; a table without bad rows is handed on as it lies.
Of one with bad rows, only the files that hold them are written again.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

ALWAYS = Period(dt.datetime(1990, 1, 1))


@dataclass(frozen=True)
class TableCheck:
    """What the check found in one table: rows, rows set aside, and rows per broken rule (a row may break several)."""

    table: str
    rows: int
    bad: int
    rules: Mapping[str, int]


@dataclass(frozen=True)
class Checked:
    """Files per table that keep the contract, and what was found on the way."""

    files: Mapping[str, tuple[str, ...]]
    checks: tuple[TableCheck, ...]

    @property
    def bad(self) -> int:
        return sum(check.bad for check in self.checks)


def check_tables(
    root: Path,
    quarantine: Path,
    clean: Path,
    *,
    max_bad_share: float,
    period: Period = ALWAYS,
    threads: int = 2,
) -> Checked:
    """Check every raw table under `root` against `creditloom.features.contract.tables`.

    Bad rows go to `<quarantine>/<table>.parquet` with `file`, `row`, `rule` and `reason`, the counts to `<quarantine>/summary.json`;
    files that held bad rows, or other types, are written again as `<clean>/<table>/<file>`.
    Raises DataError for a table that cannot be read, for a missing `applications`, and where more than `max_bad_share` of a
    table is bad (its bad rows are written even then).
    """
    present = _present(root)
    _clear(quarantine, clean)
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        connection.execute("SET TimeZone = 'UTC'")
        exact = {name: _open(connection, TABLES[name], files) for name, files in present.items()}
        lookups, checks, handed_on = Lookups(connection), [], {}
        for name, files in present.items():
            table, aside = TABLES[name], quarantine / f"{name}.parquet"
            asked = (
                *rules(table, period),
                *(() if exact[name] else type_rules(table)),
                *lookups.rules(table),
            )
            checks.append(_check(connection, table, asked, aside, max_bad_share))
            again = files_with(connection, aside) if exact[name] else {file.name for file in files}
            handed_on[name] = tuple(
                str(_mended(connection, table, f, aside, clean) if f.name in again else f)
                for f in files
            )
    write_json(
        {c.table: {"rows": c.rows, "bad": c.bad, "rules": dict(c.rules)} for c in checks},
        quarantine / "summary.json",
    )
    return Checked(handed_on, tuple(checks))


def _present(root: Path) -> dict[str, tuple[Path, ...]]:
    if not root.is_dir():
        raise DataError.of(
            "No such folder",
            where=root,
            expected="a folder of raw tables",
            got="nothing",
            next_step="check source.path",
        )
    present = {name: files for name in TABLES if (files := table_files(root, name))}
    if "applications" not in present or not any(table.name in present for table in EVENT_TABLES):
        raise DataError.of(
            "Raw tables are missing",
            where=root,
            expected="applications and at least one of " + ", ".join(t.name for t in EVENT_TABLES),
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
    """A view of the table's files, whose rows know their place; True where the stored types are the declared ones."""
    exact = check_schema(table, files)
    rows = connection.read_parquet(
        [str(file) for file in files], filename=True, file_row_number=True
    )
    rows.project("*, filename AS _file, file_row_number AS _row").create_view(table.name)
    return exact


def _check(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    asked: Sequence[RowRule],
    aside: Path,
    max_bad_share: float,
) -> TableCheck:
    """One scan counts; only where something is wrong are rows set aside."""
    rows = _number(connection, f"SELECT count(*) FROM {table.name}")  # noqa: S608  answered by the files' footers
    bad = _number(connection, f"SELECT count(*) FROM {table.name} WHERE {any_of(asked)}")  # noqa: S608
    found = set_aside(connection, table, asked, aside) if bad else {}
    if bad > max_bad_share * rows:
        raise _too_many(table, bad, rows, found, max_bad_share, aside)
    return TableCheck(table.name, rows, bad, found)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _mended(
    connection: duckdb.DuckDBPyConnection, table: Table, file: Path, aside: Path, clean: Path
) -> Path:
    path = clean / table.name / file.name
    without(connection, table, file, aside, path)
    return path


def _too_many(
    table: Table, bad: int, rows: int, found: Mapping[str, int], allowed: float, aside: Path
) -> DataError:
    worst = ", ".join(
        f"{name}: {count:,}" for name, count in sorted(found.items(), key=lambda item: -item[1])
    )
    return DataError.of(
        f"Too many bad rows in table `{table.name}`",
        where=table.name,
        expected=f"at most {allowed:.1%} of rows",
        got=f"{bad:,} of {rows:,} ({bad / rows:.1%}); {worst}",
        next_step=f"look at them in {aside} and mend the source, or raise source.max_bad_share in params.yaml if they may be left out",
    )


# Bad rows set aside with table, file, row, rule and reason; and the files they came from, without them.


def any_of(broken: Sequence[RowRule]) -> str:
    """True for a row that breaks at least one rule."""
    return "(" + " OR ".join(rule.sql for rule in broken) + ")"


def set_aside(
    connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[RowRule], path: Path
) -> dict[str, int]:
    """Write the bad rows of a table to `path`; rows per broken rule.

    Columns: table, file (its name), row (from 0), rule and reason (several are joined by `; `), then the table's own columns.
    """
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(
        f"CASE WHEN {rule.sql} THEN '{_quoted(rule.reason)}' END" for rule in broken
    )
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


def without(
    connection: duckdb.DuckDBPyConnection, table: Table, file: Path, quarantined: Path, path: Path
) -> None:
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
    return {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT file FROM read_parquet($path)", {"path": str(quarantined)}
        ).fetchall()
    }


def _quoted(text: str | Path) -> str:
    return str(text).replace("'", "''")


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path), compression="zstd")
