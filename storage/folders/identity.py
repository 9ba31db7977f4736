"""Fix the content of a file for as long as a job runs, and find out when it changes.

A content is known by the sha256 of its bytes. It is worked out once; later looks compare what the
system notes about the file, and hash it again only where that changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from creditloom.storage.files.errors import DataError

# Looks at a file that somebody writes to, before it is refused.
LOOKS = 3


class ChangedError(DataError):
    """A file of the input is not what it was when the job began."""


@dataclass(frozen=True)
class FileState:
    """What the system notes about a file; any write, touch or rename changes one of them."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the state of the file that lies at `path` now."""
        found = path.stat()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass
class FixedFile:
    """A file whose content is fixed: `sha256` of its bytes, and the state in which it had them."""

    path: Path
    sha256: str
    state: FileState

    @classmethod
    def of(cls, path: Path) -> Self:
        """Hash a file; ChangedError where it is gone, or written to all the while."""
        try:
            for _ in range(LOOKS):
                before = FileState.of(path)
                with path.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
                if FileState.of(path) == before:
                    return cls(path, digest, before)
        except OSError as error:
            raise _changed(path, f"none that can be read: {error.strerror}") from error
        raise _changed(path, "a file that somebody writes to")

    def check(self) -> None:
        """Raise ChangedError where the file has another content now, or is gone.

        It is called before and after the file is read. The same state at both times means that the
        open file was this one, as a rename and a write both leave another state.
        """
        # Not asked beforehand whether it exists: it may go between the two questions.
        with suppress(OSError):
            if FileState.of(self.path) == self.state:
                return
        now = FixedFile.of(self.path)
        if now.sha256 != self.sha256:
            raise _changed(self.path, f"sha256 {now.sha256[:12]}, {now.state.size:,} bytes")
        # Touched, or replaced by a copy of itself.
        self.state = now.state

    def check_was(self, before: FileState) -> None:
        """Raise ChangedError unless the content that is fixed is that of an earlier look."""
        if before != self.state:
            raise _changed(self.path, "a file that was written while it was read")


def fixed(paths: Iterable[Path], threads: int) -> tuple[FixedFile, ...]:
    """Return the files with their contents fixed, in the same order."""
    with ThreadPoolExecutor(threads) as pool:
        return tuple(pool.map(FixedFile.of, paths))


def _changed(path: Path, got: str) -> ChangedError:
    return ChangedError.of(
        "A file of the input changed while the job ran",
        where=path,
        expected="the content that it had when the job began",
        got=got,
        next_step="put the file back and run the same command again: finished parts are kept; or "
        "choose another --output for the new input",
    )
