"""Declare a mapping: how files and columns of one's own become the tables of the contract.

A mapping file is YAML (docs/own_tables.md). These types say what may stand in it; `faults` says
what in it cannot be meant, all at once.
"""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from creditloom.features.contract.tables import TABLES, Column
from creditloom.storage.contract.stored_types import role

# What a value may be mapped to, and a constant be. None: not given.
Plain = bool | int | float | str | None

# Unit in a file, unit of the contract -> (times, per): a value is multiplied and then divided. Both
# are whole, so that 12.34 yuan are 1,234 fen and not 1,233.9999.
# table: units that a mapping may name
UNITS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("fen", "fen"): (1, 1),
    ("cent", "fen"): (1, 1),
    ("jiao", "fen"): (10, 1),
    ("yuan", "fen"): (100, 1),
    ("major", "fen"): (100, 1),
    ("wan_yuan", "fen"): (1_000_000, 1),
    ("percent", "share"): (1, 100),
    ("basis_points", "share"): (1, 10_000),
    ("weeks", "days"): (7, 1),
    ("years", "months"): (12, 1),
}
# The declared types of a column that is kept beside those of the contract.
Kept = Literal["whole", "number", "flag", "time", "text"]


@dataclass(frozen=True)
class MappedFile:
    """One of the user's files: CSV or Parquet, or a folder of parts of one of the two.

    `path` is relative to the folder that is mapped. All others are of CSV: `nulls` are the texts
    that mean null, `thousands` the sign between thousands ("" = none).
    """

    path: str
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    nulls: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class MappedColumn:
    """Where the values of one column come from, and how they are read.

    One of `column` (a name in the user's table), `constant` and `row_number` says where from.
    `codes` maps a stored value, as text, to the contract's; "" stands for null, and `otherwise`
    for all that is not listed: without it such a row is set aside.
    `unit` is the stored unit, `factor` what a stored number is multiplied by. A result that must be
    whole and is not sets the row aside, or is rounded (half to even) with `round`.
    `format` reads dates that are text or whole numbers, as `%d.%m.%Y`; `epoch` says what numbers
    count since 1970. `zone` is that of moments that have none of their own; a moment that its
    clocks show twice is set aside unless `ambiguous` says which one is meant. `add_days` moves it.
    `ids` names a numbering: texts get whole numbers, the same text the same one in every column of
    the numbering. `type` is that of a kept column.
    """

    column: str = ""
    constant: Plain = None
    row_number: bool = False
    codes: Mapping[str, Plain] = field(default_factory=dict)
    otherwise: Plain = None
    unit: str = ""
    factor: float | None = None
    round: bool = False
    format: str = ""
    epoch: Literal["s", "ms", "us"] | None = None
    zone: str = ""
    ambiguous: Literal["earlier", "later"] | None = None
    add_days: int = 0
    ids: str = ""
    type: Kept | None = None


@dataclass(frozen=True)
class MappedTable:
    """How one table of the contract is made: of which `rows`, a name of a file or of a query.

    A column of the contract that `columns` does not mention is read from the column of its own
    name. `keep` are further columns, as a label, by the name that they get; with `keep_others` all
    further ones are kept under their own names.
    """

    rows: str
    columns: Mapping[str, MappedColumn] = field(default_factory=dict)
    keep: Mapping[str, MappedColumn] = field(default_factory=dict)
    keep_others: bool = False


@dataclass(frozen=True)
class TableMapping:
    """A whole mapping: the user's `files` by a name, and the `tables` made of them.

    `queries` are for rows that no file holds as they are needed: each is one SELECT of DuckDB's SQL
    over the names of files and of queries above it. `zone` is that of all moments without one,
    where a column does not say its own.
    """

    files: Mapping[str, MappedFile]
    tables: Mapping[str, MappedTable]
    queries: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"


