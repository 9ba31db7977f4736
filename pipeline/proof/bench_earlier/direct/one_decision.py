"""Table `direct`: one application, dict in and dict out, beside the frame path in turns.

With `--earlier` the frame path is that of the other checkout, as for the bar; else it is our own.
Both decide the same applications by the bundle of the current folder. CPU seconds are those of the
thread that decides: on a busy machine they tell more than a clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.latency import applications
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.bench_earlier.direct.one_way import DICT, FRAME
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_table

SCRIPT = Path(__file__).with_name("one_way.py")
# Applications, how many are decided before it is the other side's turn, and rounds over all.
ROWS = 200
TURN = 10
ROUNDS = 5
# Largest ratio of the p50 to that of the frame path of the commit before, and the one aimed at.
BAR = 0.40
AIM = 0.20
# Largest ratio of p99 to p50 of the direct path.
TAIL_BAR = 2.0
QUANTILES = (0.5, 0.99)
MILLIS = 1e3  # milliseconds of a second
# Rounds x applications x (CPU seconds, seconds).
Times = np.ndarray


def run(quick: bool, earlier: Path | None = None) -> list[BenchRow]:
    """Measure the model of the current folder; raises DataError where `earlier` is no checkout."""
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        file = Path(name) / "applications.parquet"
        write_table(applications(ROWS), file)
        return one_decision(paths.MODEL, file, earlier, rounds=1 if quick else ROUNDS)


def one_decision(
    bundle: Path, rows: Path, earlier: Path | None = None, *, rounds: int = ROUNDS
) -> list[BenchRow]:
    """Return p50 of both ways, and p99 beside p50 of the direct one, in ms of CPU and of time.

    rows: a file of applications, of which `ROWS` are decided with all reasons, and again with those
    of adverse decisions. earlier: the checkout whose frame path is measured; None is this one.
    """
    if earlier is not None and not (earlier / "creditloom").is_dir():
        raise DataError(
            f"{earlier}: expected a checkout of this project, found none. "
            "Make one: git worktree add ../before COMMIT"
        )
    found: list[BenchRow] = []
    for explain in ("all", "adverse"):
        ways = _measured(bundle, rows, explain, earlier, rounds)
        found += _rows(ways, explain, earlier)
    return found


@dataclass(frozen=True)
class _Asked:
    """A process that decides when asked, by its two pipes."""

    asking: IO[str]
    telling: IO[str]

    def times(self, first: int, end: int) -> list[tuple[float, float]]:
        """Return CPU seconds and seconds of each of these applications."""
        self.asking.write(f"{first} {end}\n")
        self.asking.flush()
        told: list[tuple[float, float]] = json.loads(self.telling.readline())
        return told


@contextmanager
def _asked(way: str, bundle: Path, rows: Path, explain: str, root: Path | None) -> Iterator[_Asked]:
    path = [str(root.resolve())] if root is not None else []
    path += [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, str(SCRIPT), way, str(bundle.resolve()), str(rows), explain]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started: Any = subprocess.Popen(words, env=env, **pipes)  # noqa: S603  our own script, no shell
    with started as process:
        if process.stdout.readline() != "ready\n":
            raise DataError(f"{way} path: expected a process that decides, and it ended")
        yield _Asked(process.stdin, process.stdout)


def _measured(
    bundle: Path, rows: Path, explain: str, earlier: Path | None, rounds: int
) -> dict[str, Times]:
    """Return the times of both ways, which take turns."""
    with ExitStack() as held:
        both = {
            way: held.enter_context(_asked(way, bundle, rows, explain, root))
            for way, root in ((FRAME, earlier), (DICT, None))
        }
        times: dict[str, list[list[tuple[float, float]]]] = {way: [] for way in both}
        for _ in range(rounds):
            for told in times.values():
                told.append([])
            for first in range(0, ROWS, TURN):
                for way, process in both.items():
                    times[way][-1] += process.times(first, first + TURN)
    return {way: MILLIS * np.array(told) for way, told in times.items()}


def _rows(ways: dict[str, Times], explain: str, earlier: Path | None) -> list[BenchRow]:
    reasons = "all reasons" if explain == "all" else "adverse reasons"
    theirs = "predict(frame of one row)" + (f" in {earlier}" if earlier else "")
    commands = ("DirectScorer(bundle).decide(dict)", theirs)
    found = []
    for k, unit in enumerate(("ms of CPU", "ms")):
        p50, p99 = (_quantile(ways[DICT], q, k) for q in QUANTILES)
        frame = _quantile(ways[FRAME], QUANTILES[0], k)
        pairs = list(zip(p50, frame, strict=True))
        # The bars are those of CPU: a clock counts whatever else the machine does.
        bars = (BAR, AIM) if k == 0 and earlier else (None, None)
        what = f"one decision, {reasons}"
        found.append(compare("direct", f"{what}: p50 of both", commands, unit, pairs, *bars))
        tail = list(zip(p99, p50, strict=True))
        own = (commands[0], "its own p50")
        bar = TAIL_BAR if k == 0 else None
        found.append(compare("direct", f"{what}: p99 beside p50", own, unit, tail, bar))
    return found


def _quantile(times: Times, quantile: float, kind: int) -> Sequence[float]:
    """Return the quantile of each round over its applications."""
    found: list[float] = np.quantile(times[:, :, kind], quantile, axis=1).tolist()
    return found
