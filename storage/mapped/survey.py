"""Say what a folder of raw tables holds, all at once: files, columns, families, rows set aside.

`survey` refuses nothing: what fitting and scoring would refuse is a fault in its answer.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from creditloom.features.contract.tables import (
    APPLICATIONS,
    EVENT_TABLES,
    TABLES,
    Column,
    Table,
)
from creditloom.features.declare.registry import plan
from creditloom.storage.contract.checked import Checked, TableCheck
from creditloom.storage.contract.contract import check_files
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.contract.stored_types import is_accepted
from creditloom.storage.files.errors import StatedError
from creditloom.storage.files.store import open_parquet
from creditloom.storage.folders.lake import visible
from creditloom.storage.folders.lake_lists import is_lake
from creditloom.storage.folders.raw_folder import claimed, files_of, raw_tables, suggestion
from creditloom.storage.mapped.mapping import nearest

# The tables that a label can be made of, where no column of applications is one.
LABELS = ("loans", "loan_performance"), ("short_loans", "short_loan_performance")


@dataclass(frozen=True)
class TableSurvey:
    """What one raw table holds.

    `used` and `unused` are the columns of its files by whether anything reads them. `missing` are
    columns that must be there, `null` those that may lack and are null, `computed` those that are
    then taken from the events. `bad` rows of `rows` would be set aside, by rule; `reasons` are the
    rules in words. `is_checked` is False where columns are missing, so that no row was looked at.
    """

    name: str
    files: int
    rows: int
    used: tuple[str, ...]
    unused: tuple[str, ...]
    missing: tuple[str, ...]
    null: tuple[str, ...]
    computed: tuple[str, ...]
    bad: int = 0
    rules: Mapping[str, int] | None = None
    reasons: Mapping[str, str] | None = None

    @property
    def is_checked(self) -> bool:
        """Whether its rows were looked at."""
        return self.rules is not None


@dataclass(frozen=True)
class FamilySurvey:
    """How many of a family's features would be built, and the absent tables of the others."""

    name: str
    features: int
    of: int
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """What a folder of raw tables holds.

    `faults` are what fitting and scoring refuse, a line each with what to do; `notes` what a person
    should know besides.
    """

    tables: tuple[TableSurvey, ...]
    families: tuple[FamilySurvey, ...]
    absent: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def survey(root: Path, max_bad_share: float, last: dt.datetime) -> Survey:
    """Return what a folder of raw tables holds, and what of it fitting and scoring would refuse.

    `last` is the last moment that an event may have. Raises DataError where `root` is no folder.
    """
    files, faults = _files(root)
    found: list[TableSurvey] = []
    sound: dict[str, tuple[Path, ...]] = {}
    for name, paths in files.items():
        one, lines = _table(TABLES[name], paths)
        faults.extend(lines)
        found.append(one)
        if not lines:
            sound[name] = paths
    faults.extend(_missing_tables(files))
    checked, lines = _rows(root, sound, last)
    faults.extend(lines)
    tables = [_with_rows(one, checked) for one in found]
    faults.extend(_too_bad(tables, max_bad_share))
    absent = tuple(table.name for table in EVENT_TABLES if table.name not in files)
    return Survey(
        tables=tuple(tables),
        families=tuple(_families(sound)),
        absent=absent,
        faults=tuple(faults),
        notes=(*_label_notes(files), *(checked.misnamed_notes if checked else ())),
    )


def _files(root: Path) -> tuple[dict[str, tuple[Path, ...]], list[str]]:
    """Return the files of each table, and a line for each entry that cannot be read as one."""
    if not root.is_dir():
        # It says that this is no folder.
        raw_tables(root)
    if is_lake(root):
        return raw_tables(root), []
    found: dict[str, tuple[Path, ...]] = {}
    faults: list[str] = []
    for entry in visible(root):
        try:
            name = claimed(entry)
            files = () if name is None else files_of(entry)
        except StatedError as error:
            faults.append(str(error))
            continue
        if name is None:
            faults.append(f"`{entry.name}` is read by nothing: {suggestion(entry)}")
        elif name in found:
            faults.append(f"table {name} lies here twice: keep one of file and folder")
        elif files:
            found[name] = files
    return {name: found[name] for name in TABLES if name in found}, faults


@dataclass
class _Stored:
    """What the files of one table store: rows, types per column, and columns that files lack."""

    files: int
    rows: int = 0
    types: dict[str, set[pa.DataType]] = field(default_factory=dict)
    lacking: Counter[str] = field(default_factory=Counter)


