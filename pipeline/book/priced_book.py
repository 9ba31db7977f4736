"""The profit of offers run forward in the world, step by step from the one they were priced at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from rich.table import Table

from creditloom.decision.pricing.profit import FEN_PER_CNY, YEAR, ProfitTerms
from creditloom.models.evaluation.profit_bridge import (
    LOSSES,
    PREPAYMENT,
    RECOVERIES,
    TAKE_UP,
    BookResult,
    Offers,
    ProfitBridge,
    run_bridge,
)
from creditloom.pipeline.book import book_world
from creditloom.pipeline.book.book_world import BookConfig, Course, World


def bridge_of(
    world: World,
    numbers: BookConfig,
    offers: Offers,
    terms: ProfitTerms,
    is_taken: np.ndarray | None = None,
) -> ProfitBridge:
    """Return the bridge of offers over their first year, on the same lives at every step.

    `is_taken` says which offers are taken up; None = all. Raises ForwardError for offers to people
    that the world does not have. The book of the step `losses` has neither prepayment nor
    recoveries, be they on in the world or not: each is a step of its own, 0 where it is off.
    """
    bridge = ProfitBridge.expected(offers.profit_fen(terms))
    if is_taken is not None:
        offers = offers.where(is_taken)
        bridge = bridge.to(TAKE_UP, offers.profit_fen(terms))
    if not len(offers.limit_cny):
        return bridge
    grant = book_world.granted(
        world,
        offers.application_id,
        offers.limit_cny,
        offers.daily_rate,
        is_redrawn=terms.is_redrawn,
    )
    on = book_world.switches_of(world)
    plain_world = book_world.switched(world, replace(on, prepayment=False, recoveries=False))
    plain = book_world.run_forward(plain_world, numbers, grant, YEAR)
    course = book_world.run_forward(world, numbers, grant, YEAR) if on.prepayment else plain
    prepaid = book_result(plain_world, numbers, course, terms)
    results = {
        LOSSES: book_result(plain_world, numbers, plain, terms),
        PREPAYMENT: prepaid,
        RECOVERIES: book_result(world, numbers, course, terms),
    }
    return run_bridge(bridge, offers, terms, results)


def book_result(
    world: World, numbers: BookConfig, course: Course, terms: ProfitTerms
) -> BookResult:
    """Return what a course earned, with recoveries where they are on in the `world`."""
    recovered = book_world.recovered_cash(world, numbers, course)
    earned = book_world.course_result(
        course, numbers, terms.cost_of_funds, terms.account_cost, recovered
    )
    loss = round(earned.loss_cny * FEN_PER_CNY)
    balance = book_world.mean_balance_fen(course) / FEN_PER_CNY
    return BookResult(
        earned_fen=earned.profit_fen + loss, loss_fen=loss, mean_balance_cny=balance
    )


def bridge_tables(bridges: Mapping[str, dict[str, Any] | None]) -> tuple[Table, ...]:
    """Return the table that commands show of bridges by name (`ProfitBridge.to_json`).

    One row per step, yuan to the cent. There is no table where there is no bridge.
    """
    made = {name: bridge for name, bridge in bridges.items() if bridge is not None}
    if not made:
        return ()
    steps = [step["step"] for step in next(iter(made.values()))["steps"]]
    title = "profit in the first year, yuan: as priced, and what each step adds"
    table = Table("step", *(name or "amount" for name in made), title=title)
    for at, step in enumerate(steps):
        table.add_row(step.replace("_", " "), *(_amount(one, at) for one in made.values()))
    table.add_row("run forward", *(_total(one) for one in made.values()), style="bold")
    return (table,)


def _amount(bridge: dict[str, Any], at: int) -> str:
    # A bridge of nobody ends early.
    steps = bridge["steps"]
    return f"{steps[at]['amount_cny']:,.2f}" if at < len(steps) else "-"


def _total(bridge: dict[str, Any]) -> str:
    return f"{bridge['steps'][-1]['profit_cny']:,.2f}"
