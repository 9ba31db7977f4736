"""Make raw tables of the user's files for as long as a command reads them.

What a mapping sets aside is kept with what the command writes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from creditloom.storage.mapped.convert import ASIDE, Made, convert
from creditloom.storage.mapped.mapping import TableMapping
from creditloom.storage.mapped.text_ids import MARK, Numbering

# Below a quarantine: what a mapping set aside, and what it did.
KEPT = "mapping"


class MappedFolder(NamedTuple):
    """A folder of raw tables, and what was made of each."""

    path: Path
    made: Mapping[str, Made]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of rows that the mapping could not read, a line a rule."""
        return tuple(
            f"{name}: {count:,} rows set aside by {rule}, the first {one.examples[rule]}"
            for name, one in self.made.items()
            for rule, count in one.rules.items()
        )


@contextmanager
def mapped_folder(
    mapping: TableMapping,
    root: Path,
    max_bad_share: float,
    place: Path | None = None,
    numberings: dict[str, Numbering] | None = None,
) -> Iterator[MappedFolder]:
    """Yield raw tables made of the files below `root`; they are gone afterwards.

    `place` is a folder for them, by default one of the system's; `numberings` as of `convert`.
    Raises what `convert` raises. The same files give the same bytes, wherever they are made.
    """
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="creditloom-", dir=place) as scratch:
        # Pages are titled by this name.
        raw = Path(scratch) / root.resolve().name
        yield MappedFolder(raw, convert(mapping, root, raw, max_bad_share, numberings))


def keep_aside(raw: Path, quarantine: Path) -> None:
    """Copy the mapping of raw tables, and the rows that it set aside, below a quarantine.

    Nothing is written for tables that no mapping made.
    """
    if not (raw / MARK).is_file():
        return
    kept = quarantine / KEPT
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copy(raw / MARK, kept / MARK.lstrip("_"))
    if (raw / ASIDE).is_dir():
        shutil.copytree(raw / ASIDE, kept, dirs_exist_ok=True)
