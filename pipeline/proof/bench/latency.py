"""Table `latency`: time of a new process to its first decision, and time per application.

The model is that of the last run, and decisions have reasons. Our runtime is measured alone. The
same model, registered, is measured through MLflow's `predict` and without it (`get_raw_model`). The
sources ask for decisions within seconds (S1-R21, S5-R12).
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow, compare
from creditloom.pipeline.proof.usage import measure
from creditloom.serving.batch.deciding_model import RUNTIME
from creditloom.serving.registry.mlflow_store import Store
from creditloom.storage.files.store import iter_tables, open_parquet, write_table

# Number of applications per round, decided one by one, and number of rounds.
ROWS = 200
ROUNDS = 5
COLD_BAR = 6.0  # seconds
# Aim for the seconds of a new process to its first decision; COLD_BAR is the limit.
COLD_AIM = 3.0
BARS = {"p50": (0.5, 5.0), "p99": (0.99, 20.0)}  # name -> quantile, milliseconds
FIRST = "creditloom.pipeline.proof.bench.runs.first_decision"
REGISTERED = "creditloom.pipeline.proof.bench.runs.registered"
WAYS = {"warm": "our runtime", "mlflow": "MLflow's predict", "raw": "MLflow's get_raw_model"}


def run(quick: bool) -> list[BenchRow]:
    """Measure seconds and milliseconds beside their bars.

    `theirs` is 1, so that the ratio of a row is the figure itself.
    """
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        file = Path(name) / "applications.parquet"
        write_table(applications(ROWS), file)
        store = Store.at(Path(name) / "registry", {})
        registered = store.publish(paths.MODEL, RUNTIME, "bench", {}, {}).location
        # The first run compiles, if no compiled code is cached yet. It is not counted.
        _measured(FIRST, paths.MODEL, file)
        rounds = []
        for _ in range(2 if quick else ROUNDS):
            ours = _measured(FIRST, paths.MODEL, file)
            rounds.append({**ours, **_measured(REGISTERED, registered, file)})
    rows = [_cold_row([one["cold"] for one in rounds])]
    for way in WAYS:
        seconds = [one[way] for one in rounds]
        rows += [_row(way, name, seconds) for name in BARS]
    return rows


def applications(rows: int) -> pa.Table:
    """Return the first rows of the matrix, with the columns that the bundle reads."""
    with open_parquet(paths.MATRIX) as matrix:
        names = matrix.schema_arrow.names
    columns = Decider.load(paths.MODEL).columns(names)
    return next(iter_tables(paths.MATRIX, columns, rows))


def _cold_row(seconds: Sequence[float]) -> BenchRow:
    what = "fresh process to first decision"
    commands = _commands("warm")
    return compare("latency", what, commands, "s", _beside_one(seconds), COLD_BAR, COLD_AIM)


def _row(way: str, name: str, rounds: Sequence[Sequence[float]]) -> BenchRow:
    quantile, bar = BARS[name]
    milliseconds = [1e3 * float(np.quantile(seconds, quantile)) for seconds in rounds]
    what = f"one application with reasons, {WAYS[way]}, {name}"
    return compare("latency", what, _commands(way), "ms", _beside_one(milliseconds), bar)


def _beside_one(figures: Sequence[float]) -> list[tuple[float, float]]:
    return [(figure, 1.0) for figure in figures]


def _commands(way: str) -> tuple[str, str]:
    ours = f"{FIRST} data/model" if way == "warm" else f"{REGISTERED} <the same, registered>"
    return f"python -m {ours} <{ROWS} rows of the matrix>", "the bar"


def _measured(module: str, model: Path, file: Path) -> dict[str, Any]:
    # Pass the start time, so that the process counts its own loading.
    used = measure(module, str(model), str(file), repr(time.time()), folder=Path())
    figures: dict[str, Any] = json.loads(used.said.strip().splitlines()[-1])
    return figures
