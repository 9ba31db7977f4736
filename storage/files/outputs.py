"""Keep the one rule of every output of every command: only what is ours is replaced.

- An output is written beside its place and renamed (`new_folder` here, the writers of `store`).
- It takes the place of something only where a mark of ours says what that is: for a folder a JSON
  document with keys of ours, and nothing in the folder but names that we write; for a Parquet file
  its kind in the metadata (`Writer(..., notes=kind_note(...))`); for a JSON document its keys.
- No input lies in what is replaced, and no output in an input (`require_apart`).

How a command uses it: declare a `FolderKind` or a `FileKind` per output. First call
`require_local`, `require_apart` and `require_ours`, before any work is done, so that a refused run
changes nothing. Then write: files by `store`, a folder inside `new_folder(target, kind)`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.storage.files.durable import made_folder, sync
from creditloom.storage.files.errors import DataError

# The key under which a Parquet file of ours says what it is, beside its format.
KIND = b"creditloom.kind"
# Names that an error lists of a folder that is in the way.
MAX_LISTED_FILES = 5
# What a killed writer leaves: the name of the file, hidden, with the number of the process.
LEFTOVER = re.compile(r"\.(?P<name>.+)\.\d+\.tmp")
# In a folder that is being written beside its place: says that all of it may be thrown away.
SCRATCH = ".creditloom-unfinished"
# `s3://bucket`, which a Path writes with one slash. One letter is a drive of Windows.
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# Joins the parts of a name where a pattern stands for all below a folder.
BELOW = "**"


@dataclass(frozen=True)
class FileKind:
    """A kind of output file: what it is in words, and whether a file carries the mark of it."""

    what: str
    is_marked: Callable[[Path], bool]

    def is_ours(self, path: Path) -> bool:
        """Return whether the file at `path` may be replaced; a link is nobody's to replace."""
        return path.is_file() and not path.is_symlink() and self.is_marked(path)


@dataclass(frozen=True)
class FolderKind:
    """A kind of output folder.

    `mark` is the JSON document in it that has `keys`. `names` are the patterns of all files that
    we write there, relative, by parts: `decisions/part-*.parquet`, `quarantine/**`.
    """

    what: str
    mark: str
    keys: frozenset[str]
    names: tuple[str, ...]

    def is_marked(self, folder: Path) -> bool:
        """Return whether the folder holds our mark."""
        return json_keys(folder / self.mark) >= self.keys

    def strangers(self, folder: Path) -> list[str]:
        """Return the relative names in the folder that we do not write, sorted."""
        return sorted(
            name for path, name in _below(folder) if not self.is_known(name) or path.is_symlink()
        )

    def is_known(self, name: str) -> bool:
        """Return whether we write a file of this relative name, or leave it when we are killed."""
        *folders, last = name.split("/")
        leftover = LEFTOVER.fullmatch(last)
        plain = [*folders, leftover["name"] if leftover else last]
        return any(_fits(plain, pattern.split("/")) for pattern in (self.mark, *self.names))

    def is_ours(self, folder: Path) -> bool:
        """Return whether the folder is ours whole: marked, and without a stranger."""
        return folder.is_dir() and self.is_marked(folder) and not self.strangers(folder)


def parquet_kind(what: str, kind: str) -> FileKind:
    """Return the kind of a Parquet file that bears the note of `kind`."""
    return FileKind(what, lambda path: parquet_notes(path).get(KIND) == kind.encode())


def kind_note(kind: str) -> dict[bytes, bytes]:
    """Return the notes that mark a Parquet file as being of a kind.

    >>> kind_note("decisions")
    {b'creditloom.kind': b'decisions'}
    """
    return {KIND: kind.encode()}


def json_kind(what: str, *keys: str) -> FileKind:
    """Return the kind of a JSON document that says its format and has `keys`."""
    return FileKind(what, lambda path: json_keys(path) >= {"format", *keys})


def parquet_notes(path: Path) -> Mapping[bytes, bytes]:
    """Return the metadata of a Parquet file's schema; none where it is no such file."""
    try:
        notes: Mapping[bytes, bytes] = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return {}
    return notes


def json_keys(path: Path) -> frozenset[str]:
    """Return the keys of a JSON object; none where the file is torn, empty or no such object."""
    try:
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(content) if isinstance(content, dict) else frozenset()


def require_ours(target: Path, kind: FileKind | FolderKind) -> None:
    """Raise DataError where `target` holds what is not ours, so that it may not be replaced."""
    if not os.path.lexists(target) or kind.is_ours(target):
        return
    if isinstance(kind, FolderKind) and target.is_dir() and not any(target.iterdir()):
        return
    raise DataError.of(
        "The output would replace something else",
        where=target,
        expected=f"nothing there, or {kind.what} that creditloom wrote",
        got=_found(target, kind),
        next_step="choose another output, or move what lies there to another place",
    )


