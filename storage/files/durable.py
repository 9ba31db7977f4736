"""Make what was written outlast a power cut: data first, then the name under which it lies.

A system writes to disk when it likes, and in any order. A rename that reached the disk before the
data of its file leaves an empty file under a good name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(place: Path) -> None:
    """Wait until a file's data, or a folder's list of names, is on disk."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def renamed(temporary: Path, target: Path) -> None:
    """Give a finished file or folder its name, in the place of what has that name."""
    sync(temporary)
    temporary.replace(target)
    sync(target.parent)


def made_folder(folder: Path) -> None:
    """Make a folder and its parents where they are not there."""
    missing = [place for place in (folder, *folder.parents) if not place.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    # From the outermost on: a name is kept only in a folder that is itself kept.
    for place in reversed(missing):
        sync(place.parent)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yield the place of a file to write, which takes the name `target` at the end.

    The file is deleted when the context ends with an error.
    """
    made_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        renamed(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
