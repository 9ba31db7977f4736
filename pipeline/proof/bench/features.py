"""Table `features`: the feature engine, compared with a bare scan of its files and other code.

The other code makes the same features in Polars and in pandas, written as most people would.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import Usage, measure
from creditloom.storage.files.store import read_json

# Applicants of the default world: about 20 and 2.7 million events.
APPLICANTS = 30_000
QUICK_APPLICANTS = 4_000
# Two numbers of applicants at which the simulation is measured. Seconds per event must not grow
# with the size of the world.
SIZES = (25_000, 100_000)
QUICK_SIZES = (2_000, 8_000)
ROUNDS = 3
THREADS = 2
WORK = ("scan", "contract", "ours", "ours_on_payments", "polars", "pandas")
RUN = "creditloom.pipeline.proof.bench.runs.feature_run"
COMMAND = "python -m creditloom.pipeline.proof.bench.runs.feature_run {what} <raw> 2"
Round = dict[str, dict[str, float]]  # work -> its CPU seconds, features and rows


def run(quick: bool) -> list[BenchRow]:
    """Measure features from about 20 million events, then the simulation of events at two sizes.

    Quick: 2.7 million events and smaller sizes.
    """
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        folder = Path(name)
        _simulate(folder, QUICK_APPLICANTS if quick else APPLICANTS)
        rows = compare_features(folder / paths.RAW, 1 if quick else ROUNDS)
    return rows + generation(QUICK_SIZES if quick else SIZES)


def compare_features(raw: Path, rounds: int) -> list[BenchRow]:
    """Measure interleaved rounds over one folder of raw tables.

    CPU seconds are user and system time; imports of the script are left out.
    """
    measured = [{what: _measured(what, raw) for what in WORK} for _ in range(rounds)]
    first = measured[0]
    events = f"{first['scan']['rows'] / 1e6:.1f} M events"
    features = f"{first['ours']['features']:,.0f} features of {events}"
    ours = f"{first['ours_on_payments']['features']:,.0f} features of payments"
    payments = f"{ours} beside {first['polars']['features']:,.0f}"
    contract = f"contract check of {events} beside a bare scan"
    return [
        _row(measured, f"{features} beside a bare scan", "ours", "scan", 16.0, 8.0),
        _row(measured, contract, "contract", "scan", None, 1.6),
        _row_per_feature(measured, f"{payments} by Polars", "polars"),
        _row_per_feature(measured, f"{payments} by pandas", "pandas"),
    ]


def _row(
    measured: list[Round], what: str, ours: str, theirs: str, bar: float | None, aim: float
) -> BenchRow:
    seconds = [(one[ours]["cpu"], one[theirs]["cpu"]) for one in measured]
    return compare("features", what, _commands(ours, theirs), "CPU s", seconds, bar, aim)


def _row_per_feature(measured: list[Round], what: str, theirs: str) -> BenchRow:
    # Ours makes many more features from the same rows, so compare the seconds per feature.
    ours = "ours_on_payments"
    seconds = [(_cpu_per_feature(one[ours]), _cpu_per_feature(one[theirs])) for one in measured]
    commands = _commands(ours, theirs)
    return compare("features", what, commands, "CPU s a feature", seconds, 1.0, 1 / 3)


def _cpu_per_feature(work: dict[str, float]) -> float:
    return work["cpu"] / work["features"]


def _commands(ours: str, theirs: str) -> tuple[str, str]:
    return COMMAND.format(what=ours), COMMAND.format(what=theirs)


def generation(sizes: tuple[int, int]) -> list[BenchRow]:
    """Measure events per CPU second on one core, and memory, at two numbers of applicants.

    Neither figure should get worse with more applicants.
    """
    small, large = sizes
    small_rows, small_used = _simulated(small)
    large_rows, large_used = _simulated(large)
    small_speed = small_rows / small_used.cpu / 1e6
    large_speed = large_rows / large_used.cpu / 1e6
    commands = (_simulate_command(large), _simulate_command(small))
    what = f"at {large:,} applicants beside {small:,}"
    speed = f"million events a CPU second {what}"
    memory = [(large_used.peak_mb, small_used.peak_mb)]
    return [
        compare("generation", speed, commands, "M events", [(large_speed, small_speed)]),
        compare("generation", f"peak memory {what}", commands, "MB", memory),
    ]


def _simulate_command(applicants: int) -> str:
    changes = f"world.applicants={applicants}, world.processes=1"
    return f"python -m creditloom.pipeline.stages.tables.simulate, {changes}"


def _measured(what: str, raw: Path) -> dict[str, float]:
    used = measure(RUN, what, str(raw.resolve()), str(THREADS), folder=raw, threads=THREADS)
    figures: dict[str, float] = json.loads(used.said.strip().splitlines()[-1])
    return figures


def _simulated(applicants: int) -> tuple[int, Usage]:
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        return _simulate(Path(name), applicants)


def _simulate(folder: Path, applicants: int) -> tuple[int, Usage]:
    """Simulate one world by one process; return its raw rows and what it took."""
    stage_runner.prepare(folder, {"world.applicants": applicants, "world.processes": 1})
    used = measure("creditloom.pipeline.stages.tables.simulate", folder=folder, threads=1)
    rows = read_json(folder / paths.RUNTIME / "simulate.json")["rows"]
    return sum(rows.values()), used
