"""The folder of one seed: its figures by part, its runs, and the lock on what made them.

A part whose figures are there is not measured again, and a stage that has run does not run again.
So everything in the folder must come from the same code, parameters and claims: lock.json says
which. `creditloom evidence` keeps its parts in the same way.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from creditloom import __version__
from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text, mapping, parse_value
from creditloom.pipeline.base.stage import up_to
from creditloom.pipeline.proof.claims.labelled_parts import Figures
from creditloom.pipeline.proof.claims.parts import RUNS
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, write_json

# Rooms whose code or numbers decide a figure, with the products.
LOCKED = ("world", "features", "decision", "models", "storage", "products", "pipeline")
LOCK = "lock.json"
# Length of the digest of the code that is written: enough to tell two versions apart.
DIGITS = 16
# Tells of the progress.
Say = Callable[[str], None]


@cache
def code_digest(rooms: tuple[str, ...] = LOCKED) -> str:
    """Return a hash over the code and the YAML files of the rooms that decide a figure."""
    digest = hashlib.sha256()
    for room in rooms:
        for file in sorted((paths.PACKAGE / room).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                digest.update(file.relative_to(paths.PACKAGE).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:DIGITS]


@dataclass(frozen=True)
class SeedFolder:
    """`place` holds everything of one seed; `changes` are its parameters by dotted path.

    `runs`: what differs in the parameters of each run of the chain, by its name.
    """

    place: Path
    changes: Mapping[str, Any]
    runs: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: RUNS)

    def open(self, claims_version: int | None = None) -> None:
        """Make the folder with its params.yaml and lock, or hold the lock against what is there.

        claims_version: None where no claims are judged. Raises DataError where the figures there
        come from other code, parameters or claims.
        """
        wanted = self._lock(claims_version)
        file = self.place / LOCK
        if not file.is_file():
            self._require_empty()
            write_json(wanted, file)
        there = read_json(file)
        differing = sorted(key for key in wanted if there.get(key) != wanted[key])
        if differing:
            raise _another(file, wanted, there, differing)
        stage_runner.prepare(self.place, self.changes, paths.params_file())

    def _require_empty(self) -> None:
        there = sorted(path.name for path in self.place.iterdir()) if self.place.is_dir() else []
        if there:
            raise DataError.of(
                "The figures would replace something else",
                where=self.place,
                expected=f"nothing there, or a folder with {LOCK}",
                got=", ".join(there[:3]),
                next_step="give another --out",
            )

    def _lock(self, claims_version: int | None) -> dict[str, Any]:
        """Return what every figure here is made from."""
        claims = {} if claims_version is None else {"claims_version": claims_version}
        return {
            "version": __version__,
            "code": code_digest(),
            **claims,
            "params": parse_value(changed_text(self.changes, paths.params_file())),
        }

    def content(self, part: str) -> dict[str, Any] | None:
        """Return what was measured in a part, None where it has not been measured."""
        file = self.place / f"{part}.json"
        found: dict[str, Any] | None = read_json(file)["figures"] if file.is_file() else None
        return found

    def keep_content(self, part: str, content: Mapping[str, Any], seconds: float) -> None:
        """Write what was measured in a part, with the lock under which it was."""
        lock = read_json(self.place / LOCK)
        measured = {"part": part, "seconds": round(seconds, 1), "figures": content}
        write_json({**lock, **measured}, self.place / f"{part}.json")

    def figures(self, part: str) -> Figures | None:
        """Return the figures of a part of the claims, None where it has not been measured."""
        found = self.content(part)
        if found is None:
            return None
        return {
            name: None if block is None else ClaimFigure(_number(block["value"]), block["n"])
            for name, block in found.items()
        }

    def keep(self, part: str, figures: Figures, seconds: float) -> None:
        """Write the figures of a part of the claims."""
        blocks = {
            name: None if figure is None else {"value": _json(figure.value), "n": int(figure.n)}
            for name, figure in sorted(figures.items())
        }
        self.keep_content(part, blocks, seconds)

    def run(self, name: str, last: str, say: Say) -> Path:
        """Return the folder of a run whose stages up to `last` have run; `say` tells of each."""
        folder = self.run_folder(name)
        if not (folder / paths.PARAMS).is_file():
            changes = {**self.changes, **self.runs[name]}
            stage_runner.prepare(folder, changes, paths.params_file())
        for stage in up_to(last):
            # A stage writes its seconds when it has succeeded.
            if not (folder / paths.RUNTIME / f"{stage}.json").is_file():
                say(f"{name}: stage {stage}")
                stage_runner.run(folder, (stage,))
        return folder

    def run_folder(self, name: str) -> Path:
        """Return where a run lies; two runs of the same parameters are one."""
        # The default world is thinned already, so it is the quarter that flow asks for.
        params = mapping(self.place / paths.PARAMS)
        own = {"world.activity_scale": params["world"]["activity_scale"]}
        wanted = {**own, **self.runs[name]}
        same = next(other for other, what in self.runs.items() if {**own, **what} == wanted)
        return self.place / same

    def remove_measured_runs(self, needs: Mapping[str, Sequence[str]]) -> None:
        """Remove the runs of which every part has been measured. needs: runs of each part.

        Raw events of 100,000 people are gigabytes.
        """
        runs = {part: {self.run_folder(run) for run in names} for part, names in needs.items()}
        still_open = {place for part in needs if self.content(part) is None for place in runs[part]}
        for place in {place for part in needs for place in runs[part]} - still_open:
            shutil.rmtree(place, ignore_errors=True)


def _another(
    file: Path, wanted: Mapping[str, Any], there: Mapping[str, Any], differing: Iterable[str]
) -> DataError:
    """Return the refusal of a folder whose figures come from something else."""
    expected, got = (
        ", ".join(f"{key} {_short(lock.get(key))}" for key in differing) for lock in (wanted, there)
    )
    return DataError.of(
        "Figures of another version",
        where=file,
        expected=expected,
        got=got,
        next_step="give another --out, or remove this folder",
    )


def _json(value: float) -> float | None:
    """Return a figure as JSON holds it: null where it is NaN or infinite."""
    return float(value) if abs(value) < float("inf") else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _short(value: object) -> str:
    # Parameters are pages long: the folder's params.yaml shows them.
    return "of params.yaml" if isinstance(value, dict) else str(value)
