"""Row rules: what each declared column asks of a row, as one SQL predicate that is true for a bad row and never null.

Predicates are built from the constants of `features.tables` only, never from a user's text.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from features.tables import Column, Table

APPLICANTS, APPLICATION_IDS = "known_applicants", "known_applications"  # temporary tables that `data.contract` fills
MOMENTS = ("event_time", "as_of", "booked_time")  # what may not lie in the future; known_time may


@dataclass(frozen=True)
class Rule:
    """One rule: `name` is `<column>.<kind>`, `reason` tells a person what is wrong, `sql` is true for a bad row."""

    name: str
    reason: str
    sql: str


def rules(table: Table, latest: dt.datetime | None = None) -> tuple[Rule, ...]:
    """All rules of one row of `table`, except uniqueness of its key.

    `latest` is the last moment that is not in the future; None asks nothing about the future.
    """
    found = [rule for column in table.columns for rule in _column_rules(column)]
    if latest is not None:
        found += [_future(c.name, latest) for c in table.columns if c.name in MOMENTS]
    if table.is_event:
        found.append(Rule("known_time.skew", "known_time before event_time (clock skew)", "coalesce(known_time < event_time, false)"))
    return (*found, *_references(table))


def duplicate(table: Table) -> Rule:
    """The rule that a key stands once: every copy of a key that stands twice is bad."""
    key = ", ".join(table.key)
    reason = f"{key} is not unique: all copies are set aside, because none is known to be the true one"
    sql = f"({key}) IN (SELECT {key} FROM {table.name} GROUP BY {key} HAVING count(*) > 1)"  # noqa: S608
    return Rule(f"{'+'.join(table.key)}.duplicate", reason, sql)


def _column_rules(column: Column) -> list[Rule]:
    name, found = column.name, []
    if not column.nullable:
        found.append(Rule(f"{name}.null", f"{name} is null", f"{name} IS NULL"))
    if pa.types.is_floating(column.type):
        found.append(Rule(f"{name}.finite", f"{name} is NaN or infinite", f"coalesce(NOT isfinite({name}), false)"))
    for kind, sign, bound in (("below", "<", column.low), ("above", ">", column.high)):
        if bound is not None:
            reason = f"{name} {kind} {bound:g} {column.unit}".rstrip()
            found.append(Rule(f"{name}.{kind}", reason, f"coalesce({name} {sign} {bound:g}, false)"))
    if column.among:
        allowed = ", ".join(f"'{value}'" for value in column.among)
        found.append(Rule(f"{name}.among", f"{name} is none of {', '.join(column.among)}", f"coalesce({name} NOT IN ({allowed}), false)"))
    return found


def _future(name: str, latest: dt.datetime) -> Rule:
    moment = latest.isoformat(sep=" ", timespec="seconds")
    return Rule(f"{name}.future", f"{name} in the future (after {moment})", f"coalesce({name} > TIMESTAMP '{moment}', false)")


def _references(table: Table) -> list[Rule]:
    """Rows must belong to someone who applies. The lookup holds every id of `applications`, those of bad rows too."""
    found = []
    names = {column.name for column in table.columns}
    for column, known in (("applicant_id", APPLICANTS), ("application_id", APPLICATION_IDS)):
        if column in names and table.name != "applications":
            sql = f"({column} IS NOT NULL AND {column} NOT IN (SELECT {column} FROM {known}))"  # noqa: S608
            found.append(Rule(f"{column}.unknown", f"{column} does not occur in applications", sql))
    return found
