"""The contract check: raw tables in, files that keep the contract out; bad rows set aside with rule and reason.

One scan of a table asks whether any row breaks any rule, and a table without bad rows is handed on as it lies. Only one with bad rows
is counted rule by rule and split into a clean copy and a quarantine file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.errors import DataError
from data.rules import APPLICANTS, APPLICATION_IDS, Rule, duplicate, rules
from data.schema import check_schema
from data.store import table_files, write_json
from data.unique import all_different
from features.tables import EVENT_TABLES, TABLES, Table

BATCH = 1 << 20  # ids looked at in one go


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


def check_tables(root: Path, quarantine: Path, *, max_bad_share: float, latest: dt.datetime | None = None, threads: int = 2) -> Checked:
    """Check every raw table under `root` against `features.tables`.

    Bad rows go to `<quarantine>/<table>.parquet` with columns `rule` and `reason`, the rest of such a table to
    `<quarantine>/clean/<table>.parquet`; counts to `<quarantine>/summary.json`. All copies of a repeated key are bad.
    Raises DataError for a table that cannot be read, for a missing `applications`, and where more than `max_bad_share` of a
    table is bad. `latest`: last moment that is not in the future, None = no such rule.
    """
    present = _present(root)
    _clear(quarantine)
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        exact = {name: _open(connection, TABLES[name], files) for name, files in present.items()}
        for known, column in ((APPLICANTS, "applicant_id"), (APPLICATION_IDS, "application_id")):
            connection.execute(f"CREATE TEMP TABLE {known} AS SELECT DISTINCT {column} FROM applications WHERE {column} IS NOT NULL")  # noqa: S608
        checks, handed_on = [], {}
        for name, files in present.items():
            check = _check(connection, TABLES[name], quarantine, latest, max_bad_share, exact=exact[name])
            clean = quarantine / "clean" / f"{name}.parquet"
            handed_on[name] = (str(clean),) if clean.is_file() else tuple(map(str, files))
            checks.append(check)
    write_json({c.table: {"rows": c.rows, "bad": c.bad, "rules": dict(c.rules)} for c in checks}, quarantine / "summary.json")
    return Checked(handed_on, tuple(checks))


def _present(root: Path) -> dict[str, tuple[Path, ...]]:
    if not root.is_dir():
        raise DataError.of("No such folder", where=root, expected="a folder of raw tables", got="nothing", next_step="check source.path")
    present = {name: files for name in TABLES if (files := table_files(root, name))}
    if "applications" not in present or not any(table.name in present for table in EVENT_TABLES):
        raise DataError.of(
            "Raw tables are missing", where=root, expected="applications and at least one of " + ", ".join(t.name for t in EVENT_TABLES),
            got=", ".join(present) or "none of them", next_step="write <table>.parquet or <table>/*.parquet as features/tables.py declares",
        )  # fmt: skip
    return present


def _clear(quarantine: Path) -> None:
    """Remove what an earlier check left, and nothing else."""
    for name in TABLES:
        (quarantine / f"{name}.parquet").unlink(missing_ok=True)
        (quarantine / "clean" / f"{name}.parquet").unlink(missing_ok=True)


def _open(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> bool:
    exact = check_schema(table, files)
    connection.read_parquet([str(file) for file in files]).create_view(table.name)
    return exact


def _check(
    connection: duckdb.DuckDBPyConnection, table: Table, quarantine: Path, latest: dt.datetime | None, max_bad_share: float, *, exact: bool
) -> TableCheck:
    """Count, and only where something is wrong set rows aside."""
    rows = _number(connection, f"SELECT count(*) FROM {table.name}")  # noqa: S608
    broken = rules(table, latest)
    if not _is_unique(connection, table):
        broken = (*broken, duplicate(table))
    bad = _number(connection, f"SELECT count(*) FROM {table.name} WHERE {_any(broken)}")  # noqa: S608
    found = _count(connection, table, broken) if bad else {}
    broken = tuple(rule for rule in broken if rule.name in found)
    if bad > max_bad_share * rows:
        raise _too_many(table, bad, rows, found, max_bad_share)
    if bad:
        _set_aside(connection, table, broken, quarantine / f"{table.name}.parquet")
    if bad or not exact:
        _copy_clean(connection, table, broken, quarantine / "clean" / f"{table.name}.parquet")
    return TableCheck(table.name, rows, bad, found)


def _count(connection: duckdb.DuckDBPyConnection, table: Table, asked: Sequence[Rule]) -> dict[str, int]:
    """Rows per broken rule; rules that no row breaks are left out."""
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.sql})" for rule in asked)
    (numbers,) = connection.execute(f"SELECT {counts} FROM {table.name}").fetchall()  # noqa: S608
    return {rule.name: int(number) for rule, number in zip(asked, numbers, strict=True) if number}


def _is_unique(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Is the key of every row its own? Null keys break another rule and are left out."""
    (key,) = table.key
    keys = connection.sql(f"SELECT {key}::BIGINT FROM {table.name} WHERE {key} IS NOT NULL")  # noqa: S608
    found = all_different(batch.column(0).to_numpy(zero_copy_only=False) for batch in keys.to_arrow_reader(BATCH))
    if found is not None:
        return found
    return bool(_number(connection, f"SELECT count(DISTINCT {key}) = count({key}) FROM {table.name}"))  # noqa: S608


def _any(broken: Sequence[Rule]) -> str:
    return "(" + " OR ".join(rule.sql for rule in broken) + ")"


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _set_aside(connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[Rule], path: Path) -> None:
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.reason}' END" for rule in broken)
    query = f"SELECT *, concat_ws('; ', {names}) AS rule, concat_ws('; ', {reasons}) AS reason FROM {table.name} WHERE {_any(broken)}"  # noqa: S608
    _copy(connection, query, path)


def _copy_clean(connection: duckdb.DuckDBPyConnection, table: Table, broken: Sequence[Rule], path: Path) -> None:
    kept = f"WHERE NOT {_any(broken)}" if broken else ""
    columns = ", ".join(f"{c.name}::{_SQL_TYPES[str(c.type)]} AS {c.name}" for c in table.columns)
    _copy(connection, f"SELECT {columns} FROM {table.name} {kept}", path)  # noqa: S608


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.sql(query).write_parquet(str(path), compression="zstd")


def _too_many(table: Table, bad: int, rows: int, found: Mapping[str, int], allowed: float) -> DataError:
    worst = ", ".join(f"{name}: {count:,}" for name, count in sorted(found.items(), key=lambda item: -item[1]))
    return DataError.of(
        f"Too many bad rows in table `{table.name}`", where=table.name, expected=f"at most {allowed:.1%} of rows",
        got=f"{bad:,} of {rows:,} ({bad / rows:.1%}); {worst}",
        next_step="mend the source, or raise source.max_bad_share in params.yaml if these rows may be left out",
    )  # fmt: skip


_SQL_TYPES = {
    "int64": "BIGINT", "int32": "INTEGER", "int16": "SMALLINT", "double": "DOUBLE", "bool": "BOOLEAN",
    "timestamp[us]": "TIMESTAMP", "string": "VARCHAR",
}  # fmt: skip
