"""Decide one person at a time, from the rows in a store of persons: the answers of a batch.

Features, policy inputs, reasons and row rules are made by the code of a batch, of the rows that are
known at the moment asked for. What is the same for all persons is prepared once, when it opens.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.features.aggregates.event_arrays import EventArrays
from creditloom.features.contract.tables import APPLICATIONS, LOGINS
from creditloom.features.declare.cut import made_of_others
from creditloom.features.engine.one_person import OnePerson, Values
from creditloom.features.network.one_person_network import others_of_one
from creditloom.features.policy_inputs.policy_inputs import NAMES as FACTS
from creditloom.serving.applicant.direct.scorer import DirectScorer
from creditloom.serving.applicant.online.asked import AskedApplication, asked
from creditloom.serving.applicant.online.open_journal import (
    JournalPlace,
    OpenJournal,
    keep_snapshot,
    note_places,
)
from creditloom.serving.applicant.online.persons.rows.reading import Reader
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES, PLACE_COLUMNS
from creditloom.serving.applicant.online.persons.store import StoredPersons, position
from creditloom.serving.applicant.online.persons.writing.appending import Appended
from creditloom.serving.applicant.online.rows_of_others import LOCATION, StoredOthers
from creditloom.serving.applicant.online.sealing import Sealing
from creditloom.serving.applicant.online.snapshot_check import OnlineSnapshot
from creditloom.serving.batch.events import names_read
from creditloom.serving.inputs import columns

EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
# Columns of a login that say whom one meets, beside those that features read.
OF_MEETINGS = ("device_id", *PLACE_COLUMNS)
StrPath = Path | str
STATED = tuple(column.name for column in APPLICATIONS.columns if not column.is_computed)


@dataclass(frozen=True)
class OnlineRow:
    """One application with its features, and the position of the store that they were made at."""

    application: dict[str, Any]
    position: int


@dataclass
class OnlineFeatures:
    """Makes the features of one application from a store; `names` None makes all there are.

    `graph` is what the network of the month says; None where there is no snapshot.
    """

    store: StoredPersons
    names: Collection[str] | None
    graph: OnlineSnapshot | None = None
    tables: tuple[str, ...] = ()
    _maker: OnePerson = field(init=False)
    _wanted: dict[str, tuple[str, ...]] = field(init=False)
    _of_others: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._maker = OnePerson(self.tables, self.names)
        self._of_others = made_of_others(self._maker.plan)
        self._wanted = self._maker.columns()
        if LOGINS.name in self.tables:
            own = self._wanted.get(LOGINS.name, ("event_id", "event_time", "known_time"))
            self._wanted[LOGINS.name] = tuple(dict.fromkeys((*own, *OF_MEETINGS)))

    def made(self, person: int, as_of: dt.datetime, facts: Mapping[str, Any] | None) -> OnlineRow:
        """Return an application with its policy inputs and features, as a batch reads it."""
        moment = (as_of - EPOCH) // MICROSECOND
        with self.store.database.reading() as connection:
            reader = Reader(connection)
            application = asked(connection, person, facts)
            events = self._events(reader, application)
            others = self._others(reader, application, events, moment)
            at = position(connection)
        features, known = self._maker.values(events, moment, application.consents, others)
        stated = application.stated
        whole = {**known, **{name: stated.get(name) for name in STATED}, **stated, **features}
        return OnlineRow({**whole, "as_of": as_of}, at)

    def _events(self, reader: Reader, application: AskedApplication) -> dict[str, EventArrays]:
        events = reader.person(application.person, self._wanted)
        if LOGINS.name in events and not application.ever & LOCATION:
            # The contract sets rows aside that tell the place of somebody who never agreed to it.
            events[LOGINS.name] = _without_place(events[LOGINS.name])
        return events

    def _others(
        self,
        reader: Reader,
        application: AskedApplication,
        events: Mapping[str, EventArrays],
        moment: int,
    ) -> Values:
        """Return what other people's rows say, as of the moment."""
        person = application.person
        rows = StoredOthers(reader, person, application.given)
        found = others_of_one(self._of_others, person, moment, events.get(LOGINS.name), rows)
        if self.graph is not None:
            found |= self.graph.values(reader.connection, person, moment)
        return found


