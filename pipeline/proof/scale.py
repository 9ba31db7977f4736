"""`creditloom scale`: the chain on many applicants beside the same chain on fewer: seconds per event and peak memory, stage by stage."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.files.store import read_json, write_json

MAX_SECONDS, MAX_MB, MAX_RATIO = 3_600.0, 10_000.0, 1.3
STAGES = stage_runner.TO_DECISIONS


@dataclass(frozen=True)
class Stage:
    """One stage of one run: wall and CPU seconds, peak memory of its process tree in MB."""

    stage: str
    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class ScaleRun:
    """One world: applicants, raw rows, and its stages."""

    applicants: int
    rows: int
    stages: tuple[Stage, ...]

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million raw rows."""
        return sum(stage.cpu for stage in self.stages) / self.rows * 1e6

    @property
    def peak_mb(self) -> float:
        return max(stage.peak_mb for stage in self.stages)


def scale(
    applicants: Annotated[
        int, typer.Option(help="applicants of the large world", min=1_000)
    ] = 400_000,
    beside: Annotated[
        int, typer.Option(help="applicants of the world it is compared with", min=1_000)
    ] = 100_000,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="another parameter, as world.processes=1")
    ] = None,
    out: Annotated[Path, typer.Option(help="where the figures are written")] = paths.SCALE,
) -> None:
    """Simulate to decide at two sizes, in folders that are removed; bars: 60 min, 10 GB, 1.3 times the seconds per event."""
    runs = [run(n, assignments(change)) for n in (beside, applicants)]
    write_json(content(*runs), out)
    Console(width=None if Console().is_terminal else 160).print(_table(*runs))
    if not all(content(*runs)["held"].values()):
        raise typer.Exit(1)


def run(applicants: int, changes: dict[str, Any]) -> ScaleRun:
    """The chain from raw events to decisions for one world, each stage measured."""
    with tempfile.TemporaryDirectory(prefix="creditloom-scale-") as name:
        folder, stages = Path(name), []
        stage_runner.prepare(folder, {"world.applicants": applicants, **changes})
        for stage in STAGES:
            used = measure(f"creditloom.pipeline.stages.{stage}", folder=folder)
            stages.append(
                Stage(stage, round(used.seconds, 1), round(used.cpu, 1), round(used.peak_mb))
            )
            Console(stderr=True).print(
                f"{applicants:,}: {stage} {used.seconds:.0f} s, {used.peak_mb:,.0f} MB"
            )
        rows = read_json(folder / paths.RUNTIME / "simulate.json")["rows"]
    return ScaleRun(applicants, sum(rows.values()), tuple(stages))


def content(small: ScaleRun, large: ScaleRun) -> dict[str, Any]:
    """What scale.json holds: both runs, the ratio of CPU seconds per event, and whether the bars hold."""
    ratio = large.cpu_per_million / small.cpu_per_million
    held = {
        "seconds": large.seconds <= MAX_SECONDS,
        "peak_mb": large.peak_mb <= MAX_MB,
        "cpu_per_event": ratio <= MAX_RATIO,
    }
    machine = {
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    return {
        "runs": [asdict(small), asdict(large)],
        "cpu_per_event_ratio": round(ratio, 3),
        "held": held,
        "machine": machine,
    }


def _table(small: ScaleRun, large: ScaleRun) -> Table:
    table = Table(
        title=f"{large.applicants:,} applicants, {large.rows / 1e6:.0f} M raw rows, beside {small.applicants:,}"
    )
    for heading in (
        "stage",
        "s",
        "CPU s",
        "peak MB",
        "s beside",
        "CPU s beside",
        "CPU per event, ratio",
    ):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for one, other in zip(large.stages, small.stages, strict=True):
        ratio = one.cpu / max(other.cpu, 0.1) * small.rows / large.rows
        own = (f"{one.seconds:.0f}", f"{one.cpu:.0f}", f"{one.peak_mb:,.0f}")
        table.add_row(one.stage, *own, f"{other.seconds:.0f}", f"{other.cpu:.0f}", f"{ratio:.2f}")
    whole = f"{large.cpu_per_million / small.cpu_per_million:.2f} (bar {MAX_RATIO})"
    own = (
        f"{large.seconds:.0f} (bar {MAX_SECONDS:.0f})",
        "",
        f"{large.peak_mb:,.0f} (bar {MAX_MB:,.0f})",
    )
    table.add_row("all", *own, f"{small.seconds:.0f}", "", whole)
    return table
