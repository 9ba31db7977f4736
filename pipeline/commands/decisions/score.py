"""`creditloom score`: decide a batch with the registered model, or with a bundle; docs/batch.md says how a scheduler runs it."""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from creditloom.pipeline.base import paths
from creditloom.serving.batch.deciding_model import CHAMPION
from creditloom.serving.batch.job import Tally
from creditloom.serving.score import score as score_batch
from creditloom.storage.files.errors import exit_code, is_ours

_err = Console(stderr=True, soft_wrap=True, highlight=False)


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


class Progressed:
    """A bar on stderr, where that is a terminal: rows done of all, rate, time left."""

    def __init__(self, rows: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=_err, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("score", total=rows)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return self.tell

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def tell(self, rows: int) -> None:
        """So many rows are done."""
        self._bar.update(self._task, completed=rows)


@contextmanager
def refusal_told(output: Path, *, as_json: bool) -> Iterator[None]:
    """With --json a refusal is an object on standard output too: `exit_code`, `refused`, `output`."""
    try:
        yield
    except ValueError as error:
        if as_json and is_ours(error):
            _print({"refused": str(error), "output": str(output), "exit_code": exit_code(error)})
        raise


def _print(summary: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(summary, indent=1, sort_keys=True) + "\n")


def _peak_mb() -> int:
    """Largest memory held. Linux tells it of the program alone; getrusage also counts what whoever started it held at that moment."""
    status = Path("/proc/self/status")
    told = (
        [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if status.exists()
        else []
    )
    kib = int(told[0]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib * 1024 // 1_000_000


def report(
    manifest: Mapping[str, Any], tally: Tally, output: Path, seconds: float, *, as_json: bool
) -> None:
    """The summary: how many rows, what became of them, how fast, in how much memory."""
    fresh = tally.rows - tally.resumed
    figures = {
        name: manifest[name]
        for name in ("rows", "decided", "rejected", "decisions", "rejected_by_rule", "root")
    }
    summary = {
        **figures,
        "resumed_rows": tally.resumed,
        "parts": len(tally.links),
        "seconds": round(seconds, 2),
        "rows_per_second": round(fresh / seconds),
        "peak_memory_mb": _peak_mb(),
        "output": str(output),
        "exit_code": 0,
    }
    if as_json:
        _print(summary)
        return
    table = Table("rows", "", title="score")
    table.add_row("read", f"{tally.rows:,}")
    for name, count in [
        *manifest["decisions"].items(),
        *((f"rejected: {rule}", n) for rule, n in manifest["rejected_by_rule"].items()),
    ]:
        table.add_row(name, f"{count:,}")
    if tally.resumed:
        table.add_row("done by an earlier run", f"{tally.resumed:,}")
    _err.print(table)
    _err.print(
        f"{output}: {manifest['decided']:,} decisions in {len(tally.links)} parts, {summary['rows_per_second']:,} rows/s"
    )
    if manifest["rejected"]:
        _err.print(f"{manifest['rejected']:,} rows in quarantine, each with rule and reason")
    _err.print(f"root {manifest['root']}")


def score(
    output: Annotated[
        Path,
        typer.Option(
            help="a folder for decisions, ledger and quarantine; with .parquet, one file of decisions too"
        ),
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="a Parquet file, or a folder of them: one row per application, with features",
        ),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(help="a folder of raw tables, instead of --input: the features are made here"),
    ] = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(
            help="with --events: decide everyone as of this moment (UTC), not of their applications"
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="duckdb: on this machine; spark: by Spark's workers (docs/batch.md), to the same bytes"
        ),
    ] = "duckdb",
    max_bad_share: Annotated[
        float,
        typer.Option(help="with --events: a table with a larger share of bad rows stops the job"),
    ] = 0.05,
    model: Annotated[str, typer.Option(help="a registered model")] = CHAMPION,
    bundle: Annotated[
        Path | None, typer.Option(help="a bundle folder, instead of a registered model")
    ] = None,
    explain: Annotated[
        str,
        typer.Option(
            help="adverse: reasons where they are due; all: for everyone, with points; none"
        ),
    ] = "adverse",
    language: Annotated[str, typer.Option(help="language of the reasons: en or zh")] = "en",
    product: Annotated[str, typer.Option(help="a product of the bundle; default: its own")] = "",
    law: Annotated[
        str,
        typer.Option(
            help="a law profile of the bundle; default: the one in force on the day of as_of"
        ),
    ] = "",
    accept_drift: Annotated[
        str,
        typer.Option(
            help="why the batch is decided although its scores come from another population (R12)"
        ),
    ] = "",
    threads: Annotated[
        int, typer.Option(min=1, help="threads that decide; not more than there are free cores")
    ] = 2,
    part_rows: Annotated[
        int, typer.Option(min=1, help="rows of the input per part: what a killed job loses at most")
    ] = 131_072,
    today: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="an as_of after this day is refused; default: the day of the first run",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="delete another batch that lies in the output folder")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="the summary as JSON on standard output")
    ] = False,
) -> None:
    """Decide a batch of applications. Run the same command again after a stop: finished parts are kept.

    Exit codes: 0 all rows decided or set aside; 2 nothing can be decided (input, model, options); 3 another job writes the folder;
    4 the disk does not take the output; 5 the batch breaches a stop level.
    """
    start = time.perf_counter()
    with refusal_told(output, as_json=as_json):
        done = score_batch(
            output, source=source, events=events, as_of=as_of, engine=engine, max_bad_share=max_bad_share, model=model, bundle=bundle,
            explain=explain, language=language, product=product, law=law, accept_drift=accept_drift, threads=threads, part_rows=part_rows,
            today=None if today is None else today.date(), replace=replace, registry=paths.REGISTRY, watched=Progressed,
        )  # fmt: skip
        report(done.manifest, done.tally, output, time.perf_counter() - start, as_json=as_json)
