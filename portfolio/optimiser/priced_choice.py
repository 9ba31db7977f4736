"""Solve the Lagrangian at given prices.

For each tier and rate: the best limits of its people. Then: the best rates that never fall with
risk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np

from creditloom.decision.pricing.profit import profit_margin
from creditloom.portfolio.optimiser.market import Budget, Market

# Places of the figures in `used`.
PROFIT, LOSS, FUNDING, APPROVED = range(4)


class Prices(NamedTuple):
    """Shadow prices of the budgets.

    `loss` and `funding`: CNY of profit per CNY of expected loss and of funding. `approval`: CNY per
    approval that the least share asks for.
    """

    loss: float = 0.0
    funding: float = 0.0
    approval: float = 0.0


@dataclass(frozen=True)
class Pattern:
    """The best reply to some prices.

    rate: per tier (index into the grid, -1 = not lent to). value: of the Lagrangian before budgets,
    CNY. used: expected profit, expected loss and funding in CNY, approvals.
    """

    rate: np.ndarray
    value: float
    used: np.ndarray


def bound(pattern: Pattern, prices: Prices, budget: Budget, applicants: int) -> float:
    """Return value + prices x budget, CNY: the most within the budget (weak duality)."""
    return (
        pattern.value
        + prices.loss * budget.expected_loss
        + prices.funding * budget.funding
        - prices.approval * budget.approval_share * applicants
    )


def best_response(market: Market, prices: Prices, allowed: np.ndarray, threads: int = 1) -> Pattern:
    """Return the best rates among `allowed` (tiers x rates) with the best limits.

    Each person's limit is chosen alone: 0, the minimum or the highest. The profit of a person is
    linear in the limit, so nothing between these can be better.
    """
    # The compiled loop releases the interpreter's lock: threads work on tiers at the same time.
    with ThreadPoolExecutor(threads) as pool:
        by_tier = list(
            pool.map(lambda tier: _tier(market, prices, allowed[tier], tier), range(market.tiers))
        )
    value = np.stack([tier_value for tier_value, _ in by_tier])
    used = np.stack([tier_used for _, tier_used in by_tier])
    rate = rising_rates(value)
    lent = np.flatnonzero(rate >= 0)
    return Pattern(
        rate=rate,
        value=float(value[lent, rate[lent]].sum()),
        used=used[lent, rate[lent]].sum(axis=0),
    )


def rising_rates(value: np.ndarray) -> np.ndarray:
    """Return a rate per tier with the highest sum of `value`, among those that never fall.

    `value` is tiers x rates, -inf = not allowed; the result holds indices. A tier that is not lent
    to (-1) binds no other. It is a dynamic programme over tiers; the state is the last rate taken.

    >>> rising_rates(np.array([[5.0, 4.0], [1.0, 3.0], [-np.inf, -1.0]]))
    array([ 0,  1, -1])
    """
    tiers, rates = value.shape
    best = np.zeros(rates)
    came_from = np.empty((tiers, rates), dtype=np.int64)
    for t in range(tiers):
        highest = np.maximum.accumulate(best)
        # Of equal sums the highest rate before is taken, as far as it does not exceed this one.
        before = np.maximum.accumulate(np.where(best == highest, np.arange(rates), 0))
        is_lent = highest + value[t] > best
        came_from[t] = np.where(is_lent, before, -1)
        best = np.where(is_lent, highest + value[t], best)
    # Backwards from the best last rate; argmax takes the lowest of equal ones.
    chosen = np.full(tiers, -1, dtype=np.int64)
    at = int(np.argmax(best))
    for t in reversed(range(tiers)):
        if came_from[t, at] >= 0:
            chosen[t] = at
            at = int(came_from[t, at])
    return chosen


def _tier(
    market: Market, prices: Prices, allowed: np.ndarray, tier: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return value (rates; -inf = not allowed) and use (rates x 4) of the people of one tier."""
    people = slice(market.edges[tier], market.edges[tier + 1])
    costs = market.costs
    constants = np.array(
        [costs.lgd, costs.cost_of_funds, costs.account_cost, market.step, market.minimum]
    )
    dual = np.array(prices)
    value = np.full(len(allowed), -np.inf)
    used = np.zeros((len(allowed), 4))
    pd = market.pd[people]
    cap = market.cap[people]
    capacity = market.capacity[people]
    for r in np.flatnonzero(allowed):
        terms = np.array(
            [market.annuity[r], market.apr[r], market.take_up[tier, r], market.exposure[r]]
        )
        value[r] = _compiled_total(pd, cap, capacity, terms, constants, dual, used[r])
    return value, used


# The one formula of the expected profit, compiled for the loop below.
_compiled_margin = numba.njit(nogil=True, error_model="numpy")(profit_margin)


def _total(
    pd: Any, cap: Any, capacity: Any, terms: Any, constants: Any, dual: Any, used: Any
) -> float:
    """Return the Lagrangian's value at one rate for the people of one tier.

    `used` becomes profit, expected loss, funding and approvals.
    """
    annuity, apr, taken, share = terms
    lgd, funds, account, step, minimum = constants
    value = 0.0
    # In order of PD: the loop may end early, and sums are added in one order on every machine.
    for j in range(len(pd)):
        # All amounts are on what is owed on average, and `share` of the limit is.
        margin = _compiled_margin(apr, pd[j], lgd, funds)
        each = margin - dual[0] * pd[j] * lgd - dual[1]
        # No one after this person is worth it either.
        if each <= 0.0 and dual[2] == 0.0:
            break
        top = np.floor(min(cap[j], capacity[j] * annuity) / step) * step
        if top < minimum:
            continue
        # A person that loses money may still be lent the minimum, for the share of approvals.
        limit = top if each > 0.0 else minimum
        owed = limit * share
        gain = taken * (owed * each - account) + dual[2]
        if gain > 0.0:
            value += gain
            used[0] += taken * (owed * margin - account)
            used[1] += taken * owed * pd[j] * lgd
            used[2] += taken * owed
            used[3] += 1.0
    return value


# Compiled, as the loop runs over all applicants for every rate and step. Without the lock, for the
# threads above; numpy's error model, as a division by zero must not raise here.
_compiled_total = numba.njit(nogil=True, error_model="numpy")(_total)
