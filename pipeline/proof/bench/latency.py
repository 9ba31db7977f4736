"""Table `latency`: a fresh process to its first decision, and one application at a time with its reasons, by the model of the last run:
our runtime alone, and the same model registered, called through MLflow's `predict` and past it (`get_raw_model`).

The sources speak of seconds per decision (S1-R21, S5-R12).
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

ROWS, ROUNDS = 200, 5
COLD_BAR, COLD_AIM = 6.0, 3.0  # seconds
BARS = {"p50": (0.5, 5.0), "p99": (0.99, 20.0)}  # quantile, milliseconds
FIRST, REGISTERED = (
    "creditloom.pipeline.proof.bench.first_decision",
    "creditloom.pipeline.proof.bench.registered",
)
SAID = {"warm": "our runtime", "mlflow": "MLflow's predict", "raw": "MLflow's get_raw_model"}


def run(quick: bool) -> list[BenchRow]:
    """Seconds and milliseconds beside their bars: theirs is 1, so that the ratio is the figure itself."""
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        file = Path(name) / "applications.parquet"
        write_table(applications(ROWS), file)
        registered = (
            Store.at(Path(name) / "registry", {})
            .publish(paths.MODEL, RUNTIME, "bench", {}, {})
            .location
        )
        _said(FIRST, paths.MODEL, file)  # compiles where no compiled code is cached yet
        found = [
            {**_said(FIRST, paths.MODEL, file), **_said(REGISTERED, registered, file)}
            for _ in range(2 if quick else ROUNDS)
        ]
    cold = compare(
        "latency",
        "fresh process to first decision",
        _commands("warm"),
        "s",
        _beside([o["cold"] for o in found]),
        COLD_BAR,
        COLD_AIM,
    )
    return [cold, *(_row(way, name, [o[way] for o in found]) for way in SAID for name in BARS)]


def applications(rows: int) -> pa.Table:
    """The first rows of the matrix, with the columns that the bundle reads."""
    with open_parquet(paths.MATRIX) as matrix:
        there = matrix.schema_arrow.names
    return next(iter_tables(paths.MATRIX, Decider.load(paths.MODEL).columns(there), rows))


def _row(way: str, name: str, rounds: Sequence[Sequence[float]]) -> BenchRow:
    quantile, bar = BARS[name]
    figures = [1e3 * float(np.quantile(seconds, quantile)) for seconds in rounds]
    return compare(
        "latency",
        f"one application with reasons, {SAID[way]}, {name}",
        _commands(way),
        "ms",
        _beside(figures),
        bar,
    )


def _beside(figures: Sequence[float]) -> list[tuple[float, float]]:
    return [(figure, 1.0) for figure in figures]


def _commands(way: str) -> tuple[str, str]:
    ours = f"{FIRST} data/model" if way == "warm" else f"{REGISTERED} <the same, registered>"
    return f"python -m {ours} <{ROWS} rows of the matrix>", "the bar"


def _said(module: str, model: Path, file: Path) -> dict[str, Any]:
    said = measure(module, str(model), str(file), repr(time.time()), folder=Path()).said
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found
