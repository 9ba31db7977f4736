"""Make the row rules of a declared table: SQL predicates that are true for a bad row, never null.

Predicates are built from the constants of `creditloom.features.contract.tables` only, never from a
user's text.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS, Column, Table
from creditloom.storage.files.errors import DataError

# What must lie in the period; known_time may come later.
MOMENTS = ("event_time", "as_of", "booked_time")
# The years of the calendar that dates are written in; other numbers are errors of a clock.
CALENDAR = ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999")
# Of money above it not every fen is a float64, and features are float64: 90 trillion yuan.
MAX_FEN = 2**53
# A longer text is no purpose and no occupation.
MAX_TEXT_BYTES = 1_024


@dataclass(frozen=True)
class Period:
    """The first and last moment that an event may have; a `last` of None sets no end."""

    first: dt.datetime
    last: dt.datetime | None = None


@dataclass(frozen=True)
class RowRule:
    """One rule of a row.

    `name` is `<column>.<kind>`, `reason` says in words what is wrong, `sql` is true for a bad row.
    """

    name: str
    reason: str
    sql: str


def rules(table: Table, period: Period) -> tuple[RowRule, ...]:
    """Return the rules by which a row of `table` can be judged alone.

    Those on ids need other rows: `lookups` makes them.
    """
    row_rules = [rule for column in table.columns for rule in _column_rules(column)]
    for column in table.columns:
        if column.name in MOMENTS:
            row_rules.extend(_period_rules(column.name, period))
    if table.is_event:
        reason = "known_time before event_time (clock skew)"
        row_rules.append(_rule("known_time.skew", reason, "known_time < event_time"))
    row_rules.extend(_rule(check.name, check.reason, check.sql) for check in table.checks)
    return tuple(row_rules)


def consents(table: Table) -> tuple[str, ...]:
    """Return the consents that rows or single values of a table need, each once."""
    named = (table.consent, *(column.consent for column in table.columns))
    return tuple(dict.fromkeys(consent for consent in named if consent))


def consent_rules(table: Table, refused: dict[str, str]) -> Iterator[RowRule]:
    """Yield the rules on rows, or values in them, of people who did not agree.

    `refused` names a table of `applicant_id` per consent.
    """
    if table.consent in refused:
        sql = _is_refused(refused[table.consent])
        yield _rule("applicant_id.consent", f"row without {table.consent}", sql)
    # What an application states of itself is nulled in the features, and the person is decided.
    for column in () if table.name == APPLICATIONS.name else table.columns:
        if column.consent in refused:
            # Without the consent the row may stay; its value must be null.
            sql = f"{_is_refused(refused[column.consent])} AND {column.name} IS NOT NULL"
            yield _rule(f"{column.name}.consent", f"{column.name} without {column.consent}", sql)


def _is_refused(people: str) -> str:
    return f"applicant_id IN (SELECT applicant_id FROM {people})"  # noqa: S608


def unknown_rule(column: str, strangers: str) -> RowRule:
    """Return the rule on ids that no application has; `strangers` is a table of them."""
    sql = f"{column} IN (SELECT {column} FROM {strangers})"  # noqa: S608
    return _rule(f"{column}.unknown", f"{column} does not occur in applications", sql)


def copy_rules(table: Table, copies: str) -> tuple[RowRule, RowRule]:
    """Return the rules that a key stands once.

    Of equal rows the first is kept; of different rows none, as nobody knows which one is true.
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


def unfit_rules(broken: Sequence[RowRule], names: Sequence[str], unfit: str) -> list[RowRule]:
    """Return the rules of a table, and those that values fit the declared types.

    `unfit` names a table of `file`, `row`, `name` of every value that does not fit; `names` are the
    columns in it. Such a value reads as null, and is not named as null too.
    """
    query = f"SELECT file, row FROM {unfit} WHERE name"  # noqa: S608
    is_unfit = {name: f"(_file, _row) IN ({query} = '{name}')" for name in names}
    rules = [_unless(rule, is_unfit) for rule in broken]
    for name, sql in is_unfit.items():
        rules.append(RowRule(f"{name}.type", f"{name} does not fit its type", sql))
    return rules


