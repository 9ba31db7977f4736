"""From prices to a policy that can be stated: rates that never fall and limits that never rise with PD, all else equal, within budget."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

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

CANDIDATES = 2  # patterns of the mixture whose rates are tried
TIGHTER = (
    -0.001,
    0.0,
    0.001,
    0.004,
    0.02,
    0.08,
)  # shares by which the budget is drawn in until the policy keeps the true one
HALVINGS = 12


@dataclass(frozen=True)
class Chosen:
    """Rate per tier (index into the grid, -1 = not lent to) and limit per applicant in CNY (0 = no offer), with what they bring a year.

    used: expected profit, expected loss and funding in CNY, approvals.
    """

    rate: np.ndarray
    limit: np.ndarray
    used: np.ndarray


@dataclass(frozen=True)
class Optimum:
    """The policy, the bound that no policy within the budget can pass, and the prices of the budgets."""

    chosen: Chosen
    dual: Dual

    @property
    def gap(self) -> float:
        """Share of the bound that the policy misses."""
        return (
            1.0 - float(self.chosen.used[PROFIT]) / self.dual.bound if self.dual.bound > 0 else 0.0
        )


def optimise(market: Market, budget: Budget, threads: int = 1) -> Optimum:
    """The most profitable policy found within `budget`, and its bound. Raises ModelError where none keeps within it."""
    dual = solve_dual(market, budget, market.is_allowed, threads)
    found = [_within(market, budget, pattern, threads) for pattern in dual.mixed[:CANDIDATES]]
    kept = [chosen for chosen in found if chosen is not None]
    if not kept:
        raise ModelError(
            f"Optimum: expected a policy with an expected loss of at most {budget.expected_loss:,.0f} CNY, funding of at most "
            f"{budget.funding:,.0f} CNY and credit for {budget.approval_share:.1%} of applicants; got none. "
            "Raise a budget or lower the share."
        )
    return Optimum(max(kept, key=lambda chosen: float(chosen.used[PROFIT])), dual)


def at_rates(market: Market, rate: np.ndarray) -> Market:
    """The same market with no choice of price: one rate per tier, none where `rate` is -1."""
    fixed, lent = np.zeros_like(market.is_allowed), np.flatnonzero(rate >= 0)
    fixed[lent, rate[lent]] = True
    return replace(market, is_allowed=fixed)


def limits_at(market: Market, rate: np.ndarray, prices: Prices) -> np.ndarray:
    """Limit of each person at given rates and prices, never higher for a higher PD with the same cap and capacity, CNY.

    A person is lent the highest limit U from U >= `from_high`, the minimum from U >= `from_low`; both thresholds are made to rise with PD,
    which only ever takes credit away.
    """
    top, costs, pd = market.highest(rate), market.costs, market.pd
    taken = np.where(rate < 0, 0.0, market.take_up[np.arange(market.tiers), rate])[market.tier]
    margin = (
        np.where(rate < 0, -np.inf, market.apr[rate])[market.tier] * (1 - pd / 2)
        - costs.cost_of_funds
        - pd * costs.lgd
    )
    each = margin - prices.loss * pd * costs.lgd - prices.funding
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = costs.account_cost - prices.approval / taken
        from_high = np.where(each > 0, needed / each, np.inf)
        from_low = np.where(
            each > 0, from_high, np.where(market.minimum * each > needed, 0.0, np.inf)
        )
    from_high, from_low = np.maximum.accumulate(from_high), np.maximum.accumulate(from_low)
    return np.where(
        top == 0, 0.0, np.where(top > from_high, top, np.where(top > from_low, market.minimum, 0.0))
    )


def use_of(market: Market, rate: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Expected profit, expected loss, funding (CNY a year) and approvals of a policy (N24 times take-up)."""
    is_lent = limit > 0
    lent, tier, pd = limit[is_lent], market.tier[is_lent], market.pd[is_lent]
    taken, apr, costs = market.take_up[tier, rate[tier]], market.apr[rate[tier]], market.costs
    margin = apr * (1 - pd / 2) - costs.cost_of_funds - pd * costs.lgd
    funding = taken * lent
    return np.array(
        [
            np.sum(funding * margin - taken * costs.account_cost),
            np.sum(funding * pd * costs.lgd),
            funding.sum(),
            len(lent),
        ]
    )


def is_within(market: Market, budget: Budget, used: np.ndarray) -> bool:
    """Whether loss, funding and approvals keep the budget."""
    least = budget.approval_share * len(market.pd)
    return bool(
        used[LOSS] <= budget.expected_loss
        and used[FUNDING] <= budget.funding
        and used[APPROVED] >= least
    )


def _within(market: Market, budget: Budget, pattern: Pattern, threads: int) -> Chosen | None:
    """The policy at the pattern's rates and the prices nearest to theirs that keep the budget."""
    fixed = at_rates(market, pattern.rate).is_allowed
    outside = inside = Prices()
    for share in TIGHTER:
        outside, inside = (
            inside,
            solve_dual(market, _drawn_in(budget, share), fixed, threads).prices,
        )
        best = _at(market, pattern.rate, inside)
        if is_within(market, budget, best.used):
            return _nearest(market, budget, best, inside, outside) if share > TIGHTER[0] else best
    return None


def _nearest(
    market: Market, budget: Budget, best: Chosen, inside: Prices, outside: Prices
) -> Chosen:
    """Between prices that keep the budget and prices that do not: the last that keep it."""
    for _ in range(HALVINGS):
        middle = Prices(*((a + b) / 2 for a, b in zip(inside, outside, strict=True)))
        found = _at(market, best.rate, middle)
        if not is_within(market, budget, found.used):
            outside = middle
            continue
        inside, best = middle, max(best, found, key=lambda chosen: float(chosen.used[PROFIT]))
    return best


def _at(market: Market, rate: np.ndarray, prices: Prices) -> Chosen:
    limit = limits_at(market, rate, prices)
    return Chosen(rate, limit, use_of(market, rate, limit))


def _drawn_in(budget: Budget, share: float) -> Budget:
    return Budget(
        budget.expected_loss * (1 - share),
        budget.funding * (1 - share),
        min(budget.approval_share * (1 + share), 1.0),
    )
