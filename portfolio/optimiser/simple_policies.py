"""What the optimum is compared with: the rule-based policy, one flat limit, and limits by tier alone, all within the same budget."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from creditloom.decision.rulebook.condition import value
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.portfolio.optimiser.market import Budget, Market
from creditloom.portfolio.optimiser.optimise_params import OptimiseParams
from creditloom.portfolio.optimiser.optimised_policy import Chosen, is_within, use_of
from creditloom.portfolio.optimiser.priced_choice import FUNDING, LOSS

HALVINGS = 30


def rule_based(market: Market, people: pd.DataFrame) -> Chosen:
    """What was decided, in the terms of the optimiser. Each grade has one rate; -1 where nobody of it was approved."""
    is_approved = (people["decision"] == "approve").to_numpy()
    limit = np.where(is_approved, people["limit_cny"].to_numpy(np.float64), 0.0)
    daily = people["daily_rate"].to_numpy(np.float64)
    rate = np.full(market.tiers, -1, dtype=np.int64)
    for tier in np.unique(market.tier[is_approved]):
        rate[tier] = int(
            np.argmin(np.abs(market.rates - daily[is_approved & (market.tier == tier)][0]))
        )
    return Chosen(rate, limit, use_of(market, rate, limit))


def budget_of(rules: Chosen, params: OptimiseParams) -> Budget:
    """The budgets of params.yaml, in CNY: shares of what the rule-based policy is expected to lose and to lend."""
    loss, funding = (
        params.loss_budget * rules.used[LOSS],
        params.funding_budget * rules.used[FUNDING],
    )
    return Budget(float(loss), float(funding), params.approval_share)


def flat(market: Market, budget: Budget, rate: np.ndarray) -> Chosen:
    """One limit for everybody in an approving grade, as far as the person's own caps go; the highest within budget."""
    return _scaled(
        market, budget, rate, lambda scale: np.full(market.tiers, scale * market.cap.max())
    )


def by_tier(
    market: Market, budget: Budget, rate: np.ndarray, product: Product, tiers: Tiers
) -> Chosen:
    """The product's limit per grade times one factor, as far as the person's own caps go; the highest factor within budget."""
    terms = {t.tier: np.nan_to_num(value(t.limit)) for t in product.tiers}
    listed = np.array([terms.get(name, 0.0) for name in tiers.names])
    most = market.cap.max() / listed[listed > 0].min()
    return _scaled(market, budget, rate, lambda scale: scale * most * listed)


def _scaled(
    market: Market, budget: Budget, rate: np.ndarray, limits: Callable[[float], np.ndarray]
) -> Chosen:
    """The largest scale in [0, 1] that keeps the budget; approvals are left as they fall."""
    free, top = Budget(budget.expected_loss, budget.funding), market.highest(rate)
    low, high, best = 0.0, 1.0, _at(market, rate, top, limits(0.0))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = _at(market, rate, top, limits(middle))
        low, high, best = (
            (middle, high, found) if is_within(market, free, found.used) else (low, middle, best)
        )
    return best


def _at(market: Market, rate: np.ndarray, top: np.ndarray, per_tier: np.ndarray) -> Chosen:
    limit = np.floor(np.minimum(top, per_tier[market.tier]) / market.step) * market.step
    limit = np.where(limit < market.minimum, 0.0, limit)
    return Chosen(rate, limit, use_of(market, rate, limit))
