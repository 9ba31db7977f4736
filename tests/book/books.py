"""Small books: histories written latest month first, and the committed rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.portfolio.book.account_history import COLUMNS, OPTIONAL, History
from creditloom.portfolio.book.review import Scores, Standing, first_standing
from creditloom.portfolio.book.review_rules import ReviewRules

RULES = document(ReviewRules, paths.REVIEW_RULES / "house_v1.yaml")
MONTHS = 12
GOOD = {  # a quiet account of 10,000 yuan: half used, on time, active, solvent
    "limit_fen": 1_000_000, "daily_rate": 0.0004, "balance_fen": 500_000, "arrears_fen": 0,
    "dpd_days": 0, "days_late": 0, "due_fen": 45_000, "paid_fen": 45_000, "drawn_fen": 45_000,
    "n_payments": 60, "inflow_fen": 900_000, "retained_share": 0.5,
    "other_debt_service_fen": 100_000, "lqt_balance_fen": 100_000, "lct_balance_fen": 0,
    "n_asset_proofs": 0, "n_hard_enquiries": 0, "pay_score": 680,
}  # fmt: skip


def book(
    month_on_book: int = 12, accounts: int = 1, is_written_off: bool = False, **columns: object
) -> History:
    """Return a book of `accounts` equal accounts.

    A column given as a list holds the latest months first and the rest as in GOOD; a column given
    as a number holds it in all months.
    """
    held = {
        name: np.full((accounts, MONTHS), float(GOOD.get(name, 0)))
        for name in (*COLUMNS, *OPTIONAL)
    }
    for name, values in columns.items():
        given = np.atleast_1d(np.asarray(values, float))
        held[name][:, : len(given) if isinstance(values, list) else MONTHS] = given
    month = np.full(accounts, month_on_book)
    return History(np.arange(accounts), month, np.full(accounts, is_written_off), held)


def scores(seen: History, tier: int = 1, pd: float = 0.004) -> Scores:
    """The same refreshed score for all."""
    tiers = np.full(seen.size, tier)
    return Scores(np.full(seen.size, pd), tiers, RULES.ceiling_fen(tiers), 0.0002)


def standing(seen: History, tier: int = 1, **changes: int | float) -> Standing:
    """The standing of accounts booked in `tier`, with columns changed."""
    first = first_standing(seen, np.full(seen.size, 0.004), np.full(seen.size, tier))
    return replace(first, **{name: np.full(seen.size, value) for name, value in changes.items()})
