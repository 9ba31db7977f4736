"""Table `events`: `creditloom score --events` over the raw tables of the current folder.

With a checkout of an earlier commit (`--earlier`), its score of the same tables is measured in
turns. Everyone is decided as of the moment of the last application, as a monthly refresh does.
The last way reads a lake of one shard, whose receipts stand for the check of the contract.
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
from creditloom.storage.lake.change import LakeWork, add
from creditloom.storage.sources import now

CLI = "creditloom.pipeline.cli"
# Cores of the machine that the bars are set for, and rounds in turns.
THREADS = 2
ROUNDS = 3
# Milliseconds of a second.
MILLIS = 1e3
# Largest ratio of the CPU of a person to that of the commit before, and the one aimed at.
BAR = 0.70
AIM = 0.45
# The lake that is made of data/raw, and the snapshots of both.
LAKE = "lake"
NETWORK = "network"
LAKE_NETWORK = "lake-network"
MAKE = "creditloom snapshot make --events data/raw --as-of {moment} --out network"
OURS = "creditloom score --events {events} --as-of {moment} --bundle data/model --output december"


@dataclass(frozen=True)
class Way:
    """A way to score: what a row says of it, the lake or data/raw, and the snapshot if any."""

    said: str = ""
    is_of_lake: bool = False
    snapshot: str = ""

    def command(self, moment: str) -> str:
        """Return what a person would type."""
        command = OURS.format(events=LAKE if self.is_of_lake else paths.RAW, moment=moment)
        return f"{command} --snapshot {self.snapshot}" if self.snapshot else command


PLAIN = Way()
WAYS = (
    PLAIN,
    Way(", with a snapshot", snapshot=NETWORK),
    Way(", of a lake with a snapshot", is_of_lake=True, snapshot=LAKE_NETWORK),
)


def run(quick: bool, earlier: Path | None = None) -> list[BenchRow]:
    """Measure milliseconds of CPU a person of whole commands, with all their processes.

    Score in each of WAYS, and making the snapshot. Without `earlier`, `theirs` is 1, so
    that the ratio of a row is the figure itself. Raises DataError where `earlier` is no checkout.
    """
    if earlier is not None:
        _require_checkout(earlier)
    people, moment = applications_there()
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        job = _Job(Path(name).resolve(), moment, people)
        made = job.snapshot(paths.RAW, NETWORK)
        job.make_lake()
        # First, as it compiles where no compiled code is cached yet.
        job.score()
        if earlier is not None:
            job.score(checkout=earlier)
        rounds = [job.round(earlier) for _ in range(1 if quick else ROUNDS)]
    what = f"score --events, {people:,} people, CPU a person"
    bars = {} if earlier is None or quick else {"bar": BAR, "aim": AIM}
    beside = "-" if earlier is None else f"the same in {earlier}"
    rows = []
    for place, way in enumerate(WAYS):
        pairs = [(one[place], one[-1]) for one in rounds]
        commands = (way.command(moment), beside)
        rows.append(compare("events", f"{what}{way.said}", commands, "ms", pairs, **bars))
    make = (MAKE.format(moment=moment), "-")
    return [*rows, compare("events", f"{what}, to make the snapshot", make, "ms", [made])]


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

    def snapshot(self, events: Path, name: str) -> tuple[float, float]:
        """Make the snapshot of raw tables; return what it took, and 1 to compare with."""
        options = ("--as-of", self.moment, "--out", str(self.folder / name))
        return self._measured("snapshot", "make", *options, events=events), 1.0

    def make_lake(self) -> None:
        """Cut the raw tables into a lake of one shard, and make the snapshot of its files."""
        work = LakeWork(max_bad_share=1.0, last=now())
        add(self.folder / LAKE, paths.RAW, work, shards=1)
        self.snapshot(self.folder / LAKE, LAKE_NETWORK)

    def round(self, earlier: Path | None) -> tuple[float, ...]:
        """Score in each of the ways, and by the earlier checkout (1 without one)."""
        ours = [self.score(way) for way in WAYS]
        return *ours, 1.0 if earlier is None else self.score(checkout=earlier)

    def score(self, way: Way = PLAIN, checkout: Path | None = None) -> float:
        """Score everyone by a checkout's command; None is this one."""
        output = self.folder / "december"
        # table: the options of the command
        options: tuple[str, ...] = (
            "--bundle", str(paths.MODEL.resolve()), "--as-of", self.moment, "--output", str(output),
            "--threads", str(THREADS), "--accept-drift", "everyone as of one moment",
        )  # fmt: skip
        if way.snapshot:
            options += ("--snapshot", str(self.folder / way.snapshot))
        events = self.folder / LAKE if way.is_of_lake else paths.RAW
        taken = self._measured("score", *options, checkout=checkout, events=events)
        # A finished batch would not be made again.
        for made in self.folder.iterdir():
            if made.name not in (LAKE, NETWORK, LAKE_NETWORK):
                shutil.rmtree(made)
        return taken

    def _measured(
        self, *words: str, checkout: Path | None = None, events: Path = paths.RAW
    ) -> float:
        env = {} if checkout is None else {"PYTHONPATH": str(checkout.resolve())}
        given = ("--events", str(events.resolve()))
        used = measure(CLI, *words, *given, folder=self.folder, threads=THREADS, env=env)
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
