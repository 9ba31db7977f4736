"""The price list: annual figures over a grid of daily rates on principal 1, unrounded (F1, F4-F8, F10, F12).

Fees are part of it: 0.05 % a day and a fee may cost 45 % a year (S4-R24).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .annual import AnnualCost, effective, irr

Method = Literal["equal_instalment", "equal_principal", "interest_first", "bullet", "revolving_daily"]
Unit = Literal["months", "days"]
SINGLE = ("bullet", "revolving_daily")  # one payment of principal and interest: no monthly period, so no IRR x 12
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
    return np.where(rate == 0, float(n), -np.expm1(-n * np.log1p(some)) / some)  # exact for the smallest rates too


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


def _rows(d: np.ndarray, simple: np.ndarray, irr12: np.ndarray | None, eff: np.ndarray) -> tuple[AnnualCost, ...]:
    months = [None] * len(d) if irr12 is None else _rounded(irr12)
    columns = (d.tolist(), _rounded(360 * simple), _rounded(365 * simple), months, _rounded(eff))
    return tuple(AnnualCost(*row) for row in zip(*columns, strict=True))


def _rounded(values: np.ndarray) -> list[float]:
    found: list[float] = np.round(values, DECIMALS).tolist()
    return found
