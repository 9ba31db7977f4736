"""`creditloom score`: decides a batch with the registered model, or with a bundle.

docs/batch.md says how a scheduler runs it. This module is only the command line: options, progress,
summary. The work is done in `serving/score.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
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

from creditloom.decision.score.drift import PopulationCounts
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.serving.batch.job import Tally
from creditloom.serving.batch.part import BEYOND
from creditloom.serving.registry.gate import RegistryParams
from creditloom.serving.registry.model_registry import CHAMPION
from creditloom.serving.score import Scored
from creditloom.serving.score import score as score_batch

_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
OutputOption = Annotated[
    Path,
    typer.Option(
        help="a folder for decisions, ledger and quarantine; "
        "with .parquet, one file of decisions too"
    ),
]
InputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="a Parquet or CSV file, or a folder of parts: one row per application, with features",
    ),
]
EventsOption = Annotated[
    Path | None,
    typer.Option(help="a folder of raw tables, instead of --input: the features are made here"),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        help="with --events: the mapping file of a folder of your own files (docs/own_tables.md)"
    ),
]
AsOfOption = Annotated[
    dt.datetime | None,
    typer.Option(
        help="with --events: decide everyone as of this moment (UTC), not of their applications"
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        help="duckdb: on this machine; spark: by Spark's workers (docs/batch.md), to the same bytes"
    ),
]
MaxBadShareOption = Annotated[
    float,
    typer.Option(help="with --events: a table with a larger share of bad rows stops the job"),
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option(
        help="with --events: a raw table that is not there, or not to be read, although the model "
        "needs it; may be given again for another one"
    ),
]
SnapshotOption = Annotated[
    Path | None,
    typer.Option(
        help="with --events: a network snapshot of the month of --as-of, made of the same tables "
        "(`creditloom snapshot make`); what other people's rows say is read of it, to the same bits"
    ),
]
ModelOption = Annotated[
    str, typer.Option(help="a registered model; default: the champion of `registry.name`")
]
BundleOption = Annotated[
    Path | None, typer.Option(help="a bundle folder, instead of a registered model")
]
ExplainOption = Annotated[
    str,
    typer.Option(help="adverse: reasons where they are due; all: for everyone, with points; none"),
]
LanguageOption = Annotated[
    str, typer.Option("--language", "--lang", help="language of the reasons: en or zh")
]
ProductOption = Annotated[str, typer.Option(help="a product of the bundle; default: its own")]
LawOption = Annotated[
    str,
    typer.Option(help="a law profile of the bundle; default: the one in force on the day of as_of"),
]
AcceptDriftOption = Annotated[
    str,
    typer.Option(
        help="why the batch is decided although its scores or columns come from another "
        "population (R12)"
    ),
]
ThreadsOption = Annotated[
    int, typer.Option(min=1, help="threads that decide; not more than there are free cores")
]
PartRowsOption = Annotated[
    int, typer.Option(min=1, help="rows of the input per part: what a killed job loses at most")
]
TodayOption = Annotated[
    dt.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="an as_of after this day is refused; default: the day of the first run",
    ),
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="delete another batch that lies in the output folder")
]
LogOption = Annotated[
    Path | None,
    typer.Option(
        help="the folder of the log that names the batch; default: creditloom.ledger beside it"
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(
        help="a private key (`creditloom key new`) that signs root and log; "
        "default: that of CREDITLOOM_SIGN, or none"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")]


# This function is longer than 40 lines: each of the 22 options needs one line as a parameter and
# one as an argument.
# table: the options of the command
def score(
    output: OutputOption,
    source: InputOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    as_of: AsOfOption = None,
    engine: EngineOption = "duckdb",
    max_bad_share: MaxBadShareOption = 0.05,
    without: WithoutOption = None,
    snapshot: SnapshotOption = None,
    model: ModelOption = "",
    bundle: BundleOption = None,
    explain: ExplainOption = "adverse",
    language: LanguageOption = "en",
    product: ProductOption = "",
    law: LawOption = "",
    accept_drift: AcceptDriftOption = "",
    threads: ThreadsOption = 2,
    part_rows: PartRowsOption = 131_072,
    today: TodayOption = None,
    replace: ReplaceOption = False,
    log: LogOption = None,
    sign: SignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a batch of applications. Run it again after a stop: finished parts are kept.

    Exit codes: 0 all rows decided or set aside; 2 nothing can be decided (input, model, options);
    3 another job writes the folder; 4 the disk does not take the output; 5 the batch breaches a
    stop level.
    """
    start = time.perf_counter()
    # table: the options, passed on
    done = score_batch(
        output,
        source=source,
        events=events,
        mapping=None if mapping is None else read_mapping(mapping),
        as_of=as_of,
        engine=engine,
        max_bad_share=max_bad_share,
        without=without or (),
        snapshot=snapshot,
        model=model if model or bundle else _champion(),
        bundle=bundle,
        explain=explain,
        language=language,
        product=product,
        law=law,
        accept_drift=accept_drift,
        threads=threads,
        part_rows=part_rows,
        today=None if today is None else today.date(),
        replace=replace,
        registry=paths.REGISTRY,
        log=log,
        sign=sign,
        watched=ProgressBar,
    )
    seconds = time.perf_counter() - start
    report(done, output, seconds, as_json=as_json)


