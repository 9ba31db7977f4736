"""How tables of a bench are shown, and on which machine their figures were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.table import Table

from creditloom.pipeline.base.console import Console
from creditloom.pipeline.proof.bench.row import BenchRow

# Libraries whose versions are written beside the figures.
LIBRARIES = (
    "numpy",
    "numba",
    "lightgbm",
    "pandas",
    "pyarrow",
    "duckdb",
    "polars",
    "shap",
    "woodelf_explainer",
    "mlflow",
)
WIDTH = 180  # characters of the table where the output is no wide terminal


def machine() -> dict[str, Any]:
    """Return the machine on which the figures were measured, and how busy it was."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def show(rows: Sequence[BenchRow]) -> None:
    """Print one line per row: ours, theirs, how many times less ours takes, and the verdict."""
    headings = ("table", "what", "unit", "ours", "theirs", "theirs / ours", "spread", "bar", "")
    table = Table(*headings, title="bench: medians of rounds in turns")
    for row in rows:
        medians = (f"{row.ours:.4g}", f"{row.theirs:.4g}")
        ratios = (_times(row.ratio), f"{_times(row.high)}-{_times(row.low)}")
        bar = "" if row.bar is None else _times(row.bar)
        table.add_row(row.table, row.what, row.unit, *medians, *ratios, bar, _verdict(row))
    Console(width=max(Console().width, WIDTH)).print(table)


def _times(ratio: float) -> str:
    return f"{1 / ratio:.3g}" if ratio else "-"


def _verdict(row: BenchRow) -> str:
    if row.bar is None:
        return ""
    if row.ratio > row.bar:
        return "short of the bar"
    return "aim" if row.aim is not None and row.ratio <= row.aim else "bar"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
