"""Append rows to a store of persons: each call is one run, on the disk when the call returns."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES, Table
from creditloom.serving.applicant.online.persons.applications import add_applications
from creditloom.serving.applicant.online.persons.rows.blocks import SortedRows
from creditloom.serving.applicant.online.persons.rows.keys import Keys, known
from creditloom.serving.applicant.online.persons.rows.reading import Reader, spoilt_keys
from creditloom.serving.applicant.online.persons.rows.stored import (
    ADDRESSES,
    DEVICES,
    OWN,
    OWN_TABLES,
    TIES,
    arrays_of,
    derived,
)
from creditloom.serving.applicant.online.persons.writing.judging import BadRow, Judge
from creditloom.storage.files.errors import DataError

SPACES = (OWN, TIES, DEVICES, ADDRESSES)
# The raw tables that a store takes; others are read by nothing that decides.
TAKEN = {table.name: table for table in (*EVENT_TABLES, APPLICATIONS)}
REPEATED = "repeated"
DUPLICATE = "event_id.duplicate"


@dataclass(frozen=True)
class Appended:
    """What a call did: its place among all calls, the rows that count, and those that do not.

    `rows` by raw table; `repeated` were there already, equal in every column; `set_aside` counts by
    table and rule. `is_new` is False where the same call was there already.
    """

    seq: int
    rows: Mapping[str, int] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    is_new: bool = True


@dataclass
class Call:
    """The rows of one call that were judged: what counts, and what is set aside."""

    events: dict[str, EventArrays]
    applications: pa.Table | None
    bad: dict[str, list[BadRow]]
    repeated: Counter[str] = field(default_factory=Counter)


def judged_call(judge: Judge, tables: Mapping[str, pa.Table], source: str) -> Call:
    """Return the rows of a call after each was judged alone.

    Raises DataError for a table that a store does not take, and as `judging.typed`.
    """
    for name in tables:
        if name not in TAKEN:
            raise DataError.of(
                f"A store of persons has no table `{name}`",
                where=source,
                expected=f"one of {', '.join(TAKEN)}",
                got=name,
                next_step="leave the table out; nothing was added",
            )
    events = {}
    applications = None
    bad = {}
    for name, (good, aside) in judge.judged(tables, TAKEN, source).items():
        if aside:
            bad[name] = aside
        if name == APPLICATIONS.name:
            applications = good
        elif len(good):
            events[name] = arrays_of(TAKEN[name], good)
    return Call(events, applications, bad)


def digest_of(tables: Mapping[str, pa.Table]) -> str:
    """Return the sha256 of the rows of a call: the same rows in the same order are one call."""
    found = hashlib.sha256()
    for name in sorted(tables):
        rows = tables[name].combine_chunks()
        found.update(f"{name} {rows.schema.to_string()}".encode())
        with pa.ipc.new_stream(HashSink(found), rows.schema) as writer:
            writer.write_table(rows)
    return found.hexdigest()


class HashSink:
    """A file that hashes what is written into it."""

    closed = False

    def __init__(self, found: Any) -> None:
        self._found = found

    def write(self, content: Any) -> int:
        """Hash some bytes."""
        self._found.update(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def write_call(connection: sqlite3.Connection, call: Call, digest: str, source: str) -> Appended:
    """Write a call that is not there yet, within the transaction that writes."""
    seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM calls").fetchone()[0]
    spoilt = spoilt_keys(connection)
    for name, events in list(call.events.items()):
        call.events[name] = _with_new_keys(connection, name, events, call, spoilt)
    added = {}
    if call.applications is not None:
        added[APPLICATIONS.name] = add_applications(connection, seq, call)
    rows = {name: len(one) for name, one in call.events.items() if len(one)} | added
    _write_run(connection, call.events)
    for name, aside in call.bad.items():
        connection.executemany(
            "INSERT INTO aside (seq, raw, person, rule, body) VALUES (?, ?, ?, ?, ?)",
            [(seq, name, one.person, one.rule, one.body) for one in aside],
        )
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    seen_from = {name: _seen_from(one) for name, one in call.events.items() if len(one)}
    connection.execute(
        "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)",
        (seq, digest, source, moment, json.dumps(rows), json.dumps(seen_from)),
    )
    set_aside = {name: _by_rule(aside) for name, aside in call.bad.items() if aside}
    return Appended(seq, rows, dict(call.repeated), set_aside)


def known_call(connection: sqlite3.Connection, digest: str) -> Appended | None:
    """Return what is known of a call that was written before; None for a new one."""
    found = connection.execute("SELECT seq FROM calls WHERE digest = ?", (digest,)).fetchone()
    return None if found is None else Appended(found[0], is_new=False)


def _seen_from(rows: EventArrays) -> int:
    """Return the first moment from which a row has happened and is known, in microseconds."""
    columns = rows.columns
    return int(np.maximum(columns["event_time"], columns["known_time"]).min())


def _by_rule(aside: Iterable[BadRow]) -> dict[str, int]:
    counts = Counter(rule for one in aside for rule in one.rule.split("; "))
    return dict(sorted(counts.items()))


def _write_run(connection: sqlite3.Connection, events: Mapping[str, EventArrays]) -> None:
    total = sum(map(len, events.values()))
    if not total:
        return
    run = connection.execute("INSERT INTO runs (rows, is_whole) VALUES (?, 1)", (total,)).lastrowid
    everything = {**events, **derived(events)}
    for space in SPACES:
        blocks = SortedRows.of(space, everything).blocks()
        connection.executemany(
            "INSERT INTO blocks (run, space, first, last, body) VALUES (?, ?, ?, ?, ?)",
            [(run, space, one.first, one.last, one.body) for one in blocks],
        )
    for name, rows in events.items():
        keys = Keys.of(rows.columns["event_id"], rows.columns["applicant_id"])
        keys.write(connection, int(run or 0), OWN_TABLES[name].number)


# Keys that are there already.


def _with_new_keys(
    connection: sqlite3.Connection,
    name: str,
    rows: EventArrays,
    call: Call,
    spoilt_before: Mapping[int, np.ndarray],
) -> EventArrays:
    """Return the rows whose keys are new. Equal rows count once, different ones of a key never."""
    raw = OWN_TABLES[name].number
    ids = rows.columns["event_id"]
    once, count = np.unique(ids, return_counts=True)
    before = known(connection, raw, once)
    spoilt = spoilt_before.get(raw, np.zeros(0, np.int64))
    if not len(before.keys) and len(once) == len(ids) and not len(spoilt):
        return rows
    twice = np.unique(np.concatenate([once[count > 1], before.keys, np.intersect1d(once, spoilt)]))
    is_asked = np.isin(ids, twice)
    kept = set(np.flatnonzero(~is_asked).tolist())
    there = _stored(connection, name, before)
    wrong = set(spoilt.tolist())
    values = _values(rows, np.flatnonzero(is_asked))
    for place, row in values.items():
        key = row["event_id"]
        if key not in there:
            there[key] = row
            kept.add(place)
        elif there[key] == row and key not in wrong:
            call.repeated[name] += 1
        else:
            wrong.add(key)
    new = sorted(wrong - set(spoilt.tolist()))
    connection.executemany("INSERT INTO spoilt VALUES (?, ?)", [(raw, key) for key in new])
    for place, row in values.items():
        if row["event_id"] in wrong:
            kept.discard(place)
            body = json.dumps(row, sort_keys=True)
            aside = call.bad.setdefault(name, [])
            aside.append(BadRow(row["applicant_id"], DUPLICATE, body))
    return rows.taken(np.array(sorted(kept), np.int64))


def _stored(connection: sqlite3.Connection, name: str, keys: Keys) -> dict[int, dict[str, Any]]:
    """Return the rows of these keys as the store holds them, by key."""
    reader = Reader(connection, spoilt={})
    found: dict[int, dict[str, Any]] = {}
    for person in np.unique(keys.people).tolist():
        rows = reader.person(person, {name: None})[name]
        own = keys.keys[keys.people == person]
        at = np.flatnonzero(np.isin(rows.columns["event_id"], own))
        for row in _values(rows, at).values():
            found[row["event_id"]] = {**row, "applicant_id": person}
    return found


def _values(rows: EventArrays, at: np.ndarray) -> dict[int, dict[str, Any]]:
    """Return the values of the rows at these places, by place."""
    taken = rows.taken(at)
    columns = {name: values.tolist() for name, values in taken.columns.items()}
    return {
        place: {name: values[k] for name, values in columns.items()}
        for k, place in enumerate(at.tolist())
    }


def require_tables(tables: Mapping[str, pa.Table], source: str) -> Sequence[Table]:
    """Return the declarations of the tables of a call; DataError where it holds no row."""
    if not any(len(rows) for rows in tables.values()):
        raise DataError.of(
            "There is nothing to add",
            where=source,
            expected=f"rows of {', '.join(TAKEN)}",
            got="none",
            next_step="give rows by the name of their raw table",
        )
    return [TAKEN[name] for name in tables if name in TAKEN]
