"""`creditloom forward`: the house's policy run forward in the world, with monthly reviews: vintage curves, arrears, expected loss, profit.

The behaviour score is trained on the old policy's lines of the training months; the book is what the decisions approved out-of-time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.portfolio import behaviour, book_world
from creditloom.pipeline.commands.portfolio.book_world import Course, ForwardError
from creditloom.portfolio.book import portfolio
from creditloom.portfolio.book.bcard import BCard, ReviewParams, fit
from creditloom.portfolio.book.behaviour import WINDOW
from creditloom.portfolio.book.monthly import Month, month, to_frame
from creditloom.portfolio.book.review_rules import ReviewRules
from creditloom.storage.files.formats import STANDING
from creditloom.storage.files.store import read_frame, write_json, write_table

_out = Console(width=None if Console().is_terminal else 160)


class Reviewer:
    """The monthly job as the world calls it: remembers the standing between months and keeps what each review said."""

    def __init__(self, card: BCard, booked: pd.Series, params: ReviewParams) -> None:
        self.card, self.booked = card, booked
        self.rules = document(ReviewRules, paths.REVIEW_RULES / f"{params.rules}.yaml")
        self.edges = section("policy", PolicyParams).tier_edges
        self.done: list[Month] = []

    def __call__(self, months: Sequence[pa.Table]) -> Any:
        before = self.done[-1].standing if self.done else None
        self.done.append(
            month(
                book_world.recent(months, WINDOW),
                before,
                self.booked,
                self.card,
                self.edges,
                self.rules,
            )
        )
        return book_world.changes_of(self.done[-1].standing)


def forward(
    months: Annotated[int, typer.Option(min=3, max=36, help="months on book to run")] = 12,
    as_json: Annotated[
        bool, typer.Option("--json", help="the figures as JSON on standard output")
    ] = False,
) -> None:
    """Run the approved out-of-time book forward with and without monthly reviews; write data/book and data/reports/forward."""
    split, params, cost = (
        section("split", SplitParams),
        section("review", ReviewParams),
        section("evaluate", EvaluateParams),
    )
    decisions = _decisions()
    world, numbers = book_world.world_of_params()
    card, compared = _trained(
        book_world.past_lines(world, numbers, max(params.review_months) + params.horizon_months),
        decisions,
        split,
        params,
    )
    grant = book_world.house_lines(
        world, decisions, roles(decisions["as_of"].to_numpy(), split) == OOT
    )
    reviewer = Reviewer(card, decisions.set_index("application_id")["pd"], params)
    reviewed = book_world.run_forward(world, numbers, grant, months, reviewer)
    alone = book_world.run_forward(world, numbers, grant, months)
    money = {
        name: asdict(book_world.earned(course, numbers, cost.cost_of_funds, cost.account_cost_cny))
        for name, course in (("reviewed", reviewed), ("not_reviewed", alone))
    }
    figures = {
        "months": months,
        "behaviour_score": compared,
        "money": money,
        "claims": _claims(reviewer),
    }
    _write(reviewed, reviewer, figures)
    _report(
        figures,
        portfolio.months(
            reviewed.months, [done.accounts for done in reviewer.done], reviewer.rules.provision
        ),
        as_json,
    )


def _decisions() -> pd.DataFrame:
    if not paths.DECISIONS.is_file():
        raise ForwardError(
            f"{paths.DECISIONS}: no such file; expected the decisions of the pipeline. Run `dvc repro` first."
        )
    wanted = ["application_id", "as_of", "decision", "limit_cny", "daily_rate", "pd"]
    return read_frame(paths.DECISIONS, wanted).sort_values("application_id", ignore_index=True)


def _trained(
    past: Course, decisions: pd.DataFrame, split: SplitParams, params: ReviewParams
) -> tuple[BCard, list[dict[str, Any]]]:
    """The behaviour score, written, and its comparison with the booking score."""
    asked = track(
        params.review_months,
        "reviews of the past",
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    parts = {at: behaviour.reviews(past.months, decisions, at, split, params) for at in asked}
    card = fit(behaviour.joined(list(parts.values())), params)
    behaviour.write(card)
    return card, behaviour.comparison(card, parts)


def _claims(reviewer: Reviewer) -> dict[str, float | None]:
    """S5-R29 and S5-R43 run forward: share of the group as it stands after three months that got an increase within three."""
    first = {code: _share_raised(reviewer, code) for code in ("has_assets", "has_proofs")}
    return {
        "increase_with_lqt_and_lct_3m": first["has_assets"],
        "increase_with_two_proofs_3m": first["has_proofs"],
    }


def _share_raised(reviewer: Reviewer, group: str) -> float | None:
    if len(reviewer.done) < 5:
        return None
    third = reviewer.done[2].accounts
    members = third["application_id"][third[group].to_numpy()]
    raised = pd.concat([done.changes for done in reviewer.done[2:5]])
    codes = raised["code"].isin(("ASSETS", "PROOFS", "ON_TIME"))
    return float(np.isin(members, raised["application_id"][codes]).mean()) if len(members) else None


def _write(done: Course, reviewer: Reviewer, figures: dict[str, Any]) -> None:
    from creditloom.portfolio.book.picture import picture

    write_table(pa.concat_tables(done.months), paths.BOOK_PANEL)
    write_table(_table(to_frame(reviewer.done[-1].standing)), paths.BOOK_STANDING, version=STANDING)
    write_table(
        _table(pd.concat([one.changes for one in reviewer.done], ignore_index=True)),
        paths.FORWARD / "changes.parquet",
    )
    by_month = portfolio.months(
        done.months, [one.accounts for one in reviewer.done], reviewer.rules.provision
    )
    write_table(_table(by_month), paths.FORWARD / "months.parquet")
    curves = portfolio.vintage_curves(done.months, reviewer.rules.provision.default_from.value)
    write_table(
        _table(curves.rename(columns=str).reset_index()), paths.FORWARD / "vintages.parquet"
    )
    write_json(figures, paths.FORWARD / "figures.json")
    picture(by_month, curves, paths.FORWARD / "book.png")


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _report(figures: dict[str, Any], by_month: pd.DataFrame, as_json: bool) -> None:
    if as_json:
        _out.print_json(
            data={**figures, "by_month": by_month.replace({np.nan: None}).to_dict("records")}
        )
        return
    shown = Table(
        *(name.replace("_", " ") for name in by_month.columns),
        title="the book, month by month",
        show_lines=False,
    )
    for row in by_month.itertuples(index=False):
        shown.add_row(
            f"{row[0]:.0f}",
            *(f"{value:,.0f}" if abs(value) >= 2 else f"{value:.4f}" for value in row[1:]),
        )
    score = Table(
        "month",
        "accounts",
        "n",
        "bads",
        "AUC behaviour",
        "AUC booking",
        title="behaviour score, out-of-time accounts",
    )
    for row in figures["behaviour_score"]:
        score.add_row(
            *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
        )
    money = Table("", *figures["money"], title="money, yuan")
    for name in figures["money"]["reviewed"]:
        money.add_row(
            name,
            *(
                f"{one[name]:,.4f}" if name.endswith("rate") else f"{one[name]:,.0f}"
                for one in figures["money"].values()
            ),
        )
    _out.print(
        shown,
        score,
        money,
        figures["claims"],
        f"written: {paths.FORWARD}, {paths.BOOK_PANEL.parent}",
    )
