"""`creditloom bench`: measures our code beside other code, or our PDs beside other methods.

`bench speed`, or `bench` alone, prints and writes tables of seconds and memory.
data/reports/bench.json holds the rows, and the machine and library versions of the run.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.bench.row import BenchRow, machine, show
from creditloom.pipeline.proof.bench.runs.online.command import online
from creditloom.pipeline.proof.bench_earlier.command import earlier
from creditloom.pipeline.proof.bench_tables.command import tables as judge_tables
from creditloom.storage.files.store import write_json

# Name of a table -> the module that measures it.
TABLES = {
    name: f"creditloom.pipeline.proof.bench.{name}"
    for name in ("kernel", "latency", "job", "features", "events", "lake", "fit_rows")
} | {
    "direct": "creditloom.pipeline.proof.bench_earlier.direct.one_decision",
    "spark": "creditloom.pipeline.proof.bench.runs.spark_table",
}
# The tables that can stand beside an earlier checkout.
BESIDE_EARLIER = ("events", "fit_rows", "direct")
# Tables that measure the model of the current folder. It must have been made before.
OF_THE_MODEL = ("latency", "job", "events", "direct", "spark")
_err = Console(stderr=True, soft_wrap=True, highlight=False)


class BenchGroup(TyperGroup):
    """The commands of `creditloom bench`; without the name of one it is `speed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `speed` before words that begin with no command, as `kernel` or `--quick`."""
        is_named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else [SPEED, *args])


SPEED = "speed"
app = typer.Typer(cls=BenchGroup, help="Compare ours and theirs: speed, or PDs on many tables.")
app.command("tables")(judge_tables)
app.command("earlier")(earlier)
app.command("online")(online)

# The options of the command, each with its help.
TablesArgument = Annotated[
    list[str] | None,
    typer.Argument(help=f"which: {', '.join(TABLES)}; none named = all of them"),
]
QuickOption = Annotated[
    bool,
    typer.Option("--quick", help="smaller inputs and fewer rounds: minutes less, wider spread"),
]
EarlierOption = Annotated[
    Path | None,
    typer.Option(
        help="checkout of an earlier commit, measured in turns (events, fit_rows, direct)"
    ),
]
OutputOption = Annotated[Path, typer.Option(help="where the rows are written")]


@app.command(SPEED)
def bench(
    tables: TablesArgument = None,
    quick: QuickOption = False,
    earlier: EarlierOption = None,
    output: OutputOption = paths.BENCH,
) -> None:
    """Compare ours and theirs in turns in one run: medians, smallest and largest ratio of a round.

    Ours and theirs are measured in turns, so that it does not matter which comes first.
    """
    names = tuple(tables or TABLES)
    _check(names)
    require_figures(output, "machine", "quick", "rows")
    rows: list[BenchRow] = []
    for name in names:
        _err.print(f"bench {name} ...")
        more = (earlier,) if name in BESIDE_EARLIER else ()
        rows += importlib.import_module(TABLES[name]).run(quick, *more)
        # Write after each table, so that its figures are kept if a later table fails.
        content = {"machine": machine(), "quick": quick, "rows": [_as_json(row) for row in rows]}
        write_json(content, output)
    show(rows)
    _err.print(f"{output}: {len(rows)} rows")


def _check(names: Sequence[str]) -> None:
    """Raise BadParameter for an unknown table, or for one whose model is not there."""
    unknown = sorted(set(names) - set(TABLES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is no table; expected one of {', '.join(TABLES)}")
    waiting = [name for name in names if name in OF_THE_MODEL and not paths.MATRIX.is_file()]
    if waiting:
        measured = f"{' and '.join(waiting)} measure the model of this folder"
        raise typer.BadParameter(f"{measured}, and {paths.MATRIX} is not there; run `make repro`")


def _as_json(row: BenchRow) -> dict[str, Any]:
    return {
        **asdict(row),
        "times": 1 / row.ratio if row.ratio else None,
        "holds": row.bar is None or row.ratio <= row.bar,
    }
