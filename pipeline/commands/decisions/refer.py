"""`creditloom refer`: the queue of applications that a person decides, and what was decided."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.decisions.refer_list import Order, Wanted, listed
from creditloom.pipeline.commands.letters.change import OF_CASES, RawOption, RecourseOption
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

# The options of the commands, each with its help.
Queue = Annotated[Path, typer.Option(help="the queue that the decide stage wrote")]
Record = Annotated[
    Path, typer.Option(help="where overrides are recorded, one line each, only ever added")
]
MostOption = Annotated[int, typer.Option(min=1, help="rows to show")]
JsonOption = Annotated[bool, typer.Option("--json", help="every waiting row as JSON, one a line")]
OrderOption = Annotated[
    Order, typer.Option(help="queue, age (oldest first), pd, limit (highest first) or score")
]
ProductOption = Annotated[str | None, typer.Option(help="only this product, as house@v1")]
TierOption = Annotated[str | None, typer.Option(help="only this tier, as G7")]
CodeOption = Annotated[
    str | None, typer.Option(help="only cases with this code among the reasons, as M2 or FR09")
]
WaitingOption = Annotated[int, typer.Option(min=0, help="only cases of so many days or more")]
TodayOption = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="count the days to this one (UTC)")
]
LanguageOption = Annotated[Language, typer.Option("--lang", "--language", help="en or zh")]
BatchOption = Annotated[
    Path | None,
    typer.Option(help="folder of `creditloom score`; default: data/decisions of the stages"),
]
BundleOption = Annotated[
    Path | None, typer.Option(help="the bundle that decided, where no registry knows it")
]
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


# table: the options of the command
@app.command("list")
def show(
    queue: Queue = paths.QUEUE,
    record: Record = paths.OVERRIDES,
    most: MostOption = 20,
    order: OrderOption = "queue",
    product: ProductOption = None,
    tier: TierOption = None,
    code: CodeOption = None,
    waiting_from: WaitingOption = 0,
    today: TodayOption = None,
    language: LanguageOption = "en",
    json_out: JsonOption = False,
) -> None:
    """Show what waits: decision_id, application, days, tier, PD, limit and why a person is needed.

    `creditloom refer show ID` says more of one case.
    """
    decided = {override.decision_id for override in read(record)}
    waiting = waiting_cases(read_frame(queue), decided)
    day = dt.datetime.now(dt.UTC).date() if today is None else today.date()
    rows = Wanted(order, product, tier, code, waiting_from).of(waiting, day)
    console = Console(soft_wrap=json_out)
    if json_out:
        # In ASCII: some readers take other characters than the newline for the end of a line.
        bare = rows.drop(columns="days")
        lines = bare.to_json(orient="records", lines=True, date_format="iso")
        console.out(lines.rstrip(), highlight=False)
        return
    console.print(listed(rows.head(most), len(rows), language, _short_words(language)))


def _short_words(language: Language) -> dict[str, str]:
    """Return the short words of the rules in Chinese; none in English, as the queue has them."""
    if language == "en":
        return {}
    # Here and not above: the rules take a second to load.
    from creditloom.pipeline.commands.letters.letter_data import emitted_codes

    return {use.code: use.zh for use in emitted_codes()}


@app.command("show")
def show_case(
    decision_id: DecisionArgument,
    batch: BatchOption = None,
    bundle: BundleOption = None,
    record: Record = paths.OVERRIDES,
    language: LanguageOption = "en",
    recourse: RecourseOption = None,
    raw: RawOption = None,
) -> None:
    """Explain one referred case: why a person is needed, what the score weighed, its history."""
    # Here and not above: `list` needs no model.
    from creditloom.pipeline.commands.letters.change import change_of
    from creditloom.pipeline.commands.letters.explain import documents_of_case, explained
    from creditloom.pipeline.commands.letters.found import find

    found = find(decision_id, None, batch, bundle)
    documents = documents_of_case(found, language, change_of(found, recourse, raw, OF_CASES))
    offset = documents["utc_offset"]
    documents["history"] = history(found.row, read(record), offset)
    sys.stdout.write(explained(documents, language))


def history(
    row: dict[str, Any], overrides: tuple[Override, ...], utc_offset: float = 0.0
) -> list[dict[str, Any]]:
    """Return what happened to a case, oldest first: the decision, the wait, what people decided.

    Each has its day where the clock is `utc_offset` hours ahead of UTC, as the letter has.
    """
    from creditloom.serving.applicant.letters.documents import local_day
    from creditloom.serving.applicant.letters.marks import is_absent

    # A table of one's own may have no days: the decision and the wait are then left out.
    has_day = not is_absent(row["as_of"])
    applied = local_day(row["as_of"], utc_offset).isoformat() if has_day else None
    events: list[dict[str, Any]] = [{"kind": "decided", "at": applied}]
    theirs = [asdict(one) for one in overrides if one.decision_id == row["decision_id"]]
    for one in theirs:
        named = {name: one[name] for name in ("role", "reason", "limit_cny")}
        day = local_day(one["date"], utc_offset).isoformat()
        events.append({"kind": one["outcome"], "at": day, **named})
    if row["decision"] == "refer" and not theirs:
        events.append({"kind": "waits", "at": applied})
    return [event for event in events if event["at"] is not None]


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
