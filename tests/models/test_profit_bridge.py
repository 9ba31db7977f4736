"""The bridge of the profit sums to the cent, whatever the steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.decision.pricing.profit import ProfitTerms
from creditloom.decision.pricing.table import Loan
from creditloom.models.evaluation.profit.profit_bridge import (
    INTEREST,
    LOSSES,
    PREPAYMENT,
    RECOVERIES,
    USE,
    BookResult,
    PricedOffers,
    ProfitBridge,
    run_bridge,
)

TERMS = ProfitTerms(0.5, True, Loan("equal_instalment", 12), 0.75, 0.025, 60.0, 0.0005)
# table: decisions, of which two are offers
DECISIONS = pd.DataFrame(
    {
        "application_id": [3, 1, 2],
        "decision": ["approve", "approve", "decline"],
        "limit_cny": [4_000.0, 8_000.0, 0.0],
        "daily_rate": [0.0004, 0.0004, None],
        "apr_irr12": [None, 0.144, None],
        "apr_simple360": [0.144, 0.144, None],
        "pd": [0.012, 0.012, 0.2],
    }
)
OFFERS = PricedOffers.approved(DECISIONS)
# What the two earn on half of their limits: 4,000 and 2,000 times N24's margin, less 60 each.
MARGIN = 0.144 * (1 - 0.006) - 0.025 - 0.012 * 0.75


def book(earned: int, loss: int, owed: tuple[float, float]) -> BookResult:
    return BookResult(earned, loss, np.array(owed))


def test_offers_are_the_approved_ones_in_order_of_their_id() -> None:
    assert OFFERS.application_id.tolist() == [1, 3]
    assert OFFERS.limit_cny.tolist() == [8_000.0, 4_000.0]
    # A loan of one payment is priced by simple360.
    assert OFFERS.apr.tolist() == [0.144, 0.144]


def test_the_expected_profit_is_that_of_each_account() -> None:
    by_hand = round(100 * (4_000 * MARGIN - 60)) + round(100 * (2_000 * MARGIN - 60))
    assert OFFERS.profit_fen(TERMS) == by_hand


def test_use_is_the_same_formula_on_what_was_owed() -> None:
    """Lines used as expected change nothing; more use earns the margin on what is owed more."""
    start = ProfitBridge.expected(OFFERS.profit_fen(TERMS))
    same = run_bridge(start, OFFERS, TERMS, {LOSSES: book(50_000, 0, (4_000.0, 2_000.0))})
    assert same.steps[1].amount_fen == 0
    more = run_bridge(start, OFFERS, TERMS, {LOSSES: book(50_000, 0, (5_000.0, 2_000.0))})
    assert more.steps[1].amount_fen == pytest.approx(100_000 * MARGIN, abs=1)


def test_losses_are_what_was_lost_beside_the_expected_loss() -> None:
    start = ProfitBridge.expected(OFFERS.profit_fen(TERMS))
    bridge = run_bridge(start, OFFERS, TERMS, {LOSSES: book(70_000, 9_000, (4_000.0, 2_000.0))})
    expected_loss = round(6_000 * 0.012 * 0.75 * 100)
    by_name = {step.name: step for step in bridge.steps}
    assert by_name[LOSSES].amount_fen == expected_loss - 9_000
    assert by_name[INTEREST].profit_fen == 70_000 - 9_000


FEN = st.integers(-(10**12), 10**12)


@given(earned=st.lists(FEN, min_size=3, max_size=3), lost=st.lists(FEN, min_size=3, max_size=3))
def test_the_steps_sum_to_the_cent(earned: list[int], lost: list[int]) -> None:
    owed = (3_999.99, 1_234.56)
    names = (LOSSES, PREPAYMENT, RECOVERIES)
    results = {
        name: book(one, loss, owed) for name, one, loss in zip(names, earned, lost, strict=True)
    }
    start = ProfitBridge.expected(OFFERS.profit_fen(TERMS))
    bridge = run_bridge(start, OFFERS, TERMS, results)
    assert sum(step.amount_fen for step in bridge.steps) == bridge.steps[-1].profit_fen
    assert bridge.steps[-1].profit_fen == earned[-1] - lost[-1]


def test_a_bridge_without_a_book_has_no_end() -> None:
    block = ProfitBridge.expected(12_345).to_json()
    assert (block["expected_profit_cny"], block["utilised_profit_cny"]) == (123.45, None)
    assert block["run_forward_profit_cny"] is None
    assert [step["step"] for step in block["steps"]] == ["expected"]


def test_the_block_names_the_three_profits() -> None:
    bridge = ProfitBridge.expected(1_000).to(USE, 900).to(LOSSES, 950)
    block = bridge.to_json()
    names = ("expected_profit_cny", "utilised_profit_cny", "run_forward_profit_cny")
    assert [block[name] for name in names] == [10.0, 9.0, 9.5]
    assert [step["amount_cny"] for step in block["steps"]] == [10.0, -1.0, 0.5]
