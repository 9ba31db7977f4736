"""`creditloom policy`: takes a policy from draft to review to approved, each step on record."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from creditloom.decision.rulebook.approval import (
    APPROVED,
    REVIEW,
    Approvals,
    State,
    articles_of,
    deciding,
)
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.policy.policy_source import GivenPolicy, policy_at
from creditloom.pipeline.products.written_policy import (
    drafted,
    moved_on,
    recorded_approvals,
    write_record,
)
from creditloom.storage.files.errors import DataError

app = typer.Typer(
    no_args_is_help=True,
    help="Who approved the policy: show it, draft a change, review it, approve it.",
)
_out = Console(soft_wrap=True)

# The options of the commands, each with its help.
PolicyOption = Annotated[
    Path | None,
    typer.Option(help="the policy: a YAML file with a block `policy`; default: params.yaml"),
]
ProductsOption = Annotated[
    Path | None, typer.Option(help="folder of products and laws; default: beside it, or shipped")
]
RecordOption = Annotated[Path, typer.Option(help="the record, to which steps are only added")]
RoleOption = Annotated[
    str, typer.Option(help="the role that takes the step, as `credit policy`; no name of a person")
]
WhyOption = Annotated[str, typer.Option(help="why, in a sentence")]


@app.command("show")
def show(
    policy: PolicyOption = None,
    products: ProductsOption = None,
    record: RecordOption = paths.APPROVALS,
) -> None:
    """Show the state of every article of the policy, and whether it decides."""
    given, articles = _given(policy, products)
    _show(recorded_approvals(record), given, articles)


@app.command("draft")
def draft(
    role: RoleOption,
    why: WhyOption,
    policy: PolicyOption = None,
    products: ProductsOption = None,
    record: RecordOption = paths.APPROVALS,
) -> None:
    """Record the articles that differ from the approved ones as a draft, which decides nothing."""
    given, articles = _given(policy, products)
    _take(drafted(recorded_approvals(record), articles, role, why, _today()), record)
    _show(recorded_approvals(record), given, articles)
    _out.print("see who would move: creditloom whatif; next: creditloom policy review")


@app.command("review")
def review(
    role: RoleOption,
    why: WhyOption,
    policy: PolicyOption = None,
    products: ProductsOption = None,
    record: RecordOption = paths.APPROVALS,
) -> None:
    """Record that another role than the drafting one has reviewed the draft."""
    _move(REVIEW, role, why, policy, products, record)
    _out.print("next: creditloom policy approve")


@app.command("approve")
def approve(
    role: RoleOption,
    why: WhyOption,
    policy: PolicyOption = None,
    products: ProductsOption = None,
    record: RecordOption = paths.APPROVALS,
) -> None:
    """Record that another role than the drafting one has approved the change: it may decide."""
    _move(APPROVED, role, why, policy, products, record)
    _out.print("next: commit the record, and run the bundle stage")


def _move(
    state: State,
    role: str,
    why: str,
    policy: Path | None,
    products: Path | None,
    record: Path,
) -> None:
    given, articles = _given(policy, products)
    step = moved_on(recorded_approvals(record), state, articles, role, why, _today())
    _take(step, record)
    _show(step, given, articles)


def _given(policy: Path | None, products: Path | None) -> tuple[GivenPolicy, dict[str, str]]:
    """Return the policy and its articles; DataError for one without a product."""
    given = policy_at(policy or paths.params_file(), products)
    articles = articles_of(*given.documents)
    if not articles:
        raise DataError.of(
            "This policy offers nothing, so there is nothing to approve",
            where=given.name,
            expected="policy.product: a product",
            got="null: the tier alone decides",
            next_step="name a product, or leave it: tiers alone need no approval",
        )
    return given, articles


def _take(record: Approvals, path: Path) -> None:
    write_record(record, path)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _show(record: Approvals, given: GivenPolicy, articles: dict[str, str]) -> None:
    table = Table(title=f"articles of {given.name}")
    for name in ("article", "sha256", "state", "change"):
        table.add_column(name)
    changes = {pair: step.change for step in record.approvals for pair in step.articles.items()}
    for name, sha in articles.items():
        change = changes.get((name, sha))
        table.add_row(
            name, sha[:12], record.state(name, sha), "-" if change is None else str(change)
        )
    _out.print(table)
    for step in record.approvals:
        _out.print(f"change {step.change}, {step.state}: {step.role}, {step.date}: {step.why}")
    chosen = given.policy
    product = chosen.product.id if chosen.product else ""
    needed = deciding(articles, product, (law.id for law in chosen.laws))
    lacking = record.unapproved(needed)
    said = f"does not decide: {', '.join(lacking)}" if lacking else "decides"
    _out.print(f"{chosen.name} under its laws by date {said}")