def _champion() -> str:
    """Return the URI of the champion of the model that params.yaml names."""
    # Beside a wheel no params.yaml need lie in the working folder.
    name = section("registry", RegistryParams, paths.params_file()).name
    return f"models:/{name}@{CHAMPION}"


class RateColumn(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


class ProgressBar:
    """A progress bar on stderr, if that is a terminal: rows done, rate, time left."""

    def __init__(self, rows: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=_err, disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("score", total=rows)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return self.show

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, rows: int) -> None:
        """Draw the bar with `rows` rows done."""
        self._bar.update(self._task, completed=rows)


def report(done: Scored, output: Path, seconds: float, *, as_json: bool) -> None:
    """Print the summary: rows, what became of them, how fast, in how much memory."""
    manifest = done.manifest
    tally = done.tally
    summary = {**_summary(manifest, tally, output, seconds), "log_head": done.log_head}
    if as_json:
        _print_json(summary)
        return
    _err.print(_summary_table(manifest, tally))
    parts = len(tally.links)
    decided = f"{manifest['decided']:,} decisions in {parts} part{'s'[: parts != 1]}"
    _err.print(f"{output}: {decided}, {summary['rows_per_second']:,} rows/s")
    if manifest["rejected"]:
        _err.print(f"{manifest['rejected']:,} rows in quarantine, each with rule and reason")
    _err.print(f"root {manifest['root']}")
    _err.print(f"log  {done.log_head}")


def _summary(
    manifest: Mapping[str, Any], tally: Tally, output: Path, seconds: float
) -> dict[str, Any]:
    names = ("rows", "decided", "rejected", "decisions", "rejected_by_rule", "root", BEYOND)
    # Parts that an earlier run finished do not count for the rate of this run.
    fresh_rows = tally.rows - tally.resumed
    counts = {name: manifest[name] for name in names if name in manifest}
    return {
        **counts,
        "resumed_rows": tally.resumed,
        "parts": len(tally.links),
        "seconds": round(seconds, 2),
        "rows_per_second": round(fresh_rows / seconds),
        "peak_memory_mb": _peak_mb(),
        "output": str(output),
        "exit_code": 0,
    }


def _summary_table(manifest: Mapping[str, Any], tally: Tally) -> Table:
    table = Table("rows", "", title="score")
    table.add_row("read", f"{tally.rows:,}")
    for name, count in manifest["decisions"].items():
        table.add_row(name, f"{count:,}")
    for rule, count in manifest["rejected_by_rule"].items():
        table.add_row(f"rejected: {rule}", f"{count:,}")
    counts = manifest.get(BEYOND)
    for name, count in () if counts is None else PopulationCounts.from_plain(counts).told():
        table.add_row(name, count)
    if tally.resumed:
        table.add_row("done by an earlier run", f"{tally.resumed:,}")
    return table


def _print_json(content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=1, sort_keys=True) + "\n")


def _peak_mb() -> int:
    """Return the largest memory that the process held, in MB of 10^6 bytes."""
    # Linux counts it for this program alone (VmHWM, in KiB). getrusage would also count the memory
    # that the parent process had when it started this one.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    kib = int(peaks[0]) if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib * 1024 // 1_000_000
