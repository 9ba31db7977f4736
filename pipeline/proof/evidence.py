"""`creditloom evidence`: runs the stages at several seeds and judges the statistical bars of each.

A statistical bar can hold on one seed by chance. So it must hold on all of the fixed seeds 1-5, and
this command shows whether it does. Each seed runs in a folder of its own.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.models.evaluation.bars import Bars, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import write_json

SeedRun = dict[str, Any]
# Outside a terminal rich uses 80 columns, but five seeds need more.
WIDTH = 160

# The options of the command, each with its help.
ApplicantsOption = Annotated[int, typer.Option(help="applicants of each world", min=1_000)]
SeedsOption = Annotated[str, typer.Option(help="seeds, separated by commas")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="another parameter, as world.profile=S5")
]
OutOption = Annotated[Path, typer.Option(help="where the figures are written")]


class EvidenceError(ValueError):
    """The option --seeds cannot be read."""


def evidence(
    applicants: ApplicantsOption = 200_000,
    seeds: SeedsOption = "1,2,3,4,5",
    change: SetOption = None,
    out: OutOption = paths.EVIDENCE,
) -> None:
    """Run the chain at several seeds and judge the statistical bars.

    Exit code 1 where a bar is missed.
    """
    require_figures(out, "applicants", "changes", "runs", "held")
    changes = {"world.applicants": applicants, **assignments(change)}
    runs = [_measure(seed, changes) for seed in _seeds(seeds)]
    held = _held(runs)
    write_json({"applicants": applicants, "changes": changes, "runs": runs, "held": held}, out)
    Console(width=None if Console().is_terminal else WIDTH).print(_table(runs, applicants))
    if not held:
        raise typer.Exit(1)


def _seeds(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise EvidenceError(f"--seeds {text}: expected whole numbers separated by commas, as 1,2,3")
    return tuple(int(part) for part in parts)


def _measure(seed: int, changes: dict[str, Any]) -> SeedRun:
    """Return the metrics and verdicts of one world; its folder is removed afterwards."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="creditloom-evidence-") as name:
        folder = Path(name)
        stage_runner.prepare(folder, {**changes, "seed": seed})
        stage_runner.run(folder, stage_runner.TO_METRICS)
        metrics = read_document(folder / paths.METRICS, RESULTS)
    Console(stderr=True).print(f"seed {seed}: {time.perf_counter() - start:.0f} s")
    bars = document(Bars, paths.BARS).bars
    return {
        "seed": seed,
        "metrics": metrics,
        "passed": {bar.figure: bar.judge(metrics) for bar in bars},
    }


def _held(runs: list[SeedRun]) -> bool:
    # Every world has a truth, so a bar that was not judged is a bar that nobody has shown to hold.
    return all(passed is True for run in runs for passed in run["passed"].values())


def _table(runs: list[SeedRun], applicants: int) -> Table:
    table = Table(title=f"{applicants:,} applicants, model (ridge logit)")
    for heading in ("bar", "aim", *(f"seed {run['seed']}" for run in runs)):
        table.add_column(heading)
    for bar in document(Bars, paths.BARS).bars:
        table.add_row(bar.name, bar.aim, *(_cell(bar.figure, bar.ridge, run) for run in runs))
    return table


def _cell(path: str, ridge_path: str, run: SeedRun) -> str:
    verdict = {True: "pass", False: "FAIL", None: "-"}[run["passed"][path]]
    value = _shown(figure(run["metrics"], path))
    if not ridge_path:
        return f"{value} {verdict}"
    return f"{value} ({_shown(figure(run['metrics'], ridge_path))}) {verdict}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
