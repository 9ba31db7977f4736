"""`creditloom fit`: the command line of fitting any table with a label; `pipeline.fit_run` does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fit(
    data: Annotated[Path, typer.Option(help="a Parquet file with one row per application, or a folder of raw tables")],
    out: Annotated[Path, typer.Option(help="the folder to write: metrics.json, index.html, decisions.parquet, bundle/")],
    label: Annotated[str | None, typer.Option(help="column with 1 = bad, 0 = good (a folder may carry loans instead)")] = None,
    row_id: Annotated[str | None, typer.Option("--id", help="column that names a row")] = None,
    time: Annotated[str | None, typer.Option(help="column with the date of application: adds out-of-time figures")] = None,
    drop: Annotated[str | None, typer.Option(help="columns to leave out: A,B")] = None,
    categorical: Annotated[str | None, typer.Option(help="columns that are categories although numbers: A,B (texts always are)")] = None,
    protected: Annotated[str | None, typer.Option(help="columns reported on and never modelled: A,B")] = None,
    special_codes: Annotated[str | None, typer.Option(help="numbers that mean missing: --special-codes=-9,-8,-7")] = None,
    force: Annotated[bool, typer.Option(help="replace the output folder whatever it holds")] = False,
) -> None:
    """Train, calibrate, tier, explain and report on a table of your own."""
    from pipeline.fit_run import run  # what learns is slow to import, and `--help` must not wait for it
    from pipeline.fit_source import codes_of, names_of, source_of

    source = source_of(
        data, label=label, id=row_id, time=time, drop=names_of(drop), categorical=names_of(categorical),
        protected=names_of(protected), special_codes=codes_of(special_codes),
    )  # fmt: skip
    run(source, out, force=force)
