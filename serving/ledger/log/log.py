"""Keep the log of a folder of batches: a line a batch or erasure, under a root per length.

entries.jsonl   one JSON object a line; lines are only ever added
heads.jsonl     after each entry: how many there are and their root (`tree`), signed where a key is
                used

Who keeps a head (`SIZE:ROOT`) elsewhere can prove later that the log still begins with these
entries. That entries after the last head that somebody keeps were cut off cannot be seen.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from creditloom.serving.ledger.log.tree import (
    consistency,
    is_consistent,
    leaf_hash,
    node_hash,
    root_of,
)
from creditloom.serving.ledger.signing import PrivateKey, PublicKey, signed_by
from creditloom.storage.files.durable import made_folder, sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import LOG, check_format

# The folder of the log, beside the batches.
FOLDER = "creditloom.ledger"
ENTRIES = "entries.jsonl"
HEADS = "heads.jsonl"
HEX_DIGITS = 64
Entry = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The length of a log, and the root over its entries in hex; written `SIZE:ROOT`."""

    size: int
    root: str

    def __str__(self) -> str:
        return f"{self.size}:{self.root}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `SIZE:ROOT`; DataError for anything else."""
        size, _, root = text.partition(":")
        is_root = len(root) == HEX_DIGITS and not set(root) - set("0123456789abcdef")
        if not (size.isascii() and size.isdigit() and is_root):
            raise DataError.of(
                "No head of a log",
                where="--root",
                expected="SIZE:ROOT as `creditloom score` prints it, or the 64 digits of a batch",
                got=text,
                next_step="give the root as it was printed",
            )
        return cls(int(size), root)

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> Self:
        """Return the head over the hashes of entries."""
        return cls(len(leaves), root_of(leaves).hex())


@dataclass(frozen=True)
class Log:
    """The log in `folder`; the paths that it holds are relative to the folder's parent."""

    folder: Path

    @classmethod
    def beside(cls, batch: Path, given: Path | None = None) -> Self:
        """Return the log that is given, or the one beside the batch."""
        return cls(given or batch.absolute().parent / FOLDER)

    @property
    def exists(self) -> bool:
        """Whether anything was ever added."""
        return (self.folder / ENTRIES).is_file()

    def name_of(self, path: Path) -> str:
        """Return the path as the log holds it."""
        return Path(os.path.relpath(path.absolute(), self.folder.absolute().parent)).as_posix()

    def place_of(self, name: str) -> Path:
        """Return the path that the log holds as `name`."""
        return self.folder.absolute().parent / name

    def entries(self) -> list[Entry]:
        """Return all entries; DataError for one of a later release, or that is no JSON."""
        return [_entry(line, self.folder / ENTRIES, k + 1) for k, line in enumerate(self._lines())]

    def leaves(self) -> list[bytes]:
        """Return the hashes of all entries."""
        return [leaf_hash(line) for line in self._lines()]

    def heads(self) -> list[Entry]:
        """Return all heads, oldest first."""
        file = self.folder / HEADS
        return [_entry(line, file, k + 1) for k, line in enumerate(_whole_lines(file))]

    def add(self, entry: Mapping[str, Any], key: PrivateKey | None = None) -> Head:
        """Add an entry and the head over all of them; both are on the disk when it returns."""
        line = json.dumps({"format": LOG, **entry}, sort_keys=True, ensure_ascii=True).encode()
        with self._held() as held:
            _append(held, line)
            return self._headed(entry["date"], key)

    def cover(self, date: str, key: PrivateKey | None = None) -> Head:
        """Add the head over entries whose writer was killed before the head was written."""
        with self._held():
            return self._headed(date, key)

    def _headed(self, date: str, key: PrivateKey | None) -> Head:
        head = Head.of(self.leaves())
        document = {"format": LOG, "size": head.size, "root": head.root, "date": date}
        signed = json.dumps(signed_by(key, document, "log"), sort_keys=True).encode()
        with (self.folder / HEADS).open("ab") as heads:
            _append(heads, signed)
        # The names of both files: a batch that is said to be noted must be noted after a power cut.
        sync(self.folder)
        return head

    def head(self) -> Head:
        """Return the head over all entries that are there."""
        return Head.of(self.leaves())

    def _lines(self) -> list[bytes]:
        return _whole_lines(self.folder / ENTRIES)

    @contextmanager
    def _held(self) -> Iterator[IO[bytes]]:
        """Open the entries for one writer; another one waits."""
        if self.folder.exists() and not self.folder.is_dir():
            raise DataError.of(
                "The log has no proper place",
                where=self.folder,
                expected="a folder, or nothing",
                got="a file",
                next_step="name another folder with --log",
            )
        made_folder(self.folder)
        with (self.folder / ENTRIES).open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield held

    # What does not hold.

    def faults(self, key: PublicKey | None = None, kept: Head | None = None) -> Iterator[str]:
        """Yield what is wrong: heads that do not fit, a signature, a kept head that is no start."""
        leaves = self.leaves()
        roots = roots_by_size(leaves)
        heads = self.heads()
        for number, head in enumerate(heads, start=1):
            if roots.get(head["size"]) != head["root"]:
                yield f"head {number} is not that of the first {head['size']} entries"
        if heads and heads[-1]["size"] != len(leaves):
            yield f"the last head is over {heads[-1]['size']} entries, {len(leaves)} are there"
        if not heads:
            yield "it has no head"
        if key is not None:
            yield from _unsigned(heads, key)
        if kept is not None:
            yield from _not_begun(leaves, kept)


