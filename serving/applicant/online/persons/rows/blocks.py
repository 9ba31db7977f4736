"""Blocks: the rows of some neighbouring keys in one piece of bytes, cut so that no key is split.

A block is an array of int64: number of keys, number of tables, then number and place of each table;
then the keys; then of each table the int32 ends of each key's rows, and its columns one after the
other, with the flags of nulls behind a column that may hold them. Each array begins at a multiple
of eight bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.serving.applicant.online.persons.rows.stored import STORED, StoredTable

# Bytes of a block, near enough: what is read for one person of few rows, and the database keeps in
# whole pages.
BLOCK_BYTES = 32 << 10
WORD = 8


@dataclass(frozen=True)
class Block:
    """A block as it is written: its first and last key, and its bytes."""

    first: int
    last: int
    body: bytes


@dataclass(frozen=True)
class SortedRows:
    """Rows of one space, each table sorted by (key, event_time, event_id).

    `keys` are all keys, sorted, `ends` per table where the rows of each key end, after a 0.
    """

    keys: np.ndarray
    tables: Mapping[int, EventArrays]
    ends: Mapping[int, np.ndarray]

    @classmethod
    def of(cls, space: int, rows: Mapping[str, EventArrays]) -> SortedRows:
        """Sort the rows of a space, given by the names of its tables."""
        tables = {one.number: one for one in STORED if one.space == space and one.name in rows}
        ordered = {number: _ordered(one, rows[one.name]) for number, one in tables.items()}
        columns = {n: ordered[n].columns[tables[n].key] for n in tables}
        keys = np.unique(np.concatenate([np.zeros(0, np.int64), *columns.values()]))
        ends = {n: np.append(0, np.searchsorted(columns[n], keys, "right")) for n in tables}
        return cls(keys, ordered, ends)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows as blocks, in the order of their keys."""
        if not len(self.keys):
            return
        size = np.zeros(len(self.keys), np.int64)
        for number, ends in self.ends.items():
            size += np.diff(ends) * STORED[number].row_bytes
        # A key goes where the bytes before it end: whole keys, a large one in a block of its own.
        block = (np.cumsum(size) - size) // BLOCK_BYTES
        cuts = np.flatnonzero(np.diff(block, prepend=-1, append=-1))
        for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            yield self._block(begin, end)

    def _block(self, begin: int, end: int) -> Block:
        keys = self.keys[begin:end]
        bounds = {n: (ends[begin], ends[end]) for n, ends in self.ends.items()}
        numbers = [n for n, (first, last) in bounds.items() if last > first]
        head = np.zeros(2 + 2 * len(numbers), np.int64)
        head[:2] = len(keys), len(numbers)
        parts = [head.tobytes(), keys.astype(np.int64).tobytes()]
        place = len(head) + len(keys)
        for k, number in enumerate(numbers):
            first, last = bounds[number]
            arrays = [(self.ends[number][begin : end + 1] - first).astype(np.int32)]
            rows = self.tables[number]
            for column in STORED[number].columns:
                arrays.append(rows.columns[column.name][first:last])
                if column.nullable:
                    arrays.append(rows.nulls[column.name][first:last])
            head[2 + 2 * k : 4 + 2 * k] = number, place
            filled = [_filled(array) for array in arrays]
            parts += filled
            place += sum(map(len, filled)) // WORD
        parts[0] = head.tobytes()
        return Block(int(keys[0]), int(keys[-1]), b"".join(parts))


def _ordered(table: StoredTable, rows: EventArrays) -> EventArrays:
    columns = rows.columns
    # lexsort takes the first key last: by key, then by time, then by event_id.
    order = np.lexsort((columns["event_id"], columns["event_time"], columns[table.key]))
    return rows.taken(order)


def _filled(array: np.ndarray) -> bytes:
    """Return the bytes of an array, filled up to a multiple of a word."""
    content = np.ascontiguousarray(array).tobytes()
    return content + bytes(-len(content) % WORD)


class OpenBlock:
    """A block that was read: rows of one key, or of all of them."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._words = np.frombuffer(body, np.int64)
        head = self._words[:2].tolist()
        n_keys, n_tables = head
        listed = self._words[2 : 2 + 2 * n_tables].tolist()
        self._places = dict(zip(listed[::2], listed[1::2], strict=True))
        begin = 2 + 2 * n_tables
        self.keys = self._words[begin : begin + n_keys]

    def place(self, key: int) -> int | None:
        """Return the place of a key among those of the block; None where it is not there."""
        at = int(self.keys.searchsorted(key))
        return at if at < len(self.keys) and self.keys[at] == key else None

    def rows(self, number: int, at: int, names: Sequence[str] | None = None) -> EventArrays | None:
        """Return the rows of the key at a place in one table, of these columns, or of all.

        None where it has none. The arrays are views of the block.
        """
        if number not in self._places:
            return None
        place = self._places[number] * WORD
        n = len(self.keys) + 1
        ends = np.frombuffer(self._body, np.int32, n, place)
        first, last = ends[at : at + 2].tolist()
        if first == last:
            return None
        return self._columns(STORED[number], place, int(ends[-1]), (first, last), names)

    def whole(self) -> Iterator[tuple[int, np.ndarray, EventArrays]]:
        """Yield (number, key of each row, rows) of every table."""
        n = len(self.keys) + 1
        for number, word in self._places.items():
            ends = np.frombuffer(self._body, np.int32, n, word * WORD)
            keys = np.repeat(self.keys, np.diff(ends))
            bounds = (0, int(ends[-1]))
            rows = self._columns(STORED[number], word * WORD, bounds[1], bounds, None)
            yield number, keys, rows

    def _columns(
        self,
        table: StoredTable,
        place: int,
        n_rows: int,
        bounds: tuple[int, int],
        names: Sequence[str] | None,
    ) -> EventArrays:
        place += _padded(4 * (len(self.keys) + 1))
        first, last = bounds
        count = last - first
        columns: dict[str, np.ndarray] = {}
        nulls: dict[str, np.ndarray] = {}
        for column in table.columns:
            size = column.dtype.itemsize
            is_read = names is None or column.name in names
            if is_read:
                begin = place + first * size
                columns[column.name] = np.frombuffer(self._body, column.dtype, count, begin)
            place += _padded(n_rows * size)
            if column.nullable:
                if is_read:
                    nulls[column.name] = np.frombuffer(self._body, np.uint8, count, place + first)
                place += _padded(n_rows)
        return EventArrays(columns, nulls)


def _padded(size: int) -> int:
    return size + -size % WORD
