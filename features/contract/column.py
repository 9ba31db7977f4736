"""How a raw table is declared: columns with type, unit and bounds, and checks over several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

INT64 = pa.int64()
INT32 = pa.int32()
INT16 = pa.int16()
FLOAT64 = pa.float64()
BOOL = pa.bool_()
TIME = pa.timestamp("us")
STRING = pa.string()


@dataclass(frozen=True)
class Column:
    """One column: its type, whether null is allowed, and the values that a row may hold.

    `low` and `high` are inclusive. `among` lists the allowed strings.
    `unit` and `doc` go into the dictionary.
    `consent` names the column of `applications` that must be true for a value to be there. Of a
    table of events the row is set aside, in the applications themselves the value becomes null.
    `optional` columns may be absent from a file, as from one that an earlier release asked for:
    they are read as null.
    `is_computed` columns are taken from the events where no file has them: the column is then not
    there at all, as a column of nulls would state that nothing is known.
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
    optional: bool = False
    is_computed: bool = False


@dataclass(frozen=True)
class Check:
    """A rule over several columns of a row, or over part of the rows.

    `sql` is true for a bad row; it may be null for a good one.
    `name` is `<column>.<kind>`; `reason` tells a person what is wrong.
    The kind is `unit` where only a wrong unit explains the amount (yuan instead of fen).
    """

    name: str
    reason: str
    sql: str


@dataclass(frozen=True)
class Table:
    """One raw table. `family` is None for tables that belong to no feature family.

    `consent` names the column of `applications` that must be true for the table to be read.
    """

    name: str
    family: str | None
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    consent: str | None = None
    checks: tuple[Check, ...] = ()

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The stored schema. Strings are plain here; a writer may dictionary-encode them."""
        fields = [pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns]
        return pa.schema(fields)

    @property
    def is_event(self) -> bool:
        """Whether its rows are events: they have a moment from which they are known."""
        return any(c.name == "known_time" for c in self.columns)
