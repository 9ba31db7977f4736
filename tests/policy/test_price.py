"""Pricing arithmetic against the vectors of the specification, exact to the printed digit (domain 4.1-4.3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision.calibration import Calibration
from models.decision.figure import Figure
from models.decision.limit import affordability, formula
from models.decision.price import annual_cost, annuity, cash_flows, irr, minimum_daily, minimum_yearly, rate_grid, tier_rate
from models.decision.product import Charge, Product
from tests.models.decision.small import house, laws
from tests.policy.officer import case_of


def loan(method: str = "equal_instalment", tenor: float = 12, unit: str = "months", *charges: Charge) -> Product:
    """The house product with another way of repayment."""
    repayment = replace(house().repayment, method=method, tenor=Figure(tenor, unit, "test"))
    return replace(house(), repayment=repayment, charges=charges)


def per_period(share: float) -> Charge:
    return Charge("instalment fee", "per_period", Figure(share, "share", "S5-R45"))


@pytest.mark.parametrize(
    ("vector", "percent_per_day", "simple360", "simple365"),
    [
        ("T01", 0.02, 7.2, 7.3),
        ("T02", 0.05, 18.0, 18.25),
        ("T03", 0.098, 35.28, 35.77),
        ("T04", 0.04, 14.4, 14.6),
        ("T06", 0.1, 36.0, 36.5),
        ("T07", 0.015, 5.4, 5.475),
    ],
)
def test_f1_simple_annualisation(vector: str, percent_per_day: float, simple360: float, simple365: float) -> None:
    cost = annual_cost(loan(), percent_per_day / 100)
    assert (100 * cost.apr_simple360, 100 * cost.apr_simple365) == pytest.approx((simple360, simple365), abs=1e-12), vector


@pytest.mark.parametrize(("vector", "i", "n", "payment"), [("N01", 0.015, 12, 916.80), ("N02", 0.006, 12, 866.19)])
def test_f5_level_payment_of_10000(vector: str, i: float, n: int, payment: float) -> None:
    assert round(10_000 / annuity(i, n), 2) == payment, vector
    assert round(-10_000 * cash_flows(loan(tenor=n), i / 30)[1], 2) == payment


@pytest.mark.parametrize(
    ("n", "monthly", "apr", "effective"), [(3, 3.7051, 44.46, 54.74), (6, 4.1455, 49.75, 62.81), (12, 4.2869, 51.44, 65.48)]
)
def test_t16_a_flat_fee_of_two_and_a_half_per_cent(n: int, monthly: float, apr: float, effective: float) -> None:
    """The fee alone (no interest) costs 44-51 % a year: F12 through F10, far over every cap."""
    product = loan("equal_principal", n, "months", per_period(0.025))
    cost = annual_cost(product, 0.0)
    assert cost.apr_irr12 is not None
    assert (round(100 * irr(cash_flows(product, 0.0)), 4), round(100 * cost.apr_irr12, 2), round(100 * cost.eff_annual, 2)) == (
        monthly, apr, effective,
    )  # fmt: skip


@pytest.mark.parametrize(("method", "first", "last"), [("equal_principal", 1180.00, 1015.00), ("interest_first", 180.00, 12180.00)])
def test_f6_f7_flows_of_12000_at_18_per_cent(method: str, first: float, last: float) -> None:
    """N06 for equal principal; interest first pays P i and at the end P (1 + i)."""
    flows = -12_000 * cash_flows(loan(method), 0.0005)
    assert (round(flows[1], 2), round(flows[-1], 2)) == (first, last)


def test_n08_interest_first_costs_twelve_times_its_month() -> None:
    assert annual_cost(loan("interest_first", 6), 0.0005).apr_irr12 == pytest.approx(0.18, abs=1e-12)


@pytest.mark.parametrize(
    ("vector", "daily", "days", "effective"), [("N09", 0.0004, 90, 15.42), ("N10", 0.001, 14, 43.69), ("N11", 0.0005, 365, 18.25)]
)
def test_f8_a_single_payment_has_no_irr12(vector: str, daily: float, days: float, effective: float) -> None:
    cost = annual_cost(loan("bullet", days, "days"), daily)
    assert (cost.apr_irr12, round(100 * cost.eff_annual, 2)) == (None, effective), vector
    assert cost.highest == cost.apr_simple365


def test_t24_a_fee_kept_back_upfront_lifts_18_to_45_per_cent() -> None:
    fee = Charge("service fee", "upfront", Figure(0.1270, "share", "S4"))
    assert annual_cost(loan("equal_instalment", 12, "months", fee), 0.0005).apr_irr12 == pytest.approx(0.45, abs=0.0005)


@given(st.integers(0, 200), st.integers(1, 36), st.sampled_from(["equal_instalment", "equal_principal", "interest_first"]))
def test_f10_without_fees_the_irr_is_the_contract_rate(steps: int, n: int, method: str) -> None:
    daily = steps * 1e-5
    assert irr(cash_flows(loan(method, n), daily)) == pytest.approx(30 * daily, abs=1e-12)


def test_n20_affordability() -> None:
    """F15: income 8,000, debt service 1,500, DTI 0.5, 1.5 % a month, 12 months."""
    rate = Figure(0.05, "percent_per_day", "test")
    product = replace(house(), tiers=tuple(replace(t, daily_rate=rate) if t.daily_rate else t for t in house().tiers))
    case = case_of("G3", product, laws(), verified_income=8_000, debt_service=1_500)
    assert round(float(affordability(case)[0]), 2) == 27_268.76


@pytest.mark.parametrize(
    ("vector", "volume", "wealth", "cards", "low", "high"),
    [
        ("T28", 36_000, 12_000, 50_000, 18_480, 20_460),
        ("T29", 120_000, 0, 0, 6_000, 12_000),
        ("T30", 200_000, 60_000, 100_000, 44_000, 55_000),
    ],
)
def test_f16_limit_formula(vector: str, volume: float, wealth: float, cards: float, low: float, high: float) -> None:
    """k is 500 in G6 and 1,000 in G1."""
    found = [float(formula(case_of(t, house(), laws(), annual_volume=volume, wealth=wealth, card_limits=cards))[0]) for t in ("G6", "G1")]
    assert found == pytest.approx([low, high], abs=1e-9), vector


@pytest.mark.parametrize(
    ("pd", "points"),
    [
        (0.1, 686.41),
        (0.5, 639.86),
        (1.0, 619.71),
        (1.2, 614.39),
        (2.0, 599.42),
        (5.0, 572.08),
        (10.0, 550.52),
        (20.0, 527.12),
        (50.0, 487.12),
    ],
)
def test_n21_score_of_a_pd(pd: float, points: float) -> None:
    logit = np.log(np.array([pd / 100])) - np.log1p(-np.array([pd / 100]))
    assert round(float(Calibration(1.0, 0.0).score_raw(logit)[0]), 2) == points


@pytest.mark.parametrize(("score", "pd"), [(500, 39.024), (550, 10.164), (600, 1.9608), (650, 0.35231), (700, 0.062461)])
def test_n22_pd_of_a_score(score: float, pd: float) -> None:
    scale = Calibration(1.0, 0.0)
    found = float(scale.pd(np.array([(scale.offset - score) / scale.factor]))[0])
    assert f"{100 * found:.5g}" == f"{pd:.5g}"


@pytest.mark.parametrize(
    ("pd", "yearly", "daily"), [(0.3, 6.234, 0.018), (1.2, 6.942, 0.020), (3.5, 8.779, 0.025), (10, 14.211, 0.040), (15, 18.649, 0.052)]
)
def test_n23_minimum_price(pd: float, yearly: float, daily: float) -> None:
    price = house().price
    assert round(100 * minimum_yearly(pd / 100, price), 3) == yearly
    assert round(100 * minimum_daily(pd / 100, price), 6) == daily


def test_a_pd_under_the_floor_is_priced_at_the_floor() -> None:
    price = house().price
    assert minimum_yearly(0.0, price) == minimum_yearly(0.0005, price) < minimum_yearly(0.0006, price)


def test_the_grid_lies_within_the_band() -> None:
    """0.020 to 0.065 % a day: 0.0657 itself is not on the grid of 0.001."""
    grid = rate_grid(house().price)
    assert (grid[0], grid[-1], len(grid)) == (0.0002, 0.00065, 46)


def test_a_listed_rate_is_lifted_to_the_minimum_price_but_never_lowered() -> None:
    price = house().price
    assert tier_rate(0.02, 0.15, price) == 0.00052
    assert tier_rate(0.06, 0.15, price) == 0.0006
