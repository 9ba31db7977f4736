"""The database of a store of persons: one SQLite file, its tables, and how it is opened.

Readers see what was committed, each transaction at one moment; one process writes at a time. What
is committed is on the disk (`synchronous=FULL`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from creditloom.storage.files.durable import made_folder, sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.lake.rules_version import rules_version

FILE = "persons.db"
# The format of the store. Raise it with any change of the tables below or of `blocks`.
FORMAT = 1
# Bytes of a page: a block fills a few of them.
PAGE_BYTES = 8_192
# Pages of the log of changes before they are put into their places: 32 MB.
CHECKPOINT_PAGES = 4_000
# Readers at once: each has a connection with 2 MB of pages. More threads would wait for the lock of
# Python anyway.
READERS = 4
# Seconds that a writer waits for another one.
WAIT_SECONDS = 60.0

# table: the tables of the database
SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- one row per call that added rows: `digest` knows the same call again, `seen_from` is the first
-- moment from which a row of it counts for the network of a month, by table, as JSON
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    moment TEXT NOT NULL, rows TEXT NOT NULL, seen_from TEXT NOT NULL
);
-- one row per run: the rows of a call, or of several that were merged; it counts once it is whole
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, rows INTEGER NOT NULL, is_whole INTEGER NOT NULL
);
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, space INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX blocks_by_key ON blocks (run, space, last, first);
-- stretches of the keys of a run, by raw table: int64 keys, sorted, then the person of each
CREATE TABLE keys (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, raw INTEGER NOT NULL,
    low INTEGER NOT NULL, high INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX keys_by_span ON keys (raw, high, low);
-- keys that came with different rows: none of them counts
CREATE TABLE spoilt (raw INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (raw, key))
    WITHOUT ROWID;
-- one row per application; `body` is what it states, as JSON; a bad one counts with its `fault`
CREATE TABLE applications (
    application_id INTEGER PRIMARY KEY, person INTEGER, moment INTEGER, seq INTEGER NOT NULL,
    consents INTEGER NOT NULL, fault TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX applications_by_person ON applications (person, moment, application_id);
CREATE INDEX applications_by_moment ON applications (moment);
CREATE INDEX applications_by_call ON applications (seq);
-- rows that break the contract, with the call that brought them
CREATE TABLE aside (
    id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, raw TEXT NOT NULL, person INTEGER,
    rule TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX aside_by_person ON aside (person);
-- ids that were text, by numbering; and the numbering of each column that had such ids
CREATE TABLE texts (
    numbering TEXT NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (numbering, id)
) WITHOUT ROWID;
CREATE INDEX texts_by_text ON texts (numbering, text);
-- folders of snapshots that decisions were made with
CREATE TABLE snapshots (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE columns_of_texts (name TEXT PRIMARY KEY, numbering TEXT NOT NULL) WITHOUT ROWID;
"""


class PersonDatabase:
    """The database below the folder `root`.

    Reads share a few connections, whatever the number of threads. Each thread that writes has a
    connection of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        # Connections that read and are free; the semaphore counts those that may be in use.
        self._free: list[sqlite3.Connection] = []
        self._readers = threading.BoundedSemaphore(READERS)

    @classmethod
    def at(cls, root: Path, *, is_new_allowed: bool = False) -> PersonDatabase:
        """Open the store below `root`; DataError where there is none, or one of another format.

        `is_new_allowed`: a new one is begun in a new or empty folder.
        """
        if not (root / FILE).is_file():
            if not is_new_allowed:
                raise DataError.of(
                    "No store of persons lies there",
                    where=root,
                    expected=f"a folder with {FILE}",
                    got="a file" if root.is_file() else "none",
                    next_step=f"begin one: creditloom online load {root} FOLDER_OF_RAW_TABLES",
                )
            _begin(root)
        database = cls(root)
        database.require_known()
        return database

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of this thread."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._new()
        return found

    def _new(self) -> sqlite3.Connection:
        made = _connected(self.root / FILE)
        with self._lock:
            self._opened.append(made)
        return made

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for one in self._opened:
                one.close()
            self._opened.clear()
            self._free.clear()
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that sees the store at one moment.

        It waits while `READERS` others read. Within it, open no further one.
        """
        with self._readers:
            with self._lock:
                connection = self._free.pop() if self._free else None
            connection = connection or self._new()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")
                with self._lock:
                    self._free.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection in the one transaction that writes; it is on the disk at the end."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        is_whole = False
        try:
            yield connection
            is_whole = True
        finally:
            connection.execute("COMMIT" if is_whole else "ROLLBACK")

    def require_known(self) -> None:
        """Raise DataError for a store of another format, or of rows that other rules judged."""
        about = dict(self.connection.execute("SELECT name, value FROM about"))
        expected = {"format": str(FORMAT), "rules": rules_version()}
        if about != expected:
            wanted = ", ".join(f"{name} {value}" for name, value in expected.items())
            found = ", ".join(f"{name} {value}" for name, value in sorted(about.items()))
            raise DataError.of(
                "The store of persons was written by another version of creditloom",
                where=self.root / FILE,
                expected=wanted,
                got=found,
                next_step="use the version that wrote it, or load the raw tables into a new store: "
                "creditloom online load NEW_STORE FOLDER",
            )


def _begin(root: Path) -> None:
    """Make the database under a name of its own, and give it its name when it is whole."""
    made_folder(root)
    draft = root / f".{FILE}.{os.getpid()}.tmp"
    draft.unlink(missing_ok=True)
    strangers = [path.name for path in root.iterdir() if not path.name.startswith(f".{FILE}")]
    if strangers:
        raise DataError.of(
            "A store of persons begins in a new or empty folder",
            where=root,
            expected=f"{FILE}, or nothing",
            got=", ".join(sorted(strangers)[:5]),
            next_step="name another folder",
        )
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        about = [("format", str(FORMAT)), ("rules", rules_version())]
        connection.executemany("INSERT INTO about VALUES (?, ?)", about)
    finally:
        connection.close()
    sync(draft)
    draft.replace(root / FILE)
    sync(root)


def _connected(file: Path) -> sqlite3.Connection:
    # Other threads close it at the end, and none uses it beside its own.
    connection = sqlite3.connect(
        file, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # Not mapped: each connection would map the file for itself, and count its pages again.
    connection.execute("PRAGMA mmap_size = 0")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection
