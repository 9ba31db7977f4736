"""Merge runs behind: four of about the same size become one, so that a person is read of a few.

The new run is written stretch by stretch in small transactions, between which others may write, and
counts from the last one on, in which the old ones go. A merge that was killed leaves a run that
does not count; the next one deletes it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.serving.applicant.online.persons.database import PersonDatabase
from creditloom.serving.applicant.online.persons.rows.blocks import OpenBlock, SortedRows
from creditloom.serving.applicant.online.persons.rows.keys import Keys
from creditloom.serving.applicant.online.persons.rows.reading import joined
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES, STORED

# So many runs of about one size are merged; a person is then read of a few runs of each size.
FAN_IN = 4
# Rows up to which a run is of the smallest size; each further size is FAN_IN times the one before,
# so runs of one size make one of a larger size, and a row is written again once per size.
SMALL_RUN = 256
# Blocks of each run that are read at a time: a merge keeps some MB in memory.
BLOCKS_AHEAD = 16
# Blocks deleted in one transaction.
DELETED = 512
LOCK = "merge.lock"


def size_of(rows: int) -> int:
    """Return the number of the size of a run, from 0.

    >>> size_of(100), size_of(10_000), size_of(40_000), size_of(160_000)
    (0, 3, 4, 5)
    """
    size = 0
    while rows > SMALL_RUN * FAN_IN**size:
        size += 1
    return size


def due(connection: sqlite3.Connection) -> list[int]:
    """Return the runs to be merged next, the smallest ones; none where nothing is due."""
    by_size: dict[int, list[int]] = {}
    for run, rows in connection.execute("SELECT run, rows FROM runs WHERE is_whole ORDER BY run"):
        by_size.setdefault(size_of(rows), []).append(run)
    for size in sorted(by_size):
        if len(by_size[size]) >= FAN_IN:
            return by_size[size][:FAN_IN]
    return []


@contextmanager
def held(database: PersonDatabase, *, is_waiting: bool = True) -> Iterator[bool]:
    """Yield whether this process alone may replace runs; `is_waiting` waits until it may."""
    with (database.root / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def merge(database: PersonDatabase, *, is_all: bool = False) -> int:
    """Merge what is due, again until nothing is; return how many runs went into others.

    `is_all`: all runs become one, whatever their sizes.
    """
    merged = 0
    with held(database, is_waiting=False) as is_mine:
        if not is_mine:
            return 0
        _sweep(database)
        while runs := (_all(database.connection) if is_all else due(database.connection)):
            _merge(database, runs)
            merged += len(runs)
            os.sched_yield()
    return merged


def _all(connection: sqlite3.Connection) -> list[int]:
    runs = [run for (run,) in connection.execute("SELECT run FROM runs WHERE is_whole")]
    return runs if len(runs) > 1 else []


def _sweep(database: PersonDatabase) -> None:
    """Delete what runs left that do not count."""
    query = "SELECT run FROM runs WHERE NOT is_whole"
    for (run,) in database.connection.execute(query).fetchall():
        _delete(database, run)


def _delete(database: PersonDatabase, run: int) -> None:
    for table in ("blocks", "keys"):
        part = f"SELECT id FROM {table} WHERE run = ? LIMIT {DELETED}"  # noqa: S608
        gone = DELETED
        while gone == DELETED:
            with database.writing() as connection:
                query = f"DELETE FROM {table} WHERE id IN ({part})"  # noqa: S608
                gone = connection.execute(query, (run,)).rowcount
    with database.writing() as connection:
        connection.execute("DELETE FROM runs WHERE run = ?", (run,))


def _merge(database: PersonDatabase, runs: Sequence[int]) -> None:
    marks = ", ".join("?" * len(runs))
    with database.writing() as connection:
        total = f"SELECT sum(rows) FROM runs WHERE run IN ({marks})"  # noqa: S608
        rows = connection.execute(total, runs).fetchone()[0]
        new = connection.execute(
            "INSERT INTO runs (rows, is_whole) VALUES (?, 0)", (rows,)
        ).lastrowid
    for space in sorted({one.space for one in STORED}):
        for merged in _stretches(database.connection, runs, space):
            blocks = [(new, space, one.first, one.last, one.body) for one in merged.blocks()]
            with database.writing() as connection:
                connection.executemany(
                    "INSERT INTO blocks (run, space, first, last, body) VALUES (?, ?, ?, ?, ?)",
                    blocks,
                )
    for table in OWN_TABLES.values():
        _merge_keys(database, runs, int(new or 0), table.number)
    with database.writing() as connection:
        connection.execute("UPDATE runs SET is_whole = 1 WHERE run = ?", (new,))
        old = f"UPDATE runs SET is_whole = 0 WHERE run IN ({marks})"  # noqa: S608
        connection.execute(old, runs)
    for run in runs:
        _delete(database, run)


def _merge_keys(database: PersonDatabase, runs: Sequence[int], new: int, raw: int) -> None:
    marks = ", ".join("?" * len(runs))
    query = f"SELECT body FROM keys WHERE raw = ? AND run IN ({marks})"  # noqa: S608
    parts = [Keys.read(body) for (body,) in database.connection.execute(query, (raw, *runs))]
    if not parts:
        return
    keys = np.concatenate([part.keys for part in parts])
    people = np.concatenate([part.people for part in parts])
    with database.writing() as connection:
        Keys.of(keys, people).write(connection, new, raw)


class _Stream:
    """The rows of one run and space, read in the order of its keys, some blocks at a time."""

    def __init__(self, connection: sqlite3.Connection, run: int, space: int) -> None:
        self._connection = connection
        self._at = (run, space)
        self._last = -1
        self.is_ended = False
        # Rows that were read and not handed on, by table: the key of each row, and the rows.
        self.held: dict[int, list[tuple[np.ndarray, EventArrays]]] = {}
        self.until = -1

    def read(self) -> None:
        """Read the next blocks; `until` is then the last key of which all rows are held."""
        query = (
            "SELECT last, body FROM blocks WHERE run = ? AND space = ? AND last > ? "
            "ORDER BY last LIMIT ?"
        )
        asked = (*self._at, self._last, BLOCKS_AHEAD)
        found = self._connection.execute(query, asked).fetchall()
        for last, body in found:
            for number, keys, rows in OpenBlock(body).whole():
                self.held.setdefault(number, []).append((keys, rows))
            self._last = last
        self.is_ended = len(found) < BLOCKS_AHEAD
        self.until = self._last

    def taken(self, until: int) -> Iterator[tuple[int, np.ndarray, EventArrays]]:
        """Yield the rows held up to a key, which are held no more."""
        for number, parts in self.held.items():
            rest = []
            for keys, rows in parts:
                end = int(np.searchsorted(keys, until, "right"))
                if end:
                    yield number, keys[:end], rows.taken(np.arange(end))
                if end < len(keys):
                    rest.append((keys[end:], rows.taken(np.arange(end, len(keys)))))
            self.held[number] = rest


def _stretches(
    connection: sqlite3.Connection, runs: Sequence[int], space: int
) -> Iterator[SortedRows]:
    """Yield the rows of runs together, sorted, stretch by stretch of their keys."""
    streams = [_Stream(connection, run, space) for run in runs]
    for one in streams:
        one.read()
    while streams:
        waiting = [one.until for one in streams if not one.is_ended]
        until = min(waiting, default=max(one.until for one in streams))
        found: dict[int, list[EventArrays]] = {}
        for one in streams:
            for number, keys, rows in one.taken(until):
                with_key = {**rows.columns, STORED[number].key: keys}
                found.setdefault(number, []).append(EventArrays(with_key, rows.nulls))
        if found:
            whole = {STORED[number].name: joined(parts) for number, parts in found.items()}
            yield SortedRows.of(space, whole)
        for one in streams:
            if not one.is_ended and one.until <= until:
                one.read()
        streams = [one for one in streams if not one.is_ended or any(one.held.values())]
