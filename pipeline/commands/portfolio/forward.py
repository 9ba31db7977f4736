"""`creditloom forward`: runs the policy forward in the simulated world, with monthly reviews.

The figures are vintage curves, arrears, expected loss and profit. The behaviour score is trained on
the lines that the incumbent policy gave in the training months. The book consists of the
out-of-time applications that the decisions approved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from rich.progress import track

from creditloom.decision.bundle import load_scorer
from creditloom.decision.pricing.profit import YEAR, ProfitTerms
from creditloom.decision.rulebook.economics import Economics
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.profit.profit_bridge import REVIEWS, PricedOffers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.book import book_world
from creditloom.pipeline.book.book_world import (
    BookConfig,
    Changes,
    Course,
    ForwardError,
    World,
)
from creditloom.pipeline.book.priced_book import book_result, bridge_of
from creditloom.pipeline.commands.own_outputs import require_report, require_table, write_kind
from creditloom.pipeline.commands.portfolio import behaviour
from creditloom.pipeline.commands.portfolio.book_tables import (
    bridge_tables,
    money_table,
    month_table,
    score_table,
)
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.book import portfolio
from creditloom.portfolio.book.bcard import BCard, ReviewParams, fit
from creditloom.portfolio.book.behaviour import WINDOW
from creditloom.portfolio.book.monthly import Month, month, to_frame
from creditloom.portfolio.book.review import Standing
from creditloom.portfolio.book.review_rules import ReviewRules
from creditloom.storage.files.formats import STANDING
from creditloom.storage.files.store import read_frame, write_json

# Outside a terminal rich uses 80 columns, but the monthly table is wider.
_out = Console(width=None if Console().is_terminal else 160)
# Months of the claims S5-R29 and S5-R43. GROUP_MONTH is the third review, after which the groups
# are formed. An increase counts if it comes within three reviews from that one on, so before
# RAISED_UNTIL.
GROUP_MONTH = 2
RAISED_UNTIL = 5
RAISING_CODES = ("ASSETS", "PROOFS", "ON_TIME")
# table: columns of the decisions that are read
DECISION_COLUMNS = (
    "application_id", "as_of", "decision", "limit_cny", "daily_rate", "apr_irr12", "apr_simple360",
    "pd",
)  # fmt: skip

MonthsOption = Annotated[int, typer.Option(min=3, max=36, help="months on book to run")]
JsonOption = Annotated[bool, typer.Option("--json", help="the figures as JSON on standard output")]


class Reviewer:
    """The monthly review, which the world calls after each month.

    It keeps the standing from month to month, and the result of each review.
    """

    def __init__(self, card: BCard, booked: pd.Series, params: ReviewParams) -> None:
        self.card = card
        self.booked = booked
        self.rules = document(ReviewRules, paths.REVIEW_RULES / f"{params.rules}.yaml")
        self.edges = section("policy", PolicyParams).edges
        self.done: list[Month] = []

    def __call__(self, months: Sequence[pa.Table]) -> Changes:
        before = self.done[-1].standing if self.done else None
        panel = book_world.recent(months, WINDOW)
        reviewed = month(panel, before, self.booked, self.card, self.edges, self.rules)
        self.done.append(reviewed)
        return _changes_of(reviewed.standing)


def _changes_of(standing: Standing) -> Changes:
    """Return the changes for the next month that follow from the standing after a review."""
    return Changes(standing.granted_fen, standing.daily_rate, standing.state > 0)


def forward(months: MonthsOption = 12, as_json: JsonOption = False) -> None:
    """Run the approved out-of-time book forward with and without monthly reviews.

    Write data/book and data/reports/forward.
    """
    require_report(paths.FORWARD, ["book.png"], "months", "behaviour_score", "money")
    params = section("review", ReviewParams)
    split = section("split", SplitParams)
    decisions = _decisions()
    world, numbers = book_world.world_of_params()
    past_months = max(params.review_months) + params.horizon_months
    past = book_world.past_lines(world, numbers, past_months)
    card, compared = _trained(past, decisions, split, params)
    is_oot = roles(decisions["as_of"].to_numpy(), split) == OOT
    grant = book_world.house_lines(world, decisions, is_oot)
    reviewer = Reviewer(card, decisions.set_index("application_id")["pd"], params)
    # Run the same lives twice. The difference is the effect of the reviews.
    reviewed = book_world.run_forward(world, numbers, grant, months, reviewer)
    alone = book_world.run_forward(world, numbers, grant, months)
    courses = {"reviewed": reviewed, "not_reviewed": alone}
    terms = _profit_terms()
    bridge = None
    if terms is not None and months == YEAR:
        offers = PricedOffers.approved(decisions[is_oot])
        bridge = bridge_of(world, numbers, offers, terms)
        with_reviews = book_result(world, numbers, reviewed, terms)
        bridge = bridge.to(REVIEWS, with_reviews.profit_fen)
    figures = {
        "months": months,
        "behaviour_score": compared,
        "money": {name: _money(world, numbers, each, terms) for name, each in courses.items()},
        "profit_bridge": None if bridge is None else bridge.to_json(),
        "claims": _claims(reviewer),
    }
    by_month = _by_month(reviewed, reviewer)
    _write(reviewed, reviewer, by_month, figures, _truth(world, numbers, reviewed))
    _report(figures, by_month, as_json)


def _profit_terms() -> ProfitTerms | None:
    """Return the terms of the profit of the policy's product; None where the tier alone decides."""
    name = section("policy", PolicyParams).product
    if name is None:
        return None
    folder = ProductFolder.of()
    cost = section("evaluate", EvaluateParams).account_cost_cny
    return folder.only("economics", Economics).terms_of(folder.product(name), cost)


