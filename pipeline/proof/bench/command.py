"""`creditloom bench`: the tables asked for, printed and written to data/reports/bench.json with machine and versions."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.proof.bench.row import BenchRow
from creditloom.storage.files.store import write_json

TABLES = {
    name: f"creditloom.pipeline.proof.bench.{name}"
    for name in ("kernel", "latency", "job", "features")
}
OF_THE_MODEL = ("latency", "job")
"""Tables that measure the model of this folder, so that a run must have made it."""
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
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def bench(
    tables: Annotated[
        list[str] | None,
        typer.Argument(help=f"which: {', '.join(TABLES)}; none named = all of them"),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="smaller inputs and fewer rounds: minutes less, wider spread"),
    ] = False,
    output: Annotated[Path, typer.Option(help="where the rows are written")] = paths.BENCH,
) -> None:
    """Ratios side by side: ours and theirs in turns in one run, medians, with the smallest and largest ratio of a round."""
    unknown = sorted(set(tables or ()) - set(TABLES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is no table; expected one of {', '.join(TABLES)}")
    waiting = [
        name for name in tables or TABLES if name in OF_THE_MODEL and not paths.MATRIX.is_file()
    ]
    if waiting:
        measured = f"{' and '.join(waiting)} measure the model of this folder"
        raise typer.BadParameter(f"{measured}, and {paths.MATRIX} is not there; run `make repro`")
    rows: list[BenchRow] = []
    for name in tables or TABLES:
        _err.print(f"bench {name} ...")
        rows += importlib.import_module(TABLES[name]).run(quick)
        write_json(
            {"machine": machine(), "quick": quick, "rows": [_told(row) for row in rows]}, output
        )
    show(rows)
    _err.print(f"{output}: {len(rows)} rows")


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def show(rows: Sequence[BenchRow]) -> None:
    """One line a row: ours, theirs, how many times less ours takes, and whether the bar holds."""
    table = Table(
        "table",
        "what",
        "unit",
        "ours",
        "theirs",
        "theirs / ours",
        "spread",
        "bar",
        "",
        title="bench: medians of rounds in turns",
    )
    for row in rows:
        cells = [
            f"{row.ours:.4g}",
            f"{row.theirs:.4g}",
            _times(row.ratio),
            f"{_times(row.high)}-{_times(row.low)}",
        ]
        table.add_row(
            row.table,
            row.what,
            row.unit,
            *cells,
            "" if row.bar is None else _times(row.bar),
            _verdict(row),
        )
    Console(width=max(Console().width, WIDTH)).print(table)


def _told(row: BenchRow) -> dict[str, Any]:
    return {
        **asdict(row),
        "times": 1 / row.ratio if row.ratio else None,
        "holds": row.bar is None or row.ratio <= row.bar,
    }


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
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )
