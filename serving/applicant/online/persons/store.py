"""A store of persons: the raw rows of each person, appended as they come, read in microseconds.

The rows are those of the contract of raw tables. A row that was appended counts for every decision
after the moment from which it is known, whenever it came.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.applicant.online.persons.database import PersonDatabase
from creditloom.serving.applicant.online.persons.writing.appending import (
    Appended,
    digest_of,
    judged_call,
    known_call,
    require_tables,
    write_call,
)
from creditloom.serving.applicant.online.persons.writing.judging import Judge
from creditloom.serving.applicant.online.persons.writing.merging import due, merge

# What `append` says of where its rows come from.
CALL = "append"


@dataclass(frozen=True)
class StoreStatus:
    """What a store holds: rows by raw table, persons who applied, runs, and what is set aside.

    `position` is the number of the last call that added rows.
    """

    position: int
    rows: Mapping[str, int]
    applicants: int
    runs: int
    set_aside: Mapping[str, int]
    spoilt: int
    last: str


class StoredPersons:
    """A store of persons below a folder. It may be used by many threads, and many processes."""

    def __init__(self, database: PersonDatabase) -> None:
        self.database = database
        self._judge = Judge()
        # DuckDB's connection serves one thread at a time, and one thread merges.
        self._judging = threading.Lock()
        self._merging = threading.Lock()
        self._behind: threading.Thread | None = None

    @classmethod
    def at(cls, root: Path, *, is_new_allowed: bool = False) -> StoredPersons:
        """Open the store below `root`. Raises DataError as `PersonDatabase.at`."""
        return cls(PersonDatabase.at(root, is_new_allowed=is_new_allowed))

    def append(
        self, tables: Mapping[str, pa.Table], *, source: str = CALL, digest: str = ""
    ) -> Appended:
        """Add the rows of some raw tables, by the name of each; they are on the disk on return.

        The same call again adds nothing. A row whose key is there, equal in every column, counts
        once. Rows that break the contract are set aside. `digest` names the call; by default it is
        made of the rows. Raises DataError where nothing of the call can be added.
        """
        require_tables(tables, source)
        name = digest or digest_of(tables)
        found = known_call(self.database.connection, name)
        if found is not None:
            return found
        with self._judging:
            call = judged_call(self._judge, tables, source)
        with self.database.writing() as connection:
            # Another process may have written the same call meanwhile.
            found = known_call(connection, name)
            if found is None:
                found = write_call(connection, call, name, source)
        return found

    def merge(self, *, is_all: bool = False) -> int:
        """Merge runs until none is due, or until there is one; return how many went into others."""
        with self._merging:
            return merge(self.database, is_all=is_all)

    def merge_behind(self) -> None:
        """Merge in a thread of its own where a merge is due and none is at work."""
        is_at_work = self._behind is not None and self._behind.is_alive()
        if not is_at_work and due(self.database.connection):
            self._behind = threading.Thread(target=self.merge, name="merge", daemon=True)
            self._behind.start()

    def status(self) -> StoreStatus:
        """Return what the store holds."""
        rows: dict[str, int] = {}
        with self.database.reading() as connection:
            for (told,) in connection.execute("SELECT rows FROM calls"):
                for name, count in json.loads(told).items():
                    rows[name] = rows.get(name, 0) + count
            aside = connection.execute("SELECT raw, count(*) FROM aside GROUP BY raw ORDER BY raw")
            # table: what the store holds
            return StoreStatus(
                position=position(connection),
                rows=rows,
                applicants=_one(connection, "SELECT count(DISTINCT person) FROM applications"),
                runs=_one(connection, "SELECT count(*) FROM runs WHERE is_whole"),
                set_aside=dict(aside),
                spoilt=_one(connection, "SELECT count(*) FROM spoilt"),
                last=_one(connection, "SELECT coalesce(max(moment), '') FROM calls"),
            )

    def close(self) -> None:
        """Wait for a merge that is at work, and close the store."""
        if self._behind is not None:
            self._behind.join()
        with suppress(RuntimeError):
            self.database.close()


def position(connection: Any) -> int:
    """Return the number of the last call that added rows; 0 before the first."""
    return int(_one(connection, "SELECT coalesce(max(seq), 0) FROM calls"))


def _one(connection: Any, query: str) -> Any:
    return connection.execute(query).fetchone()[0]
