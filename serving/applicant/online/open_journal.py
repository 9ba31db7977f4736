"""A journal that a service writes: lines now, batches behind."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.serving.applicant.online.journal import FOLDER, STORE, JournalFile, JournalLine
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.applicant.online.sealing import Sealing
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_store
from creditloom.serving.ledger.signing import private_key

# Decisions of a batch.
SEAL_EVERY = 10_000
ID = "application_id"


@dataclass(frozen=True)
class JournalPlace:
    """Where a journal lies, how many lines a batch has, and the log of batches (in the folder)."""

    folder: Path
    seal_every: int = SEAL_EVERY
    log: Path | None = None


class OpenJournal:
    """Writes each answer, and seals the lines behind when there are `seal_every` of them."""

    def __init__(self, sealing: Sealing, names: Sequence[str], seal_every: int) -> None:
        self._sealing = sealing
        self._names = tuple(names)
        self._seal_every = seal_every
        self._lock = threading.Lock()
        self._one_seal = threading.Lock()
        self._behind: threading.Thread | None = None
        self._segment = JournalFile(sealing.folder)
        # Why the last seal behind failed; told by the next one that is asked for.
        self.failed: Exception | None = None

    def write(
        self, made: Mapping[str, Any], position: int, snapshot: str, answer: Mapping[str, Any]
    ) -> None:
        """Write the line of one answer; it is on the disk on return."""
        line = JournalLine(
            application_id=made[ID],
            moment=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            store=position,
            snapshot=snapshot,
            input={name: made.get(name) for name in self._names},
            answer=answer,
        )
        segment = self._segment
        segment.write(line.text())
        if len(segment) >= self._seal_every:
            self._turn(segment)

    def _turn(self, full: JournalFile) -> None:
        """Begin a new file, and seal the full one behind."""
        with self._lock:
            if self._segment is not full:
                return
            self._segment = JournalFile(self._sealing.folder)
            before = self._behind
        self._behind = threading.Thread(target=self._seal_behind, args=(full, before), name="seal")
        self._behind.start()

    def _seal_behind(self, full: JournalFile, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        try:
            full.close()
            with self._one_seal:
                self._sealing.seal()
        except (ValueError, OSError) as error:
            # A thread has no caller: the lines stay, and `seal` tries them again and raises.
            self.failed = error

    def seal(self) -> list[Path]:
        """Seal all lines until now; raise what a seal behind failed by."""
        with self._lock:
            full = self._segment
            self._segment = JournalFile(self._sealing.folder)
            behind = self._behind
        if behind is not None:
            behind.join()
        full.close()
        with self._one_seal:
            made = self._sealing.seal()
        self.failed = None
        return made

    def close(self) -> None:
        """Seal all lines and end the journal."""
        self.seal()
        self._segment.close()


def note_places(sealing: Sealing, store: Path) -> None:
    """Note in the log where values of persons lie: the store, and the journal."""
    log = Log.beside(sealing.folder / "any", sealing.log)
    key = private_key(sealing.key)
    note_store(log, STORE, store, key)
    note_store(log, FOLDER, sealing.folder, key)


def keep_snapshot(store: StoredPersons, snapshot: Path) -> None:
    """Keep where a snapshot lies that decisions read: an erasure from the store goes there too."""
    with store.database.writing() as connection:
        kept = "INSERT OR IGNORE INTO snapshots VALUES (?)"
        connection.execute(kept, (str(snapshot.resolve()),))
