"""`creditloom evidence`: the chain at several seeds in folders of its own, and the statistical bars of each as one table.

A bar that depends on a seed holds on the fixed seeds 1-5, not on a chosen one; this command shows whether it does.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from creditloom.models.evaluation.bars import Bars, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.commands.model.params import assignments
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import write_json

SeedRun = dict[str, Any]


class EvidenceError(ValueError):
    """The seeds asked for cannot be read."""


def evidence(
    applicants: Annotated[int, typer.Option(help="applicants of each world", min=1_000)] = 200_000,
    seeds: Annotated[str, typer.Option(help="seeds, separated by commas")] = "1,2,3,4,5",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="another parameter, as world.profile=S5")
    ] = None,
    out: Annotated[Path, typer.Option(help="where the figures are written")] = paths.EVIDENCE,
) -> None:
    """Run the chain at several seeds and judge the statistical bars."""
    asked = {"world.applicants": applicants, **assignments(change)}
    runs = [_measure(seed, asked) for seed in _seeds(seeds)]
    write_json({"applicants": applicants, "changes": asked, "runs": runs, "held": _held(runs)}, out)
    Console(width=None if Console().is_terminal else 160).print(_table(runs, applicants))
    if not _held(runs):
        raise typer.Exit(1)


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise EvidenceError(f"--seeds {text}: expected whole numbers separated by commas, as 1,2,3")
    return tuple(int(part) for part in parts)


def _measure(seed: int, changes: dict[str, Any]) -> SeedRun:
    """One world: its metrics and the seconds it took. The folder goes when the figures are read."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="creditloom-evidence-") as folder:
        stage_runner.prepare(Path(folder), {**changes, "seed": seed})
        stage_runner.run(Path(folder), stage_runner.TO_METRICS)
        metrics = read_document(Path(folder) / paths.METRICS, RESULTS)
    Console(stderr=True).print(f"seed {seed}: {time.perf_counter() - start:.0f} s")
    return {
        "seed": seed,
        "metrics": metrics,
        "passed": {bar.figure: bar.judge(metrics) for bar in document(Bars, paths.BARS).bars},
    }


def _held(runs: list[SeedRun]) -> bool:
    return all(passed is not False for run in runs for passed in run["passed"].values())


def _table(runs: list[SeedRun], applicants: int) -> Table:
    table = Table(title=f"{applicants:,} applicants, model (ridge logit)")
    for heading in ("bar", "aim", *(f"seed {run['seed']}" for run in runs)):
        table.add_column(heading)
    for bar in document(Bars, paths.BARS).bars:
        table.add_row(bar.name, bar.aim, *(_cell(bar.figure, bar.ridge, run) for run in runs))
    return table


def _cell(path: str, ridge: str, run: SeedRun) -> str:
    value, beside = figure(run["metrics"], path), figure(run["metrics"], ridge)
    mark = {True: "pass", False: "[bold red]FAIL[/]", None: "-"}[run["passed"][path]]
    return " ".join(
        part for part in (_shown(value), f"({_shown(beside)})" if ridge else "", mark) if part
    )


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
