"""The shadow prices: Kelley's cutting planes on the Lagrangian dual, whose optimum is that of the linear programme over all patterns."""

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
    bound,
    respond,
)

STEPS = 60
CLOSE = 1e-5  # of the bound: where lower and upper value of the linear programme meet
STEEPEST = 20.0  # prices looked at, in profit without budgets per budget; without a least share none can exceed 1 (concavity)


@dataclass(frozen=True)
class Dual:
    """Prices with the least bound found, the bound (CNY), and the patterns that the linear programme mixes, most first."""

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
    """Prices of loss, funding and approval over rates `allowed` (tiers x rates). Raises ModelError where the bounds do not meet."""
    n = len(market.pd)
    limits = np.array([budget.expected_loss, budget.funding, -budget.approval_share * n])
    patterns, prices, best = list[Pattern](), Prices(), (np.inf, Prices())
    unit = np.zeros(3)
    for step in range(1, STEPS + 1):
        pattern = respond(market, prices, allowed, threads)
        patterns.append(pattern)
        best = min(best, (bound(pattern, prices, budget, n), prices), key=lambda pair: pair[0])
        if step == 1:
            unit = max(pattern.value, 1.0) / np.maximum(np.abs(limits), 1.0)
        lower, prices, weights = _master(patterns, limits, unit)
        if shown:
            shown(step)
        if best[0] - lower <= CLOSE * max(abs(best[0]), 1.0):
            return Dual(
                best[1],
                best[0],
                tuple(
                    patterns[k] for k in np.argsort(-weights, kind="stable") if weights[k] > 1e-9
                ),
                step,
            )
    raise ModelError(
        f"Optimum: bound and linear programme did not meet in {STEPS} steps, got {best[0]:,.0f} and {lower:,.0f} CNY; check the budget"
    )


def _master(
    patterns: list[Pattern], limits: np.ndarray, unit: np.ndarray
) -> tuple[float, Prices, np.ndarray]:
    """Least of theta + prices x limits over the cuts so far, in units of profit per budget; the weights of the mixture are its dual."""
    from scipy.optimize import linprog

    use = np.array([_use(p) for p in patterns])
    profit = np.array([p.used[PROFIT] for p in patterns])
    scale = max(float(np.abs(profit).max()), 1.0)
    cuts = np.column_stack([-np.ones(len(patterns)), -use * unit / scale])
    found = linprog(
        np.concatenate([[1.0], limits * unit / scale]),
        A_ub=cuts,
        b_ub=-profit / scale,
        bounds=[(None, None), *[(0.0, STEEPEST)] * 3],
        method="highs",
    )
    loss, funding, approval = found.x[1:] * unit
    return (
        float(found.fun * scale),
        Prices(float(loss), float(funding), float(approval)),
        -found.ineqlin.marginals,
    )


def _use(pattern: Pattern) -> np.ndarray:
    return np.array([pattern.used[LOSS], pattern.used[FUNDING], -pattern.used[APPROVED]])