def _without_place(logins: EventArrays) -> EventArrays:
    is_fine = np.ones(len(logins), bool)
    for name in PLACE_COLUMNS:
        is_fine &= logins.nulls[name] == 1
    return logins.taken(np.flatnonzero(is_fine))


class Online:
    """A store of persons and a bundle, opened to decide one person at a time.

    Many threads may ask at once.
    """

    def __init__(
        self, features: OnlineFeatures, scorer: DirectScorer, journal: OpenJournal | None = None
    ) -> None:
        self.features = features
        self.scorer = scorer
        self.journal = journal

    @classmethod
    def open(
        cls,
        store: StrPath,
        bundle: StrPath,
        *,
        snapshot: StrPath | None = None,
        accept_snapshot: str = "",
        without: Collection[str] = (),
        journal: JournalPlace | StrPath | None = None,
        **options: Any,
    ) -> Self:
        """Open a store for decisions by the bundle in a folder.

        `snapshot`: folder of the network of the month; the bundle needs one where it reads the
        graph. `accept_snapshot`: why a snapshot of other files than the store's is right. The
        features of the raw tables `without` are null; every other table that the bundle needs must
        be there. `journal`: folder in which each answer is written before it is given, and sealed
        as batches; a JournalPlace says more. `options` are explain, language, product and law of
        `Decider.decide`. Raises DataError and DecisionError, each with the next step.
        """
        persons = StoredPersons.at(Path(store))
        names = names_read(Path(bundle))
        tables = required_tables(persons, names, without)
        graph = OnlineSnapshot.opened(persons, names, tables, snapshot, accept_snapshot)
        features = OnlineFeatures(persons, names, graph, tables)
        decider = Decider.load(Path(bundle), threads=1)
        there = {name for name in (*STATED, *FACTS) if name in STATED or name in names}
        read = columns(Path(bundle), there)
        scorer = DirectScorer(decider, **options)
        if journal is None:
            return cls(features, scorer)
        place = journal if isinstance(journal, JournalPlace) else JournalPlace(Path(journal))
        sealing = Sealing(place.folder, Path(bundle), options, place.log)
        note_places(sealing, persons.database.root)
        if graph is not None:
            keep_snapshot(persons, graph.opened_as.path)
        names_kept = [one.name for one in read]
        return cls(features, scorer, OpenJournal(sealing, names_kept, place.seal_every))

    def decide(
        self, person: int, as_of: dt.datetime, facts: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the decision on one application of a person as of a moment (naive UTC).

        `facts` are the columns of a new application, by the names of the contract, or the
        `application_id` alone of one in the store; None is the newest there. The answer has the
        columns of a decision, and `refused_rule`, `refused_column`, `refused_reason`: None where it
        was decided. Raises DataError for a person who never applied.
        """
        made = self.features.made(person, as_of, facts)
        answer = self.scorer.decide(made.application, today=as_of.date())
        if self.journal is not None:
            snapshot = "" if self.features.graph is None else self.features.graph.sha256
            self.journal.write(made.application, made.position, snapshot, answer)
        return answer

    def append(self, tables: Mapping[str, pa.Table]) -> Appended:
        """Add rows of raw tables; they count for every decision from now on, and are on the disk.

        Runs are merged behind. Raises DataError as `StoredPersons.append`.
        """
        store = self.features.store
        done = store.append(tables)
        store.merge_behind()
        return done

    def seal(self) -> list[Path]:
        """Seal the lines of the journal; return the folders of the batches."""
        return [] if self.journal is None else self.journal.seal()

    def close(self) -> None:
        """Seal the journal, and close the store."""
        if self.journal is not None:
            self.journal.close()
        self.features.store.close()


def required_tables(
    store: StoredPersons, names: Collection[str], without: Collection[str]
) -> tuple[str, ...]:
    """Return the raw tables that a store has, less those left out.

    Raises DataError where one is missing that the names are made of.
    """
    from creditloom.features.declare.registry import needed_tables
    from creditloom.storage.files.errors import DataError

    there = [name for name in OWN_TABLES if name in store.status().rows and name not in without]
    missing = [
        name
        for name in needed_tables(names)
        if name in OWN_TABLES and name not in there and name not in without
    ]
    if missing:
        raise DataError.of(
            "The store lacks raw tables that the model is made of",
            where=store.database.root,
            expected=", ".join(missing),
            got=", ".join(there) or "none",
            next_step="load them, or name them in `without`: their features are then null",
        )
    return tuple(there)
