"""Check raw tables against the contract: raw tables in, files that keep the contract out.

Bad rows are set aside with rule and reason. What goes on has every mandatory field (S3-R51).
All rules of a table are one predicate, so that one scan tells whether any row is bad. A table
without bad rows is handed on as it lies. Of one with bad rows, only the files that hold them are
written again, and those that store other types than the declared ones.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Table
from creditloom.features.engine.raw_reader import literal
from creditloom.storage.contract.lookups import Lookups
from creditloom.storage.contract.raw_folder import raw_tables, without_tables
from creditloom.storage.contract.row_rules import Period, RowRule, rules, unfit_rules
from creditloom.storage.contract.staged import RawFile, StagedTable, readable, stage
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_json

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
    """Files per table that keep the contract, the check of each table, and what is not there.

    `absent` are the tables of events that the folder lacks, `without` those that a person left out.
    """

    files: Mapping[str, tuple[str, ...]]
    checks: tuple[TableCheck, ...]
    absent: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

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
    needed: Collection[str] = (),
    without: Collection[str] = (),
) -> Checked:
    """Check every raw table under `root` against `creditloom.features.contract.tables`.

    Bad rows go to `<quarantine>/<table>.parquet` with `file`, `row`, `rule` and `reason`, the
    counts to `<quarantine>/summary.json`. Files that held bad rows, or other types, are written
    again below `<clean>/<table>`. `needed` tables must be there; the tables `without` are not read.
    Raises DataError for what no table claims, for a table that cannot be read, for a missing
    `applications` or needed table, and where more than `max_bad_share` of a table is bad (its bad
    rows are written even then).
    """
    files = _present(root, needed, without)
    _clear(quarantine, clean)
    checks = []
    handed_on = {}
    with duckdb.connect() as connection, readable(root):
        connection.execute("SET threads = $n", {"n": threads})
        # All times are naive UTC: no cast may go through the machine's zone.
        connection.execute("SET TimeZone = 'UTC'")
        staged = [
            stage(TABLES[name], root, paths, clean / name / "staged")
            for name, paths in files.items()
        ]
        # All views first: rules of one table look things up in others.
        for table in staged:
            _open(connection, table)
        lookups = Lookups(connection)
        for table in staged:
            aside = quarantine / f"{table.table.name}.parquet"
            row_rules = _rules(table, period, lookups)
            checks.append(_check(connection, table.table, row_rules, aside, max_bad_share))
            handed_on[table.table.name] = _handed_on(connection, table, aside, clean)
    write_json({check.table: _counts(check) for check in checks}, quarantine / "summary.json")
    absent = [table.name for table in EVENT_TABLES if table.name not in (*handed_on, *without)]
    return Checked(handed_on, tuple(checks), tuple(absent), tuple(sorted(without)))


def _counts(check: TableCheck) -> dict[str, Any]:
    return {"rows": check.rows, "bad": check.bad, "rules": dict(check.rules)}


def _present(
    root: Path, needed: Collection[str], without: Collection[str]
) -> dict[str, tuple[Path, ...]]:
    """Return the files of each raw table that is there and not left out.

    Raises DataError without applications, or without any table of events.
    """
    present = without_tables(raw_tables(root), root, needed, without)
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


def _open(connection: duckdb.DuckDBPyConnection, staged: StagedTable) -> None:
    """Make a view of the table's files, whose rows know the number of their file and their place.

    Its name is the table's; `unfit_<table>` holds the values that do not fit, `files_<table>` the
    names of the files.
    """
    name = staged.table.name
    columns = ", ".join(column.name for column in staged.table.columns)
    files = ", ".join(_parquet(file.path) for file in staged.files)
    # The folder month=2025-07/ gives no column: columns are those of the files.
    connection.execute(f"""
        CREATE VIEW {name} AS
        SELECT {columns}, file_index::BIGINT AS _file, file_row_number AS _row
        FROM read_parquet([{files}], hive_partitioning = false)
    """)  # noqa: S608
    connection.register(f"unfit_{name}", staged.unfit)
    numbers = list(range(len(staged.files)))
    names = [file.name for file in staged.files]
    connection.register(f"files_{name}", pa.table({"number": numbers, "file": names}))


def _parquet(path: Path) -> str:
    return f"'{_quoted(literal(path))}'"


def _rules(staged: StagedTable, period: Period, lookups: Lookups) -> tuple[RowRule, ...]:
    """Return all rules of a table; values of the declared types need no rule of their own."""
    table = staged.table
    unfit = set(staged.unfit["name"].unique().to_pylist())
    names = [column.name for column in table.columns if column.name in unfit]
    own = unfit_rules(rules(table, period), names, f"unfit_{table.name}")
    return (*own, *lookups.rules(table))


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
    connection: duckdb.DuckDBPyConnection, staged: StagedTable, aside: Path, clean: Path
) -> tuple[str, ...]:
    """Return the files that keep the contract: as they lie, or written again under `clean`."""
    rewritten = files_with(connection, aside)
    paths = []
    for number, file in enumerate(staged.files):
        path = file.path
        if file.name in rewritten:
            path = clean / staged.table.name / f"{number:05d}.parquet"
            without(connection, staged.table, file, aside, path)
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

    Columns: table, file (its path in the table's folder), row (from 0), rule and reason (several
    are joined by `; `), stored (the values that do not fit their type), the table's own columns.
    """
    names = ", ".join(f"CASE WHEN {rule.sql} THEN '{rule.name}' END" for rule in broken)
    reasons = ", ".join(
        f"CASE WHEN {rule.sql} THEN '{_quoted(rule.reason)}' END" for rule in broken
    )
    columns = ", ".join(column.name for column in table.columns)
    # Ordered, as the rules look things up in other tables, and their joins promise no order.
    query = f"""
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
    _copy(connection, query, path)
    counts = f"""
        SELECT unnest(string_split(rule, '; ')) AS one, count(*)
        FROM read_parquet({_parquet(path)}, hive_partitioning = false) GROUP BY one ORDER BY one"""  # noqa: S608
    return dict(connection.execute(counts).fetchall())


def without(
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
        SELECT row FROM read_parquet({_parquet(quarantined)}, hive_partitioning = false)
        WHERE file = '{_quoted(file.name)}'"""  # noqa: S608
    query = f"""
        SELECT {columns} FROM read_parquet({_parquet(file.path)}, hive_partitioning = false)
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
        FROM read_parquet({_parquet(quarantined)}, hive_partitioning = false)"""  # noqa: S608
    rows = connection.execute(query).fetchall()
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