def _unsigned(heads: Sequence[Entry], key: PublicKey) -> Iterator[str]:
    """Yield signatures that do not hold: of the last head, which covers all entries, and by a key.

    Earlier heads may be unsigned, or signed by an earlier key.
    """
    for number, head in enumerate(heads, start=1):
        signature = head.get("signature")
        is_ours = isinstance(signature, Mapping) and signature.get("key") == key.name
        fault = key.fault(head, "log") if is_ours or number == len(heads) else None
        if fault is not None:
            yield f"head {number}: {fault}"


def _not_begun(leaves: Sequence[bytes], kept: Head) -> Iterator[str]:
    if kept.size > len(leaves):
        yield f"{kept.size} entries were there when {kept} was kept, {len(leaves)} are there now"
        return
    now = Head.of(leaves)
    proof = consistency(kept.size, leaves)
    kept_root = bytes.fromhex(kept.root)
    if not is_consistent(kept.size, kept_root, now.size, bytes.fromhex(now.root), proof):
        yield f"it does not begin with the {kept.size} entries of the kept root"


def roots_by_size(leaves: Sequence[bytes]) -> dict[int, str]:
    """Return the root over the first entries, for every number of them."""
    # Roots of whole subtrees, the largest first: a new entry merges as a bit is carried.
    peaks: list[tuple[int, bytes]] = []
    roots = {0: root_of([]).hex()}
    for number, leaf in enumerate(leaves, start=1):
        size = 1
        hashed = leaf
        while peaks and peaks[-1][0] == size:
            hashed = node_hash(peaks.pop()[1], hashed)
            size *= 2
        peaks.append((size, hashed))
        total = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            total = node_hash(left, total)
        roots[number] = total.hex()
    return roots


def _whole_lines(file: Path) -> list[bytes]:
    """Return the lines of a file; what a power cut left of a last one is no line."""
    if not file.is_file():
        return []
    return file.read_bytes().split(b"\n")[:-1]


def _append(held: IO[bytes], line: bytes) -> None:
    """Add a line behind the last whole one, and have it on the disk."""
    content = Path(held.name).read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        held.truncate(whole)
    held.write(line + b"\n")
    held.flush()
    os.fsync(held.fileno())


def _entry(line: bytes, file: Path, number: int) -> Entry:
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataError.of(
            "A line of the log was damaged",
            where=f"{file}, line {number}",
            expected="a JSON object",
            got=line[:60].decode(errors="replace"),
            next_step="restore the log from its copy",
        )
    check_format(content, LOG, f"{file}, line {number}")
    return content
