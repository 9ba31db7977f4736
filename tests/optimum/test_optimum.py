"""The optimum keeps its rules, and its bound is that of the linear programme (domain 0.15)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import lil_array

from creditloom.models.sample.errors import ModelError
from creditloom.portfolio.optimiser.dual import solve_dual
from creditloom.portfolio.optimiser.market import Budget, Costs, Market, TakeUp
from creditloom.portfolio.optimiser.optimised_policy import limits_at, optimise, use_of
from creditloom.portfolio.optimiser.priced_choice import (
    APPROVED,
    FUNDING,
    LOSS,
    PROFIT,
    Prices,
    best_response,
    rising_rates,
)

EDGES = (0.005, 0.011, 0.024, 0.065)


def market(people: int, rates: int, seed: int = 1) -> Market:
    """Five tiers; caps fall with the tier, incomes do not care about it."""
    rng = np.random.default_rng(seed)
    pd = np.sort(1.0 / (1.0 + np.exp(4.2 - 1.1 * rng.standard_normal(people))))
    tier = np.searchsorted(EDGES, pd, side="right")
    cap = np.array([100_000, 60_000, 30_000, 10_000, 5_000])[tier] * rng.choice(
        [1.0, 0.5, 0.2], people
    )
    capacity = np.maximum(rng.lognormal(8.0, 0.6, people) - rng.lognormal(7.0, 0.8, people), 0.0)
    daily = np.round(np.linspace(0.0002, 0.00065, rates), 9)
    lowest = (0.06 + np.array([*EDGES, 0.2]) * 0.75) / 360.0
    take_up = TakeUp(0.6, 0.144, 0.06, 0.03).table(360 * daily, 5)
    return Market(
        pd=pd,
        tier=tier,
        cap=cap,
        capacity=capacity,
        rates=daily,
        apr=360 * daily,
        is_allowed=daily >= lowest[:, None],
        take_up=take_up,
        costs=Costs(0.75, 0.025, 60.0),
        tenor=12,
    )


def halved(m: Market, approval_share: float = 0.0) -> Budget:
    """Return half of the loss and two thirds of the funding of the best policy without budgets."""
    used = best_response(m, Prices(), m.is_allowed).used
    return Budget(used[LOSS] / 2, used[FUNDING] * 2 / 3, approval_share)


class Relaxation:
    """The relaxation, written out as a linear programme.

    z[t, r] is the share of rate r in tier t, a[j, r] <= z approved at r, minimum a <= L <= highest
    a. Each row of `rows` is weights by variable and the bound that their sum keeps below.
    """

    def __init__(self, market: Market, budget: Budget) -> None:
        self.market = market
        self.budget = budget
        self.people = range(len(market.pd))
        self.rates = range(len(market.rates))
        shares = list(itertools.product(range(market.tiers), self.rates))
        offers = list(itertools.product(self.people, self.rates))
        self.z = {key: k for k, key in enumerate(shares)}
        self.a = {key: k + len(shares) for k, key in enumerate(offers)}
        self.limit = {key: k + len(offers) for key, k in self.a.items()}
        self.size = len(shares) + 2 * len(offers)
        self.rows: list[tuple[dict[int, float], float]] = []
        self.gain = np.zeros(self.size)
        self.loss = np.zeros(self.size)
        self.funding = np.zeros(self.size)
        self.upper = np.full(self.size, np.inf)

    def add_offer(self, j: int, r: int) -> None:
        """What person j brings, loses and takes at rate r, and the bounds of that offer."""
        m = self.market
        t = m.tier[j]
        p = m.pd[j]
        c = m.costs
        top = np.floor(min(m.cap[j], m.capacity[j] * m.annuity[r]) / 100.0) * 100.0
        taken = m.take_up[t, r]
        margin = m.apr[r] * (1 - p / 2) - c.cost_of_funds - p * c.lgd
        a = self.a[j, r]
        limit = self.limit[j, r]
        self.upper[a] = float(top >= m.minimum)
        self.gain[a] = -taken * c.account_cost
        self.gain[limit] = taken * margin
        self.loss[limit] = taken * p * c.lgd
        self.funding[limit] = taken
        self.rows.append(({a: 1.0, self.z[t, r]: -1.0}, 0.0))
        self.rows.append(({limit: 1.0, a: -top}, 0.0))
        self.rows.append(({a: m.minimum, limit: -1.0}, 0.0))

    def add_tiers(self) -> None:
        """At most one rate a tier; a worse tier is never cheaper."""
        tiers = range(self.market.tiers)
        self.rows += [({self.z[t, r]: 1.0 for r in self.rates}, 1.0) for t in tiers]
        for t, last in itertools.product(tiers[:-1], self.rates):
            worse = {self.z[t + 1, r]: 1.0 for r in range(last + 1)}
            better = {self.z[t, r]: -1.0 for r in range(last + 1)}
            self.rows.append(({**worse, **better}, 0.0))

    def add_budget(self) -> None:
        least_approved = self.budget.approval_share * len(self.people)
        self.rows.append((dict(enumerate(self.loss)), self.budget.expected_loss))
        self.rows.append((dict(enumerate(self.funding)), self.budget.funding))
        self.rows.append((dict.fromkeys(self.a.values(), -1.0), -least_approved))

    def solved(self) -> float:
        """Return the highest profit, CNY."""
        matrix = lil_array((len(self.rows), self.size))
        for at, (row, _) in enumerate(self.rows):
            for k, weight in row.items():
                matrix[at, k] = weight
        solution = linprog(
            -self.gain,
            A_ub=matrix.tocsr(),
            b_ub=[bound for _, bound in self.rows],
            bounds=list(zip(np.zeros(self.size), self.upper, strict=True)),
            method="highs",
        )
        return float(-solution.fun)


def linear_programme(m: Market, budget: Budget) -> float:
    """Return the optimum of the relaxation by SciPy's linear programme, CNY."""
    programme = Relaxation(m, budget)
    for (t, r), k in programme.z.items():
        programme.upper[k] = float(m.is_allowed[t, r])
    for j, r in programme.a:
        programme.add_offer(j, r)
    programme.add_tiers()
    programme.add_budget()
    return programme.solved()


