"""Schedules to the cent hold for every principal, rate, tenor and method (F5-F10).

They agree with the unrounded price list.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.pricing.annual import irr, xirr
from creditloom.decision.pricing.money import cents, exact_decimal
from creditloom.decision.pricing.schedule import Schedule, due_dates, schedule
from creditloom.decision.pricing.table import Loan, Method, annual_table, annuity, unit_flows

INSTALMENTS: tuple[Method, ...] = ("equal_instalment", "equal_principal", "interest_first")
CENT = Decimal("0.01")
amounts = st.integers(50_000, 30_000_000).map(
    lambda fen: Decimal(fen) / 100
)  # 500.00 to 300,000.00 CNY
rates = st.integers(0, 1000).map(lambda k: Decimal(k) / 1_000_000)  # up to 0.1 % a day by 0.0001 %
tenors = st.integers(1, 36)
methods = st.sampled_from(INSTALMENTS)


def closed_form(plan: Schedule) -> Decimal:
    """Sum of interest without any rounding (F5, F6, F7, F8)."""
    amount = plan.principal
    i = plan.daily_rate * plan.loan.month_days
    n = plan.loan.tenor
    if plan.loan.method == "equal_principal":
        return amount * i * (n + 1) / 2
    if plan.loan.method == "interest_first":
        return amount * i * n
    if plan.loan.is_single:
        return amount * plan.daily_rate * plan.loan.days
    return Decimal(0) if i == 0 else n * amount * i / (1 - (1 + i) ** -n) - amount


@given(methods, amounts, rates, tenors)
def test_the_principal_is_repaid_to_the_cent(
    method: Method, amount: Decimal, daily: Decimal, n: int
) -> None:
    plan = schedule(Loan(method, n), amount, daily)
    assert sum(p.principal for p in plan.payments) == amount
    assert plan.payments[-1].balance == 0
    assert all(
        p.interest == cents(p.interest) and p.principal == cents(p.principal) for p in plan.payments
    )


@given(methods, amounts, rates, tenors)
def test_interest_is_the_closed_form_within_a_cent_a_period(
    method: Method, amount: Decimal, daily: Decimal, n: int
) -> None:
    plan = schedule(Loan(method, n), amount, daily)
    assert abs(plan.interest - closed_form(plan)) <= n * CENT


@given(st.sampled_from(["bullet", "revolving_daily"]), amounts, rates, st.integers(1, 400))
def test_a_single_payment_is_principal_and_interest_to_half_a_cent(
    method: Method, amount: Decimal, daily: Decimal, days: int
) -> None:
    plan = schedule(Loan(method, days, "days"), amount, daily)
    assert len(plan.payments) == 1 and plan.payments[0].day == days
    assert abs(plan.interest - closed_form(plan)) <= CENT / 2


@given(methods, amounts, rates, tenors)
def test_the_irr_of_a_schedule_brings_its_payments_back_to_what_was_received(
    method: Method, amount: Decimal, daily: Decimal, n: int
) -> None:
    """Round trip: discounted at the IRR, payments are worth what was received, to 1e-8 of it."""
    flows = np.array(schedule(Loan(method, n), amount, daily).flows)
    monthly = float(irr(flows))
    worth = -np.sum(flows[1:] * (1.0 + monthly) ** -np.arange(1, n + 1))
    assert abs(worth / flows[0] - 1.0) < 1e-8


@given(st.floats(0.0, 0.2), tenors)
def test_the_irr_of_a_level_payment_is_the_rate_it_was_made_of(i: float, n: int) -> None:
    assert abs(float(irr([1.0, *[-1.0 / float(annuity(i, n))] * n])) - i) < 1e-8


@given(methods, rates, tenors)
def test_without_charges_the_irr_is_the_contract_rate(
    method: Method, daily: Decimal, n: int
) -> None:
    """Why IRR x 12 is 360 d, and simple365 the higher of the two."""
    cost = annual_table(Loan(method, n), [float(daily)])[0]
    assert cost.apr_irr12 == pytest.approx(float(360 * daily), abs=1e-10)
    assert cost.highest == cost.apr_simple365


larger_amounts = amounts.map(lambda amount: amount + 500)
upfront_fees = st.sampled_from([0.0, 0.01, 0.05])
period_fees = st.sampled_from([0.0, 0.002, 0.01])


@given(methods, larger_amounts, rates, tenors, upfront_fees, period_fees)
def test_the_price_list_lies_within_002_points_of_the_cent_schedule(
    method: Method, amount: Decimal, daily: Decimal, n: int, upfront: float, per_period: float
) -> None:
    """The disclosed cost from the table is what the schedule really costs, charges included.

    From 1,000 CNY on: three roundings of half a cent (interest and two charges) on 500 CNY over one
    month are .036 points.
    """
    loan = Loan(method, n, upfront=upfront, per_period=per_period)
    listed = annual_table(loan, [float(daily)])[0]
    true = schedule(loan, amount, daily)
    assert listed.apr_irr12 is not None and true.apr_irr12 is not None
    assert abs(listed.apr_irr12 - true.apr_irr12) <= 0.0002


@given(st.lists(rates, min_size=2, max_size=8, unique=True), methods, tenors)
def test_the_price_list_is_worked_out_row_by_row(
    grid: list[Decimal], method: Method, n: int
) -> None:
    """A rate's figures do not depend on the rates beside it, and rise with it."""
    loan = Loan(method, n, per_period=0.01)
    found = sorted(float(rate) for rate in grid)
    table = annual_table(loan, found)
    assert table == tuple(annual_table(loan, [rate])[0] for rate in found)
    assert all(a.apr_irr12 < b.apr_irr12 for a, b in pairwise(table))  # type: ignore[operator]


