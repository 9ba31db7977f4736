"""One line of a bench table, how tables are shown, and on which machine they were measured."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.table import Table

from creditloom.pipeline.base.console import Console

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


@dataclass(frozen=True)
class BenchRow:
    """One comparison: `ratio` is ours over theirs, each the median of interleaved rounds.

    `low` and `high` are the smallest and largest ratio of one round; `ours` and `theirs` are in
    `unit`. `bar` is the largest ratio allowed, `aim` the one aimed at; None where none is set.
    """

    table: str
    what: str
    our_command: str
    their_command: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    rounds: int
    bar: float | None = None
    aim: float | None = None


def compare(
    table: str,
    what: str,
    commands: tuple[str, str],
    unit: str,
    rounds: Sequence[tuple[float, float]],
    bar: float | None = None,
    aim: float | None = None,
) -> BenchRow:
    """Return the row for rounds of (ours, theirs), which were measured in turns.

    >>> row = compare("t", "w", ("a", "b"), "s", [(1.0, 4.0), (2.0, 4.0), (3.0, 6.0)])
    >>> row.ours, row.theirs, row.ratio, row.low, row.high
    (2.0, 4.0, 0.5, 0.25, 0.5)
    """
    # Use the median, so that a single round on a busy machine does not decide.
    ours = statistics.median(mine for mine, _ in rounds)
    theirs = statistics.median(other for _, other in rounds)
    ratios = [mine / other for mine, other in rounds]
    our_command, their_command = commands
    return BenchRow(
        table=table,
        what=what,
        our_command=our_command,
        their_command=their_command,
        unit=unit,
        ours=ours,
        theirs=theirs,
        ratio=ours / theirs,
        low=min(ratios),
        high=max(ratios),
        rounds=len(rounds),
        bar=bar,
        aim=aim,
    )


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
