"""The kinds of places that live decisions add to an erasure: a store of persons, and a journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditloom.serving.applicant.online.journal import FOLDER, STORE, is_of, left_over
from creditloom.serving.applicant.online.persons.database import PersonDatabase
from creditloom.serving.applicant.online.persons.writing.erasing import people_of, rows_of, take_out
from creditloom.serving.ledger.log.erasure import Erased, Note, register
from creditloom.storage.files.durable import beside
from creditloom.storage.files.errors import DataError


@dataclass(frozen=True)
class ErasablePersons:
    """A store of persons, and the snapshots that its decisions were made with."""

    root: Path

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Take out the people whose applications these are, all their rows, and their network."""
        # The feature engine takes a second to import: an erasure from batches does not wait for it.
        from creditloom.serving.whole.snapshot_erasure import erase_from_snapshot

        database = PersonDatabase.at(self.root)
        gone = people_of(database.connection, persons)
        if not gone.people:
            return Erased(0)
        count = rows_of(database.connection, gone)
        paths = [
            Path(path) for (path,) in database.connection.execute("SELECT path FROM snapshots")
        ]
        there = [path for path in paths if path.is_dir()]
        note({"count": count, "snapshots": [path.name for path in there]})
        # The snapshots first: a kill in between leaves who the people are.
        for path in there:
            erase_from_snapshot(path, gone.people)
        take_out(database, gone)
        database.close()
        left = tuple(
            f"{path}: not there; erase where it lies" for path in paths if path not in there
        )
        return Erased(count, (*left, "the raw files that were loaded: not ours; erase there"))


@dataclass(frozen=True)
class ErasableJournal:
    """The lines of a journal that wait for their seal; a batch is a place of its own."""

    folder: Path

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Take out the lines of these persons. DataError while a process writes the journal."""
        changed: dict[Path, list[str]] = {}
        count = 0
        for path in left_over(self.folder):
            texts = path.read_text(encoding="utf-8").splitlines()
            kept = [text for text in texts if not is_of(text, persons)]
            if len(kept) < len(texts):
                changed[path] = kept
                count += len(texts) - len(kept)
        busy = sorted(self.folder.glob("open-*.jsonl"))
        if busy:
            raise DataError.of(
                "A process writes the journal",
                where=busy[0],
                expected="a journal that nobody writes",
                got=f"{len(busy)} files that are held",
                next_step="end the service, or let it seal: then erase again; nothing was erased "
                "from this journal",
            )
        if count:
            note({"count": count})
        for path, kept in changed.items():
            with beside(path) as draft:
                draft.write_text("".join(f"{text}\n" for text in kept), encoding="utf-8")
        return Erased(count)


register(STORE, ErasablePersons)
register(FOLDER, ErasableJournal)
