"""What `creditloom bench online` measures: a store of persons, opened beside raw tables."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.pipeline.proof.bench.runs.online.equality import Compared, compared
from creditloom.pipeline.proof.bench.runs.online.theirs import BatchOfOnePerson
from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.open_journal import JournalPlace
from creditloom.serving.applicant.online.persons.database import FILE
from creditloom.serving.applicant.online.persons.loading import load
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.whole.network_snapshot import make_snapshot
from creditloom.storage.folders.raw_folder import raw_tables

# Rows of a call of `append`.
CALL_ROWS = 10_000
# People that are decided before anything is counted, so that all code is loaded.
WARM = 30
THEIR_WARM = 5
CLIENTS = "creditloom.pipeline.proof.bench.runs.online.clients"
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

    def one_person(
        self, people: np.ndarray, theirs: BatchOfOnePerson
    ) -> Iterator[tuple[float, float]]:
        """Yield (our CPU, their CPU) of each person, measured in turns.

        Ours is from raw rows to the journal. Theirs makes the features and decides nothing.
        """
        for person in people[:WARM].tolist():
            self.seconds(person)
        for person in people[:THEIR_WARM].tolist():
            theirs.cpu(person)
        for person in people.tolist():
            yield self.seconds(person)[0], theirs.cpu(person)

    def each(self, people: np.ndarray) -> np.ndarray:
        """Return (people, 2): CPU and seconds by the clock of decisions one after the other."""
        return np.array([self.seconds(person) for person in people.tolist()])

    def cold(self, people: np.ndarray) -> np.ndarray:
        """Return the same with no page of the store in memory before each decision."""
        found = []
        database = self.online.features.store.database
        for person in people.tolist():
            # Connections hold pages of their own, and the system those that were read.
            database.close()
            for file in sorted(database.root.glob(f"{FILE}*")):
                _drop_pages(file)
            found.append(self.seconds(person))
        return np.array(found)

    def compared(self, count: int) -> Compared:
        """Return what differs from a batch of all raw tables, of the first people."""
        people = self.people[:count].tolist()
        place = self.scratch / "compared"
        return compared(self.online, self.events, self.bundle, self.as_of, people, place)

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

    def beside_appends(self, people: np.ndarray, calls: list[dict[str, pa.Table]]) -> np.ndarray:
        """Return CPU and seconds of the decisions that began while another thread appended.

        It appends call after call. A decision that began later is not counted: nothing ran beside.
        """

        def append() -> None:
            for rows in calls:
                self.online.append(rows)

        thread = threading.Thread(target=append)
        thread.start()
        found = []
        for person in cycle(people.tolist()):
            if not thread.is_alive():
                break
            found.append(self.seconds(person))
        thread.join()
        return np.array(found)

    # Many clients.

    def clients(self, people: np.ndarray, threads: int, seconds: float) -> tuple[int, int, float]:
        """Return answers, those that differ from the first of the person, and growth of memory.

        Growth is the most memory over that after everybody was decided twice by one thread.
        """
        words = [str(self.scratch), str(self.bundle.resolve()), self.as_of.isoformat()]
        words += [str(seconds), str(threads), *map(str, people.tolist())]
        command = [sys.executable, "-m", CLIENTS, *words]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
        told = json.loads(run.stdout.splitlines()[-1])
        return told["answers"], told["differing"], told["growth"]


def _drop_pages(file: Path) -> None:
    """Let the system forget what it holds of a file in memory; what is not written yet stays."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _again(rows: pa.Table, first: int) -> pa.Table:
    """Return rows under new keys, from `first` on."""
    keys = np.arange(first, first + len(rows))
    at = rows.column_names.index("event_id")
    return rows.set_column(at, "event_id", pa.array(keys))
