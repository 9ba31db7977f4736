"""Make a policy that can be stated from the shadow prices.

All else equal, its rates never fall and its limits never rise with PD, and it keeps the budget.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.decision.pricing.profit import expected_profit, profit_margin
from creditloom.models.sample.errors import ModelError
from creditloom.portfolio.optimiser.dual import Dual, solve_dual
from creditloom.portfolio.optimiser.market import Budget, Market
from creditloom.portfolio.optimiser.priced_choice import (
    APPROVED,
    FUNDING,
    LOSS,
    PROFIT,
    Pattern,
    Prices,
)

# Patterns of the mixture whose rates are tried, the heaviest first.
MAX_PATTERNS = 2
# Shares by which the budget is reduced until the policy keeps the true one. The first is negative:
# a policy may keep a budget at the prices of a slightly larger one.
BUDGET_CUTS = (-0.001, 0.0, 0.001, 0.004, 0.02, 0.08)
# Bisections between prices that keep the budget and prices that do not: 1 in 4,096.
HALVINGS = 12


@dataclass(frozen=True)
class Chosen:
    """A policy, and what it brings a year.

    rate: per tier (index into the grid, -1 = not lent to). limit: per applicant in CNY (0 = no
    offer). used: expected profit, expected loss and funding in CNY, approvals.
    """

    rate: np.ndarray
    limit: np.ndarray
    used: np.ndarray


@dataclass(frozen=True)
class Optimum:
    """The policy, and the dual: the bound that no policy within the budget can pass, and prices."""

    chosen: Chosen
    dual: Dual

    @property
    def gap(self) -> float:
        """Share of the bound that the policy misses; 0 where there is nothing to earn."""
        if self.dual.bound <= 0:
            return 0.0
        return 1.0 - float(self.chosen.used[PROFIT]) / self.dual.bound


def optimise(market: Market, budget: Budget, threads: int = 1) -> Optimum:
    """Return the most profitable policy found within `budget`, and its bound.

    Raises ModelError where none keeps the budget.
    """
    dual = solve_dual(market, budget, market.is_allowed, threads)
    policies = [_within(market, budget, pattern, threads) for pattern in dual.mixed[:MAX_PATTERNS]]
    within = [policy for policy in policies if policy is not None]
    if not within:
        raise ModelError(
            "Optimum: expected a policy with an expected loss of at most "
            f"{budget.expected_loss:,.0f} CNY, funding of at most {budget.funding:,.0f} CNY and "
            f"credit for {budget.approval_share:.1%} of applicants; got none. "
            "Raise a budget or lower the share."
        )
    return Optimum(max(within, key=_profit), dual)


def _profit(policy: Chosen) -> float:
    return float(policy.used[PROFIT])


def at_rates(market: Market, rate: np.ndarray) -> Market:
    """Return the same market with one rate per tier, none where `rate` is -1."""
    is_allowed = np.zeros_like(market.is_allowed)
    lent = np.flatnonzero(rate >= 0)
    is_allowed[lent, rate[lent]] = True
    return replace(market, is_allowed=is_allowed)


def limits_at(market: Market, rate: np.ndarray, prices: Prices) -> np.ndarray:
    """Return the limit of each person at given rates and prices, CNY.

    It is never higher for a higher PD with the same cap and capacity. A person is lent the highest
    limit U from U >= `from_high`, the minimum from U >= `from_low`. Both thresholds are made to
    rise with PD, which only ever takes credit away.
    """
    pd = market.pd
    costs = market.costs
    top = market.highest(rate)
    taken = np.where(rate < 0, 0.0, market.take_up[np.arange(market.tiers), rate])[market.tier]
    apr = np.where(rate < 0, -np.inf, market.apr[rate])[market.tier]
    # A tier that is not lent to has a yearly rate of -inf; any finite share keeps the margin so.
    share = market.exposure[np.maximum(rate, 0)][market.tier]
    margin = profit_margin(apr, pd, costs.lgd, costs.cost_of_funds)
    each = share * (margin - prices.loss * pd * costs.lgd - prices.funding)
    # A tier that is not lent to has take-up 0 and a margin of -inf: its thresholds are infinite.
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = costs.account_cost - prices.approval / taken
        from_high = np.where(each > 0, needed / each, np.inf)
        # Where each yuan loses, the minimum is lent if the approval is worth more.
        minimum_pays = np.where(market.minimum * each > needed, 0.0, np.inf)
        from_low = np.where(each > 0, from_high, minimum_pays)
    from_high = np.maximum.accumulate(from_high)
    from_low = np.maximum.accumulate(from_low)
    smaller = np.where(top > from_low, market.minimum, 0.0)
    limit = np.where(top > from_high, top, smaller)
    return np.where(top == 0, 0.0, limit)


def use_of(market: Market, rate: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return expected profit, expected loss, funding (CNY a year) and approvals of a policy.

    It is N24 on what is owed on average, times take-up.
    """
    is_lent = limit > 0
    lent = limit[is_lent]
    tier = market.tier[is_lent]
    pd = market.pd[is_lent]
    costs = market.costs
    taken = market.take_up[tier, rate[tier]]
    owed = lent * market.exposure[rate[tier]]
    each = expected_profit(
        owed,
        market.apr[rate[tier]],
        pd,
        lgd=costs.lgd,
        cost_of_funds=costs.cost_of_funds,
        account_cost=costs.account_cost,
    )
    funding = taken * owed
    profit = np.sum(taken * each)
    loss = np.sum(funding * pd * costs.lgd)
    return np.array([profit, loss, funding.sum(), len(lent)])


