"""The price list: annual figures over a grid of daily rates on principal 1, unrounded.

Formulas F1, F4-F8, F10, F12. Fees are part of it: 0.05 % a day and a fee may cost 45 % a year
(S4-R24).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .annual import AnnualCost, effective, irr
from .money import CENT, Number, down, exact_decimal

Method: TypeAlias = Literal[
    "equal_instalment", "equal_principal", "interest_first", "bullet", "revolving_daily"
]
Unit = Literal["months", "days"]
# One payment of principal and interest: there is no monthly period, so no IRR x 12.
SINGLE = ("bullet", "revolving_daily")
# Decimals of the price list. Annual figures keep what the root finder can promise.
DECIMALS = 12


@dataclass(frozen=True)
class Loan:
    """How a loan runs, whatever its amount: method, tenor, charges as shares of principal.

    The tenor is in months or days. `upfront` is kept back from what the borrower receives,
    `per_period` is due with every instalment, `at_end` with the last payment.
    """

    method: Method
    tenor: int
    unit: Unit = "months"
    month_days: int = 30
    upfront: float = 0.0
    per_period: float = 0.0
    at_end: float = 0.0

    @property
    def is_single(self) -> bool:
        """Whether there is one payment at the end (F8).

        A revolving drawdown is taken as held for the whole tenor (F9).
        """
        return self.method in SINGLE

    @property
    def days(self) -> int:
        """Days from the value date to the last payment on contractual months (F4)."""
        return self.tenor * (1 if self.unit == "days" else self.month_days)

    @property
    def charges(self) -> float:
        """All charges of a loan of one payment, as a share of principal."""
        return self.upfront + self.per_period + self.at_end


def annuity(i: ArrayLike, n: int) -> np.ndarray:
    """Return the present value of 1 a period: (1 - (1+i)^-n) / i, n where i is 0 (F5, F15).

    One value per rate.

    >>> round(float(annuity(0.01, 12)), 6), float(annuity(0.0, 12))
    (11.255077, 12.0)
    """
    rate = np.asarray(i, dtype=np.float64)
    # 1 in place of 0, so that no division by zero warns; the outer `where` drops its result.
    divisor = np.where(rate == 0, 1.0, rate)
    # expm1 and log1p keep the digits of the smallest rates, which 1 - (1+i)^-n would lose.
    return np.where(rate == 0, float(n), -np.expm1(-n * np.log1p(divisor)) / divisor)


def annual_table(loan: Loan, daily_rates: Sequence[float]) -> tuple[AnnualCost, ...]:
    """Return the annual figures of every daily rate.

    Instalments: simple = basis x d, charges excluded (IRR x 12 carries them). One payment:
    simple = (paid / received - 1) x basis / t, charges included, because the cap is compared with
    simple365 alone (domain 4.1, F2).

    >>> cost = annual_table(Loan("equal_instalment", 12), [0.0005])[0]
    >>> cost.apr_simple360, cost.apr_simple365, cost.apr_irr12, round(cost.eff_annual, 6)
    (0.18, 0.1825, 0.18, 0.195618)
    """
    d = np.asarray(daily_rates, dtype=np.float64)
    if loan.is_single:
        growth = (1.0 + d * loan.days + loan.per_period + loan.at_end) / (1.0 - loan.upfront)
        # Without charges d itself, which a trip over `growth` would change in the last bit.
        yearly = d if loan.charges == 0 else (growth - 1.0) / loan.days
        return _rows(d, yearly, None, growth ** (365.0 / loan.days) - 1.0)
    monthly = irr(unit_flows(loan, d))
    return _rows(d, d, 12.0 * monthly, effective(monthly))


def unit_flows(loan: Loan, daily_rates: np.ndarray) -> np.ndarray:
    """Return the flows of an instalment loan on principal 1: rates x months, from month 0.

    Received positive, paid negative (F5, F6, F7, F12).
    """
    n = loan.tenor
    i = loan.month_days * np.asarray(daily_rates, dtype=np.float64)[:, None]
    if loan.method == "equal_instalment":
        paid = np.repeat(1.0 / annuity(i, n), n, axis=1)
    elif loan.method == "equal_principal":
        paid = 1.0 / n + i * (1.0 - np.arange(n) / n)
    else:
        paid = i + (np.arange(n) == n - 1)
    paid = paid + loan.per_period + loan.at_end * (np.arange(n) == n - 1)
    return np.column_stack([np.full(len(i), 1.0 - loan.upfront), -paid])


def _rows(
    d: np.ndarray, simple: np.ndarray, irr12: np.ndarray | None, eff: np.ndarray
) -> tuple[AnnualCost, ...]:
    months = [None] * len(d) if irr12 is None else _rounded(irr12)
    columns = (d.tolist(), _rounded(360 * simple), _rounded(365 * simple), months, _rounded(eff))
    return tuple(AnnualCost(*row) for row in zip(*columns, strict=True))


def _rounded(values: np.ndarray) -> list[float]:
    figures: list[float] = np.round(values, DECIMALS).tolist()
    return figures


# Prices that just meet a bound: a cap from above (floored, never rounded up), a minimum from below
# (F18). Rates are fractions.

DAILY_STEP = Decimal("0.000001")  # 0.0001 % a day (N19)
FEE_STEP = Decimal("0.000001")  # 0.0001 % of principal
# Decimals of a daily rate: steps of the finest grid (0.0001 % a day) and three digits more.
GRID_DECIMALS = 9


def floored_daily(cap: Number, basis: int) -> Decimal:
    """Return the highest daily rate whose simple yearly rate stays under `cap` (N19).

    It is cap / basis floored to 0.0001 %.

    >>> floored_daily("0.24", 365)
    Decimal('0.000657')
    """
    return down(exact_decimal(cap) / basis, DAILY_STEP)


def largest_fee(principal: Number, days: int, cap: Number, basis: int) -> Decimal:
    """Return the largest fee in CNY of a loan of `days` under `cap` (F2, T10).

    It is P cap t / basis floored to the cent.

    >>> largest_fee(1000, 7, "0.36", 365)
    Decimal('6.90')
    """
    return down(exact_decimal(principal) * exact_decimal(cap) * days / basis, CENT)


def upfront_fee_at(loan: Loan, daily_rate: float, apr: float) -> float:
    """Return the share of principal kept back with which a loan costs `apr` as IRR x 12 (T24).

    The loan has instalments at `daily_rate`, a fraction; its own charges are left out. Negative
    where interest alone costs more.

    >>> round(upfront_fee_at(Loan("equal_instalment", 12), 0.0005, 0.45), 4)
    0.127
    """
    bare = replace(loan, upfront=0.0, per_period=0.0, at_end=0.0)
    paid = -unit_flows(bare, np.array([daily_rate]))[0, 1:]
    # What the payments are worth at the rate `apr`: more must not be kept back from 1.
    discount = (1.0 + apr / 12.0) ** -np.arange(1.0, loan.tenor + 1.0)
    return float(1.0 - paid @ discount)


def monthly_fee_at(loan: Loan, daily_rate: float, apr: float) -> float:
    """Return the share of principal due each month with which a loan costs `apr` (F12, T18, T24).

    It is `upfront_fee_at`, spread over the instalments.

    >>> round(monthly_fee_at(Loan("equal_principal", 12), 0.0, 0.24), 6)
    0.011226
    """
    return upfront_fee_at(loan, daily_rate, apr) / float(annuity(apr / 12.0, loan.tenor))


def floored_fee(share: float) -> Decimal:
    """Return a fee that just meets a cap floored to 0.0001 % of principal (domain 4.1).

    Half-up would pass the cap by up to 0.0006 percentage points.

    >>> floored_fee(0.0112257)
    Decimal('0.011225')
    """
    return down(exact_decimal(share), FEE_STEP)


def minimum_yearly(
    pd: float, cost_of_funds: float, lgd: float, operating_cost: float, margin: float
) -> float:
    """Return (CoF + PD x LGD + opex + margin) / (1 - PD/2): the lowest yearly rate (F18).

    It just covers a loan. Half of PD, because a defaulter pays interest for half a year on average.
    """
    return (cost_of_funds + pd * lgd + operating_cost + margin) / (1.0 - pd / 2.0)


def minimum_daily(yearly: float, grid: float) -> float:
    """Return `yearly` / 360 raised to the product's grid (N23: unrounded, then ceil).

    >>> minimum_daily(0.18, 0.00005)
    0.0005
    >>> minimum_daily(0.1801, 0.00005)
    0.00055
    """
    # Nine decimals of a step: a multiple of the grid stays itself, whatever its last bit says.
    steps = math.ceil(round(yearly / 360.0 / grid, 9))
    return round(steps * grid, GRID_DECIMALS)
