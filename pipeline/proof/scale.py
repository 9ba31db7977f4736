"""`creditloom scale`: measures whether time grows linearly and memory stays small in a large run.

It runs the stages on many applicants and on fewer, and compares seconds per event and peak memory,
stage by stage.
"""

from __future__ import annotations

import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.stage import module_of
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.usage import measure
from creditloom.storage.files.store import read_json, write_json

# Limits for the large world: one hour and 10 GB.
MAX_SECONDS = 3_600.0
MAX_MB = 10_000.0
MAX_RATIO = 1.3  # of CPU seconds per event, large over small: the work must stay linear
STAGES = stage_runner.TO_DECISIONS
WIDTH = 160  # characters of the table where the output is no terminal
# For a stage that takes fewer CPU seconds than this in the small world no ratio is computed: it
# would be noise.
MIN_CPU_SECONDS = 0.1

# The options of the command, each with its help.
ApplicantsOption = Annotated[int, typer.Option(help="applicants of the large world", min=1_000)]
BesideOption = Annotated[
    int, typer.Option(help="applicants of the world it is compared with", min=1_000)
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="another parameter, as world.processes=1")
]
OutOption = Annotated[Path, typer.Option(help="where the figures are written")]


@dataclass(frozen=True)
class Stage:
    """One stage of one run: wall and CPU seconds, peak memory of its process tree in MB."""

    stage: str
    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class ScaleRun:
    """The measured run of one world: applicants, raw rows, and its stages."""

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
    applicants: ApplicantsOption = 400_000,
    beside: BesideOption = 100_000,
    change: SetOption = None,
    out: OutOption = paths.SCALE,
) -> None:
    """Simulate to decide at two sizes, in folders that are removed.

    Bars: 60 min, 10 GB, 1.3 times the seconds per event. Exit code 1 where one is missed.
    """
    require_figures(out, "held", "cpu_per_event")
    # Run the small world first: if a stage fails, it fails within minutes.
    small = run(beside, assignments(change))
    large = run(applicants, assignments(change))
    figures = content(small, large)
    write_json(figures, out)
    Console(width=None if Console().is_terminal else WIDTH).print(_table(small, large))
    if not all(figures["held"].values()):
        raise typer.Exit(1)


def run(applicants: int, changes: dict[str, Any]) -> ScaleRun:
    """Run the stages from raw events to decisions for one world, and measure each."""
    stages = []
    with tempfile.TemporaryDirectory(prefix="creditloom-scale-") as name:
        folder = Path(name)
        stage_runner.prepare(folder, {"world.applicants": applicants, **changes})
        for stage in STAGES:
            used = measure(module_of(stage), folder=folder)
            seconds = round(used.seconds, 1)
            stages.append(Stage(stage, seconds, round(used.cpu, 1), round(used.peak_mb)))
            Console(stderr=True).print(
                f"{applicants:,}: {stage} {used.seconds:.0f} s, {used.peak_mb:,.0f} MB"
            )
        rows = read_json(folder / paths.RUNTIME / "simulate.json")["rows"]
    return ScaleRun(applicants, sum(rows.values()), tuple(stages))


def content(small: ScaleRun, large: ScaleRun) -> dict[str, Any]:
    """Return what scale.json holds: both runs, their ratio, and whether the bars hold.

    The ratio is that of CPU seconds per event, large over small.
    """
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
    sizes = f"{large.applicants:,} applicants, {large.rows / 1e6:.0f} M raw rows"
    table = Table(title=f"{sizes}, beside {small.applicants:,}")
    table.add_column("stage")
    for heading in ("s", "CPU s", "peak MB", "s beside", "CPU s beside", "CPU per event, ratio"):
        table.add_column(heading, justify="right")
    for stage, beside in zip(large.stages, small.stages, strict=True):
        ratio = stage.cpu / max(beside.cpu, MIN_CPU_SECONDS) * small.rows / large.rows
        own = (f"{stage.seconds:.0f}", f"{stage.cpu:.0f}", f"{stage.peak_mb:,.0f}")
        other = (f"{beside.seconds:.0f}", f"{beside.cpu:.0f}")
        table.add_row(stage.stage, *own, *other, f"{ratio:.2f}")
    table.add_row("all", *_total_cells(small, large))
    return table


def _total_cells(small: ScaleRun, large: ScaleRun) -> list[str]:
    """Return the cells of the whole run with the limits; CPU seconds are only in the ratio."""
    ratio = large.cpu_per_million / small.cpu_per_million
    seconds = f"{large.seconds:.0f} (bar {MAX_SECONDS:.0f})"
    peak = f"{large.peak_mb:,.0f} (bar {MAX_MB:,.0f})"
    return [seconds, "", peak, f"{small.seconds:.0f}", "", f"{ratio:.2f} (bar {MAX_RATIO})"]
