"""Keep a record of lines that are only ever added, one JSON object a line.

Each line holds the hash of the line before it, and a small file beside the record, its head, holds
the number of lines and the hash of the last one. So a changed, lost or added line shows, the last
one included. A record of an earlier release has no head; its lines are read as before, and the
first line that is added covers them.

Writers take turns by a lock of the operating system. What is added is on the disk (fsync) when the
block ends. The head announces the hash of a line before the line is written. So a writer that is
killed at any moment leaves a record that is read, and goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import of_line, to_line

# What the first line holds in place of the hash of the line before it.
NO_PREVIOUS = "0" * 64
# Characters that some readers take for the end of a line, though JSON and this record do not. They
# are written as JSON's escapes. They stand inside of strings only.
# table: character -> its escape
ESCAPES = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class RecordError(DataError):
    """A record was changed, or does not take a line."""


@dataclass(frozen=True)
class RecordHead:
    """What covers the last line: number and hash; `coming` is the hash of a line on its way."""

    lines: int
    sha256: str
    coming: str | None = None


@dataclass(frozen=True)
class Record:
    """The record in the file `path`, whose lines have a format up to `newest`.

    `link` is the key of a line that holds the hash of the line before. `headed` is the first format
    whose lines stand under a head.
    """

    path: Path
    newest: int
    headed: int
    link: str = "previous"

    def entries(self) -> tuple[dict[str, Any], ...]:
        """Return the objects of all lines, oldest first, without format; () without a file.

        Raises RecordError where a line does not follow from the one before or the head, DataError
        for a line that a later release wrote.
        """
        with self._locked(fcntl.LOCK_SH):
            return tuple(content for content, _ in self._read())

    @contextmanager
    def adding(self) -> Iterator[Addition]:
        """Hold the record for one writer, and yield what stands in it and takes one more line.

        Raises RecordError like `entries`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.touch()
        with self._locked(fcntl.LOCK_EX):
            read = self._read()
            yield Addition(self, tuple(content for content, _ in read), [sha for _, sha in read])

    @property
    def head(self) -> Path:
        """The file that covers the last line."""
        return self.path.with_name(f"{self.path.name}.head")

    @property
    def _lock(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        # Where there is no lock, nobody has added a line with this code, and a reader may not be
        # allowed to make a file here.
        if not self._lock.exists():
            yield
            return
        # Some network file systems lock for writing only a file that is open for writing.
        with self._lock.open("rb" if how == fcntl.LOCK_SH else "r+b") as lock:
            fcntl.flock(lock, how)
            yield

    def _read(self) -> list[tuple[dict[str, Any], str]]:
        """Return (object, hash) of each line, after all checks."""
        head = self._read_head()
        lines = self._lines(head)
        read = []
        previous = NO_PREVIOUS
        needs_head = False
        for number, line in enumerate(lines, start=1):
            place = f"{self.path}, line {number}"
            needs_head = needs_head or _format(line) >= self.headed
            content = of_line(line, self.newest, place)
            if content.get(self.link) != previous:
                raise self._broken(place, previous, content.get(self.link))
            previous = line_hash(line)
            read.append((content, previous))
        if head is None and needs_head:
            raise self._broken(self.head, "the file that covers the last line", "nothing")
        if head is not None:
            self._check_head(head, read)
        return read

    def _check_head(self, head: RecordHead, read: list[tuple[dict[str, Any], str]]) -> None:
        last = read[-1][1] if read else NO_PREVIOUS
        is_whole = (head.lines, head.sha256) == (len(read), last)
        # Killed between the line and the head after it.
        is_coming = (head.lines + 1, head.coming) == (len(read), last)
        if not is_whole and not is_coming:
            expected = f"{head.lines} lines, the last one with hash {head.sha256}"
            raise self._broken(
                f"{self.path}, last line", expected, f"{len(read)} lines, the last one {last}"
            )

    def _lines(self, head: RecordHead | None) -> list[str]:
        if not self.path.is_file():
            return []
        try:
            text = self.path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._broken(self.path, "text in UTF-8", str(error)) from error
        # At the newline only: other characters that end a line elsewhere may stand in a text.
        # "\r" before it is what an editor or git may have added.
        *lines, rest = (line.removesuffix("\r") for line in text.split("\n"))
        # A torn line: its writer was killed, and had announced it. Nothing was recorded.
        if rest and not (head is not None and head.coming and len(lines) == head.lines):
            lines.append(rest)
        return lines

    def _read_head(self) -> RecordHead | None:
        if not self.head.is_file():
            return None
        try:
            return RecordHead(**json.loads(self.head.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise self._broken(self.head, "lines, sha256, coming", str(error)) from error

    def _broken(self, where: object, expected: object, got: object) -> RecordError:
        return RecordError.of(
            "A record was changed: this line, the one before it, or its head",
            where=where,
            expected=expected,
            got=got,
            next_step="restore the file and its .head from their copy; nothing is added to a "
            "broken record",
        )


@dataclass(frozen=True)
class Addition:
    """A record held for one writer: `before` are its objects, `hashes` those of its lines."""

    record: Record
    before: tuple[dict[str, Any], ...]
    hashes: list[str]

    def add(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Add one line, on the disk when this returns; return it as written, with its link.

        Raises RecordError for text that is not UTF-8 or a number that is not finite.
        """
        last = self.hashes[-1] if self.hashes else NO_PREVIOUS
        linked = {**content, self.record.link: last}
        line = self._line(linked)
        sha256 = line_hash(line)
        count = len(self.hashes)
        # The first line must not be announced under a name that is not on the disk yet.
        _write_head(self.record.head, RecordHead(count, last, sha256))
        with self.record.path.open("ab") as out:
            out.truncate(self._end())
            out.write(f"{line}\n".encode())
            out.flush()
            os.fsync(out.fileno())
        _sync_folder(self.record.path.parent)
        _write_head(self.record.head, RecordHead(count + 1, sha256))
        self.hashes.append(sha256)
        return linked

    def check(self, content: Mapping[str, Any]) -> None:
        """Raise RecordError for what `add` would not take."""
        self._line(content)

    def _line(self, content: Mapping[str, Any]) -> str:
        try:
            line = to_line(content, self.record.newest)
            line.encode("utf-8")
        except ValueError as error:
            raise RecordError.of(
                "A text or number that no record can hold",
                where=self.record.path,
                expected="text in UTF-8, finite numbers",
                got=str(error),
                next_step="write it otherwise; nothing was recorded",
            ) from error
        for character, escape in ESCAPES.items():
            line = line.replace(character, escape)
        return line

    def _end(self) -> int:
        """Return the bytes of the whole lines; a last line without newline gets one."""
        path = self.record.path
        if not path.is_file():
            return 0
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        is_torn = content.count(b"\n") == len(self.hashes)
        if whole < len(content) and not is_torn:
            with path.open("ab") as out:
                out.write(b"\n")
            return len(content) + 1
        return whole


def line_hash(line: str) -> str:
    """Return the hash of a line as it stands, not of its object: spaces count too."""
    return hashlib.sha256(line.encode()).hexdigest()


def _format(line: str) -> int:
    # `of_line` refuses what is no JSON and a number that is none.
    try:
        number = json.loads(line).get("format")
    except (ValueError, AttributeError):
        return 0
    return number if isinstance(number, int) else 0


def _write_head(path: Path, head: RecordHead) -> None:
    """Write the head, whole or not at all, and on the disk when this returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    content = {"lines": head.lines, "sha256": head.sha256, "coming": head.coming}
    with temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(content) + "\n")
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk; without, a new file may be gone after a crash."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
