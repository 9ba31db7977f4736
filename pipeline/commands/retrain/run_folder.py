"""Run the stages of a retrain in a folder of its own, so that a killed run goes on where it was.

What the run is made of has a hash: the raw tables as known on the day, the parameters, the code and
the libraries. As long as it stays the same, a stage that has ended does not run again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text
from creditloom.pipeline.commands.retrain.known_tables import (
    copy_known,
    file_sha256,
    names_sha256,
    source_sha256,
)
from creditloom.pipeline.commands.retrain.retrain_month import RetrainMonth
from creditloom.serving.registry.runtime import pinned
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.outputs import (
    FolderKind,
    held_folder,
    require_apart,
    require_local,
    require_ours,
)
from creditloom.storage.files.store import write_text

PROGRESS = "progress.json"
PROPOSAL = "proposal.json"
# Above the stages: the copy of the raw tables as they were known.
CUT = "known tables"
JUDGE = "judge"
STAGES = ("featurize", "select", "train", "calibrate", "bundle")
# Share of the time of a whole run that each step takes, for the time left: of worlds of 20,000
# applicants, rounded.
SHARES = {
    CUT: 0.02,
    "featurize": 0.20,
    "select": 0.50,
    "train": 0.17,
    "calibrate": 0.04,
    "bundle": 0.04,
    JUDGE: 0.03,
}
# What decides how a model comes out. The code of commands and pages is not among them: a better
# table on the terminal is no other model.
CODE = (
    "features",
    "decision",
    "storage",
    "models",
    "products",
    "pipeline/base",
    "pipeline/products",
    "pipeline/stages",
)
LIBRARIES = ("lightgbm", "numpy", "pandas", "scipy", "pyarrow", "duckdb", "numba")
OURS = FolderKind(
    what="a retrain",
    mark=PROGRESS,
    keys=frozenset({"source_sha256", "tables_sha256", "inputs_sha256", "done"}),
    names=(PROPOSAL, "params.yaml", "data/**"),
)
Told = Callable[[str], None]


@dataclass
class RunFolder:
    """The folder of one retrain; what is in it is known by its `progress.json`.

    done: seconds of each step that ended. tell: where lines for a person go.
    """

    folder: Path
    month: RetrainMonth
    tell: Told
    source_sha256: str = ""
    tables_sha256: str = ""
    inputs_sha256: str = ""
    done: dict[str, float] | None = None
    started: float = 0.0

    @classmethod
    @contextmanager
    def held(cls, folder: Path, source: Path, month: RetrainMonth, tell: Told) -> Iterator[Self]:
        """Yield the folder, which no other process can have at the same time.

        Raises DataError where another one has it, or where it holds what is not ours.
        """
        require_local(folder, "--out")
        require_apart([folder], [source])
        require_ours(folder, OURS)
        with held_folder(folder):
            run = cls(folder, month, tell, started=time.perf_counter())
            run._read()
            yield run

    @property
    def model(self) -> Path:
        """Return the folder of the new model's bundle."""
        return self.folder / paths.MODEL

    def prepare(self, source: Path, text: str) -> None:
        """Bring raw tables and params.yaml up to date; forget the stages that saw others.

        text: the parameters of the run.
        """
        found = source_sha256(source)
        wanted = f"{found} {self.month.month}"
        if wanted != self.source_sha256 or not (self.folder / paths.RAW).is_dir():
            self._cut(source)
            self.source_sha256 = wanted
        inputs = names_sha256(
            {"tables": self.tables_sha256, "params": text, "code": code_sha256()}
            | dict.fromkeys(pinned(LIBRARIES), "")
        )
        if inputs != self.inputs_sha256:
            self._forget()
            self.inputs_sha256 = inputs
        write_text(text, self.folder / paths.PARAMS)
        self._write()

    def run(self) -> None:
        """Run the stages that have not ended. Raises ChainError where one fails."""
        for stage in STAGES:
            with self.step(stage) as is_due:
                if is_due:
                    stage_runner.run(self.folder, [stage])

    @contextmanager
    def step(self, name: str) -> Iterator[bool]:
        """Tell a step, and note its seconds where it ends well; False where it had ended."""
        done = self._done
        number = list(SHARES).index(name) + 1
        head = f"{number} of {len(SHARES)}: {name}"
        if name in done:
            self.tell(f"{head}: done before, in {done[name]:.0f} s")
            yield False
            return
        self.tell(f"{head}{self._left()}")
        start = time.perf_counter()
        yield True
        if name != JUDGE:
            done[name] = round(time.perf_counter() - start, 1)
            self._write()

    def _left(self) -> str:
        """Return about how long the rest takes, by the steps that have ended; "" before."""
        done = self._done
        share = sum(SHARES[name] for name in done)
        if not done:
            return ""
        left = sum(done.values()) / share * (1 - share)
        return f" (about {left / 60:.0f} min left)" if left > 60 else f" (about {left:.0f} s left)"

    def _cut(self, source: Path) -> None:
        """Copy the tables as known on the day; the copy takes its place whole."""
        self._done.pop(CUT, None)
        draft = self.folder / paths.DATA / "raw.new"
        shutil.rmtree(draft, ignore_errors=True)
        with self.step(CUT):
            copy_known(source, self.month.day, draft)
            self.tables_sha256 = _folder_sha256(draft)
            shutil.rmtree(self.folder / paths.RAW, ignore_errors=True)
            draft.rename(self.folder / paths.RAW)

    def _forget(self) -> None:
        """Remove what stages made of other inputs."""
        for path in (self.folder / paths.DATA).iterdir():
            if path.name != paths.RAW.name:
                shutil.rmtree(path)
        (self.folder / PROPOSAL).unlink(missing_ok=True)
        self.done = {CUT: self._done[CUT]} if CUT in self._done else {}

    @property
    def _done(self) -> dict[str, float]:
        if self.done is None:
            self.done = {}
        return self.done

    def _read(self) -> None:
        """Take up what an earlier run noted."""
        file = self.folder / PROGRESS
        if not file.is_file():
            self._write()
            return
        noted = read_document(file, RESULTS)
        self.source_sha256 = noted["source_sha256"]
        self.tables_sha256 = noted["tables_sha256"]
        self.inputs_sha256 = noted["inputs_sha256"]
        self.done = dict(noted["done"])

    def _write(self) -> None:
        """Note how far the run is."""
        noted = {
            "tables_sha256": self.tables_sha256,
            "source_sha256": self.source_sha256,
            "inputs_sha256": self.inputs_sha256,
            "done": self._done,
        }
        write_document(noted, self.folder / PROGRESS, RESULTS)


def run_params(month: RetrainMonth, kind: str, path: Path) -> str:
    """Return the text of the run's params.yaml, by the parameters in `path`."""
    return changed_text(month.changes(kind), path)


def code_sha256() -> str:
    """Return the sha256 of all code and numbers that decide how a model comes out."""
    digests = {}
    for place in CODE:
        # A room is a link in a checkout, and links are not walked through.
        root = (paths.PACKAGE / place).resolve()
        for file in (*root.rglob("*.py"), *root.rglob("*.yaml")):
            digests[f"{place}/{file.relative_to(root).as_posix()}"] = file_sha256(file)
    return names_sha256(digests)


def _folder_sha256(folder: Path) -> str:
    """Return the sha256 over names and bytes of the files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return names_sha256({file.relative_to(folder).as_posix(): file_sha256(file) for file in files})
