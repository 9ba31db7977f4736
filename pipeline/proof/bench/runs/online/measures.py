"""What `creditloom bench online` measures: a store of persons, opened beside raw tables."""

from __future__ import annotations

import datetime as dt
import resource
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.decision.decide import Decider
from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.open_journal import JournalPlace
from creditloom.serving.applicant.online.persons.loading import load
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.whole.network_snapshot import make_snapshot
from creditloom.storage.folders.raw_folder import raw_tables

# Rows of a call of `append`.
CALL_ROWS = 10_000
# People that are decided before anything is counted, so that all code is loaded.
WARM = 30
MILLIS = 1e3
ORDER = [("applicant_id", "ascending"), ("event_time", "ascending"), ("event_id", "ascending")]


@dataclass
class OnlineBench:
    """Raw tables, a bundle, and a store of the same rows below `scratch`."""

    events: Path
    bundle: Path
    as_of: dt.datetime
    scratch: Path
    people: np.ndarray = field(init=False)
    online: Online = field(init=False)

    def __post_init__(self) -> None:
        make_snapshot(self.events, self.as_of, self.scratch / "network")
        store = StoredPersons.at(self.scratch / "store", is_new_allowed=True)
        load(store, self.events)
        store.close()
        self.online = Online.open(
            self.scratch / "store",
            self.bundle,
            snapshot=self.scratch / "network",
            accept_snapshot="the bench appends rows of the past again",
            # Sealed at the end, not within what is measured.
            journal=JournalPlace(self.scratch / "journal", seal_every=10**9),
        )
        query = "SELECT DISTINCT person FROM applications WHERE fault = '' ORDER BY person"
        found = self.online.features.store.database.connection.execute(query)
        self.people = np.array([person for (person,) in found])

    def seconds(self, person: int) -> tuple[float, float]:
        """Decide a person; return seconds of CPU, and by the clock."""
        clock = time.perf_counter()
        cpu = time.process_time()
        self.online.decide(person, self.as_of)
        return time.process_time() - cpu, time.perf_counter() - clock

    def one_person(self, people: np.ndarray) -> Iterator[tuple[float, float, float]]:
        """Yield (our CPU, their CPU, our seconds) of each person, measured in turns.

        Theirs is the engine of a batch, asked for all features of the rows of this one person, and
        the decision on the frame of them.
        """
        batch = BatchOfOnePerson(self, Decider.load(self.bundle, threads=1))
        for person in people[:WARM].tolist():
            self.seconds(person)
        batch.cpu(int(people[0]))
        for person in people.tolist():
            ours, clock = self.seconds(person)
            yield ours, batch.cpu(person), clock

    def clocks(self, people: np.ndarray) -> list[float]:
        """Return the seconds by the clock of each decision, one after the other."""
        return [self.seconds(person)[1] for person in people.tolist()]

    # Appending.

    def calls(self, count: int) -> Iterator[dict[str, pa.Table]]:
        """Yield calls of new rows: those of the raw tables under new keys, in the order of time."""
        parts = {}
        for name in (table.name for table in EVENT_TABLES):
            files = raw_tables(self.events).get(name, ())
            if files:
                parts[name] = pa.concat_tables([pq.read_table(file) for file in files])
        total = sum(map(len, parts.values()))
        sizes = {name: max(1, CALL_ROWS * len(rows) // total) for name, rows in parts.items()}
        # Keys that grow with time, above those that are there.
        above = {name: int(rows["event_id"].to_numpy().max()) + 1 for name, rows in parts.items()}
        for call in range(count):
            yield {
                name: _again(
                    rows.slice(call * sizes[name] % len(rows), sizes[name]),
                    above[name] + call * CALL_ROWS,
                )
                for name, rows in parts.items()
            }

    def append_seconds(self, rows: dict[str, pa.Table]) -> tuple[float, float]:
        """Return the seconds of an append, and of a plain sorted Parquet write of the same rows."""
        begin = time.perf_counter()
        self.online.append(rows)
        ours = time.perf_counter() - begin
        plain = self.scratch / "plain"
        plain.mkdir(exist_ok=True)
        begin = time.perf_counter()
        for name, table in rows.items():
            pq.write_table(table.sort_by(ORDER), plain / f"{name}.parquet")
        theirs = time.perf_counter() - begin
        shutil.rmtree(plain)
        return ours, theirs

    def beside_appends(self, people: np.ndarray, calls: list[dict[str, pa.Table]]) -> list[float]:
        """Return the seconds of decisions while another thread appends call after call."""
        is_done = threading.Event()

        def append() -> None:
            for rows in calls:
                self.online.append(rows)
            is_done.set()

        thread = threading.Thread(target=append)
        thread.start()
        found = []
        # Until the appends end, and as many as are asked for at least.
        at = 0
        while not is_done.is_set() or at < len(people):
            found.append(self.seconds(int(people[at % len(people)]))[1])
            at += 1
        thread.join()
        return found

    # Many clients.

    def clients(self, people: np.ndarray, threads: int, seconds: float) -> tuple[int, int, float]:
        """Return answers, those that differ from the first of the person, and growth of memory.

        Growth is the largest memory at the end over that after the first answers.
        """
        wanted = {person: self._answer(person) for person in people.tolist()}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        end = time.perf_counter() + seconds
        counts = [[0, 0] for _ in range(threads)]

        def ask(own: list[int], begin: int) -> None:
            at = begin
            while time.perf_counter() < end:
                person = int(people[at % len(people)])
                own[0] += 1
                own[1] += self._answer(person) != wanted[person]
                at += 1

        running = [threading.Thread(target=ask, args=(own, k * 7)) for k, own in enumerate(counts)]
        for one in running:
            one.start()
        for one in running:
            one.join()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return sum(n for n, _ in counts), sum(n for _, n in counts), after / before

    def _answer(self, person: int) -> dict[str, Any]:
        return self.online.decide(person, self.as_of)


class BatchOfOnePerson:
    """Decides one person as a batch of one does: files of the person's rows, engine, frame."""

    def __init__(self, bench: OnlineBench, decider: Decider) -> None:
        self._bench = bench
        self._decider = decider
        self._tables = {
            name: pa.concat_tables([pq.read_table(file) for file in files])
            for name, files in raw_tables(bench.events).items()
            if name in {APPLICATIONS.name, *(table.name for table in EVENT_TABLES)}
        }

    def cpu(self, person: int) -> float:
        """Return the seconds of CPU of a person; cutting out the rows is not counted."""
        folder = self._bench.scratch / "one"
        folder.mkdir(exist_ok=True)
        files = {}
        for name, rows in self._tables.items():
            own = rows.filter(pa.array(rows["applicant_id"].to_numpy() == person))
            own = own.slice(max(len(own) - 1, 0)) if name == APPLICATIONS.name else own
            pq.write_table(own, folder / f"{name}.parquet")
            files[name] = (str(folder / f"{name}.parquet"),)
        begin = time.process_time()
        params = FeatureParams(threads=1, memory_mb=500)
        # What other people's rows say is left out: it costs theirs nothing.
        blocks = build(files, params, None, _nobody)
        frame = pa.concat_tables(blocks).to_pandas(ignore_metadata=True)
        moment = pd.Timestamp(self._bench.as_of)
        absent = [name for name in self._decider.columns(frame.columns) if name not in frame]
        self._decider.decide(frame.assign(as_of=moment, **dict.fromkeys(absent, np.nan)))
        return time.process_time() - begin


def _nobody(
    _con: object, _sources: object, applications: pa.Table, wanted: Collection[str]
) -> dict[str, np.ndarray]:
    """Return a network in which nobody says anything."""
    return {name: np.zeros(len(applications)) for name in wanted}


def _again(rows: pa.Table, first: int) -> pa.Table:
    """Return rows under new keys, from `first` on."""
    keys = np.arange(first, first + len(rows))
    at = rows.column_names.index("event_id")
    return rows.set_column(at, "event_id", pa.array(keys))
