"""Take people out of a store of persons: their rows, applications, and what was set aside."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.serving.applicant.online.persons.database import PersonDatabase
from creditloom.serving.applicant.online.persons.rows.blocks import OpenBlock, SortedRows
from creditloom.serving.applicant.online.persons.rows.keys import Keys
from creditloom.serving.applicant.online.persons.rows.stored import OWN, STORED, TIES, StoredTable
from creditloom.serving.applicant.online.persons.writing.merging import held

# The column of a table in another space that says whose row it was.
REPORTED_BY = {TIES: "reporter"}


@dataclass(frozen=True)
class Gone:
    """Who is taken out of a store: persons, and their applications."""

    people: frozenset[int]
    applications: frozenset[int]


def people_of(connection: sqlite3.Connection, applications: Collection[str]) -> Gone:
    """Return whose applications these are, by application id as text; all of theirs go."""
    people: set[int] = set()
    for text in applications:
        people |= {person for _, person in _named(connection, text) if person is not None}
    mine: set[int] = set()
    for person in people:
        query = "SELECT application_id FROM applications WHERE person = ?"
        mine |= {key for (key,) in connection.execute(query, (person,))}
    return Gone(frozenset(people), frozenset(mine))


def _named(connection: sqlite3.Connection, text: str) -> list[tuple[int, int | None]]:
    """Return (application, person) of an application id, as the user writes it."""
    query = (
        "SELECT application_id, person FROM applications WHERE application_id = ?1 "
        "AND NOT EXISTS (SELECT * FROM columns_of_texts WHERE name = 'applications.application_id')"
        " OR application_id IN (SELECT id FROM texts JOIN columns_of_texts USING (numbering) "
        "WHERE name = 'applications.application_id' AND text = ?2)"
    )
    number = int(text) if text.isdecimal() else -1
    return connection.execute(query, (number, text)).fetchall()


def rows_of(connection: sqlite3.Connection, gone: Gone) -> int:
    """Return how many rows and applications of the raw tables go."""
    count = len(gone.applications)
    for person in gone.people:
        query = "SELECT body FROM blocks WHERE space = ? AND first <= ? AND last >= ?"
        for (body,) in connection.execute(query, (OWN, person, person)):
            for _, keys, _ in OpenBlock(body).whole():
                count += int((keys == person).sum())
    return count


def take_out(database: PersonDatabase, gone: Gone) -> None:
    """Take people out, in one transaction; then no byte of theirs is left in the file.

    Other people's rows stay, those that name them among them: these are the others' own.
    """
    people = np.array(sorted(gone.people), np.int64)
    with held(database):
        connection = database.connection
        connection.execute("PRAGMA secure_delete = ON")
        with database.writing():
            _rewrite_blocks(connection, people)
            _rewrite_keys(connection, people)
            for person in people.tolist():
                connection.execute("DELETE FROM applications WHERE person = ?", (person,))
                connection.execute("DELETE FROM aside WHERE person = ?", (person,))
            _forget_texts(connection, gone)
        # Merges left pages that still hold what was deleted then.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA secure_delete = OFF")


def _rewrite_blocks(connection: sqlite3.Connection, people: np.ndarray) -> None:
    query = "SELECT id, space, body FROM blocks"
    for number, space, body in connection.execute(query).fetchall():
        left: dict[str, EventArrays] = {}
        is_changed = False
        for table, keys, rows in OpenBlock(body).whole():
            stored = STORED[table]
            is_kept = ~np.isin(_owner(stored, keys, rows), people)
            is_changed |= not is_kept.all()
            if is_kept.any():
                whole = EventArrays({**rows.columns, stored.key: keys}, rows.nulls)
                left[stored.name] = whole.taken(np.flatnonzero(is_kept))
        if not is_changed:
            continue
        # Fewer rows than before: a block again, or none.
        new = list(SortedRows.of(space, left).blocks())
        run = connection.execute("SELECT run FROM blocks WHERE id = ?", (number,)).fetchone()[0]
        connection.execute("DELETE FROM blocks WHERE id = ?", (number,))
        connection.executemany(
            "INSERT INTO blocks (run, space, first, last, body) VALUES (?, ?, ?, ?, ?)",
            [(run, space, one.first, one.last, one.body) for one in new],
        )


def _owner(table: StoredTable, keys: np.ndarray, rows: EventArrays) -> np.ndarray:
    """Return whose row each is."""
    if table.space == OWN:
        return keys
    return rows.columns[REPORTED_BY.get(table.space, "applicant_id")]


def _rewrite_keys(connection: sqlite3.Connection, people: np.ndarray) -> None:
    """Let the keys be known still, so that no row of theirs comes again; of nobody."""
    for number, body in connection.execute("SELECT id, body FROM keys").fetchall():
        stretch = Keys.read(body)
        is_theirs = np.isin(stretch.people, people)
        if is_theirs.any():
            nobody = np.where(is_theirs, -1, stretch.people)
            new = np.concatenate([stretch.keys, nobody]).astype(np.int64).tobytes()
            connection.execute("UPDATE keys SET body = ? WHERE id = ?", (new, number))


def _forget_texts(connection: sqlite3.Connection, gone: Gone) -> None:
    """Take out the texts of their ids; the numbers are given to nobody else."""
    for column, numbers in (
        ("applications.application_id", gone.applications),
        ("applications.applicant_id", gone.people),
    ):
        query = (
            "UPDATE texts SET text = '' WHERE id = ? AND numbering = "
            "(SELECT numbering FROM columns_of_texts WHERE name = ?)"
        )
        connection.executemany(query, [(number, column) for number in sorted(numbers)])
