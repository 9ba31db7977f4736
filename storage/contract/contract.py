"""Check raw tables against the contract: raw tables in, files that keep the contract out.

Bad rows are set aside with rule and reason. What goes on has every mandatory field (S3-R51).
All rules of a table are one predicate, so that one scan tells whether any row is bad. A table
without bad rows is handed on as it lies. Of one with bad rows, only the files that hold them are
written again, and those that store other types than the declared ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Table
from creditloom.storage.contract.checked import (
    Checked,
    TableCheck,
    absent_tables,
    clear,
    too_many,
    write_summary,
)
from creditloom.storage.contract.lookups import Lookups, table_rules
from creditloom.storage.contract.quarantine import (
    any_of,
    files_with,
    path_of,
    set_aside,
    without_bad,
)
from creditloom.storage.contract.row_rules import Period, RowRule
from creditloom.storage.contract.staged import StagedTable, stage
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import Worded
from creditloom.storage.folders.lake_lists import is_lake
from creditloom.storage.folders.raw_folder import raw_tables, without_tables
from creditloom.storage.lake.receipts import LakePlace, by_receipts, regrouped

# Where no period is given. No event is older: such a date is an unset clock.
DEFAULT_PERIOD = Period(dt.datetime(1990, 1, 1))


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
    contents: Mapping[Path, str] | None = None,
) -> Checked:
    """Check every raw table under `root` against `creditloom.features.contract.tables`.

    Bad rows go to `<quarantine>/<table>.parquet` with `file`, `row`, `rule` and `reason`, the
    counts to `<quarantine>/summary.json`. Files that held bad rows, or other types, are written
    again below `<clean>/<table>`. `needed` tables must be there; the tables `without` are not read.
    The rows of a lake were judged when they were added: its receipts are compared with the bytes of
    its files, of which `contents` are the sha256 where they are known.
    Raises DataError for what no table claims, for a missing `applications` or needed table, and
    where more than `max_bad_share` of a table is bad (its bad rows are written even then), and
    ForeignError for a table that cannot be read.
    """
    files = _present(root, needed, without)
    checked = None
    if is_lake(root):
        place = LakePlace(root, quarantine, clean)
        checked = by_receipts(place, tuple(files), period, max_bad_share, contents)
    if checked is None:
        share = max_bad_share
        checked = check_files(
            files, root, quarantine, clean, max_bad_share=share, period=period, threads=threads
        )
        checked = regrouped(root, checked) if is_lake(root) else checked
    absent = absent_tables(checked.files, without)
    return replace(checked, absent=absent, without=tuple(sorted(without)))


def check_files(
    files: Mapping[str, Sequence[Path]],
    root: Path,
    quarantine: Path,
    clean: Path,
    *,
    max_bad_share: float,
    period: Period = DEFAULT_PERIOD,
    threads: int = 2,
) -> Checked:
    """Check these tables, applications among them, as `check_tables` does; `files` as they lie."""
    clear(quarantine, clean)
    checks = []
    handed_on = {}
    with duckdb.connect() as connection, Worded(root):
        connection.execute("SET threads = $n", {"n": threads})
        staged = _staged(connection, root, files, clean)
        lookups = Lookups(connection)
        for table in staged:
            aside = quarantine / f"{table.table.name}.parquet"
            row_rules = table_rules(table, period, lookups)
            checks.append(_check(connection, table.table, row_rules, aside, max_bad_share))
            handed_on[table.table.name] = _handed_on(connection, table, aside, clean)
    write_summary(checks, quarantine)
    misnamed = {name: meant for table in staged for name, meant in table.misnamed.items()}
    return Checked(handed_on, tuple(checks), misnamed=misnamed)


def _staged(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    files: Mapping[str, Sequence[Path]],
    clean: Path,
) -> list[StagedTable]:
    """Return the tables in their declared types, with a view of each."""
    # All times are naive UTC: no cast may go through the machine's zone.
    connection.execute("SET TimeZone = 'UTC'")
    # All views first: rules of one table look things up in others.
    staged = []
    for name, paths in files.items():
        staged.append(stage(TABLES[name], root, paths, clean / name / "staged"))
        _open(connection, staged[-1])
    return staged


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


def _open(connection: duckdb.DuckDBPyConnection, staged: StagedTable) -> None:
    """Make a view of the table's files, whose rows know the number of their file and their place.

    Its name is the table's; `unfit_<table>` holds the values that do not fit, `files_<table>` the
    names of the files.
    """
    name = staged.table.name
    columns = ", ".join(column.name for column in staged.table.columns)
    files = ", ".join(path_of(file.path) for file in staged.files)
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
    reasons = {rule.name: rule.reason for rule in row_rules if rule.name in by_rule}
    check = TableCheck(table=table.name, rows=rows, bad=bad, rules=by_rule, reasons=reasons)
    # After they were written: whoever reads the error can look at them.
    if bad > max_bad_share * rows:
        raise too_many(check, max_bad_share, aside)
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
            without_bad(connection, staged.table, file, aside, path)
        paths.append(str(path))
    return tuple(paths)
