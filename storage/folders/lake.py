"""Find the Parquet files of a folder, as those who wrote it meant them.

Names that begin with "." or "_" are no data, at any depth: Spark, Hive and notebooks leave drafts
and marks there. What a folder is called (`day=2026-11-01`) says nothing about a row: no column is
made of it. A link is followed; a file that is reached twice is read once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from creditloom.storage.files.errors import DataError

# Whatever the case: some systems write upper case.
SUFFIXES = (".parquet", ".parq", ".pq")
HIDDEN = (".", "_")
# The first bytes of every Parquet file.
MAGIC = b"PAR1"
# The table formats whose folders hold files of rows that were deleted or replaced: name, where each
# keeps its record of which files count.
TABLES = {"Delta": "_delta_log", "Hudi": ".hoodie", "Iceberg": "metadata/*.metadata.json"}


def parquet_files(folder: Path) -> tuple[Path, ...]:
    """Return the Parquet files of a folder, at any depth, in the order of their names.

    Raises DataError where the folder is a table of another format, a file is Parquet under another
    name, or a folder cannot be read.
    """
    files = []
    for path in visible_files(folder):
        if path.name.lower().endswith(SUFFIXES):
            files.append(path)
        elif _is_parquet(path):
            raise _misnamed(path)
    return tuple(files)


def visible_files(folder: Path) -> tuple[Path, ...]:
    """Return all files of a folder that may be data, at any depth, in the order of their names.

    Raises DataError where the folder is a table of another format, or cannot be read.
    """
    files: dict[Path, Path] = {}
    for path in sorted(_visible(folder, (folder.resolve(),)), key=_linked_last(folder)):
        # By its real place: a link to a day that is there too must not double its rows.
        files.setdefault(path.resolve(), path)
    return tuple(sorted(files.values()))


def visible(folder: Path) -> list[Path]:
    """Return the files and folders in a folder that may be data, by name; DataError as above."""
    refuse_table(folder)
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise DataError.of(
            "A folder of the input cannot be read",
            where=folder,
            expected="a folder that may be listed",
            got=error.strerror,
            next_step="check its permissions",
        ) from error
    return [folder / name for name in names if not name.startswith(HIDDEN)]


def _visible(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the visible files below a folder; `above` are the real places that lead to it."""
    for path in visible(folder):
        if not path.is_dir():
            yield path
        # A link to a folder that leads here would never end.
        elif (real := path.resolve()) not in above:
            yield from _visible(path, (*above, real))


def _linked_last(folder: Path) -> Callable[[Path], tuple[bool, Path]]:
    """Return a key that puts what is reached by a link after all else, and else keeps names."""

    def key(path: Path) -> tuple[bool, Path]:
        steps = [path, *path.parents][: len(path.relative_to(folder).parts)]
        return any(step.is_symlink() for step in steps), path

    return key


def refuse_table(folder: Path) -> None:
    """Raise DataError where a folder is, or is part of, a table of another format."""
    # A partition of a table is no table of its own: its record lies above.
    places = [folder]
    while "=" in places[-1].name:
        places.append(places[-1].parent)
    for place in places:
        for name, record in TABLES.items():
            if next(place.glob(record), None) is not None:
                raise DataError.of(
                    f"This folder is a table of {name}",
                    where=place,
                    expected="a folder in which every Parquet file counts",
                    got=f"{record}, the record of which files count",
                    next_step=f"read it by a program that knows {name}, and write its rows as "
                    "Parquet into a folder of their own",
                )


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as content:
            return content.read(len(MAGIC)) == MAGIC
    except OSError:
        # Something else that cannot be read either, as a socket or a dangling link.
        return False


def _misnamed(path: Path) -> DataError:
    return DataError.of(
        "A Parquet file under another name",
        where=path,
        expected=f"a name that ends in {SUFFIXES[0]}, or begins with . or _ if it is no data",
        got=path.name,
        next_step="rename it, or move it out of the input",
    )