def scale(spec: MappedColumn, unit: str) -> tuple[float, float]:
    """Return what a stored number is multiplied and then divided by; (1, 1) where it stays.

    `unit` is the unit of the contract's column.
    """
    if spec.factor is not None:
        return spec.factor, 1
    return UNITS[spec.unit, unit] if spec.unit else (1, 1)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return " (did you mean `x`?)" for the closest of the names, "" where none is close.

    >>> nearest("login", ["logins", "bills"])
    ' (did you mean `logins`?)'
    """
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def faults(mapping: TableMapping) -> tuple[str, ...]:
    """Return all that cannot be meant in a mapping, a line each with its place; () for a good one.

    It looks at the mapping alone: what the files hold is said when they are opened.
    """
    return tuple(_faults(mapping))


def _faults(mapping: TableMapping) -> Iterator[str]:
    if not _is_zone(mapping.zone):
        yield _no_zone("zone", mapping.zone)
    for name, file in mapping.files.items():
        for key in ("delimiter", "decimal"):
            if len(getattr(file, key)) != 1:
                yield f"files.{name}.{key}: expected one character, got `{getattr(file, key)}`"
        if file.decimal == file.thousands:
            yield f"files.{name}: `decimal` and `thousands` are the same sign"
    known = (*mapping.files, *mapping.queries)
    for name in set(mapping.files) & set(mapping.queries):
        yield f"queries.{name}: a file has this name; choose another one"
    for name, table in mapping.tables.items():
        at = f"tables.{name}"
        if name not in TABLES:
            yield f"{at}: no such table{nearest(name, TABLES)}; the tables are {', '.join(TABLES)}"
            continue
        if table.rows not in known:
            hint = nearest(table.rows, known)
            yield f"{at}.rows: `{table.rows}` is no file and no query{hint}: {', '.join(known)}"
        yield from _faults_of_columns(name, table)


def _faults_of_columns(name: str, table: MappedTable) -> Iterator[str]:
    declared = {column.name: column for column in TABLES[name].columns}
    for key, spec in table.columns.items():
        at = f"tables.{name}.columns.{key}"
        if key not in declared:
            hint = nearest(key, declared)
            yield f"{at}: no column of `{name}`{hint}; a further one stands under `keep`"
            continue
        if spec.type:
            yield f"{at}.type: the contract says it; leave it out"
        yield from _faults_of(spec, at, declared[key])
    for key, spec in table.keep.items():
        at = f"tables.{name}.keep.{key}"
        if key in declared:
            yield f"{at}: a column of the contract; it stands under `columns`"
        yield from _faults_of(spec, at, None)


def _faults_of(spec: MappedColumn, at: str, column: Column | None) -> Iterator[str]:
    sources = (bool(spec.column), spec.constant is not None, spec.row_number)
    if sum(sources) != 1:
        yield f"{at}: expected one of `column`, `constant` and `row_number`"
    unit = column.unit if column else ""
    if spec.unit and (spec.unit, unit) not in UNITS:
        known = ", ".join(theirs for theirs, ours in UNITS if ours == unit) or "none"
        yield f"{at}.unit: `{spec.unit}` is no unit for {unit or 'this column'}; known: {known}"
    if spec.unit and spec.factor is not None:
        yield f"{at}: `unit` and `factor` say the same; keep one"
    if spec.factor is not None and spec.factor == 0:
        yield f"{at}.factor: expected a number that is not 0"
    if spec.zone and not _is_zone(spec.zone):
        yield _no_zone(f"{at}.zone", spec.zone)
    if spec.format and spec.epoch:
        yield f"{at}: `format` reads text and `epoch` numbers; keep one"
    if spec.ids and column and role(column) != "id":
        yield f"{at}.ids: only a column of ids is numbered"


def _is_zone(name: str) -> bool:
    return name in zoneinfo.available_timezones()


def _no_zone(at: str, name: str) -> str:
    hint = nearest(name, zoneinfo.available_timezones())
    return f"{at}: `{name}` is no time zone{hint}; expected a name as Asia/Shanghai"
