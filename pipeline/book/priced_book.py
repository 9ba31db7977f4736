"""The profit of offers run forward in the world, step by step from the one they were priced at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from creditloom.decision.pricing.profit import FEN_PER_CNY, YEAR, ProfitTerms
from creditloom.models.evaluation.profit.profit_bridge import (
    LOSSES,
    PREPAYMENT,
    RECOVERIES,
    TAKE_UP,
    BookResult,
    PricedOffers,
    ProfitBridge,
    run_bridge,
)
from creditloom.pipeline.book import book_world
from creditloom.pipeline.book.book_world import BookConfig, Course, Grant, World


def bridge_of(
    world: World,
    numbers: BookConfig,
    offers: PricedOffers,
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
    grant = _grant(world, offers, terms)
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
    return BookResult(earned_fen=earned.profit_fen + loss, loss_fen=loss, mean_balance_cny=balance)


def taken_up(
    world: World,
    numbers: BookConfig,
    offers: PricedOffers,
    is_taken: np.ndarray,
    months: int,
    terms: ProfitTerms,
) -> dict[str, Any]:
    """Return accounts, default rate, money (CNY) and bridge of the offers that are taken up.

    The bridge is null unless twelve months are run: a profit is expected for a year.
    """
    grant = _grant(world, offers.where(is_taken), terms)
    course = book_world.run_forward(world, numbers, grant, months)
    recovered = book_world.recovered_cash(world, numbers, course)
    earned = book_world.course_result(
        course, numbers, terms.cost_of_funds, terms.account_cost, recovered
    )
    bridge = None
    if months == YEAR:
        bridge = bridge_of(world, numbers, offers, terms, is_taken).to_json()
    return {
        "accounts": earned.accounts,
        "default_rate": earned.default_rate,
        "lent_cny": earned.lent_cny,
        "loss_cny": earned.loss_cny,
        "profit_cny": earned.profit_cny,
        "profit_bridge": bridge,
    }


def _grant(world: World, offers: PricedOffers, terms: ProfitTerms) -> Grant:
    """Return the offers as lines or loans, as the product's economics say."""
    return book_world.granted(
        world,
        offers.application_id,
        offers.limit_cny,
        offers.daily_rate,
        is_redrawn=terms.is_redrawn,
    )
