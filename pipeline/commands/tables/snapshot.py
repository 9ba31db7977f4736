"""`creditloom snapshot`: what other people's rows say, made once for a month and read by many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.pipeline.base.console import Console

app = typer.Typer(
    no_args_is_help=True,
    help="The network of a month - graph, transfers, shared devices - as tables by person: "
    "make it once, score with `creditloom score --events RAW --snapshot FOLDER`.",
)
_out = Console(soft_wrap=True)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the commands, each with its help.
EventsOption = Annotated[Path, typer.Option(help="the folder of raw tables that it is made of")]
AsOfOption = Annotated[
    dt.datetime,
    typer.Option(help="a day of the month that it is for (UTC): decisions of that month read it"),
]
OutOption = Annotated[Path, typer.Option(help="the folder to write; an older snapshot is replaced")]
MaxBadShareOption = Annotated[
    float, typer.Option(help="a table with a larger share of bad rows stops the command")
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option(help="a raw table that is not to be read; may be given again for another one"),
]
EngineOption = Annotated[
    str, typer.Option(help="duckdb (here) or spark (of a lake): both leave the same bytes")
]
FolderArgument = Annotated[Path, typer.Argument(help="the folder of the snapshot")]


@app.command("make")
def make(
    events: EventsOption,
    as_of: AsOfOption,
    out: OutOption,
    max_bad_share: MaxBadShareOption = 0.05,
    without: WithoutOption = None,
    engine: EngineOption = "duckdb",
) -> None:
    """Make the snapshot of a month of raw tables, with its hash and those of its sources.

    Exit code 2: a table is missing, broken, or the folder holds something else; for Spark, the
    folder is no lake.
    """
    # Imported here, so that help and wrong options are told at once.
    from creditloom.serving.batch.engine import engine_name
    from creditloom.serving.whole.network_snapshot import make_snapshot

    _err.print(f"snapshot of {as_of:%Y-%m} from {events} ...")
    # table: what the snapshot is made of, and by what
    made = make_snapshot(
        events,
        as_of,
        out,
        max_bad_share=max_bad_share,
        without=without or (),
        engine=engine_name(engine),
    )
    _show(made.manifest, out)
    _err.print(
        f"next: creditloom score --events {events} --as-of {as_of:%Y-%m-%d} --snapshot {out} "
        "--output FOLDER"
    )


@app.command("check")
def check(folder: FolderArgument) -> None:
    """Compare every table with its hash, and show what the snapshot is made of.

    Exit code 2: it was changed, or is none, or was made by other rules.
    """
    from creditloom.serving.whole.network_snapshot import OpenSnapshot

    _show(OpenSnapshot.open(folder).manifest, folder)


def _show(said: Mapping[str, Any], folder: Path) -> None:
    table = Table("table", "rows", "sha256", title=f"{folder}, as of {said['as_of'][:10]}")
    for name, one in said["tables"].items():
        table.add_row(name, f"{one['rows']:,}", one["sha256"][:12])
    _out.print(table)
    files = sum(map(len, said["sources"].values()))
    _out.print(f"made of {files} files of {', '.join(said['sources'])}")
    _out.print(f"sha256 {said['sha256']}")
