"""How the rows of raw tables lie in the store of persons: as arrays, by whom they are looked up.

There are four spaces. In OWN each raw table of events lies by its person. The other three are made
of the same rows, for what other people's rows say: TIES has each transfer between two people from
either side, DEVICES and ADDRESSES have each login by its identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.features.contract.tables import EVENT_TABLES, LOGINS, PAYMENTS, Column, Table

# The numbers of the spaces, as the store holds them.
OWN = 0
TIES = 1
DEVICES = 2
ADDRESSES = 3
# A null of any column; a column that may hold one has a flag beside each value.
NULL = -1


@dataclass(frozen=True)
class StoredColumn:
    """One column: its type in the store, and whether flags for nulls lie beside it."""

    name: str
    dtype: np.dtype
    nullable: bool = False


@dataclass(frozen=True)
class StoredTable:
    """Rows of one kind in one space; `number` stands for it in the store and never changes.

    Rows lie by `key` (a person, a device or an address), then by time and event_id. The key itself
    is no column.
    """

    name: str
    number: int
    space: int
    key: str
    columns: tuple[StoredColumn, ...]

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of a row, without what fills up an array."""
        return sum(column.dtype.itemsize + column.nullable for column in self.columns)


def _dtype(column: Column) -> np.dtype:
    if pa.types.is_timestamp(column.type):
        return np.dtype(np.int64)
    if pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
        return np.dtype(np.int8)
    return np.dtype(column.type.to_pandas_dtype())


def _own(number: int, table: Table) -> StoredTable:
    columns = tuple(
        StoredColumn(column.name, _dtype(column), column.nullable)
        for column in table.columns
        if column.name != "applicant_id"
    )
    return StoredTable(table.name, number, OWN, "applicant_id", columns)


_MOMENTS = (
    StoredColumn("event_id", np.dtype(np.int64)),
    StoredColumn("event_time", np.dtype(np.int64)),
    StoredColumn("known_time", np.dtype(np.int64)),
)
# A transfer as one of its two people sees it: the other one, who reported it, and whether the
# person paid.
TIE_ROWS = StoredTable(
    "ties",
    len(EVENT_TABLES),
    TIES,
    "person",
    (
        *_MOMENTS,
        StoredColumn("other", np.dtype(np.int64)),
        StoredColumn("reporter", np.dtype(np.int64)),
        StoredColumn("is_paid", np.dtype(np.int8)),
    ),
)
# A login on a device or an address; `has_place` says that it states a place, which needs a consent.
_USE = (
    *_MOMENTS,
    StoredColumn("applicant_id", np.dtype(np.int64)),
    StoredColumn("has_place", np.dtype(np.int8)),
)
DEVICE_ROWS = StoredTable("devices", len(EVENT_TABLES) + 1, DEVICES, "identifier", _USE)
ADDRESS_ROWS = StoredTable("addresses", len(EVENT_TABLES) + 2, ADDRESSES, "identifier", _USE)

# By number: the raw tables of events in the order of their declarations, then what is made of them.
# A new raw table is added at the end, or stores of before are read wrongly: a test compares.
STORED = (
    *(_own(number, table) for number, table in enumerate(EVENT_TABLES)),
    TIE_ROWS,
    DEVICE_ROWS,
    ADDRESS_ROWS,
)
OWN_TABLES = {one.name: one for one in STORED if one.space == OWN}
# Columns of a login that tell a place.
PLACE_COLUMNS = tuple(
    column.name for column in LOGINS.columns if column.consent == "consent_location"
)
_DIRECTION = next(column for column in PAYMENTS.columns if column.name == "direction").among
_NETWORK = next(column for column in LOGINS.columns if column.name == "network").among


def arrays_of(table: Table, rows: pa.Table) -> EventArrays:
    """Return rows that keep the contract as arrays, the person's id among them.

    A column that the rows lack is null.
    """
    columns: dict[str, np.ndarray] = {}
    nulls: dict[str, np.ndarray] = {}
    for column in table.columns:
        if column.name in rows.column_names:
            values = rows.column(column.name).combine_chunks()
        else:
            values = pa.nulls(len(rows), column.type)
        columns[column.name] = _array(column, values)
        if column.nullable:
            nulls[column.name] = values.is_null().to_numpy(zero_copy_only=False).astype(np.uint8)
    return EventArrays(columns, nulls)


def _array(column: Column, values: pa.Array) -> np.ndarray:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if column.type == pa.string():
        codes = pc.index_in(values, value_set=pa.array(column.among, pa.string()))
        # Null is no value of the set: its index is null too.
        return pc.fill_null(codes, NULL).to_numpy(zero_copy_only=False).astype(np.int8)
    if pa.types.is_timestamp(column.type):
        values = values.cast(pa.timestamp("us")).cast(pa.int64())
    elif pa.types.is_boolean(column.type):
        values = values.cast(pa.int8())
    if values.null_count:
        values = pc.fill_null(values, pa.scalar(NULL, values.type))
    return values.to_numpy(zero_copy_only=False)


def derived(events: Mapping[str, EventArrays]) -> dict[str, EventArrays]:
    """Return what is made of the rows of payments and logins for the other spaces, by name."""
    made: dict[str, EventArrays] = {}
    if PAYMENTS.name in events:
        made[TIE_ROWS.name] = _ties(events[PAYMENTS.name])
    if LOGINS.name in events:
        rows = events[LOGINS.name]
        is_carrier = rows.columns["network"] == _NETWORK.index("mobile")
        made[DEVICE_ROWS.name] = _uses(rows, "device_id", np.zeros(len(rows), bool))
        # A carrier puts thousands behind one address: it says nothing about any two of them.
        made[ADDRESS_ROWS.name] = _uses(rows, "ip_id", is_carrier)
    return made


def _ties(rows: EventArrays) -> EventArrays:
    """Return each transfer between two people from either side."""
    person = rows.columns["applicant_id"]
    other = rows.columns["counterparty_id"]
    is_tie = (rows.nulls["counterparty_id"] == 0) & (person != other)
    at = np.flatnonzero(is_tie)
    is_out = (rows.columns["direction"][at] == _DIRECTION.index("out")).astype(np.int8)
    twice = {name: np.tile(rows.columns[name][at], 2) for name in _moment_names()}
    # table: the columns of the ties
    columns = {
        **twice,
        "person": np.concatenate([person[at], other[at]]),
        "other": np.concatenate([other[at], person[at]]),
        "reporter": np.tile(person[at], 2),
        "is_paid": np.concatenate([is_out, 1 - is_out]),
    }
    return EventArrays(columns, {})


def _uses(rows: EventArrays, column: str, is_left_out: np.ndarray) -> EventArrays:
    at = np.flatnonzero((rows.nulls[column] == 0) & ~is_left_out)
    has_place = np.zeros(len(at), np.int8)
    for name in PLACE_COLUMNS:
        has_place |= rows.nulls[name][at] == 0
    # table: the columns of the uses
    columns = {
        **{name: rows.columns[name][at] for name in _moment_names()},
        "identifier": rows.columns[column][at],
        "applicant_id": rows.columns["applicant_id"][at],
        "has_place": has_place,
    }
    return EventArrays(columns, {})


def _moment_names() -> Iterable[str]:
    return (column.name for column in _MOMENTS)