def _money(
    world: World, numbers: BookConfig, course: Course, terms: ProfitTerms | None
) -> dict[str, float]:
    """Return what a course earned, in yuan.

    Without a product the cost of funds is that of the block `evaluate`.
    """
    params = section("evaluate", EvaluateParams)
    cost_of_funds = params.cost_of_funds if terms is None else terms.cost_of_funds
    recovered = book_world.recovered_cash(world, numbers, course)
    earned = book_world.course_result(
        course, numbers, cost_of_funds, params.account_cost_cny, recovered
    )
    return asdict(earned)


def _truth(world: World, numbers: BookConfig, course: Course) -> dict[Path, pa.Table]:
    """Return what drives the switches that are on, for files apart from what a lender sees."""
    if book_world.switches_of(world) == book_world.Switches():
        return {}
    tables = {"people": book_world.switch_truth(world, numbers, course.book)}
    recovered = book_world.recovered_cash(world, numbers, course)
    if recovered is not None:
        tables["recoveries"] = recovered
    return {paths.BOOK_TRUTH / f"{name}.parquet": table for name, table in tables.items()}


def _by_month(course: Course, reviewer: Reviewer) -> pd.DataFrame:
    accounts = [review.accounts for review in reviewer.done]
    return portfolio.months(course.months, accounts, reviewer.rules.provision)


def _decisions() -> pd.DataFrame:
    if not paths.DECISIONS.is_file():
        raise ForwardError(
            f"{paths.DECISIONS}: no such file; expected the decisions of the pipeline. "
            "Run `dvc repro` first."
        )
    decisions = read_frame(paths.DECISIONS, list(DECISION_COLUMNS))
    # The world's order of people.
    return decisions.sort_values("application_id", ignore_index=True)


def _trained(
    past: Course, decisions: pd.DataFrame, split: SplitParams, params: ReviewParams
) -> tuple[BCard, list[dict[str, Any]]]:
    """Train and write the behaviour score; return it and how it compares with the booking score."""
    parts = {}
    decisions = _as_new(decisions, split)
    for at in _tracked(params.review_months):
        parts[at] = behaviour.reviews(past.months, decisions, at, split, params)
    card = fit(behaviour.joined_reviews(list(parts.values())), params)
    behaviour.write(card)
    return card, behaviour.comparison(card, parts)


