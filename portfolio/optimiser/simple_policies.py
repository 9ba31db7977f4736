"""Make the policies that the optimum is compared with, all within the same budget.

They are: the rule-based policy, one flat limit, and limits by tier alone.
"""

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

# Bisections of a scale in [0, 1]: far below one step of any limit.
HALVINGS = 30


def rule_based(market: Market, people: pd.DataFrame) -> Chosen:
    """Return what was decided, in the terms of the optimiser.

    Each grade has one rate; -1 where none of it was approved.
    """
    is_approved = (people["decision"] == "approve").to_numpy()
    limit = np.where(is_approved, people["limit_cny"].to_numpy(np.float64), 0.0)
    daily = people["daily_rate"].to_numpy(np.float64)
    rate = np.full(market.tiers, -1, dtype=np.int64)
    for tier in np.unique(market.tier[is_approved]):
        # All approved of a grade have its rate: the first one's stands for it.
        of_tier = daily[is_approved & (market.tier == tier)][0]
        rate[tier] = int(np.argmin(np.abs(market.rates - of_tier)))
    return Chosen(rate=rate, limit=limit, used=use_of(market, rate, limit))


def budget_of(rules: Chosen, params: OptimiseParams) -> Budget:
    """Return the budgets of params.yaml in CNY.

    They are shares of what the rule-based policy is expected to lose and to lend.
    """
    return Budget(
        expected_loss=float(params.loss_budget * rules.used[LOSS]),
        funding=float(params.funding_budget * rules.used[FUNDING]),
        approval_share=params.approval_share,
    )


def flat(market: Market, budget: Budget, rate: np.ndarray) -> Chosen:
    """Return one limit for everybody in an approving grade, the highest within budget.

    A person's own caps may make it smaller.
    """
    return _scaled(
        market, budget, rate, lambda scale: np.full(market.tiers, scale * market.cap.max())
    )


def by_tier(
    market: Market, budget: Budget, rate: np.ndarray, product: Product, tiers: Tiers
) -> Chosen:
    """Return the product's limit per grade times one factor, the highest within budget.

    A person's own caps may make it smaller.
    """
    terms = {tier.tier: np.nan_to_num(value(tier.limit)) for tier in product.tiers}
    listed = np.array([terms.get(name, 0.0) for name in tiers.names])
    # At this factor the smallest limit is the highest cap: more changes nothing.
    max_factor = market.cap.max() / listed[listed > 0].min()
    return _scaled(market, budget, rate, lambda scale: scale * max_factor * listed)


def _scaled(
    market: Market, budget: Budget, rate: np.ndarray, limits: Callable[[float], np.ndarray]
) -> Chosen:
    """Return the policy of the largest scale in [0, 1] that keeps the budget.

    The share of approvals is not a condition: no scale could be sure to reach it.
    """
    free = Budget(budget.expected_loss, budget.funding)
    top = market.highest(rate)
    low = 0.0
    high = 1.0
    best = _at(market, rate, top, limits(low))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        policy = _at(market, rate, top, limits(middle))
        if is_within(market, free, policy.used):
            low = middle
            best = policy
        else:
            high = middle
    return best


def _at(market: Market, rate: np.ndarray, top: np.ndarray, per_tier: np.ndarray) -> Chosen:
    limit = np.floor(np.minimum(top, per_tier[market.tier]) / market.step) * market.step
    limit = np.where(limit < market.minimum, 0.0, limit)
    return Chosen(rate=rate, limit=limit, used=use_of(market, rate, limit))
