"""The price list: annual figures over a grid of daily rates on principal 1, unrounded (F1, F4-F8, F10, F12).

Fees are part of it: 0.05 % a day and a fee may cost 45 % a year (S4-R24).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .annual import AnnualCost, effective, irr
from .money import CENT, Number, down, exact

Method = Literal[
    "equal_instalment", "equal_principal", "interest_first", "bullet", "revolving_daily"
]
Unit = Literal["months", "days"]
SINGLE = (
    "bullet",
    "revolving_daily",
)  # one payment of principal and interest: no monthly period, so no IRR x 12
DECIMALS = 12


@dataclass(frozen=True)
class Loan:
    """How a loan runs, whatever its amount: method, tenor in months or days, charges as shares of principal.

    `upfront` is kept back from what the borrower receives, `per_period` is due with every instalment, `at_end` with the last payment.
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
        """One payment at the end (F8); a revolving drawdown is taken as held for the whole tenor (F9)."""
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
    """Present value of 1 a period: (1 - (1+i)^-n) / i, n where i is 0 (F5, F15); one value per rate."""
    rate = np.asarray(i, dtype=np.float64)
    some = np.where(rate == 0, 1.0, rate)
    return np.where(
        rate == 0, float(n), -np.expm1(-n * np.log1p(some)) / some
    )  # exact for the smallest rates too


def annual_table(loan: Loan, daily_rates: Sequence[float]) -> tuple[AnnualCost, ...]:
    """Annual figures of every daily rate.

    Instalments: simple = basis x d, charges excluded (IRR x 12 carries them). One payment: simple = (paid / received - 1) x basis / t,
    charges included, because the cap looks at simple365 alone (domain 4.1, F2).
    """
    d = np.asarray(daily_rates, dtype=np.float64)
    if loan.is_single:
        growth = (1.0 + d * loan.days + loan.per_period + loan.at_end) / (1.0 - loan.upfront)
        yearly = d if loan.charges == 0 else (growth - 1.0) / loan.days
        return _rows(d, yearly, None, growth ** (365.0 / loan.days) - 1.0)
    monthly = irr(unit_flows(loan, d))
    return _rows(d, d, 12.0 * monthly, effective(monthly))


def unit_flows(loan: Loan, daily_rates: np.ndarray) -> np.ndarray:
    """Flows of an instalment loan on principal 1 (rates x months from 0): received positive, paid negative (F5, F6, F7, F12)."""
    n, i = loan.tenor, loan.month_days * np.asarray(daily_rates, dtype=np.float64)[:, None]
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
    found: list[float] = np.round(values, DECIMALS).tolist()
    return found


# Prices that just meet a bound: a cap from above (floored, never rounded up), a minimum from below (F18). Rates are fractions.

DAILY_STEP = Decimal("0.000001")  # 0.0001 % a day (N19)
FEE_STEP = Decimal("0.000001")
GRID_DECIMALS = 9


def floored_daily(cap: Number, basis: int) -> Decimal:
    """Highest daily rate whose simple yearly rate stays under `cap`: cap / basis floored to 0.0001 % (N19)."""
    return down(exact(cap) / basis, DAILY_STEP)


def largest_fee(principal: Number, days: int, cap: Number, basis: int) -> Decimal:
    """Largest fee in CNY of a loan of `days` under `cap`: P cap t / basis floored to the cent (F2, T10)."""
    return down(exact(principal) * exact(cap) * days / basis, CENT)


def flat_fee_at(apr: float, n: int) -> float:
    """Fee per period on the original principal with which n instalments cost `apr` as IRR x 12 (F12, T18); unrounded."""
    return float(1.0 / annuity(apr / 12.0, n) - 1.0 / n)


def largest_flat_fee(cap: float, n: int) -> Decimal:
    """`flat_fee_at` floored to 0.0001 %: half-up would pass the cap by up to 0.0006 pp."""
    return down(exact(repr(flat_fee_at(cap, n))), FEE_STEP)


def upfront_fee_at(i: float, n: int, apr: float) -> float:
    """Share of principal kept back with which n equal instalments at `i` a month cost `apr` as IRR x 12 (T24)."""
    return float(1.0 - annuity(apr / 12.0, n) / annuity(i, n))


def monthly_fee_at(i: float, n: int, apr: float) -> float:
    """Share of principal due each month with which n equal instalments at `i` a month cost `apr` as IRR x 12 (T24)."""
    return float(1.0 / annuity(apr / 12.0, n) - 1.0 / annuity(i, n))


def minimum_yearly(
    pd: float, cost_of_funds: float, lgd: float, operating_cost: float, margin: float
) -> float:
    """(CoF + PD x LGD + opex + margin) / (1 - PD/2): the lowest yearly rate that covers a loan (F18)."""
    return (cost_of_funds + pd * lgd + operating_cost + margin) / (1.0 - pd / 2.0)


def minimum_daily(yearly: float, grid: float) -> float:
    """`yearly` / 360 raised to the product's grid (N23: unrounded, then ceil); nine decimals keep a multiple of the grid itself."""
    return round(math.ceil(round(yearly / 360.0 / grid, 9)) * grid, GRID_DECIMALS)