def _as_new(decisions: pd.DataFrame, split: SplitParams) -> pd.DataFrame:
    """Return the decisions with PDs of models that have not learnt from the accounts."""
    if not paths.HELD_OUT_APPLICANTS.is_file():
        raise ForwardError(
            f"{paths.HELD_OUT_APPLICANTS}: no such file; expected margins of applicants that the "
            "training held out. Run `dvc repro` first."
        )
    held_out = read_frame(paths.HELD_OUT_APPLICANTS)
    line = load_scorer(paths.MODEL).calibration
    return behaviour.booking_decisions(decisions, held_out, line, split)


def _tracked(months: Sequence[int]) -> Iterable[int]:
    console = Console(stderr=True)
    is_quiet = not sys.stderr.isatty()
    return track(months, "reviews of the past", console=console, disable=is_quiet)


def _claims(reviewer: Reviewer) -> dict[str, float | None]:
    """Return the figures for S5-R29 and S5-R43: the share of a group that got an increase.

    The group is that of the third review. The increase is one of the three reviews from there on. A
    figure is null if fewer months were run or the group is empty.
    """
    return {
        "increase_with_lqt_and_lct_3m": _share_raised(reviewer, "has_assets"),
        "increase_with_two_proofs_3m": _share_raised(reviewer, "has_proofs"),
    }


def _share_raised(reviewer: Reviewer, group: str) -> float | None:
    if len(reviewer.done) < RAISED_UNTIL:
        return None
    accounts = reviewer.done[GROUP_MONTH].accounts
    members = accounts["application_id"][accounts[group].to_numpy()]
    reviews = reviewer.done[GROUP_MONTH:RAISED_UNTIL]
    changes = pd.concat([review.changes for review in reviews])
    raised = changes["application_id"][changes["code"].isin(RAISING_CODES)]
    return float(np.isin(members, raised).mean()) if len(members) else None


def _write(
    course: Course,
    reviewer: Reviewer,
    by_month: pd.DataFrame,
    figures: dict[str, Any],
    truth: dict[Path, pa.Table],
) -> None:
    # Imported here, so that a refusal does not wait for matplotlib.
    from creditloom.portfolio.book.picture import picture

    standing = to_frame(reviewer.done[-1].standing)
    changes = pd.concat([review.changes for review in reviewer.done], ignore_index=True)
    default_from = reviewer.rules.provision.default_from.value
    curves = portfolio.vintage_curves(course.months, default_from)
    tables = {paths.BOOK_PANEL: pa.concat_tables(course.months), **truth}
    tables[paths.BOOK_STANDING] = _table(standing)
    tables[paths.FORWARD / "changes.parquet"] = _table(changes)
    tables[paths.FORWARD / "months.parquet"] = _table(by_month)
    curve_rows = curves.rename(columns=str).reset_index()
    tables[paths.FORWARD / "vintages.parquet"] = _table(curve_rows)
    # All before the first is written: a refused run changes nothing.
    for path, table in tables.items():
        require_table(path, path.stem, table.column_names)
    for path, table in tables.items():
        version = STANDING if path == paths.BOOK_STANDING else None
        write_kind(table, path, path.stem, version)
    write_json(figures, paths.FORWARD / "figures.json")
    picture(by_month, curves, paths.FORWARD / "book.png")


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _report(figures: dict[str, Any], by_month: pd.DataFrame, as_json: bool) -> None:
    if as_json:
        # JSON has no NaN.
        rows = by_month.replace({np.nan: None}).to_dict("records")
        _out.print_json(data={**figures, "by_month": rows})
        return
    _out.print(
        month_table(by_month),
        score_table(figures["behaviour_score"]),
        money_table(figures["money"]),
        *bridge_tables({"": figures["profit_bridge"]}),
        figures["claims"],
        f"written: {paths.FORWARD}, {paths.BOOK_PANEL.parent}",
    )