def _table(table: Table, paths: tuple[Path, ...]) -> tuple[TableSurvey, list[str]]:
    """Return the columns of one table, and a line for each that cannot be used."""
    stored = _Stored(len(paths))
    faults = [line for path in paths for line in _look(table, path, stored)]
    unused = sorted(set(stored.types) - {column.name for column in table.columns})
    gone = [column for column in table.columns if column.name in stored.lacking]
    missing = [column for column in gone if not column.optional]
    faults += [_missing(table, column, stored, unused) for column in missing]
    faults += _wrong_types(table, stored)
    if not stored.rows and not faults:
        faults.append(f"{table.name}: no rows; write them, or remove the table")
    used = _names(column for column in table.columns if column.name in stored.types)
    null = _names(one for one in gone if one.optional and not one.is_computed)
    computed = _names(one for one in gone if one.is_computed)
    found = TableSurvey(
        name=table.name,
        files=len(paths),
        rows=stored.rows,
        used=used,
        unused=tuple(unused),
        missing=_names(missing),
        null=null,
        computed=computed,
    )
    return found, faults


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _look(table: Table, path: Path, stored: _Stored) -> Iterator[str]:
    """Add what one file stores; yield a line where it cannot be read."""
    try:
        with open_parquet(path) as parquet:
            rows = parquet.metadata.num_rows
            schema = parquet.schema_arrow
    except StatedError as error:
        yield f"{table.name}: {path.name}: {_first_line(error)}"
        return
    stored.rows += rows
    for one in schema:
        stored.types.setdefault(one.name, set()).add(one.type)
    stored.lacking.update(c.name for c in table.columns if c.name not in schema.names)


def _missing(table: Table, column: Column, stored: _Stored, unused: list[str]) -> str:
    count = stored.lacking[column.name]
    of = f" in {count} of {stored.files} files" if count < stored.files else ""
    need = "values may be null, the column must be there" if column.nullable else "required"
    hint = nearest(column.name, unused)
    return f"{table.name}: column `{column.name}` is missing{of} ({need}){hint}"


def _wrong_types(table: Table, stored: _Stored) -> Iterator[str]:
    for column in table.columns:
        for kind in stored.types.get(column.name, ()):
            if not is_accepted(column, kind):
                name = f"{table.name}: column `{column.name}`"
                yield f"{name} is {kind}, expected {column.type} ({column.doc})"


def _first_line(error: StatedError) -> str:
    return str(error).splitlines()[0]


def _missing_tables(files: Mapping[str, tuple[Path, ...]]) -> Iterator[str]:
    if APPLICATIONS.name not in files:
        yield "applications: the table is missing (required: who applies, and as of when)"
    if not any(table.name in files for table in EVENT_TABLES):
        events = ", ".join(table.name for table in EVENT_TABLES)
        yield f"no table of events is there; at least one is required of {events}"


def _rows(
    root: Path, sound: Mapping[str, tuple[Path, ...]], last: dt.datetime
) -> tuple[Checked | None, list[str]]:
    """Return the check of the rows of the tables whose columns are all there."""
    if APPLICATIONS.name not in sound:
        # Rows of events are judged by whose they are.
        return None, []
    period = Period(dt.datetime(1990, 1, 1), last)
    with TemporaryDirectory(prefix="creditloom-") as scratch:
        work = Path(scratch)
        try:
            return check_files(
                sound, root, work / "bad", work / "clean", max_bad_share=1.0, period=period
            ), []
        except StatedError as error:
            return None, [str(error)]


def _with_rows(one: TableSurvey, checked: Checked | None) -> TableSurvey:
    by_table: dict[str, TableCheck] = {}
    if checked is not None:
        by_table = {check.table: check for check in checked.checks}
    check = by_table.get(one.name)
    if check is None:
        return one
    return replace(one, bad=check.bad, rules=dict(check.rules), reasons=dict(check.reasons))


def _too_bad(tables: list[TableSurvey], max_bad_share: float) -> Iterator[str]:
    for one in tables:
        if one.bad > max_bad_share * one.rows:
            share = (
                f"{one.bad:,} of {one.rows:,} rows would be set aside ({one.bad / one.rows:.1%})"
            )
            is_id = any(rule.endswith("_id.type") for rule in one.rules or ())
            step = "; ids that are text are numbered by a mapping, `ids: customer`" * is_id
            yield f"{one.name}: {share}, more than {max_bad_share:.1%}{step}"


def _families(sound: Mapping[str, tuple[Path, ...]]) -> Iterator[FamilySurvey]:
    built = Counter(spec.family for spec in plan(sound).specs)
    whole = Counter(spec.family for spec in plan(TABLES).specs)
    for family, of in whole.items():
        own = [table.name for table in EVENT_TABLES if table.family == family]
        absent = tuple(name for name in own if name not in sound)
        yield FamilySurvey(family, built[family], of, absent)


def _label_notes(files: Mapping[str, tuple[Path, ...]]) -> Iterator[str]:
    if not any(all(name in files for name in pair) for pair in LABELS):
        yield (
            "no loans with their performance: `fit` then needs --label, a column of applications "
            "with 1 = bad and 0 = good"
        )
