"""`creditloom refer`: the queue of applications that a person decides, and what was decided."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.serving.ledger.log.log import FOLDER, Log
from creditloom.serving.ledger.log.notes import note_store
from creditloom.serving.referral.overrides import (
    Override,
    OverrideOutcome,
    append,
    read,
)
from creditloom.serving.referral.persons import KIND
from creditloom.serving.referral.queue.cases import waiting_cases
from creditloom.storage.files.store import read_frame

app = typer.Typer(
    no_args_is_help=True, help="Applications that wait for a person: list them, decide them."
)
# A decision_id has 32 characters. `override` needs all of them, so the column is never shortened.
ID_WIDTH = 32

# The options of the commands, each with its help.
Queue = Annotated[Path, typer.Option(help="the queue that the decide stage wrote")]
Record = Annotated[
    Path, typer.Option(help="where overrides are recorded, one line each, only ever added")
]
MostOption = Annotated[int, typer.Option(min=1, help="rows to show")]
JsonOption = Annotated[bool, typer.Option("--json", help="every waiting row as JSON, one a line")]
DecisionArgument = Annotated[str, typer.Argument(help="as `creditloom refer list` shows it")]
OutcomeOption = Annotated[OverrideOutcome, typer.Option(help="what the person decided")]
ReasonOption = Annotated[str, typer.Option(help="why, in a sentence")]
RoleOption = Annotated[
    str,
    typer.Option(help="the role that decided, as `senior underwriter`; no name of a person"),
]
LogOption = Annotated[
    Path, typer.Option(help="the log that names every place where persons lie, for `erase`")
]
LimitOption = Annotated[
    float | None, typer.Option(help="CNY; for an approval, at most the limit of the decision")
]


@app.command("list")
def show(
    queue: Queue = paths.QUEUE,
    record: Record = paths.OVERRIDES,
    most: MostOption = 20,
    json_out: JsonOption = False,
) -> None:
    """Show what waits: decision_id, application, tier, PD, limit and the first reason."""
    decided = {override.decision_id for override in read(record)}
    rows = waiting_cases(read_frame(queue), decided)
    console = Console(soft_wrap=json_out)
    if json_out:
        # In ASCII: some readers take other characters than the newline for the end of a line.
        lines = rows.to_json(orient="records", lines=True, date_format="iso")
        console.out(lines.rstrip(), highlight=False)
        return
    table = Table(title=f"{len(rows):,} applications wait for a person")
    table.add_column("decision_id", min_width=ID_WIDTH)
    for name in ("application", "tier", "PD %", "limit CNY", "first reason"):
        table.add_column(name)
    for row in rows.head(most).to_dict("records"):
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: dict[Any, Any]) -> list[str]:
    reasons = row["reasons"]
    first = reasons[0]["text"] if len(reasons) else ""
    limit = "-" if pd.isna(row["limit_cny"]) else f"{row['limit_cny']:,.0f}"
    return [
        row["decision_id"],
        str(row["application_id"]),
        str(row["tier"]),
        f"{100 * row['pd']:.2f}",
        limit,
        first,
    ]


# table: the options of the command
@app.command("override")
def override(
    decision_id: DecisionArgument,
    outcome: OutcomeOption,
    reason: ReasonOption,
    role: RoleOption,
    limit: LimitOption = None,
    queue: Queue = paths.QUEUE,
    record: Record = paths.OVERRIDES,
    log: LogOption = Path(FOLDER),
) -> None:
    """Record a person's decision on a referred application.

    It is appended and chained to the lines before, never edited. What it says of the person lies
    beside it, where `creditloom erase` finds it by the log.
    """
    rows = read_frame(queue)
    applications = rows.loc[rows["decision_id"] == decision_id, "application_id"]
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    # An unknown decision_id has no application. `append` refuses it with a clear message.
    application = str(applications.iloc[0]) if len(applications) else ""
    decided = Override(moment, decision_id, application, outcome, limit, reason, role)
    # Before the values are there: a place that the log does not name would never be erased.
    note_store(Log(log), KIND, record)
    written = append(decided, rows, record, _largest_limit(rows, decision_id))
    Console().print_json(json.dumps(asdict(written), ensure_ascii=False))


def _largest_limit(rows: pd.DataFrame, decision_id: str) -> float | None:
    """Return the product's largest limit in CNY, for a decision without a limit of its own.

    None where the decision has one, or its product is not known here.
    """
    without = rows[(rows["decision_id"] == decision_id) & rows["limit_cny"].isna()]
    if without.empty:
        return None
    # Here and not above: the products take seconds to load, and few decisions have no limit.
    from creditloom.pipeline.products.product_folder import ProductFolder

    known = {product.id: product.limit.maximum.value for product in ProductFolder.of().products()}
    return known.get(without["product"].iloc[0])
