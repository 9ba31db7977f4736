"""Applications in the store of persons: what each states, and who agreed to what, and when."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.serving.applicant.online.persons.writing.judging import BadRow

if TYPE_CHECKING:
    # That module reads this one.
    from creditloom.serving.applicant.online.persons.writing.appending import Call

# The bit of each consent, by the name of its column.
CONSENTS = {
    column.name: 1 << place
    for place, column in enumerate(
        column for column in APPLICATIONS.columns if column.name.startswith("consent_")
    )
}
DUPLICATE = "application_id.duplicate"
FIELDS = "application_id, person, moment, seq, consents, fault, body"
INSERT = f"INSERT INTO applications ({FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


@dataclass(frozen=True)
class StoredApplication:
    """One application: who, as of when (microseconds), the consents as bits, and what it states.

    `moment` is None, and `fault` a rule, for one that breaks the contract: it is never decided, and
    its person is known.
    """

    application_id: int
    person: int | None
    moment: int | None
    seq: int
    consents: int
    fault: str
    body: str

    @property
    def stated(self) -> dict[str, Any]:
        """The columns of the contract that it states, times as microseconds."""
        found: dict[str, Any] = json.loads(self.body)
        return found


def consents_of(stated: Mapping[str, Any]) -> int:
    """Return the consents that an application gives, as bits; a null is a refusal.

    >>> consents_of({"consent_bureau": True, "consent_social": None})
    1
    """
    return sum(bit for name, bit in CONSENTS.items() if stated.get(name))


def of_person(connection: sqlite3.Connection, person: int) -> list[StoredApplication]:
    """Return the applications of a person, good and bad, by moment and id."""
    query = (
        f"SELECT {FIELDS} FROM applications "  # noqa: S608
        "WHERE person = ? ORDER BY moment, application_id"
    )
    return [StoredApplication(*row) for row in connection.execute(query, (person,))]


def add_applications(connection: sqlite3.Connection, seq: int, call: Call) -> int:
    """Write the applications of a call; return how many count.

    An equal one that is there already counts once; of different ones with one id none is decided.
    """
    rows = call.applications
    assert rows is not None
    added = 0
    name = APPLICATIONS.name
    for stated in _stated(rows):
        key = stated["application_id"]
        body = json.dumps(stated, sort_keys=True, ensure_ascii=False)
        query = "SELECT body, fault FROM applications WHERE application_id = ?"
        there = connection.execute(query, (key,)).fetchone()
        if there is None:
            one = (stated["applicant_id"], stated["as_of"], seq, consents_of(stated), "", body)
            connection.execute(INSERT, (key, *one))
            added += 1
        elif there == (body, ""):
            call.repeated[name] += 1
        else:
            update = "UPDATE applications SET fault = ? WHERE application_id = ?"
            connection.execute(update, (DUPLICATE, key))
            aside = call.bad.setdefault(name, [])
            aside.append(BadRow(stated["applicant_id"], DUPLICATE, body))
    _add_bad(connection, seq, call.bad.get(name, ()))
    return added


def _add_bad(connection: sqlite3.Connection, seq: int, bad: Iterable[BadRow]) -> None:
    """Write bad applications too: their people are known, and their events are not bad."""
    for one in bad:
        stated = json.loads(one.body)
        key = stated.get("application_id")
        if one.rule != DUPLICATE and isinstance(key, int):
            consents = consents_of(stated)
            row = (key, one.person, None, seq, consents, one.rule, one.body)
            connection.execute(INSERT.replace("INSERT", "INSERT OR IGNORE"), row)


def _stated(rows: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as plain values, the moment in microseconds."""
    at = rows.column_names.index("as_of")
    moment = rows.column("as_of").cast(pa.timestamp("us")).cast(pa.int64())
    return rows.set_column(at, "as_of", moment).to_pylist()
