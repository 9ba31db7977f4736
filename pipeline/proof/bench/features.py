"""Table `features`: the engine beside a bare scan of the same files, and beside the code one would write in Polars and pandas."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import Usage, measure
from creditloom.storage.files.store import read_json

APPLICANTS, QUICK_APPLICANTS = (
    30_000,
    4_000,
)  # of the default world: about 20 and 2.7 million events
SIZES, QUICK_SIZES = (25_000, 100_000), (2_000, 8_000)
ROUNDS, THREADS = 3, 2
WORK = ("scan", "contract", "ours", "ours_on_payments", "polars", "pandas")
RUN = "creditloom.pipeline.proof.bench.feature_run"
COMMAND = "python -m creditloom.pipeline.proof.bench.feature_run {what} <raw> 2"


def run(quick: bool) -> list[BenchRow]:
    """Features from about 20 million events of a simulated world (quick: 2.7 million), then the generation of events at two sizes."""
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        _simulate(folder, QUICK_APPLICANTS if quick else APPLICANTS)
        rows = compare_features(folder / paths.RAW, 1 if quick else ROUNDS)
    return rows + generation(QUICK_SIZES if quick else SIZES)


def compare_features(raw: Path, rounds: int) -> list[BenchRow]:
    """Interleaved rounds over one folder of raw tables; CPU seconds are user and system time, imports of the script left out."""
    found = [{what: _said(what, raw) for what in WORK} for _ in range(rounds)]
    first = found[0]
    events = f"{first['scan']['rows'] / 1e6:.1f} M events"

    def cpu(what: str, *, per_feature: bool = False) -> list[float]:
        return [one[what]["cpu"] / (one[what]["features"] if per_feature else 1) for one in found]

    def row(
        what: str,
        ours: str,
        theirs: str,
        bar: float | None,
        aim: float | None,
        *,
        per_feature: bool = False,
    ) -> BenchRow:
        unit, commands = (
            ("CPU s a feature" if per_feature else "CPU s"),
            (COMMAND.format(what=ours), COMMAND.format(what=theirs)),
        )
        both = zip(
            cpu(ours, per_feature=per_feature), cpu(theirs, per_feature=per_feature), strict=True
        )
        return compare("features", what, commands, unit, list(both), bar, aim)

    made = f"{first['ours']['features']:,.0f} features of {events}"
    same = f"{first['ours_on_payments']['features']:,.0f} features of payments beside {first['polars']['features']:,.0f}"
    return [
        row(f"{made} beside a bare scan", "ours", "scan", 16.0, 8.0),
        row(f"contract check of {events} beside a bare scan", "contract", "scan", None, 1.6),
        row(f"{same} by Polars", "ours_on_payments", "polars", 1.0, 1 / 3, per_feature=True),
        row(f"{same} by pandas", "ours_on_payments", "pandas", 1.0, 1 / 3, per_feature=True),
    ]


def generation(sizes: tuple[int, int]) -> list[BenchRow]:
    """Events a CPU second on one core, and memory, at two numbers of applicants: both stay as they are."""
    rows, used = zip(*(_simulated(size) for size in sizes), strict=True)
    speed = [n / one.cpu / 1e6 for n, one in zip(rows, used, strict=True)]
    small, large = (
        f"python -m creditloom.pipeline.stages.simulate, world.applicants={size}, world.processes=1"
        for size in sizes
    )
    what = f"at {sizes[1]:,} applicants beside {sizes[0]:,}"
    return [
        compare(
            "generation",
            f"million events a CPU second {what}",
            (large, small),
            "M events",
            [(speed[1], speed[0])],
        ),
        compare(
            "generation",
            f"peak memory {what}",
            (large, small),
            "MB",
            [(used[1].peak_mb, used[0].peak_mb)],
        ),
    ]


def _said(what: str, raw: Path) -> dict[str, float]:
    used = measure(RUN, what, str(raw.resolve()), str(THREADS), folder=raw, threads=THREADS)
    said: dict[str, float] = json.loads(used.said.strip().splitlines()[-1])
    return said


def _simulated(applicants: int) -> tuple[int, Usage]:
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        return _simulate(Path(name), applicants)


def _simulate(folder: Path, applicants: int) -> tuple[int, Usage]:
    """(raw rows, what it took) of one world by one process."""
    stage_runner.prepare(folder, {"world.applicants": applicants, "world.processes": 1})
    used = measure("creditloom.pipeline.stages.simulate", folder=folder, threads=1)
    return sum(read_json(folder / paths.RUNTIME / "simulate.json")["rows"].values()), used
