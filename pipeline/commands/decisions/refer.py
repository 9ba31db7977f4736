"""`creditloom refer`: the queue of applications that a person decides, and the record of what was decided."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.serving.referral.overrides import Override, OverrideOutcome, append, read, waiting
from creditloom.storage.files.store import read_frame

app = typer.Typer(
    no_args_is_help=True, help="Applications that wait for a person: list them, decide them."
)
Queue = Annotated[Path, typer.Option(help="the queue that the decide stage wrote")]
Record = Annotated[
    Path, typer.Option(help="where overrides are recorded, one line each, only ever added")
]


@app.command("list")
def show(
    queue: Queue = paths.QUEUE,
    record: Record = paths.OVERRIDES,
    most: Annotated[int, typer.Option(min=1, help="rows to show")] = 20,
    json_out: Annotated[
        bool, typer.Option("--json", help="every waiting row as JSON, one a line")
    ] = False,
) -> None:
    """Show what waits: decision_id, application, tier, PD, limit and the first reason."""
    rows = waiting(read_frame(queue), read(record))
    console = Console(soft_wrap=json_out)
    if json_out:
        console.out(
            rows.to_json(
                orient="records", lines=True, date_format="iso", force_ascii=False
            ).rstrip(),
            highlight=False,
        )
        return
    table = Table(title=f"{len(rows):,} applications wait for a person")
    for name in ("decision_id", "application", "tier", "PD %", "limit CNY", "first reason"):
        table.add_column(
            name, min_width=32 if name == "decision_id" else None
        )  # whole: it is what `override` asks for
    for row in rows.head(most).to_dict("records"):
        reason = row["reasons"][0]["text"] if len(row["reasons"]) else ""
        cells = [f"{100 * row['pd']:.2f}", f"{row['limit_cny']:,.0f}", reason]
        table.add_row(row["decision_id"], str(row["application_id"]), str(row["tier"]), *cells)
    console.print(table)


@app.command("override")
def override(
    decision_id: Annotated[str, typer.Argument(help="as `creditloom refer list` shows it")],
    outcome: Annotated[OverrideOutcome, typer.Option(help="what the person decided")],
    reason: Annotated[str, typer.Option(help="why, in a sentence")],
    role: Annotated[
        str,
        typer.Option(help="the role that decided, as `senior underwriter`; no name of a person"),
    ],
    limit: Annotated[
        float | None, typer.Option(help="CNY; for an approval, at most the limit of the decision")
    ] = None,
    queue: Queue = paths.QUEUE,
    record: Record = paths.OVERRIDES,
) -> None:
    """Record a person's decision on a referred application. It is appended and chained to the lines before, never edited."""
    rows = read_frame(queue)
    mine = rows.loc[rows["decision_id"] == decision_id, "application_id"]
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    written = append(
        Override(
            moment,
            decision_id,
            str(mine.iloc[0]) if len(mine) else "",
            outcome,
            limit,
            reason,
            role,
        ),
        rows,
        record,
    )
    Console().print_json(json.dumps(asdict(written), ensure_ascii=False))
