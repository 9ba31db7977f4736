"""From the profit that offers were priced at to what their book earned: the one bridge.

Every amount is in whole fen, and each step is the difference of two levels, so the steps sum to the
cent. The levels of the book come from runs on the same lives, one part of the world after another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.models.sample.arrays import Floats

# The first level, and the steps from it in their order.
EXPECTED = "expected"
TAKE_UP = "take_up"
USE = "use"
LOSSES = "losses"
INTEREST = "interest"
PREPAYMENT = "prepayment"
RECOVERIES = "recoveries"
REVIEWS = "reviews"


@dataclass(frozen=True)
class PricedOffers:
    """Offers of credit, one value each, in order of application_id.

    `limit_cny` is above 0; `daily_rate` and `apr` (IRR x 12, else simple on 360 days) are
    fractions; `priced_pd` is the one that the offer was priced with.
    """

    application_id: np.ndarray
    limit_cny: Floats
    daily_rate: Floats
    apr: Floats
    priced_pd: Floats

    @classmethod
    def approved(cls, decisions: pd.DataFrame) -> PricedOffers:
        """Return the approved offers among decisions; one row per application.

        Needs application_id, decision, limit_cny, daily_rate, apr_irr12, apr_simple360 and pd.
        """
        lent = decisions[decisions["decision"] == "approve"].sort_values("application_id")
        # A loan of one payment has no IRR over twelve months.
        simple = lent["apr_simple360"].astype(np.float64).to_numpy(np.float64)
        monthly = lent["apr_irr12"].astype(np.float64).to_numpy(np.float64)
        # table: the columns of offers
        return cls(
            application_id=lent["application_id"].to_numpy(),
            limit_cny=lent["limit_cny"].to_numpy(np.float64),
            daily_rate=lent["daily_rate"].to_numpy(np.float64),
            apr=np.where(np.isnan(monthly), simple, monthly),
            priced_pd=lent["pd"].to_numpy(np.float64),
        )

    def where(self, mask: np.ndarray) -> PricedOffers:
        """Return the offers of a mask."""
        parts = (self.application_id, self.limit_cny, self.daily_rate, self.apr, self.priced_pd)
        return PricedOffers(*(part[mask] for part in parts))

    def profit_fen(self, terms: ProfitTerms) -> int:
        """Return the expected profit as priced, whole fen: the one number."""
        each = terms.priced_profit_fen(self.limit_cny, self.daily_rate, self.apr, self.priced_pd)
        return int(each.sum())


@dataclass(frozen=True)
class BookResult:
    """What a book earned, whole fen: interest less funding and cost of accounts, and losses.

    `mean_balance_cny` is what each account owed on average, in order of application_id.
    """

    earned_fen: int
    loss_fen: int
    mean_balance_cny: Floats

    @property
    def profit_fen(self) -> int:
        """What was earned less what was lost."""
        return self.earned_fen - self.loss_fen


@dataclass(frozen=True)
class BridgeStep:
    """One step of a bridge: its amount and the profit after it, whole fen."""

    name: str
    amount_fen: int
    profit_fen: int


@dataclass(frozen=True)
class ProfitBridge:
    """The bridge from the expected profit on; the amounts of the steps sum to the last profit.

    The first step is the expected profit itself. Without a book there is no other.
    """

    steps: tuple[BridgeStep, ...]

    @classmethod
    def expected(cls, profit_fen: int) -> ProfitBridge:
        """Return a bridge that has only begun."""
        return cls((BridgeStep(EXPECTED, profit_fen, profit_fen),))

    def to(self, name: str, profit_fen: int) -> ProfitBridge:
        """Return the bridge with one step more, to a profit in whole fen."""
        step = BridgeStep(name, profit_fen - self.steps[-1].profit_fen, profit_fen)
        return replace(self, steps=(*self.steps, step))

    def profit_after(self, name: str) -> int | None:
        """Return the profit after a step, whole fen; None where the bridge has no such step."""
        return next((step.profit_fen for step in self.steps if step.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the block `profit_bridge` of metrics.json and figures.json, CNY to the cent.

        utilised and run_forward are null where no book was run.
        """
        utilised = self.profit_after(USE)
        is_run = len(self.steps) > 1
        # table: the block
        return {
            "expected_profit_cny": _cny(self.steps[0].profit_fen),
            "utilised_profit_cny": None if utilised is None else _cny(utilised),
            "run_forward_profit_cny": _cny(self.steps[-1].profit_fen) if is_run else None,
            "steps": [
                {
                    "step": step.name,
                    "amount_cny": _cny(step.amount_fen),
                    "profit_cny": _cny(step.profit_fen),
                }
                for step in self.steps
            ],
        }


def run_bridge(
    bridge: ProfitBridge, taken: PricedOffers, terms: ProfitTerms, results: dict[str, BookResult]
) -> ProfitBridge:
    """Return the bridge led on through books of the offers that were taken.

    `results` holds the book with neither prepayment nor recoveries under `losses`, then those of
    the later steps in their order. The utilised profit is the formula of the expected one on what
    was owed; it assumes the PD. Losses and interest are what the book had instead.
    """
    plain = results[LOSSES]
    owed = plain.mean_balance_cny
    utilised = int(terms.profit_fen(owed, taken.apr, taken.priced_pd).sum())
    expected_loss = int(terms.loss_fen(owed, taken.priced_pd).sum())
    bridge = bridge.to(USE, utilised)
    bridge = bridge.to(LOSSES, utilised + expected_loss - plain.loss_fen)
    bridge = bridge.to(INTEREST, plain.profit_fen)
    for name, result in results.items():
        if name != LOSSES:
            bridge = bridge.to(name, result.profit_fen)
    return bridge


def _cny(fen: int) -> float:
    return fen / FEN_PER_CNY
