"""What a loan costs a year: simple rate, IRR x 12, effective rate and XIRR (F1-F3, F10, F11).

Rates are fractions. The real cost is always computed, whatever a source prints: S1-R30, S1-R66,
S4-R51, C11, C28.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, elementwise

from ..base.errors import DecisionError

# Bounds between which a root is sought. No loan of the sources comes near them: the lowest gives
# back 1 % of the money, the highest costs 1000 % a month, or 1e11 % a year for XIRR.
LOWEST_RATE = -0.99
HIGHEST_MONTHLY = 10.0
HIGHEST_YEARLY = 1e9
# Tolerance of XIRR, as a fraction a year: close to the last digit of a float64.
XIRR_TOLERANCE = 1e-15
# Bisection halves the bracket of XIRR at worst; far fewer steps than this reach the tolerance.
XIRR_MAX_STEPS = 500


@dataclass(frozen=True)
class AnnualCost:
    """Annual figures of one daily rate, all fractions.

    `apr_irr12` is null for loans without monthly periods (domain 4.1).
    """

    daily_rate: float
    apr_simple360: float
    apr_simple365: float
    apr_irr12: float | None
    eff_annual: float

    @property
    def highest(self) -> float:
        """What the cap of the law is compared with: the higher of simple365 and IRR x 12."""
        if self.apr_irr12 is None:
            return self.apr_simple365
        return max(self.apr_simple365, self.apr_irr12)


def fee_simple(fee: float, days: float, basis: int = 365) -> float:
    """Return F/P x basis/t of a fee given as a share of principal (F2).

    A fee of 60 on 1,000 for 7 days is refused as it costs about 310 % a year (S1-R30):

    >>> round(fee_simple(0.06, 7), 4)
    3.1286
    """
    return fee * basis / days


def fee_effective(fee: float, days: float) -> float:
    """Return (1 + F/P)^(365/t) - 1 (F3), always on 365 days.

    >>> round(fee_effective(0.06, 7), 4)
    19.8699
    """
    return float((1.0 + fee) ** (365.0 / days) - 1.0)


def effective(monthly: ArrayLike) -> np.ndarray:
    """Return (1 + m)^12 - 1 of each monthly rate (F10).

    >>> round(float(effective(0.015)), 6)
    0.195618
    """
    return (1.0 + np.asarray(monthly)) ** 12 - 1.0


def irr(flows: ArrayLike) -> np.ndarray:
    """Return the rate m per period with sum_k CF_k (1+m)^-k = 0 (F10), one per row of `flows`.

    Periods run along the last axis. What the borrower receives is positive, what is paid negative.
    NaN where no rate from -99 % to 1000 % a period balances the flows.

    >>> round(float(irr([1000.0, -10.0, -1010.0])), 9)
    0.01
    """
    cash = np.atleast_2d(np.asarray(flows, dtype=np.float64))
    periods = np.arange(cash.shape[1])

    # scipy drops rows whose root is found, so each call says which rows its rates belong to.
    def balance(m: np.ndarray, row: np.ndarray) -> np.ndarray:
        present: np.ndarray = np.sum(cash[row] * (1.0 + m[..., None]) ** -periods, axis=-1)
        return present

    rows = np.arange(len(cash))
    bracket = (np.full(len(cash), LOWEST_RATE), np.full(len(cash), HIGHEST_MONTHLY))
    root = elementwise.find_root(balance, bracket, args=(rows,))
    return np.where(root.success, root.x, np.nan).reshape(np.shape(flows)[:-1])


def xirr(flows: ArrayLike, days: ArrayLike) -> float:
    """Return the yearly rate x with sum_k CF_k (1+x)^(-days_k/365) = 0 (F11).

    `days` are counted from the first flow. Raises `DecisionError` where no rate balances the flows.

    >>> round(xirr([1000.0, -1100.0], [0, 365]), 9)
    0.1
    """
    cash = np.asarray(flows, dtype=np.float64)
    years = np.asarray(days, dtype=np.float64) / 365.0

    def balance(x: float) -> float:
        return float(np.sum(cash * (1.0 + x) ** -years))

    # One sign at both ends: no root lies between them.
    if balance(LOWEST_RATE) * balance(HIGHEST_YEARLY) > 0:
        raise DecisionError(
            "no yearly rate balances the flows",
            where="XIRR",
            expected="money received and money paid back",
            got=f"flows that sum to {cash.sum():.2f}",
            next_step="check amounts, fees and dates",
        )
    return float(
        brentq(balance, LOWEST_RATE, HIGHEST_YEARLY, xtol=XIRR_TOLERANCE, maxiter=XIRR_MAX_STEPS)
    )
