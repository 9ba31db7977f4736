"""How a raw table is declared: columns with type, unit and bounds, and checks over several columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

INT64, INT32, INT16, FLOAT64, BOOL = pa.int64(), pa.int32(), pa.int16(), pa.float64(), pa.bool_()
TIME, STRING = pa.timestamp("us"), pa.string()


@dataclass(frozen=True)
class Column:
    """One column: its type, whether null is allowed, and the values a row may hold.

    `low` and `high` are inclusive; `among` lists the allowed strings; `unit` and `doc` feed the dictionary; `consent` is the column
    of `applications` that must be true for a value to be there.
    """

    name: str
    type: pa.DataType
    doc: str
    unit: str = ""
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    among: tuple[str, ...] = ()
    consent: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule over several columns of a row, or part of the rows: `sql` is true for a bad row and may be null for a good one.

    `name` is `<column>.<kind>`, `reason` tells a person what is wrong. Amounts that only the wrong unit explains (yuan where fen are
    asked for) have the kind `unit`.
    """

    name: str
    reason: str
    sql: str


@dataclass(frozen=True)
class Table:
    """One raw table. `family` is None for tables that belong to no feature family."""

    name: str
    family: str | None
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    consent: str | None = (
        None  # the `applications` column that must be true for this table to be read
    )
    checks: tuple[Check, ...] = ()

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Storage schema; strings are plain here, writers may dictionary-encode them."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @property
    def is_event(self) -> bool:
        return any(c.name == "known_time" for c in self.columns)
