"""What a loan costs a year: simple, IRR x 12, effective and XIRR (F1-F3, F10, F11). Rates are fractions.

The real cost is always computed, whatever a source prints: S1-R30, S1-R66, S4-R51, C11, C28.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, elementwise

from ..base.errors import DecisionError

HIGHEST = 10.0  # a month; XIRR looks up to HIGHEST_YEARLY a year
LOWEST, HIGHEST_YEARLY = -0.99, 1e9


@dataclass(frozen=True)
class AnnualCost:
    """Annual figures of one daily rate. `apr_irr12` is null for loans without monthly periods (domain 4.1)."""

    daily_rate: float
    apr_simple360: float
    apr_simple365: float
    apr_irr12: float | None
    eff_annual: float

    @property
    def highest(self) -> float:
        """What the cap of the law looks at: the highest of simple365 and IRR x 12."""
        return (
            self.apr_simple365
            if self.apr_irr12 is None
            else max(self.apr_simple365, self.apr_irr12)
        )


def fee_simple(fee: float, days: float, basis: int = 365) -> float:
    """F/P x basis/t of a fee given as a share of principal (F2)."""
    return fee * basis / days


def fee_effective(fee: float, days: float) -> float:
    """(1 + F/P)^(365/t) - 1 (F3); always on 365 days."""
    return float((1.0 + fee) ** (365.0 / days) - 1.0)


def effective(monthly: ArrayLike) -> np.ndarray:
    """(1 + m)^12 - 1 (F10)."""
    return (1.0 + np.asarray(monthly)) ** 12 - 1.0


def irr(flows: ArrayLike) -> np.ndarray:
    """Rate m per period with sum_k CF_k (1+m)^-k = 0 (F10), for each row of `flows`; periods run along the last axis.

    Received by the borrower positive, paid negative. NaN where no rate from -99 % to 1000 % a period balances them.
    """
    cash = np.atleast_2d(np.asarray(flows, dtype=np.float64))
    periods = np.arange(cash.shape[1])

    def owed(m: np.ndarray, row: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.sum(cash[row] * (1.0 + m[..., None]) ** -periods, axis=-1)
        return found

    rows = np.arange(len(cash))
    found = elementwise.find_root(
        owed, (np.full(len(cash), LOWEST), np.full(len(cash), HIGHEST)), args=(rows,)
    )
    return np.where(found.success, found.x, np.nan).reshape(np.shape(flows)[:-1])


def xirr(flows: ArrayLike, days: ArrayLike) -> float:
    """Yearly rate x with sum_k CF_k (1+x)^(-days_k/365) = 0 (F11); `days` since the first flow.

    Raises `DecisionError` where no rate balances the flows.
    """
    cash, years = np.asarray(flows, dtype=np.float64), np.asarray(days, dtype=np.float64) / 365.0

    def owed(x: float) -> float:
        return float(np.sum(cash * (1.0 + x) ** -years))

    if owed(LOWEST) * owed(HIGHEST_YEARLY) > 0:
        raise DecisionError(
            "no yearly rate balances the flows",
            where="XIRR",
            expected="money received and money paid back",
            got=f"flows that sum to {cash.sum():.2f}",
            next_step="check amounts, fees and dates",
        )
    return float(brentq(owed, LOWEST, HIGHEST_YEARLY, xtol=1e-15, maxiter=500))
