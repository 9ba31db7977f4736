"""Table `latency`: a fresh process to its first decision, and one application at a time with its reasons, by the model of the last run.

The sources speak of seconds per decision (S1-R21, S5-R12).
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data.store import iter_tables, open_parquet, write_table
from models.decision.decide import Decider
from pipeline import paths
from pipeline.bench.row import Row, compare
from pipeline.usage import measure

ROWS, ROUNDS = 200, 5
COLD_BAR, COLD_AIM = 6.0, 3.0  # seconds
P50_BAR, P99_BAR = 5.0, 20.0  # milliseconds
COMMAND = "python -m pipeline.bench.first_decision data/model <200 rows of the matrix>"


def run(quick: bool) -> list[Row]:
    """Seconds and milliseconds beside their bars: theirs is 1, so that the ratio is the figure itself."""
    with tempfile.TemporaryDirectory(prefix="creditloom-bench-") as name:
        file = Path(name) / "applications.parquet"
        write_table(applications(ROWS), file)
        _once(file)  # compiles where no compiled code is cached yet
        found = [_once(file) for _ in range(2 if quick else ROUNDS)]
    warm = [1e3 * np.quantile(one["warm"], (0.5, 0.99)) for one in found]
    commands = COMMAND, "the bar"
    return [
        compare("latency", "fresh process to first decision", commands, "s", [(one["cold"], 1.0) for one in found], COLD_BAR, COLD_AIM),
        compare("latency", "one application with reasons, p50", commands, "ms", [(float(p50), 1.0) for p50, _ in warm], P50_BAR),
        compare("latency", "one application with reasons, p99", commands, "ms", [(float(p99), 1.0) for _, p99 in warm], P99_BAR),
    ]


def applications(rows: int) -> pa.Table:
    """The first rows of the matrix, with the columns that the bundle reads."""
    with open_parquet(paths.MATRIX) as matrix:
        there = matrix.schema_arrow.names
    return next(iter_tables(paths.MATRIX, Decider.load(paths.MODEL).columns(there), rows))


def _once(file: Path) -> dict[str, Any]:
    said = measure("pipeline.bench.first_decision", str(paths.MODEL), str(file), repr(time.time()), folder=Path()).said
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found
