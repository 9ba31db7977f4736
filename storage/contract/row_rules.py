"""Row rules: what a declared table asks of a row, as one SQL predicate that is true for a bad row and never null.

Predicates are built from the constants of `creditloom.features.contract.tables` only, never from a user's text.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from creditloom.features.contract.tables import Column, Table
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import open_parquet

MOMENTS = (
    "event_time",
    "as_of",
    "booked_time",
)  # what must lie in the period; known_time may come later
SQL_TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp[us]": "TIMESTAMP",
    "string": "VARCHAR",
}


@dataclass(frozen=True)
class Period:
    """The first and last moment that an event may have; None = no last."""

    first: dt.datetime
    last: dt.datetime | None = None


@dataclass(frozen=True)
class RowRule:
    """One rule: `name` is `<column>.<kind>`, `reason` tells a person what is wrong, `sql` is true for a bad row."""

    name: str
    reason: str
    sql: str


def rules(table: Table, period: Period) -> tuple[RowRule, ...]:
    """The rules that a row of `table` can be judged by alone; those on ids, which need other rows, are made by `lookups`."""
    found = [rule for column in table.columns for rule in _column_rules(column)]
    found += [
        rule for c in table.columns if c.name in MOMENTS for rule in _period_rules(c.name, period)
    ]
    if table.is_event:
        found.append(
            _rule(
                "known_time.skew",
                "known_time before event_time (clock skew)",
                "known_time < event_time",
            )
        )
    return (*found, *(_rule(check.name, check.reason, check.sql) for check in table.checks))


def consents(table: Table) -> tuple[str, ...]:
    """The consents that rows or single values of a table need."""
    named = (table.consent, *(column.consent for column in table.columns))
    return tuple(dict.fromkeys(consent for consent in named if consent))


def consent_rules(table: Table, refused: dict[str, str]) -> Iterator[RowRule]:
    """Rows, or values in them, of people who did not agree; `refused` names a table of `applicant_id` per consent."""
    for column in (None, *table.columns):
        consent = table.consent if column is None else column.consent
        if consent in refused:
            name, there = (
                ("applicant_id", "")
                if column is None
                else (column.name, f" AND {column.name} IS NOT NULL")
            )
            sql = f"applicant_id IN (SELECT applicant_id FROM {refused[consent]}){there}"  # noqa: S608
            yield _rule(
                f"{name}.consent", f"{column.name if column else 'row'} without {consent}", sql
            )


def unknown_rule(column: str, strangers: str) -> RowRule:
    """Ids that no application has; `strangers` is a table of them."""
    return _rule(
        f"{column}.unknown",
        f"{column} does not occur in applications",
        f"{column} IN (SELECT {column} FROM {strangers})",
    )  # noqa: S608


def copy_rules(table: Table, copies: str) -> tuple[RowRule, RowRule]:
    """A key stands once. Of equal rows the first is kept, of different rows none: nobody knows which one is true.

    `copies` is a table of `file`, `row`, `is_equal` of every row that is one too many.
    """
    key = ", ".join(table.key)
    place = f"(_file, _row) IN (SELECT file, row FROM {copies} WHERE "  # noqa: S608
    return (
        _rule(
            f"{key}.repeated",
            f"the row of this {key} comes again, equal in every column: the first is kept",
            f"{place}is_equal)",
        ),
        _rule(
            f"{key}.duplicate",
            f"different rows have this {key}: all are set aside",
            f"{place}NOT is_equal)",
        ),
    )


def type_rules(table: Table) -> tuple[RowRule, ...]:
    """For files that store other widths: values that do not fit the declared type."""
    casts = {
        c.name: f"TRY_CAST({c.name} AS {SQL_TYPES[str(c.type)]}) IS NULL AND {c.name} IS NOT NULL"
        for c in table.columns
    }
    return tuple(
        _rule(f"{c.name}.type", f"{c.name} does not fit {c.type}", casts[c.name])
        for c in table.columns
    )


def _rule(name: str, reason: str, sql: str) -> RowRule:
    return RowRule(name, reason, f"coalesce({sql}, false)")


def _column_rules(column: Column) -> Iterator[RowRule]:
    name = column.name
    if not column.nullable:
        yield RowRule(f"{name}.null", f"{name} is null", f"{name} IS NULL")
    guard = (
        f"isfinite({name}) AND " if pa.types.is_floating(column.type) else ""
    )  # NaN is above every bound
    if guard:
        yield _rule(f"{name}.finite", f"{name} is NaN or infinite", f"NOT isfinite({name})")
    for kind, sign, bound in (("below", "<", column.low), ("above", ">", column.high)):
        if bound is not None:
            yield _rule(
                f"{name}.{kind}",
                f"{name} {kind} {bound:,.10g} {column.unit}".rstrip(),
                f"{guard}{name} {sign} {bound:.10g}",
            )
    if column.among:
        allowed = ", ".join(f"'{value}'" for value in column.among)
        yield _rule(
            f"{name}.among",
            f"{name} is none of {', '.join(column.among)}",
            f"{name} NOT IN ({allowed})",
        )


def _period_rules(name: str, period: Period) -> Iterator[RowRule]:
    for kind, sign, moment in (("early", "<", period.first), ("future", ">", period.last)):
        if moment is not None:
            said = moment.isoformat(sep=" ", timespec="seconds")
            word = "before" if kind == "early" else "after"
            yield _rule(
                f"{name}.{kind}", f"{name} {word} {said}", f"{name} {sign} TIMESTAMP '{said}'"
            )


# Does a Parquet file have the columns and types that a raw table declares? Read from the footer alone.


def check_schema(table: Table, files: Sequence[Path]) -> bool:
    """True when every file stores the declared types exactly, False when a harmless cast is needed (other width, unit or coding).

    Raises DataError for an empty table, a missing or renamed column and for a type that no harmless cast leads to.
    """
    exact, rows = True, 0
    for file in files:
        with open_parquet(file) as parquet:
            schema, rows = parquet.schema_arrow, rows + parquet.metadata.num_rows
        checked = [_check_column(column, schema, file) for column in table.columns]
        exact &= all(checked)
    if rows == 0:
        raise DataError.of(
            f"Table `{table.name}` is empty",
            where=files[0].parent,
            expected="at least one row",
            got="0 rows",
            next_step="write its rows, or remove the table: its features are then not built",
        )
    return exact


def missing_column(
    name: str, there: Iterable[str], where: object, expected: str, *, is_named: bool = False
) -> DataError:
    """The error for a column that is not there, with the nearest name that is; `is_named`: by a person, who may name another."""
    names = list(there)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    got = (
        f"`{close[0]}`, which looks like it renamed"
        if close
        else "columns " + ", ".join(names[:30])
    )
    step = f"rename `{close[0]}` to `{name}`" if close else f"add `{name}`"
    if is_named:
        got = f"no such column, the nearest is `{close[0]}`" if close else got
        step = f"name `{close[0]}` instead, or {step}" if close else "name a column that is there"
    return DataError.of(
        f"Column `{name}` is missing", where=where, expected=expected, got=got, next_step=step
    )


def _check_column(column: Column, schema: pa.Schema, file: Path) -> bool:
    expected = f"{column.type} ({column.doc})"
    if column.name not in schema.names:
        unclaimed = [name for name in schema.names if name != column.name]
        raise missing_column(column.name, unclaimed, file, expected)
    stored = _plain(schema.field(column.name).type)
    if stored == column.type:
        return True
    if _harmless(stored, column):
        return False
    raise DataError.of(
        f"Column `{column.name}` has the wrong type",
        where=file,
        expected=expected,
        got=str(stored),
        next_step=f"cast `{column.name}` to {column.type} before writing the file",
    )


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, dictionary coding and 64-bit offsets put aside: readers decode both without a copy."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return (
        pa.string() if pa.types.is_large_string(value) or pa.types.is_string_view(value) else value
    )


def _harmless(stored: pa.DataType, column: Column) -> bool:
    if pa.types.is_null(stored):
        return column.nullable
    if pa.types.is_timestamp(column.type):
        return pa.types.is_timestamp(stored) and stored.tz in (None, "UTC", "+00:00")
    if pa.types.is_integer(column.type):
        return pa.types.is_integer(stored)
    return pa.types.is_floating(column.type) and (
        pa.types.is_floating(stored) or pa.types.is_integer(stored)
    )
