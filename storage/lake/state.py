"""Change a lake: one writer, new files under new names, and one moment in which they count.

A command writes all that is new beside what is there, and then replaces `lake.json`. Killed before,
it leaves the old lake; after, the new one. What no list names is deleted by the next command.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from creditloom.features.contract.tables import TABLES
from creditloom.storage.files.durable import made_folder
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import write_document
from creditloom.storage.files.outputs import LEFTOVER, held_folder
from creditloom.storage.files.store import write_text
from creditloom.storage.folders.lake_lists import (
    ASIDE,
    FORMAT,
    LAKE,
    LISTS,
    RUN_NAME,
    LakeState,
    RunFile,
    is_lake,
    list_name,
    list_text,
    read_lake,
)

IDS = "ids"
# Names that a lake gives: whatever has another one is not ours to delete.
OURS = re.compile(
    rf"(?:(?:{'|'.join(TABLES)})/{RUN_NAME.pattern}"
    rf"|{LISTS}/\d{{4,}}-[0-9a-f]{{16}}\.json"
    rf"|(?:{ASIDE}|{IDS})/[\w.-]+-[0-9a-f]{{16}}\.parquet)"
)


def is_named_by_us(name: str) -> bool:
    """Return whether a lake writes files of this relative name, or leaves them when killed."""
    folder, _, last = name.rpartition("/")
    leftover = LEFTOVER.fullmatch(last)
    plain = f"{folder}/{leftover['name'] if leftover else last}".lstrip("/")
    return plain == LAKE or OURS.fullmatch(plain) is not None


@contextmanager
def written_lake(root: Path) -> Iterator[LakeState | None]:
    """Hold a lake for this process and yield its state; None where there is none yet.

    What earlier commands replaced, or a killed one left, is deleted first. Raises DataError where
    another process writes it, and where the folder holds something else.
    """
    if root.exists() and not is_lake(root):
        _require_empty(root)
    made_folder(root)
    with held_folder(root):
        state = read_lake(root) if is_lake(root) else None
        _sweep(root, state)
        yield state


def commit(state: LakeState, lists: Iterable[tuple[RunFile, ...]]) -> LakeState:
    """Write the lists of all shards, and then let them count; return the state."""
    digests = []
    for shard, runs in enumerate(lists):
        text = list_text(runs)
        digest = hashlib.sha256(text.encode()).hexdigest()
        place = state.root / list_name(shard, digest)
        # A list that is there has these very bytes: its name is made of them.
        if not (place.is_file() and place.read_bytes() == text.encode()):
            write_text(text, place)
        digests.append(digest)
    content = {**state.as_json(), "lists": digests}
    write_document(content, state.root / LAKE, FORMAT)
    return read_lake(state.root)


def counted_files(state: LakeState) -> set[str]:
    """Return the relative names of all files that count."""
    runs = {run.path for own in state.all_runs() for run in own}
    lists = {list_name(shard, digest) for shard, digest in enumerate(state.lists)}
    aside = {one.path for one in state.aside}
    return {LAKE, *runs, *lists, *aside, *state.numberings.values()}


def files_below(root: Path) -> Iterator[str]:
    """Yield the relative names of all files of a lake's folder."""
    for path in sorted(root.rglob("*")):
        if not path.is_dir() or path.is_symlink():
            yield path.relative_to(root).as_posix()


def _sweep(root: Path, state: LakeState | None) -> None:
    """Delete the files of ours that do not count."""
    counted = set() if state is None else counted_files(state)
    for name in list(files_below(root)):
        if name not in counted and is_named_by_us(name):
            (root / name).unlink()


def _require_empty(root: Path) -> None:
    """Raise DataError unless a folder holds nothing but what a killed first addition left."""
    strangers = [name for name in files_below(root) if not is_named_by_us(name)]
    if strangers or not root.is_dir():
        raise DataError.of(
            "A lake begins in a new or empty folder",
            where=root,
            expected=f"{LAKE}, or nothing",
            got=", ".join(strangers[:5]) or "a file",
            next_step="name another folder: creditloom lake add NEW_FOLDER FOLDER_OF_RAW_TABLES",
        )
