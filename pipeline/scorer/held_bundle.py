"""The bundle of a fitted estimator: its files as bytes, a folder of ours, and who decides by it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from creditloom.decision.bundle import MANIFEST, OPTIONAL_FILES, REQUIRED
from creditloom.decision.decide import Decider
from creditloom.storage.files.formats import read_document, write_document
from creditloom.storage.files.outputs import FolderKind, new_folder, require_local

# Beside the bundle's own files; no door but `CreditScorer.load` reads it.
SCORER = "scorer.json"
# The format of scorer.json.
FORMAT = 1
BUNDLE = FolderKind(
    what="a bundle",
    mark=MANIFEST,
    keys=frozenset({"files"}),
    names=(*REQUIRED, *OPTIONAL_FILES, SCORER),
)


@dataclass(frozen=True)
class HeldBundle:
    """The files of a bundle by name. Nothing is open, so that it may go to other processes."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> HeldBundle:
        """Return the bundle in a folder. Raises DecisionError unless it is whole."""
        # What was loaded is what was verified; the bytes are then those that the manifest names.
        decider = Decider.load(folder)
        names = (MANIFEST, *REQUIRED, *OPTIONAL_FILES)
        there = [name for name in names if (folder / name).is_file()]
        held = cls({name: (folder / name).read_bytes() for name in there})
        held.__dict__["decider"] = decider
        return held

    @cached_property
    def decider(self) -> Decider:
        """Who decides by the bundle; made anew in each process."""
        with tempfile.TemporaryDirectory() as place:
            self.write(Path(place))
            return Decider.load(place)

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    def save(self, folder: Path, content: Mapping[str, Any]) -> None:
        """Write the bundle and scorer.json; a folder that is no bundle of ours is refused."""
        require_local(folder, "folder")
        with new_folder(folder, BUNDLE) as new:
            self.write(new)
            document = {**content, "bundle": self.decider.bundle.version}
            write_document(document, new / SCORER, FORMAT)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what decides: it holds compiled code and open libraries."""
        return {"files": dict(self.files)}


def read_scorer(folder: Path) -> dict[str, Any] | None:
    """Return what `save` wrote of the estimator; None in a bundle that another door wrote."""
    path = folder / SCORER
    return read_document(path, FORMAT) if path.is_file() else None
