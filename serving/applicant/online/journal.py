"""The journal: a line for each answered decision, on the disk before the answer is given.

A journal is a folder. Each process writes a file of its own in it, `open-*.jsonl`, which it holds
locked. Lines of threads that wait at once are synced together: while one group is on its way to the
disk the next one gathers, so none waits for more than two syncs.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from creditloom.storage.files.durable import made_folder, sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import of_line, to_line

# The format of a line.
JOURNAL = 1
# Kinds of places where values of persons lie, by which an erasure opens them.
STORE = "persons"
FOLDER = "journal"
OPEN = "open-*.jsonl"
CLOSED = "closed-*.jsonl"


@dataclass(frozen=True)
class JournalLine:
    """One decision: what it was made of, the row that was decided, and the answer.

    `store` is the position of the store, `snapshot` the hash of the network; empty without one.
    `input` has the columns that the bundle reads, `answer` is what was given.
    """

    application_id: int | str
    moment: str
    store: int
    snapshot: str
    input: Mapping[str, Any]
    answer: Mapping[str, Any]

    def text(self) -> str:
        """Return the line, without what ends it."""
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return to_line(plain(content), JOURNAL)

    @classmethod
    def read(cls, text: str, where: object) -> JournalLine:
        """Read a line; DataError for a broken one."""
        return cls(**of_line(text, JOURNAL, where))


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: NaN as null, moments as ISO 8601."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


class JournalFile:
    """One file of a journal, which this process holds and many threads write."""

    def __init__(self, folder: Path) -> None:
        made_folder(folder)
        # By the clock, so that names go up; a process may open several.
        name = f"{time.time_ns():019d}-{os.getpid()}.jsonl"
        self.path = folder / f"open-{name}"
        self._file = self.path.open("ab", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        sync(folder)
        self._condition = threading.Condition()
        self._waiting: list[bytes] = []
        # Lines that were handed over, and those of them that are on the disk.
        self._taken = 0
        self._synced = 0
        self._is_syncing = False
        self._failed: OSError | None = None

    def __len__(self) -> int:
        return self._synced

    def write(self, text: str) -> None:
        """Write a line; it is on the disk on return. Raises OSError where the disk refuses."""
        with self._condition:
            self._waiting.append(text.encode() + b"\n")
            self._taken += 1
            mine = self._taken
            while self._synced < mine:
                if self._failed is not None:
                    raise self._failed
                if self._is_syncing:
                    self._condition.wait()
                else:
                    self._sync_group()

    def _sync_group(self) -> None:
        """Write and sync all lines that wait; the lock is free meanwhile."""
        group = b"".join(self._waiting)
        upto = self._taken
        self._waiting.clear()
        self._is_syncing = True
        self._condition.release()
        failed = None
        try:
            _write(self._file.fileno(), group)
            os.fsync(self._file.fileno())
        except OSError as error:
            failed = error
        finally:
            self._condition.acquire()
            self._is_syncing = False
            if failed is None:
                self._synced = upto
            else:
                # What is on the disk is not known: no further line may follow a torn one.
                self._failed = failed
            self._condition.notify_all()

    def close(self) -> Path | None:
        """End the file and free it; return its place for the seal, None where it has no line."""
        with self._condition:
            while self._is_syncing:
                self._condition.wait()
            return _closed(self.path, self._file.fileno(), self._file.close)


def _write(handle: int, content: bytes) -> None:
    done = 0
    while done < len(content):
        done += os.write(handle, content[done:])


def _closed(path: Path, handle: int, close: Any) -> Path | None:
    """Give a file that is locked its name for the seal, or delete it where it has no line."""
    end = path.with_name(path.name.replace("open-", "closed-", 1))
    is_empty = not os.fstat(handle).st_size
    if is_empty:
        path.unlink()
    else:
        path.replace(end)
    sync(path.parent)
    close()
    return None if is_empty else end


def left_over(folder: Path) -> Iterator[Path]:
    """Yield the files that wait for a seal, those of dead processes among them.

    A line that a killed process did not end was never answered: it is cut off.
    """
    for path in sorted(folder.glob(OPEN)):
        file = path.open("r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A process that lives writes it.
            file.close()
            continue
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        os.fsync(file.fileno())
        _closed(path, file.fileno(), file.close)
    yield from sorted(folder.glob(CLOSED))


def lines_of(path: Path) -> list[JournalLine]:
    """Return the lines of a file of a journal. Raises DataError for a broken one."""
    texts = path.read_text(encoding="utf-8").split("\n")
    if texts[-1]:
        raise DataError.of(
            "The journal ends within a line",
            where=path,
            expected="whole lines",
            got=texts[-1][:40],
            next_step="restore the file from its copy",
        )
    return [
        JournalLine.read(text, f"{path}, line {k}") for k, text in enumerate(texts[:-1], start=1)
    ]


def is_of(text: str, persons: frozenset[str]) -> bool:
    """Return whether a line is of one of these persons, by application id as text."""
    return str(json.loads(text)["application_id"]) in persons
