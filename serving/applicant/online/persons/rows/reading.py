"""Read the rows of one person, device or address: a few blocks, one of each run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np

from creditloom.features.aggregates.event_arrays import EventArrays, in_order
from creditloom.serving.applicant.online.persons.rows.blocks import OpenBlock
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES, StoredTable

# The block of each run that may hold a key.
BLOCKS = """
SELECT body FROM runs JOIN blocks ON blocks.id = (
    SELECT id FROM blocks AS one
    WHERE one.run = runs.run AND one.space = ?1 AND one.last >= ?2 ORDER BY last LIMIT 1
) WHERE is_whole AND first <= ?2 ORDER BY runs.run
"""
# What is read of each table: its columns by name, None for all of them.
Wanted = Mapping[str, Sequence[str] | None]


class Reader:
    """Reads rows within one transaction; `spoilt` are the keys that do not count, by table."""

    def __init__(
        self, connection: sqlite3.Connection, spoilt: Mapping[int, np.ndarray] | None = None
    ) -> None:
        self.connection = connection
        self.spoilt = spoilt_keys(connection) if spoilt is None else spoilt

    def person(self, person: int, wanted: Wanted) -> dict[str, EventArrays]:
        """Return a person's rows of raw tables, in the order (event_time, event_id)."""
        tables = [OWN_TABLES[name] for name in wanted]
        found: dict[str, list[EventArrays]] = {name: [] for name in wanted}
        for block, at in self._blocks(0, person):
            for table in tables:
                rows = block.rows(table.number, at, wanted[table.name])
                if rows is not None:
                    found[table.name].append(rows)
        return {
            table.name: self._whole(table, found[table.name], wanted[table.name])
            for table in tables
        }

    def of(self, table: StoredTable, key: int) -> EventArrays:
        """Return the rows of a key in a table that is alone in its space."""
        blocks = self._blocks(table.space, key)
        parts = (block.rows(table.number, at) for block, at in blocks)
        return self._whole(table, [part for part in parts if part is not None], None)

    def _blocks(self, space: int, key: int) -> list[tuple[OpenBlock, int]]:
        found = []
        for (body,) in self.connection.execute(BLOCKS, (space, key)):
            block = OpenBlock(body)
            at = block.place(key)
            if at is not None:
                found.append((block, at))
        return found

    def _whole(
        self, table: StoredTable, parts: Sequence[EventArrays], names: Sequence[str] | None
    ) -> EventArrays:
        """Return the parts that runs hold of a table as one, without rows that do not count."""
        if not parts:
            return empty(table, names)
        rows = parts[0] if len(parts) == 1 else in_order(joined(parts))
        spoilt = self.spoilt.get(raw_number(table))
        if spoilt is None:
            return rows
        is_good = ~np.isin(rows.columns["event_id"], spoilt)
        return rows if is_good.all() else rows.taken(np.flatnonzero(is_good))


def raw_number(table: StoredTable) -> int:
    """Return the number of the raw table whose rows a table is made of."""
    made_of = {"ties": "payments", "devices": "logins", "addresses": "logins"}
    return OWN_TABLES[made_of.get(table.name, table.name)].number


def spoilt_keys(connection: sqlite3.Connection) -> dict[int, np.ndarray]:
    """Return the keys that came with different rows, by the number of their raw table."""
    found: dict[int, list[int]] = {}
    for raw, key in connection.execute("SELECT raw, key FROM spoilt"):
        found.setdefault(raw, []).append(key)
    return {raw: np.array(keys, np.int64) for raw, keys in found.items()}


def joined(parts: Sequence[EventArrays]) -> EventArrays:
    """Return the rows of parts with the same columns, one part after the other."""
    first = parts[0]
    columns = {name: np.concatenate([p.columns[name] for p in parts]) for name in first.columns}
    nulls = {name: np.concatenate([p.nulls[name] for p in parts]) for name in first.nulls}
    return EventArrays(columns, nulls)


def empty(table: StoredTable, names: Sequence[str] | None = None) -> EventArrays:
    """Return no rows of a table, with these columns or all of them."""
    taken = [column for column in table.columns if names is None or column.name in names]
    columns = {column.name: np.zeros(0, column.dtype) for column in taken}
    nulls = {column.name: np.zeros(0, np.uint8) for column in taken if column.nullable}
    return EventArrays(columns, nulls)
