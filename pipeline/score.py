"""`creditloom score`: decide a Parquet file or folder with the registered model, or with a bundle, in blocks of rows.

Bad rows and all copies of a duplicate id are set aside with rule and reason; the rest is decided in the order of the input.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pipeline import paths

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from data.batch import Batch
    from models.batch.job import Tally

    Outcome = tuple[pa.Table, pa.Table]

ID = "application_id"
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def score(
    source: Annotated[Path, typer.Option("--input", help="a Parquet file, or a folder of them: one row per application")],
    output: Annotated[Path, typer.Option(help="the decisions, a .parquet file; rejected rows go to <name>.rejected.parquet beside it")],
    model: Annotated[str, typer.Option(help="a registered model")] = "models:/credit-decision@champion",
    bundle: Annotated[Path | None, typer.Option(help="a bundle folder, instead of a registered model")] = None,
    explain: Annotated[str, typer.Option(help="adverse: reasons where they are due; all: for everyone, with points; none")] = "adverse",
    language: Annotated[str, typer.Option(help="language of the reasons: en or zh")] = "en",
    rows: Annotated[int, typer.Option(min=1, help="rows decided at a time")] = 16_384,
    today: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="an as_of after this day is refused; default: today")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")] = False,
) -> None:
    """Decide a batch of applications."""
    from data.batch import Batch
    from models.batch import faults, job
    from models.batch.schema import check_schema
    from models.inputs import columns

    start, tally = time.perf_counter(), job.Tally()
    folder, predict = _model(model, bundle)
    read = columns(folder)
    batch = Batch.open(source, output)
    for part, schema in batch.schemas():
        check_schema(schema, read, part)
    day = (today or dt.datetime.now(dt.UTC)).date()
    rules = faults.Rules(read, faults.duplicates(batch.blocks([ID], rows)), day)
    blocks = batch.blocks([column.name for column in read], rows)
    decide = partial(predict, params={"explain": explain, "language": language})
    batch.write(_shown(job.run(blocks, rules, decide, tally), tally, batch.rows))
    _report(tally, time.perf_counter() - start, batch, as_json)


def _model(uri: str, bundle: Path | None) -> tuple[Path, Callable[..., pd.DataFrame]]:
    """The folder of the bundle and the runtime's `predict`: the repository's for a bundle, its own for a registered version."""
    if bundle is not None:
        from models.decision.loader import _load_pyfunc

        return bundle, _load_pyfunc(str(bundle)).predict
    from models.registry.load import load
    from models.registry.resolve import resolve
    from models.registry.store import Store

    version = resolve(uri, Store.at(paths.REGISTRY))
    return version.bundle, load(version).predict


def _shown(outcomes: Iterator[Outcome], tally: Tally, rows: int) -> Iterator[Outcome]:
    """Hand the blocks on and move a bar on stderr."""
    with Progress(console=_err, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("score", total=rows)
        for outcome in outcomes:
            yield outcome
            progress.update(task, completed=tally.rows)


def _report(tally: Tally, seconds: float, batch: Batch, as_json: bool) -> None:
    """The summary: how many rows, what became of them, how fast."""
    summary = {
        "rows": tally.rows,
        "decided": tally.decisions.total(),
        "decisions": dict(sorted(tally.decisions.items())),
        "rejected": tally.rejected.total(),
        "rejected_by_rule": dict(sorted(tally.rejected.items())),
        "seconds": round(seconds, 2),
        "rows_per_second": round(tally.rows / seconds),
        "output": str(batch.output),
        "rejected_output": str(batch.rejected),
    }
    if as_json:
        sys.stdout.write(json.dumps(summary, indent=1, sort_keys=True) + "\n")
        return
    table = Table("rows", "", title="score")
    table.add_row("read", f"{tally.rows:,}")
    for name, count in [*sorted(tally.decisions.items()), *((f"rejected: {rule}", n) for rule, n in sorted(tally.rejected.items()))]:
        table.add_row(name, f"{count:,}")
    _err.print(table)
    _err.print(f"{batch.output}: {tally.decisions.total():,} decisions, {summary['rows_per_second']:,} rows/s")
    if tally.rejected:
        _err.print(f"{batch.rejected}: {tally.rejected.total():,} rejected rows, each with rule and reason")
