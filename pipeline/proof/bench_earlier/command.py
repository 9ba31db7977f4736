"""`creditloom bench earlier CHECKOUT`: this checkout and another one, measured in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.model.params import assignments
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.bench.row import BenchRow, machine, show
from creditloom.pipeline.proof.bench_earlier import measures
from creditloom.pipeline.proof.bench_earlier.checkout import Checkout
from creditloom.pipeline.proof.bench_earlier.measures import Duel
from creditloom.storage.files.outputs import held_folder
from creditloom.storage.files.store import write_json

STAGES = "stages"
BATCH = "batch"
DECISION = "decision"
TABLES = (STAGES, BATCH, DECISION)
ALL_TABLES = ",".join(TABLES)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
CheckoutArgument = Annotated[
    Path, typer.Argument(help="folder of the other one: git worktree add ../earlier COMMIT")
]
OnlyOption = Annotated[str, typer.Option(help=f"tables, separated by commas: {', '.join(TABLES)}")]
ApplicantsOption = Annotated[int, typer.Option(help="people of each side's world", min=2_000)]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="another parameter, as world.base_rate=0.12")
]
SeedOption = Annotated[int, typer.Option(help="seed of both worlds")]
RowsOption = Annotated[int, typer.Option(help="rows of the batch", min=1_000)]
RoundsOption = Annotated[int, typer.Option(help="rounds; the ratio is their median", min=1)]
ScratchOption = Annotated[
    Path, typer.Option(help="where both run; what is there is used again for batch and decision")
]
OutputOption = Annotated[Path, typer.Option(help="where the rows are written")]


def earlier(
    checkout: CheckoutArgument,
    only: OnlyOption = ALL_TABLES,
    applicants: ApplicantsOption = 20_000,
    seed: SeedOption = 11,
    change: SetOption = None,
    rows: RowsOption = 1_000_000,
    rounds: RoundsOption = 3,
    scratch: ScratchOption = paths.BENCH_EARLIER,
    output: OutputOption = paths.BENCH_EARLIER_JSON,
) -> None:
    """Measure this checkout beside another: CPU of the stages and of a batch, one decision's time.

    Each side runs its own code with its own params.yaml, in turns. Below 1 the present one is
    cheaper. Other work on the machine changes CPU seconds little and milliseconds much.
    """
    tables = _tables(only)
    require_figures(output, "machine", "rows")
    place = scratch.resolve()
    # Two commands would write the same runs over each other.
    with held_folder(place):
        duel = Duel(
            present=Checkout.at(paths.PACKAGE.parent),
            earlier=Checkout.at(checkout),
            scratch=place,
            changes={"seed": seed, "world.applicants": applicants, **assignments(change)},
            rounds=rounds,
            say=_say,
        )
        found: list[BenchRow] = []
        for name in tables:
            found += _measure(name, duel, rows)()
            # Write after each table, so that its figures are kept if a later one fails.
            content = {"machine": machine(), "rows": [asdict(row) for row in found]}
            write_json(content, output)
    show(found)
    _err.print(f"{output}: {len(found)} rows")


def _tables(only: str) -> Sequence[str]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = sorted(set(names) - set(TABLES))
    if unknown or not names:
        raise typer.BadParameter(f"--only {only}: expected names of {', '.join(TABLES)}")
    return names


def _measure(name: str, duel: Duel, rows: int) -> Callable[[], list[BenchRow]]:
    by_name = {
        STAGES: lambda: measures.stage_rows(duel),
        BATCH: lambda: measures.batch_rows(duel, rows),
        DECISION: lambda: measures.decision_rows(duel),
    }
    return by_name[name]


def _say(text: str) -> None:
    _err.print(f"{time.strftime('%H:%M:%S')} {text}")