def _unless(rule: RowRule, is_unfit: dict[str, str]) -> RowRule:
    column = rule.name.removesuffix(".null")
    if column == rule.name or column not in is_unfit:
        return rule
    return RowRule(rule.name, rule.reason, f"({rule.sql} AND NOT {is_unfit[column]})")


def _rule(name: str, reason: str, sql: str) -> RowRule:
    # A comparison with null is null: another rule names the null, this one is not broken.
    return RowRule(name, reason, f"coalesce({sql}, false)")


def _column_rules(column: Column) -> Iterator[RowRule]:
    name = column.name
    if not column.nullable:
        yield RowRule(f"{name}.null", f"{name} is null", f"{name} IS NULL")
    # To DuckDB NaN is above every bound: it is named once, as not finite.
    guard = f"isfinite({name}) AND " if pa.types.is_floating(column.type) else ""
    if guard:
        yield _rule(f"{name}.finite", f"{name} is NaN or infinite", f"NOT isfinite({name})")
    if pa.types.is_timestamp(column.type):
        first, last = CALENDAR
        sql = f"{name} < TIMESTAMP '{first}' OR {name} > TIMESTAMP '{last}'"
        yield _rule(f"{name}.year", f"{name} is outside the years 1 to 9999", sql)
    if column.type == pa.string() and not column.among:
        reason = f"{name} is longer than {MAX_TEXT_BYTES:,} bytes"
        yield _rule(f"{name}.long", reason, f"strlen({name}) > {MAX_TEXT_BYTES}")
    high = MAX_FEN if column.unit == "fen" and column.high is None else column.high
    for kind, sign, bound in (("below", "<", column.low), ("above", ">", high)):
        if bound is not None:
            # A column without unit leaves a blank at the end.
            reason = f"{name} {kind} {bound:,.16g} {column.unit}".rstrip()
            yield _rule(f"{name}.{kind}", reason, f"{guard}{name} {sign} {bound:.16g}")
    if column.among:
        allowed = ", ".join(f"'{value}'" for value in column.among)
        reason = f"{name} is none of {', '.join(column.among)}"
        yield _rule(f"{name}.among", reason, f"{name} NOT IN ({allowed})")


def _period_rules(name: str, period: Period) -> Iterator[RowRule]:
    first = _seconds(period.first)
    yield _rule(f"{name}.early", f"{name} before {first}", f"{name} < TIMESTAMP '{first}'")
    if period.last is not None:
        last = _seconds(period.last)
        yield _rule(f"{name}.future", f"{name} after {last}", f"{name} > TIMESTAMP '{last}'")


def _seconds(moment: dt.datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


# What is said of a column that is not there.

# Columns that are listed where none has a similar name.
MAX_LISTED_COLUMNS = 30
# difflib's ratio above which a name may be meant. It is below the default of .6, as a prefix or a
# unit is often all that differs.
MIN_NAME_SIMILARITY = 0.5


def missing_column(
    name: str, there: Iterable[str], where: object, expected: str, *, is_named: bool = False
) -> DataError:
    """Return the error for a column that is not there, with the nearest name that is.

    `is_named`: a person named the column, and may name another one instead.
    """
    names = list(there)
    close = difflib.get_close_matches(name, names, n=1, cutoff=MIN_NAME_SIMILARITY)
    if close:
        got = f"`{close[0]}`, which looks like it renamed"
        step = f"rename `{close[0]}` to `{name}`"
    else:
        got = "columns " + ", ".join(names[:MAX_LISTED_COLUMNS])
        step = f"add `{name}`"
    if is_named and close:
        got = f"no such column, the nearest is `{close[0]}`"
        step = f"name `{close[0]}` instead, or {step}"
    elif is_named:
        step = "name a column that is there"
    return DataError.of(
        f"Column `{name}` is missing", where=where, expected=expected, got=got, next_step=step
    )