@pytest.mark.parametrize("approval_share", [0.0, 0.75])
def test_the_bound_is_the_value_of_the_linear_programme(approval_share: float) -> None:
    m = market(60, 5)
    budget = halved(m, approval_share)
    assert solve_dual(m, budget, m.is_allowed).bound == pytest.approx(
        linear_programme(m, budget), rel=2e-5
    )


@pytest.mark.parametrize("approval_share", [0.0, 0.6])
def test_the_policy_keeps_the_budget_and_misses_the_bound_by_little(approval_share: float) -> None:
    m = market(20_000, 46)
    budget = halved(m, approval_share)
    found = optimise(m, budget)
    used = use_of(m, found.chosen.rate, found.chosen.limit)
    assert used == pytest.approx(found.chosen.used)
    assert used[LOSS] <= budget.expected_loss and used[FUNDING] <= budget.funding
    assert used[APPROVED] >= approval_share * len(m.pd)
    assert 0 <= found.gap < 0.005


def test_rates_never_fall_and_limits_never_rise_with_risk() -> None:
    """All else equal: every person asked again with the same cap and capacity at the next PD."""
    m = market(4_000, 46)
    found = optimise(m, halved(m, 0.5))
    rate = found.chosen.rate
    assert np.all(np.diff(rate[rate >= 0]) >= 0)
    for cap, capacity in itertools.product(
        (3_000.0, 20_000.0, 100_000.0), (300.0, 1_500.0, 9_000.0)
    ):
        same = replace(m, cap=np.full(4_000, cap), capacity=np.full(4_000, capacity))
        assert np.all(np.diff(limits_at(same, rate, found.dual.prices)) <= 0)


def test_a_limit_is_a_multiple_of_the_step_within_cap_and_affordability() -> None:
    m = market(4_000, 46)
    chosen = optimise(m, halved(m)).chosen
    lent = chosen.limit > 0
    assert (
        np.all(chosen.limit % 100 == 0)
        and np.all(chosen.limit[lent] >= 500)
        and np.all(chosen.limit <= m.cap)
    )
    instalment = chosen.limit[lent] / m.annuity[chosen.rate[m.tier[lent]]]
    assert np.all(instalment <= m.capacity[lent] + 1e-9)
    assert np.all(m.is_allowed[m.tier[lent], chosen.rate[m.tier[lent]]])


def test_a_budget_that_binds_nothing_costs_nothing() -> None:
    m = market(2_000, 46)
    free = optimise(m, Budget(1e12, 1e12))
    assert free.dual.prices == Prices(0.0, 0.0, 0.0) and free.gap < 1e-9


def test_a_price_is_what_one_more_yuan_of_budget_brings() -> None:
    """The dual price of funding against the difference of two bounds."""
    m = market(2_000, 46)
    budget = Budget(1e12, best_response(m, Prices(), m.is_allowed).used[FUNDING] / 2)
    more = replace(budget, funding=budget.funding * 1.01)
    low, high = (solve_dual(m, b, m.is_allowed) for b in (budget, more))
    assert (high.bound - low.bound) / (0.01 * budget.funding) == pytest.approx(
        low.prices.funding, rel=0.02
    )


def test_a_budget_that_nothing_keeps_is_refused() -> None:
    m = market(500, 5)
    with pytest.raises(ModelError, match="Raise a budget or lower the share"):
        optimise(m, Budget(1.0, 1e9, 0.9))


def test_people_out_of_order_are_refused() -> None:
    m = market(50, 5)
    with pytest.raises(ModelError, match="sort them by PD"):
        replace(m, pd=m.pd[::-1])


@given(
    st.lists(
        st.lists(st.one_of(st.floats(0, 9), st.just(-np.inf)), min_size=3, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_the_best_rates_that_never_fall_are_found(value: list[list[float]]) -> None:
    """Against every choice there is; -1 = not lent to."""
    table = np.array(value)

    def worth(choice: tuple[int, ...]) -> float:
        return sum(table[t, r] for t, r in enumerate(choice) if r >= 0)

    every = [
        c
        for c in itertools.product(range(-1, 3), repeat=len(table))
        if (lent := [r for r in c if r >= 0]) == sorted(lent)
    ]
    found = tuple(int(r) for r in rising_rates(table))
    assert found in every and worth(found) == pytest.approx(max(map(worth, every)))


def test_one_thread_and_two_give_the_same_bits() -> None:
    m = market(3_000, 20)
    one, two = (optimise(m, halved(m), threads) for threads in (1, 2))
    assert one.chosen.used[PROFIT] == two.chosen.used[PROFIT] and np.array_equal(
        one.chosen.limit, two.chosen.limit
    )
