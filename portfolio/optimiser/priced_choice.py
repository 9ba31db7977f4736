"""The Lagrangian at given prices: for each tier and rate the best limits of its people, and the best rates that never fall with risk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np

from creditloom.portfolio.optimiser.market import Budget, Market

PROFIT, LOSS, FUNDING, APPROVED = range(4)


class Prices(NamedTuple):
    """Shadow prices: CNY of profit per CNY of expected loss and of funding, and CNY per approval that the least share asks for."""

    loss: float = 0.0
    funding: float = 0.0
    approval: float = 0.0


@dataclass(frozen=True)
class Pattern:
    """The best reply to some prices: rate per tier (index, -1 = not lent to), value of the Lagrangian before budgets, and what it uses."""

    rate: np.ndarray
    value: float
    used: np.ndarray


def bound(pattern: Pattern, prices: Prices, budget: Budget, applicants: int) -> float:
    """No policy within the budget earns more (weak duality): value + prices x budget, CNY."""
    return (
        pattern.value
        + prices.loss * budget.expected_loss
        + prices.funding * budget.funding
        - prices.approval * budget.approval_share * applicants
    )


def respond(market: Market, prices: Prices, allowed: np.ndarray, threads: int = 1) -> Pattern:
    """Best rates among `allowed` (tiers x rates) and best limits, each person alone: 0, the minimum or the highest.

    The profit of a person is linear in the limit, so nothing between these can be better.
    """
    with ThreadPoolExecutor(threads) as pool:
        found = list(
            pool.map(lambda tier: _tier(market, prices, allowed[tier], tier), range(market.tiers))
        )
    value, used = np.stack([v for v, _ in found]), np.stack([u for _, u in found])
    rate = rising(value)
    lent = np.flatnonzero(rate >= 0)
    return Pattern(rate, float(value[lent, rate[lent]].sum()), used[lent, rate[lent]].sum(axis=0))


def rising(value: np.ndarray) -> np.ndarray:
    """Index of a rate per tier with the highest sum of `value` (tiers x rates, -inf = not allowed) among those that never fall.

    A tier that is not lent to (-1) binds nobody. Dynamic programme over tiers; the state is the last rate taken.
    """
    tiers, rates = value.shape
    best, came = np.zeros(rates), np.empty((tiers, rates), dtype=np.int64)
    for t in range(tiers):
        highest = np.maximum.accumulate(best)
        before = np.maximum.accumulate(np.where(best == highest, np.arange(rates), 0))
        is_lent = highest + value[t] > best
        came[t] = np.where(is_lent, before, -1)
        best = np.where(is_lent, highest + value[t], best)
    chosen, at = np.full(tiers, -1, dtype=np.int64), int(np.argmax(best))
    for t in reversed(range(tiers)):
        if came[t, at] >= 0:
            chosen[t], at = at, int(came[t, at])
    return chosen


def _tier(
    market: Market, prices: Prices, allowed: np.ndarray, tier: int
) -> tuple[np.ndarray, np.ndarray]:
    people = slice(market.edges[tier], market.edges[tier + 1])
    costs = np.array(
        [
            market.costs.lgd,
            market.costs.cost_of_funds,
            market.costs.account_cost,
            market.step,
            market.minimum,
        ]
    )
    dual = np.array([prices.loss, prices.funding, prices.approval])
    rates = np.flatnonzero(allowed)
    value, used = np.full(len(allowed), -np.inf), np.zeros((len(allowed), 4))
    for r in rates:
        terms = np.array([market.annuity[r], market.apr[r], market.take_up[tier, r]])
        value[r] = _sum(
            market.pd[people],
            market.cap[people],
            market.capacity[people],
            terms,
            costs,
            dual,
            used[r],
        )
    return value, used


def _total(pd: Any, cap: Any, capacity: Any, terms: Any, costs: Any, dual: Any, used: Any) -> float:
    """Value of the Lagrangian at one rate, people of one tier; `used` becomes profit, expected loss, funding and approvals."""
    annuity, apr, taken = terms
    lgd, funds, account, step, minimum = costs
    value = 0.0
    for j in range(len(pd)):
        margin = apr * (1.0 - pd[j] / 2.0) - funds - pd[j] * lgd
        each = margin - dual[0] * pd[j] * lgd - dual[1]
        if each <= 0.0 and dual[2] == 0.0:
            break  # people come in order of PD: nobody after this one is worth it either
        top = np.floor(min(cap[j], capacity[j] * annuity) / step) * step
        if top < minimum:
            continue
        limit = top if each > 0.0 else minimum
        gain = taken * (limit * each - account) + dual[2]
        if gain > 0.0:
            value += gain
            used[0] += taken * (limit * margin - account)
            used[1] += taken * limit * pd[j] * lgd
            used[2] += taken * limit
            used[3] += 1.0
    return value


_sum = numba.njit(nogil=True, error_model="numpy")(_total)
