"""Look up the rows of other people that name one person, in a store of persons.

Only rows of people who ever applied count, and values of a place only where the person ever agreed
to it: so the contract of raw tables judges the rows of a batch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from functools import cache

import numpy as np

from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.features.network.one_person_network import ADDRESS
from creditloom.serving.applicant.online.persons.applications import CONSENTS
from creditloom.serving.applicant.online.persons.rows.reading import Reader, empty, joined
from creditloom.serving.applicant.online.persons.rows.stored import (
    ADDRESS_ROWS,
    DEVICE_ROWS,
    TIE_ROWS,
)

LOCATION = CONSENTS["consent_location"]
CHECKS = "identity_checks"
# Persons of one query: SQLite takes no more names in it than some thousands.
ASKED = 500


class StoredOthers:
    """The rows of others around one application, as of one moment of the store.

    `person` applies, with the consents `given` as bits: known, whether or not the store has an
    application of theirs.
    """

    def __init__(self, reader: Reader, person: int, given: int) -> None:
        self._reader = reader
        self._person = person
        self._given = given
        self.begun = cache(self._begun)

    def ties(self, person: int) -> EventArrays:
        """Return the transfers of a person that known people report."""
        rows = self._reader.of(TIE_ROWS, person)
        return _of(rows, rows.columns["reporter"], self._ever(rows.columns["reporter"]))

    def ties_of(self, people: Iterable[int]) -> EventArrays:
        """Return the transfers of several people; `person` says whose each is."""
        asked = list(people)
        parts = [self._reader.of(TIE_ROWS, person) for person in asked]
        rows = joined(parts) if parts else empty(TIE_ROWS)
        owner = np.repeat(np.array(asked, np.int64), [len(part) for part in parts])
        whole = EventArrays({**rows.columns, "person": owner}, rows.nulls)
        reporter = whole.columns["reporter"]
        # Whether the reporters are known is asked once for all.
        return _of(whole, reporter, self._ever(reporter))

    def uses(self, column: str, identifier: int) -> EventArrays:
        """Return the logins of known people on a device or an address."""
        rows = self._reader.of(ADDRESS_ROWS if column == ADDRESS else DEVICE_ROWS, identifier)
        people = rows.columns["applicant_id"]
        ever = self._ever(people)
        known = _of(rows, people, ever)
        agreed = {person for person, consents in ever.items() if consents & LOCATION}
        is_fine = known.columns["has_place"] == 0
        is_fine |= np.isin(known.columns["applicant_id"], np.array(sorted(agreed), np.int64))
        return known if is_fine.all() else known.taken(np.flatnonzero(is_fine))

    def _begun(self, person: int) -> int | None:
        wanted = {CHECKS: ("event_id", "event_time", "known_time", "is_pass")}
        columns = self._reader.person(person, wanted)[CHECKS].columns
        is_pass = columns["is_pass"] == 1
        if not is_pass.any():
            return None
        moments = np.maximum(columns["event_time"], columns["known_time"])
        return int(moments[is_pass].min())

    def refusers(self, people: Iterable[int], as_of: int) -> Collection[int]:
        """Return those whose last statement on their location before a moment refuses."""
        query = (
            "SELECT person, consents FROM applications WHERE person IN ({}) AND moment < ? "
            "ORDER BY moment, application_id"
        )
        rows = _asked(self._reader.connection, query, people, (as_of,))
        # Of two statements of one moment the larger application id is the later one.
        last = dict(rows)
        return {person for person, consents in last.items() if not consents & LOCATION}

    def applied(self, people: Iterable[int], after: int, until: int) -> Iterator[tuple[int, int]]:
        """Yield (person, moment) of applications with after < moment <= until."""
        query = (
            "SELECT person, moment FROM applications WHERE person IN ({}) "
            "AND moment > ? AND moment <= ?"
        )
        return _asked(self._reader.connection, query, people, (after, until))

    def _ever(self, people: np.ndarray) -> dict[int, int]:
        """Return the consents that people ever gave, as bits, of those who ever applied."""
        ever: dict[int, int] = {}
        query = "SELECT person, consents FROM applications WHERE person IN ({})"
        asked = np.unique(people).tolist()
        for person, consents in _asked(self._reader.connection, query, asked, ()):
            ever[person] = ever.get(person, 0) | consents
        if self._person in asked:
            ever[self._person] = ever.get(self._person, 0) | self._given
        return ever


def _of(rows: EventArrays, people: np.ndarray, known: Collection[int]) -> EventArrays:
    """Return the rows of known people."""
    is_known = np.isin(people, np.array(sorted(known), np.int64))
    return rows if is_known.all() else rows.taken(np.flatnonzero(is_known))


def _asked(
    connection: sqlite3.Connection, query: str, people: Iterable[int], more: tuple[int, ...]
) -> Iterator[tuple[int, int]]:
    """Yield the rows of a query that names people, some hundreds of them at a time."""
    listed = list(people)
    for begin in range(0, len(listed), ASKED):
        part = listed[begin : begin + ASKED]
        yield from connection.execute(query.format(", ".join("?" * len(part))), (*part, *more))
