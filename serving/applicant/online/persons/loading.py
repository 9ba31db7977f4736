"""Load a folder of raw tables, or a lake, into a store of persons: file by file, each once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.applicant.online.persons.texts import keep_numberings
from creditloom.serving.applicant.online.persons.writing.appending import TAKEN, Appended
from creditloom.storage.files.foreign import Worded
from creditloom.storage.files.store import open_parquet
from creditloom.storage.folders.identity import FixedFile, fixed
from creditloom.storage.folders.lake_lists import is_lake, read_lake
from creditloom.storage.folders.raw_folder import name_in, raw_tables

# Rows of a call: a run of its own, some tens of MB in memory.
CALL_ROWS = 500_000
HASHING_THREADS = 2


@dataclass
class Loaded:
    """What was loaded: rows by table, rows that were there, and rows set aside by table and rule.

    `known` are files that were loaded before, `left` raw tables that no decision reads.
    """

    rows: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    set_aside: dict[str, Counter[str]] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, done: Appended) -> None:
        """Count what a call did."""
        self.rows.update(done.rows)
        self.repeated.update(done.repeated)
        for name, rules in done.set_aside.items():
            self.set_aside.setdefault(name, Counter()).update(rules)


def load(store: StoredPersons, root: Path) -> Loaded:
    """Add all files of raw tables below `root`, a folder or a lake; known files are left out.

    Killed at any moment, it goes on with the same command. Raises DataError for what no table
    claims, and as `StoredPersons.append`.
    """
    done = Loaded()
    files = {name: list(paths) for name, paths in raw_tables(root).items()}
    done.left = [name for name in files if name not in TAKEN]
    if is_lake(root):
        for one in read_lake(root).aside:
            # Rows that wait for their person, or for a moment, count here as soon as these come.
            if one.waiting and one.table in TAKEN:
                files.setdefault(one.table, []).append(root / one.path)
    keep_numberings(store, root)
    for name in (name for name in TAKEN if name in files):
        for file in fixed(files[name], HASHING_THREADS):
            before = len(done.known)
            for digest, rows in _calls(file):
                told = store.append(
                    {name: rows}, source=name_in(root, name, file.path), digest=digest
                )
                done.add(told)
                if not told.is_new and len(done.known) == before:
                    done.known.append(name_in(root, name, file.path))
                store.merge()
            file.check()
    return done


def _calls(file: FixedFile) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of a file, call by call, with the name of each."""
    with Worded(file.path), open_parquet(file.path) as parquet:
        for number, batch in enumerate(parquet.iter_batches(CALL_ROWS)):
            rows = pa.Table.from_batches([batch])
            if len(rows):
                yield f"{file.sha256}:{number}", rows
