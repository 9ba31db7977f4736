"""The application that is asked for: one of the store, or a new one that states its own facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.serving.applicant.online.persons.applications import (
    CONSENTS,
    StoredApplication,
    consents_of,
    of_person,
)
from creditloom.serving.applicant.online.persons.texts import text_of
from creditloom.storage.files.errors import DataError

ID = "application_id"
# Columns of an application that need a consent: null where it is refused.
CONSENTED = {column.name: column.consent for column in APPLICATIONS.columns if column.consent}
NAMES = tuple(column.name for column in APPLICATIONS.columns)


@dataclass(frozen=True)
class AskedApplication:
    """One application: who, what it states, and the consents given, now and ever, as bits.

    A value in `stated` that needs a consent is None where it was refused.
    """

    person: int
    stated: dict[str, Any]
    given: int
    ever: int

    @property
    def consents(self) -> dict[str, bool]:
        """Which consents hold, by name."""
        return {name: bool(self.given & bit) for name, bit in CONSENTS.items()}


def asked(
    connection: sqlite3.Connection, person: int, facts: Mapping[str, Any] | None
) -> AskedApplication:
    """Return the application that is asked for. Raises DataError where there is none."""
    known = of_person(connection, person)
    if facts is None or set(facts) == {ID}:
        stated = _stored(connection, known, person, facts)
    else:
        stated = _new(person, facts)
    given = consents_of(stated)
    ever = given
    for one in known:
        ever |= one.consents
    for name, consent in CONSENTED.items():
        if stated.get(name) is not None and not given & CONSENTS[consent]:
            stated[name] = None
    return AskedApplication(person, stated, given, ever)


def _stored(
    connection: sqlite3.Connection,
    known: list[StoredApplication],
    person: int,
    facts: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return what an application of the store states, its id as the user writes it."""
    good = [one for one in known if not one.fault]
    if facts is not None:
        own = facts[ID]
        good = [one for one in good if own in (one.application_id, _shown(connection, one))]
    if not good:
        faults = ", ".join(one.fault for one in known if one.fault)
        raise DataError.of(
            "The store has no such application of this person",
            where=f"person {person}",
            expected="an application that keeps the contract",
            got=f"set aside by {faults}" if faults else "none",
            next_step="append it first, or give what it states as `facts`",
        )
    return {**good[-1].stated, ID: _shown(connection, good[-1])}


def _shown(connection: sqlite3.Connection, one: StoredApplication) -> int | str:
    return text_of(connection, ID, one.application_id)


def _new(person: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    strangers = sorted(set(facts) - set(NAMES))
    if strangers or ID not in facts:
        raise DataError.of(
            "The facts are no application",
            where=f"person {person}",
            expected=f"{ID}, and other columns of applications",
            got=", ".join(strangers) or f"no {ID}",
            next_step="give the columns of docs/raw-tables.md by name; nothing was decided",
        )
    return {**facts, "applicant_id": person}
