"""Find the shadow prices: Kelley's cutting planes on the Lagrangian dual.

The dual's optimum is that of the linear programme over all patterns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from creditloom.models.sample.errors import ModelError
from creditloom.portfolio.optimiser.market import Budget, Market
from creditloom.portfolio.optimiser.priced_choice import (
    APPROVED,
    FUNDING,
    LOSS,
    PROFIT,
    Pattern,
    Prices,
    best_response,
    bound,
)

# Cuts at most, before the search is given up with an error.
MAX_STEPS = 60
# Share of the bound: where lower and upper value of the linear programme meet.
GAP_TOLERANCE = 1e-5
# Highest price that is tried, in profit without budgets per budget. Without a least share none can
# exceed 1, as the profit is concave in the budget.
MAX_PRICE = 20.0
# Weights of the mixture below this are the solver's rounding.
MIN_WEIGHT = 1e-9


@dataclass(frozen=True)
class Dual:
    """The solution of the dual.

    `prices` are those with the least bound, `bound` is in CNY, `mixed` are the patterns that the
    linear programme mixes, most first, `steps` the number of cuts.
    """

    prices: Prices
    bound: float
    mixed: tuple[Pattern, ...]
    steps: int


def solve_dual(
    market: Market,
    budget: Budget,
    allowed: np.ndarray,
    threads: int = 1,
    shown: Callable[[int], None] | None = None,
) -> Dual:
    """Return the prices of loss, funding and approval over rates `allowed` (tiers x rates).

    `shown` is called with each step's number. Raises ModelError where the bounds do not meet.
    """
    n = len(market.pd)
    # The least share is a budget too: of approvals that may be missing, so with a minus.
    limits = np.array([budget.expected_loss, budget.funding, -budget.approval_share * n])
    patterns: list[Pattern] = []
    prices = Prices()
    least_bound = np.inf
    best_prices = Prices()
    unit = np.zeros(3)
    for step in range(1, MAX_STEPS + 1):
        pattern = best_response(market, prices, allowed, threads)
        patterns.append(pattern)
        upper = bound(pattern, prices, budget, n)
        # Of equal bounds the first is kept.
        if upper < least_bound:
            least_bound = upper
            best_prices = prices
        # Prices are scaled by the profit without budgets: the three differ by many orders.
        if step == 1:
            unit = max(pattern.value, 1.0) / np.maximum(np.abs(limits), 1.0)
        lower, prices, weights = _master(patterns, limits, unit)
        if shown:
            shown(step)
        if least_bound - lower <= GAP_TOLERANCE * max(abs(least_bound), 1.0):
            return Dual(best_prices, least_bound, _mixed(patterns, weights), step)
    raise ModelError(
        f"Optimum: bound and linear programme did not meet in {MAX_STEPS} steps, "
        f"got {least_bound:,.0f} and {lower:,.0f} CNY; check the budget"
    )


def _mixed(patterns: list[Pattern], weights: np.ndarray) -> tuple[Pattern, ...]:
    """Return the patterns that have a weight, most first."""
    # Stable: patterns of equal weight stay in the order in which they were made.
    most_first = np.argsort(-weights, kind="stable")
    return tuple(patterns[k] for k in most_first if weights[k] > MIN_WEIGHT)


def _master(
    patterns: list[Pattern], limits: np.ndarray, unit: np.ndarray
) -> tuple[float, Prices, np.ndarray]:
    """Return the least of theta + prices x limits over the cuts so far, its prices and weights.

    Prices are in units of profit per budget. The weights of the mixture are the dual of the cuts.
    """
    from scipy.optimize import linprog

    use = np.array([_use(pattern) for pattern in patterns])
    profit = np.array([pattern.used[PROFIT] for pattern in patterns])
    scale = max(float(np.abs(profit).max()), 1.0)
    # Unknowns: theta, which may be negative, and three prices, which may not.
    objective = np.concatenate([[1.0], limits * unit / scale])
    cuts = np.column_stack([-np.ones(len(patterns)), -use * unit / scale])
    ranges = [(None, None), *[(0.0, MAX_PRICE)] * 3]
    result = linprog(objective, A_ub=cuts, b_ub=-profit / scale, bounds=ranges, method="highs")
    loss, funding, approval = result.x[1:] * unit
    prices = Prices(loss=float(loss), funding=float(funding), approval=float(approval))
    # The marginals of "at most" rows are negative.
    return float(result.fun * scale), prices, -result.ineqlin.marginals


def _use(pattern: Pattern) -> np.ndarray:
    """Return what a pattern takes of each budget, in the order and with the signs of `limits`."""
    return np.array([pattern.used[LOSS], pattern.used[FUNDING], -pattern.used[APPROVED]])
