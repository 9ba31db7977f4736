"""Table `events`: `creditloom score --events` over the raw tables of the current folder.

With a checkout of an earlier commit (`--earlier`), its score of the same tables is measured in
turns. Everyone is decided as of the moment of the last application, as a monthly refresh does.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
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
OURS = "creditloom score --events data/raw --as-of {moment} --bundle data/model --output december"


def run(quick: bool, earlier: Path | None = None) -> list[BenchRow]:
    """Measure milliseconds of CPU a person of the whole command, with all processes.

    Without `earlier`, `theirs` is 1, so that the ratio of a row is the figure itself. Raises
    DataError where `earlier` is no checkout.
    """
    if earlier is not None:
        _require_checkout(earlier)
    people, moment = _applications()
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name).resolve()
        # First, as it compiles where no compiled code is cached yet.
        _score(folder, moment, people, None)
        if earlier is not None:
            _score(folder, moment, people, earlier)
        rounds = [
            (
                _score(folder, moment, people, None),
                1.0 if earlier is None else _score(folder, moment, people, earlier),
            )
            for _ in range(1 if quick else ROUNDS)
        ]
    what = f"score --events, {people:,} people, CPU a person"
    commands = (OURS.format(moment=moment), "-" if earlier is None else f"the same in {earlier}")
    bars = {} if earlier is None or quick else {"bar": BAR, "aim": AIM}
    return [compare("events", what, commands, "ms", rounds, **bars)]


def _applications() -> tuple[int, str]:
    """Return the number of applications, and the moment of the last one as text."""
    files = table_files(paths.RAW, APPLICATIONS.name)
    moments = [read_table(file, ["as_of"])["as_of"] for file in files]
    last: dt.datetime = max(pc.max(one).as_py() for one in moments)
    return sum(map(len, moments)), last.isoformat(timespec="seconds")


def _score(folder: Path, moment: str, people: int, checkout: Path | None) -> float:
    """Return the milliseconds of CPU a person that a checkout's command takes; None is this one."""
    output = folder / "december"
    # table: the options of the command
    options = (
        "--events", str(paths.RAW.resolve()), "--bundle", str(paths.MODEL.resolve()),
        "--as-of", moment, "--output", str(output), "--threads", str(THREADS),
        "--accept-drift", "everyone as of one moment",
    )  # fmt: skip
    env = {} if checkout is None else {"PYTHONPATH": str(checkout.resolve())}
    used = measure(CLI, "score", *options, folder=folder, threads=THREADS, env=env)
    # A finished batch would not be made again.
    for made in folder.iterdir():
        shutil.rmtree(made)
    return used.cpu * MILLIS / people


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
