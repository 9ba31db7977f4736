"""Judge the rows of a delivery by the contract, together with what the lake holds already.

The rules are those of `storage.contract`. What they look up in other rows is looked up in the lake
too: who applies, who agreed, and which key is there. Rows that waited are judged again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.features.contract.tables import APPLICATIONS, TABLES, Table
from creditloom.storage.contract.checked import TableCheck, too_many
from creditloom.storage.contract.lookups import Lookups, table_rules
from creditloom.storage.contract.quarantine import any_of, path_of, set_aside
from creditloom.storage.contract.row_rules import Period, RowRule
from creditloom.storage.contract.staged import UNFIT, StagedTable, stage
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import Worded
from creditloom.storage.files.store import read_table
from creditloom.storage.folders.lake_lists import ASIDE, LAKE
from creditloom.storage.lake.runs import read_sql

# What later rows may mend: a person who applies, or agrees, later, and a moment that comes.
WAITING = (".unknown", ".consent", ".future")
# Before the path of a file of the lake where a quarantine names files.
OURS = f"{LAKE}: "


@dataclass(frozen=True)
class Candidates:
    """What is judged: by table, the files below `root`, and those of rows of `lake` that waited.

    `kept` are the files of runs, then those of rows that never count: looked up, they stay. Of a
    table they may be left out whose keys cannot meet. `columns` are those of the lake's tables.
    """

    lake: Path
    root: Path
    files: Mapping[str, tuple[Path, ...]]
    waiting: Mapping[str, Path]
    kept: Mapping[str, tuple[Path, ...]]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class JudgedTable:
    """One table after it was judged: the query of its good rows, and its bad ones.

    `bad` has the columns of a quarantine. `spoilt` are rows of the lake, by OURS and the relative
    path of their file, that break a rule now, as a different row came with their key. `check` and
    `bad_of`, the bad rows by file, are of the new files alone.
    """

    table: Table
    good: str
    bad: pa.Table
    spoilt: pa.Table
    check: TableCheck
    bad_of: Mapping[str, int]


@contextmanager
def connected(scratch: Path, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield DuckDB that spills to `scratch`, in naive UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = $n", {"n": threads})
        connection.execute(f"SET temp_directory = {path_of(scratch / 'spill')}")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def judged(
    connection: duckdb.DuckDBPyConnection,
    what: Candidates,
    scratch: Path,
    period: Period,
    max_bad_share: float,
) -> Iterator[JudgedTable]:
    """Yield each table of the candidates after it was judged, applications among them.

    Raises DataError as `contract.check_tables`: where a table cannot be read by the contract, and
    where more than `max_bad_share` of its new rows is bad.
    """
    staged = {}
    with Worded(what.root):
        for name in dict.fromkeys((APPLICATIONS.name, *what.files, *what.waiting)):
            staged[name] = _staged(name, what, scratch)
            _view(connection, name, what, staged[name])
        lookups = Lookups(connection)
        for name, one in staged.items():
            if one is not None:
                rules = table_rules(one, period, lookups)
                aside = scratch / "bad" / f"{name}.parquet"
                yield _judged(connection, one, what, rules, aside, max_bad_share)


def _staged(name: str, what: Candidates, scratch: Path) -> StagedTable | None:
    waiting = what.waiting.get(name)
    files = (*what.files.get(name, ()), *(() if waiting is None else (waiting,)))
    if not files:
        return None
    staged = stage(TABLES[name], what.root, files, scratch / "staged" / name)
    there = what.columns.get(name)
    got = tuple(column.name for column in staged.table.columns)
    more = [column for column in got if there is not None and column not in there]
    if more:
        raise DataError.of(
            f"Table `{name}` has columns that the lake's table was begun without",
            where=what.root / name,
            expected=", ".join(there or ()),
            got=", ".join(more),
            next_step="leave the column out, as it is taken from the events; or make a new lake "
            "of all files",
        )
    return staged


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, what: Candidates, staged: StagedTable | None
) -> None:
    """Make the view of a table: what stays (numbers below 0), then what is judged."""
    kept = _looked_up(connection, name, what, staged)
    files = () if staged is None else staged.files
    names = what.columns[name] if staged is None else _names(staged.table)
    fresh = _select(names, [file.path for file in files], "file_index::BIGINT")
    parts = [fresh] if files else []
    if kept:
        # The lake's own rows come first: of equal rows the one that is there already is kept.
        there = [column for column in names if column in what.columns[name]]
        rows = _of_lake(there, kept)
        if name != APPLICATIONS.name:
            rows = _with_keys(rows, fresh, name)
        connection.execute(f"CREATE TEMP TABLE kept_{name} AS {rows}")
        parts.insert(0, f"SELECT * FROM kept_{name}")  # noqa: S608
    connection.execute(f"CREATE VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")
    unfit = UNFIT.empty_table() if staged is None else staged.unfit
    connection.register(f"unfit_{name}", unfit)
    number = [*(-1 - k for k in range(len(kept))), *range(len(files))]
    ours = (f"{OURS}{path.relative_to(what.lake).as_posix()}" for path in kept)
    file = [*ours, *(one.name for one in files)]
    named = pa.table({"number": pa.array(number, pa.int64()), "file": pa.array(file, pa.string())})
    connection.register(f"files_{name}", named)


def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _of_lake(names: Sequence[str], kept: Sequence[Path]) -> str:
    """Return the query of rows of the lake that are looked up, numbered from -1 downwards.

    Rows that came again are left out: their twin, which counts or waits, has their key.
    """
    runs = [path for path in kept if path.parent.name != ASIDE]
    aside = kept[len(runs) :]
    parts = []
    if runs:
        parts.append(_select(names, runs, "(-1 - file_index)::BIGINT"))
    if aside:
        rows = _select(names, aside, f"({-1 - len(runs)} - file_index)::BIGINT")
        parts.append(f"{rows} WHERE NOT contains(rule, '.repeated')")
    return " UNION ALL ".join(parts)


def _looked_up(
    connection: duckdb.DuckDBPyConnection, name: str, what: Candidates, staged: StagedTable | None
) -> tuple[Path, ...]:
    """Return the files of the lake whose rows meet those that are judged."""
    kept = what.kept.get(name, ())
    if not kept or staged is None or name == APPLICATIONS.name:
        return kept
    [key] = TABLES[name].key
    # The keys alone first: hardly ever is one of them there, and the other columns are not read.
    fresh = f"SELECT {key} FROM {read_sql([file.path for file in staged.files])}"  # noqa: S608
    keys = f"SELECT {key} FROM {read_sql(kept)}"  # noqa: S608
    return kept if connection.sql(_with_keys(keys, fresh, name)).limit(1).fetchall() else ()


def _with_keys(rows: str, fresh: str, name: str) -> str:
    """Return the query of those rows whose key is among the fresh ones."""
    [key] = TABLES[name].key
    return f"SELECT * FROM ({rows}) WHERE {key} IN (SELECT {key} FROM ({fresh}))"  # noqa: S608


def _select(names: Sequence[str], paths: Sequence[Path], number: str) -> str:
    """Return the query of some columns of files, with the number of the file and the place."""
    columns = ", ".join(names)
    rows = read_sql(paths)
    return f"SELECT {columns}, {number} AS _file, file_row_number AS _row FROM {rows}"  # noqa: S608


def _judged(
    connection: duckdb.DuckDBPyConnection,
    staged: StagedTable,
    what: Candidates,
    rules: Sequence[RowRule],
    aside: Path,
    max_bad_share: float,
) -> JudgedTable:
    """Judge one table; its bad rows are set aside in one scan only where there are any."""
    name = staged.table.name
    broken = any_of(rules)
    count = f"SELECT count(*) FROM {name} WHERE {broken}"  # noqa: S608
    bad = pa.table({"file": pa.array([], pa.string()), "rule": pa.array([], pa.string())})
    if connection.execute(count).fetchall()[0][0]:
        set_aside(connection, staged.table, rules, aside)
        bad = _plain(read_table(aside))
    is_ours = pc.starts_with(bad["file"], OURS)
    new = bad.filter(pc.invert(is_ours))
    names = {one.name for one in staged.files if one.source in what.files.get(name, ())}
    bad_of = Counter(file for file in new["file"].to_pylist() if file in names)
    check = _check(
        name, what, new.filter(pc.is_in(new["file"], pa.array(list(bad_of), pa.string())))
    )
    check = replace(check, reasons={r.name: r.reason for r in rules if r.name in check.rules})
    if check.bad > max_bad_share * check.rows:
        raise too_many(check, max_bad_share, name)
    columns = ", ".join(_names(staged.table))
    good = f"SELECT {columns} FROM {name} WHERE _file >= 0 AND NOT {broken}"  # noqa: S608
    whole = _where_they_came_from(new, what.waiting.get(name))
    return JudgedTable(staged.table, good, whole, bad.filter(is_ours), check, bad_of)


def _check(name: str, what: Candidates, bad: pa.Table) -> TableCheck:
    """Return the check of the new rows of a table; rows that waited are counted no more."""
    rows = sum(pq.read_metadata(path).num_rows for path in what.files.get(name, ()))
    counts: Counter[str] = Counter()
    for rule in bad["rule"].to_pylist():
        counts.update(rule.split("; "))
    return TableCheck(name, rows, len(bad), dict(sorted(counts.items())))


def _where_they_came_from(bad: pa.Table, waiting: Path | None) -> pa.Table:
    """Return the bad rows with file, row and stored values as they were first set aside."""
    if waiting is None or not len(bad):
        return bad
    has_waited = np.asarray(pc.equal(bad["file"], waiting.name))
    if not has_waited.any():
        return bad
    before = _plain(read_table(waiting)).take(bad["row"].filter(pa.array(has_waited)))
    again = bad.filter(pa.array(has_waited))
    for column in ("file", "row", "stored"):
        at = again.column_names.index(column)
        again = again.set_column(at, again.field(at), before[column].cast(again.field(at).type))
    return pa.concat_tables([bad.filter(pa.array(~has_waited)), again])


def _plain(table: pa.Table) -> pa.Table:
    """Return a table with plain text in place of dictionaries, and no metadata."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def is_waiting(bad: pa.Table) -> pa.Array:
    """Return which of the bad rows break only rules that later rows may mend."""
    rules = [rule.split("; ") for rule in bad["rule"].to_pylist()]
    return pa.array([all(one.endswith(WAITING) for one in own) for own in rules], pa.bool_())