def is_within(market: Market, budget: Budget, used: np.ndarray) -> bool:
    """Return whether loss, funding and approvals keep the budget."""
    min_approvals = budget.approval_share * len(market.pd)
    return bool(
        used[LOSS] <= budget.expected_loss
        and used[FUNDING] <= budget.funding
        and used[APPROVED] >= min_approvals
    )


def _within(market: Market, budget: Budget, pattern: Pattern, threads: int) -> Chosen | None:
    """Return the policy at the pattern's rates that keeps the budget; None without one.

    Its prices are as near as possible to those of the whole budget.
    """
    fixed = at_rates(market, pattern.rate).is_allowed
    prices = Prices()
    for share in BUDGET_CUTS:
        looser_prices = prices
        prices = solve_dual(market, _reduced(budget, share), fixed, threads).prices
        policy = _at(market, pattern.rate, prices)
        if is_within(market, budget, policy.used):
            # The first cut has no looser one to go back to.
            if share == BUDGET_CUTS[0]:
                return policy
            return _nearest(market, budget, policy, prices, looser_prices)
    return None


def _nearest(
    market: Market, budget: Budget, best: Chosen, inside: Prices, outside: Prices
) -> Chosen:
    """Return the best policy on the way from prices that keep the budget to prices that do not."""
    for _ in range(HALVINGS):
        middle = Prices(*((a + b) / 2 for a, b in zip(inside, outside, strict=True)))
        policy = _at(market, best.rate, middle)
        if is_within(market, budget, policy.used):
            inside = middle
            # Profit need not rise on the way: of equal ones the earlier is kept.
            best = max(best, policy, key=_profit)
        else:
            outside = middle
    return best


def _at(market: Market, rate: np.ndarray, prices: Prices) -> Chosen:
    limit = limits_at(market, rate, prices)
    return Chosen(rate=rate, limit=limit, used=use_of(market, rate, limit))


def _reduced(budget: Budget, share: float) -> Budget:
    return Budget(
        expected_loss=budget.expected_loss * (1 - share),
        funding=budget.funding * (1 - share),
        # More than everybody cannot be asked for.
        approval_share=min(budget.approval_share * (1 + share), 1.0),
    )