def require_apart(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise DataError where an output is an input, lies in one, or has one inside it."""
    sources = [(source, source.resolve()) for source in inputs]
    for output in outputs:
        place = output.resolve()
        for source, read in sources:
            if place == read or read in place.parents or place in read.parents:
                raise DataError.of(
                    "The output has no proper place",
                    where=output,
                    expected="a place outside the input, with no input inside it",
                    got=f"the input {source}, or a place inside or around it",
                    next_step="choose another output",
                )


def require_local(place: Path, option: str) -> None:
    """Raise DataError where a path is the address of an object store or of a web page."""
    address = str(place)
    # A folder may be called `s3:`; what is there is taken at its word.
    if URL.match(address) and not place.exists():
        raise DataError.of(
            "An address is no path",
            where=option,
            expected="a file or folder of this machine",
            got=address,
            next_step="mount the store or copy its files here, and give their path",
        )


@contextmanager
def new_folder(target: Path, kind: FolderKind) -> Iterator[Path]:
    """Yield an empty folder beside `target`, which takes the target's place at the end.

    It is deleted when the context ends with an error. What a killed run left is put right first.
    Raises DataError where the target holds what is not ours, or another process writes it.
    """
    recover(target, kind)
    require_ours(target, kind)
    require_room(target)
    work = place_beside(target, "new")
    with _scratch(work, kind):
        yield work
        (work / SCRATCH).unlink()
        swap(work, target, kind)


def place_beside(target: Path, state: str) -> Path:
    """Return the place of a folder on its way: `.x.new` becomes x, `.x.old` was x."""
    return target.with_name(f".{target.name}.{state}")


def require_room(target: Path) -> None:
    """Raise DataError where a folder of somebody lies where `target` is put before it goes."""
    old = place_beside(target, "old")
    if os.path.lexists(old):
        raise _in_the_way(old)


def swap(work: Path, target: Path, kind: FolderKind) -> None:
    """Put the finished folder `work` in the place of `target`, and delete what was there.

    A folder cannot be replaced in one step: the old one waits under another name until the new one
    is in place. A kill between the steps is put right by `recover`.
    """
    for path, _ in _below(work):
        sync(path)
    for folder, _, _ in os.walk(work, topdown=False):
        sync(Path(folder))
    old = place_beside(target, "old")
    if target.exists():
        require_ours(target, kind)
        target.replace(old)
        sync(target.parent)
    work.replace(target)
    sync(target.parent)
    delete(old, kind)


def recover(target: Path, kind: FolderKind) -> None:
    """Put right what a kill within `swap` left: target, `.x.new` and `.x.old`."""
    old = place_beside(target, "old")
    new = place_beside(target, "new")
    if not target.exists():
        # The new folder was whole when the old one was moved away.
        waiting = [one for one in (new, old) if kind.is_ours(one) and not (one / SCRATCH).exists()]
        if waiting and old.exists():
            waiting[0].replace(target)
            sync(target.parent)
    if target.exists():
        delete(old, kind)


def delete(folder: Path, kind: FolderKind) -> None:
    """Delete a folder of ours, by the names that we write; a stranger in it stays, and so does it.

    The mark goes last, so that the folder is known for ours until then.
    """
    # A delete that was killed after its last file leaves folders without any.
    if not kind.is_ours(folder) and any(_below(folder)):
        return
    below = sorted(_below(folder), key=lambda found: found[1] == kind.mark)
    for path, _ in below:
        path.unlink()
    for place, _, _ in os.walk(folder, topdown=False):
        Path(place).rmdir()


@contextmanager
def _scratch(work: Path, kind: FolderKind) -> Iterator[None]:
    """Hold `work` as an empty folder of this process; delete it if it is unfinished at the end."""
    with held_folder(work), _emptied(work, kind):
        yield


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Make `folder` where it is not there, and keep it for this process during the block.

    Raises DataError where another process holds it. What is in the folder is left alone.
    """
    made_folder(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, work: Path) -> None:
    """Lock a folder; the system frees it when the process ends, however it ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError.of(
            "Another process writes this output",
            where=work,
            expected="one writer",
            got="a folder that is locked",
            next_step="wait for it, or choose another output",
        ) from None


@contextmanager
def _emptied(work: Path, kind: FolderKind) -> Iterator[None]:
    """Leave nothing in `work` but the note that it may be thrown away, which it is if left."""
    left = list(work.iterdir())
    if left and not (work / SCRATCH).is_file() and not kind.is_ours(work):
        raise _in_the_way(work)
    (work / SCRATCH).touch()
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != SCRATCH:
            path.unlink()
    try:
        yield
    finally:
        if (work / SCRATCH).exists():
            shutil.rmtree(work)


def _in_the_way(place: Path) -> DataError:
    return DataError.of(
        "Something is in the way of the output",
        where=place,
        expected="nothing there, or what creditloom left unfinished",
        got=_listed(path.name for path in place.iterdir()) if place.is_dir() else "a file",
        next_step="move it to another place",
    )


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file below a folder, and its relative name; a link counts as a file."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (*links, *files):
            path = Path(place) / name
            yield path, path.relative_to(folder).as_posix()


def _fits(parts: list[str], pattern: list[str]) -> bool:
    if pattern[-1] == BELOW:
        depth = len(pattern) - 1
        return len(parts) > depth and _fits(parts[:depth], pattern[:depth])
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


def _found(target: Path, kind: FileKind | FolderKind) -> str:
    """Say what lies at `target` and is not ours."""
    if target.is_symlink():
        return f"a link to {target.readlink()}"
    if not target.is_dir():
        return "a file without the mark of one"
    if isinstance(kind, FileKind):
        return "a folder"
    if kind.is_marked(target):
        return f"other files too: {_listed(kind.strangers(target))}"
    return f"a folder without {kind.mark}: {_listed(path.name for path in target.iterdir())}"


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - MAX_LISTED_FILES} more" * (len(ordered) > MAX_LISTED_FILES)
    return ", ".join(ordered[:MAX_LISTED_FILES]) + more
