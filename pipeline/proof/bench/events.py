"""Table `events`: `creditloom score --events` over the raw tables of the current folder.

With a checkout of an earlier commit (`--earlier`), its score of the same tables is measured in
turns. Everyone is decided as of the moment of the last application, as a monthly refresh does.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table
from creditloom.storage.folders.raw_folder import table_files

CLI = "creditloom.pipeline.cli"
# Cores of the machine that the bars are set for, and rounds in turns.
THREADS = 2
ROUNDS = 3
# Milliseconds of a second.
MILLIS = 1e3
# Largest ratio of the CPU of a person to that of the commit before, and the one aimed at.
BAR = 0.70
AIM = 0.45
MAKE = "creditloom snapshot make --events data/raw --as-of {moment} --out network"
OURS = "creditloom score --events data/raw --as-of {moment} --bundle data/model --output december"


def run(quick: bool, earlier: Path | None = None) -> list[BenchRow]:
    """Measure milliseconds of CPU a person of whole commands, with all their processes.

    Score without a snapshot, score with one, and making it. Without `earlier`, `theirs` is 1, so
    that the ratio of a row is the figure itself. Raises DataError where `earlier` is no checkout.
    """
    if earlier is not None:
        _require_checkout(earlier)
    people, moment = applications_there()
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        job = _Job(Path(name).resolve(), moment, people)
        made = job.snapshot()
        # First, as it compiles where no compiled code is cached yet.
        job.score()
        if earlier is not None:
            job.score(earlier)
        rounds = [job.round(earlier) for _ in range(1 if quick else ROUNDS)]
    what = f"score --events, {people:,} people, CPU a person"
    bars = {} if earlier is None or quick else {"bar": BAR, "aim": AIM}
    beside = "-" if earlier is None else f"the same in {earlier}"
    ours = OURS.format(moment=moment)
    plain = [(one, theirs) for one, _, theirs in rounds]
    read = [(one, theirs) for _, one, theirs in rounds]
    snapshot = f"{ours} --snapshot network"
    make = (MAKE.format(moment=moment), "-")
    rows = [compare("events", what, (ours, beside), "ms", plain, **bars)]
    what_read = f"{what}, with a snapshot"
    rows.append(compare("events", what_read, (snapshot, beside), "ms", read, **bars))
    return [*rows, compare("events", f"{what}, to make it", make, "ms", [made])]


def applications_there() -> tuple[int, str]:
    """Return the number of applications, and the moment of the last one as text."""
    files = table_files(paths.RAW, APPLICATIONS.name)
    moments = [read_table(file, ["as_of"])["as_of"] for file in files]
    last: dt.datetime = max(pc.max(one).as_py() for one in moments)
    return sum(map(len, moments)), last.isoformat(timespec="seconds")


@dataclass(frozen=True)
class _Job:
    """The commands that are measured, each in milliseconds of CPU a person."""

    folder: Path
    moment: str
    people: int

    def snapshot(self) -> tuple[float, float]:
        """Make the snapshot; return what it took, and 1 to compare with."""
        options = ("--as-of", self.moment, "--out", str(self.folder / "network"))
        return self._measured("snapshot", "make", *options), 1.0

    def round(self, earlier: Path | None) -> tuple[float, float, float]:
        """Score without a snapshot, with one, and by the earlier checkout (1 without one)."""
        plain = self.score()
        read = self.score(with_snapshot=True)
        return plain, read, 1.0 if earlier is None else self.score(earlier)

    def score(self, checkout: Path | None = None, *, with_snapshot: bool = False) -> float:
        """Score everyone by a checkout's command; None is this one."""
        output = self.folder / "december"
        # table: the options of the command
        options: tuple[str, ...] = (
            "--bundle", str(paths.MODEL.resolve()), "--as-of", self.moment, "--output", str(output),
            "--threads", str(THREADS), "--accept-drift", "everyone as of one moment",
        )  # fmt: skip
        if with_snapshot:
            options += ("--snapshot", str(self.folder / "network"))
        taken = self._measured("score", *options, checkout=checkout)
        # A finished batch would not be made again.
        for made in self.folder.iterdir():
            if made.name != "network":
                shutil.rmtree(made)
        return taken

    def _measured(self, *words: str, checkout: Path | None = None) -> float:
        env = {} if checkout is None else {"PYTHONPATH": str(checkout.resolve())}
        events = ("--events", str(paths.RAW.resolve()))
        used = measure(CLI, *words, *events, folder=self.folder, threads=THREADS, env=env)
        return used.cpu * MILLIS / self.people


def _require_checkout(earlier: Path) -> None:
    """Raise DataError where a folder is no checkout."""
    if not (earlier / f"{CLI.replace('.', '/')}.py").is_file():
        raise DataError.of(
            "No checkout to compare with",
            where=f"--earlier {earlier}",
            expected="a checkout of creditloom, with creditloom/pipeline/cli.py",
            got="no such file",
            next_step="git worktree add ../before COMMIT, then --earlier ../before",
        )
