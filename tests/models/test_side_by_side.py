"""The comparison of products counts what was decided, in the words of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rulebook.product import Product
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.portfolio.comparison import picture, summary

HOUSE = document(Product, paths.PRODUCTS / "house_v1.yaml")
# Every limit drawn in full for the whole year.
TERMS = replace(Economics(()).terms_of(HOUSE, 60.0), is_redrawn=True)
# table: four decisions
DECISIONS = pd.DataFrame(
    {
        "application_id": [1, 2, 3, 4],
        "pd": [0.012, 0.012, 0.2, 0.03],
        "decision": ["approve", "approve", "decline", "refuse"],
        "limit_cny": [8000.0, 4000.0, 0.0, None],
        "daily_rate": [0.0004, 0.0004, None, None],
        "apr_irr12": [0.144, None, None, None],
        "apr_simple360": [0.144, 0.144, None, None],
        "refusal_codes": [[], [], [], ["R1", "R5"]],
    }
)


def test_shares_means_and_refusals_by_code() -> None:
    found = summary(DECISIONS, "house@v1", TERMS)
    assert (
        found["approve_share"],
        found["decline_share"],
        found["refuse_share"],
        found["refer_share"],
    ) == (0.5, 0.25, 0.25, 0.0)
    assert (found["mean_limit_cny"], found["mean_daily_rate"], found["mean_apr"]) == (
        6000.0,
        0.0004,
        0.144,
    )
    assert found["refusals"] == {"R1": 1, "R5": 1}


def test_profit_is_n24_account_by_account() -> None:
    """The profit is 813.09 on 8,000, and on 4,000 half of what it was before the account's 60.

    Each is rounded to the cent. A loan of one payment is priced by simple360.
    """
    assert summary(DECISIONS, "house@v1", TERMS)["expected_profit_cny"] == 813.09 + 376.54


def test_a_product_that_lends_to_nobody_has_no_means() -> None:
    found = summary(DECISIONS[DECISIONS["decision"] == "refuse"], "house@v1", TERMS)
    assert (found["mean_limit_cny"], found["mean_apr"], found["expected_profit_cny"]) == (
        None,
        None,
        0.0,
    )


def test_the_picture_is_drawn_and_the_same_twice(tmp_path: Path) -> None:
    figures = {
        "house@v1": summary(DECISIONS, "house@v1", TERMS),
        "nobody": summary(DECISIONS[3:], "house@v1", TERMS),
    }
    picture(figures, tmp_path / "a.png")
    picture(figures, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes() != b""