def test_the_irr_agrees_with_the_roots_of_the_polynomial() -> None:
    """The slow obvious way: the flows are a polynomial in 1/(1+m)."""
    flows = unit_flows(
        Loan("equal_principal", 6, upfront=0.03, per_period=0.01, at_end=0.02), np.array([0.0004])
    )[0]
    roots = np.roots(flows[::-1])
    real = [1 / r.real - 1 for r in roots if abs(r.imag) < 1e-12 and r.real > 0]
    assert real == pytest.approx([float(irr(flows))], abs=1e-10)


def test_flows_that_no_rate_balances_have_no_irr() -> None:
    assert np.isnan(irr([1.0, 1.0, 1.0]))
    with pytest.raises(DecisionError, match="money received and money paid back"):
        xirr([1.0, 1.0], [0, 30])


def test_xirr_counts_actual_days() -> None:
    """1,000 for 1,100: a year of 365 days is 10 %, a leap year of 366 a little less."""
    assert xirr([1000, -1100], [0, 365]) == pytest.approx(0.1, abs=1e-12)
    assert xirr([1000, -1100], [0, 366]) == pytest.approx(1.1 ** (365 / 366) - 1, abs=1e-12)


def test_a_due_day_that_a_month_lacks_is_its_last_and_comes_back_afterwards() -> None:
    assert due_dates(dt.date(2024, 1, 31), 3) == (
        dt.date(2024, 2, 29),
        dt.date(2024, 3, 31),
        dt.date(2024, 4, 30),
    )


# table: a case a row
@pytest.mark.parametrize(
    ("loan", "amount", "rate", "where"),
    [
        (Loan("bullet", 7, "days"), "0", "0.0005", "amount"),
        (Loan("bullet", 7, "days"), "10.001", "0.0005", "amount"),
        (Loan("bullet", 7, "days"), "10", "-0.0001", "daily rate"),
        (Loan("equal_principal", 0), "10", "0.0005", "tenor"),
        (Loan("equal_principal", 12, "days"), "10", "0.0005", "method"),
        (Loan("bullet", 7, "days"), "nan", "0.0005", "pricing"),
        (Loan("bullet", 7, "days"), "ten", "0.0005", "pricing"),
    ],
)
def test_what_cannot_be_a_loan_is_refused(loan: Loan, amount: str, rate: str, where: str) -> None:
    with pytest.raises(DecisionError, match=f"where: {where}"):
        schedule(loan, amount, rate)


def test_money_is_decimal_and_half_up() -> None:
    """N04's period 21: 565.335 is 565.34; as a float it would be 565.33."""
    assert cents(exact_decimal("94222.5") * exact_decimal("0.006")) == Decimal("565.34")
    assert exact_decimal(0.1) == Decimal("0.1")


@pytest.mark.parametrize("months", [24, 36, 38, 48, 60, 120])
@pytest.mark.parametrize("rate", ["0.002", "0.01", "0.012", "0.015", "0.03"])
def test_no_payment_is_negative_and_every_loan_has_a_yearly_rate(months: int, rate: str) -> None:
    """Half a cent of an instalment grows beyond the loan at 1 % a day and more."""
    for amount in ("100", "1000", "123456.78"):
        plan = schedule(Loan("equal_instalment", months), amount, rate)
        totals = [payment.total for payment in plan.payments]
        assert min(payment.principal for payment in plan.payments) >= 0
        assert min(totals) > 0 and max(totals) <= 2 * totals[0]
        assert sum(payment.principal for payment in plan.payments) == Decimal(amount)
        assert plan.payments[-1].balance == 0
        assert plan.apr_irr12 == pytest.approx(12 * 30 * float(rate), rel=0.02)
