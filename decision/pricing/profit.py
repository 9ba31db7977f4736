"""What an account is expected to earn in a year: the one formula, and the exposure it is taken on.

Report, comparison of products, optimiser and the book run forward all take it from here (N24).
Money is in CNY, or in whole fen where the name says so. No decision uses it: a price covers its
costs by F18.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .table import SINGLE, Loan, annuity

Amounts = np.ndarray | float

# Months over which a profit is expected.
YEAR = 12
FEN_PER_CNY = 100.0


def profit_margin(apr: Amounts, pd: Amounts, lgd: float, cost_of_funds: float) -> Amounts:
    """Return APR (1 - PD/2) - CoF - PD LGD: what one yuan of exposure earns in a year (N24).

    Half of PD, because a defaulter pays interest for half a year on average.
    """
    return apr * (1.0 - pd / 2.0) - cost_of_funds - pd * lgd


def expected_profit(
    ead: Amounts,
    apr: Amounts,
    pd: Amounts,
    *,
    lgd: float,
    cost_of_funds: float,
    account_cost: float,
) -> Amounts:
    """Return EAD (APR (1 - PD/2) - CoF) - EAD PD LGD - cost, in CNY a year (N24).

    `ead` is what is owed on average over the year, CNY. Acquisition costs nothing.

    >>> round(expected_profit(8000.0, 0.144, 0.012, lgd=0.75, cost_of_funds=0.025,
    ...                       account_cost=60.0), 2)
    813.09
    """
    return ead * profit_margin(apr, pd, lgd, cost_of_funds) - account_cost


@dataclass(frozen=True)
class ProfitTerms:
    """What the profit of a product's accounts depends on beside limit, price and PD.

    - `drawdown`: share of the limit. Of a line that is drawn again (`is_redrawn`) it is what is
      owed on average over the year; else what is drawn at booking and repaid as `loan` says.
    - `lgd`: share. `cost_of_funds`: share a year. `account_cost`: CNY a year.
    - `pd_floor`: the PD below which none is taken, as in the price.
    """

    drawdown: float
    is_redrawn: bool
    loan: Loan
    lgd: float
    cost_of_funds: float
    account_cost: float
    pd_floor: float

    def exposure_share(self, daily_rate: Amounts) -> np.ndarray:
        """Return what is owed on average over a year as a share of the limit, one per daily rate.

        A loan shorter than a year is lent again when it has come back.
        """
        rate = np.asarray(daily_rate, dtype=np.float64)
        if self.is_redrawn:
            return np.full(rate.shape, self.drawdown)
        return self.drawdown * amortised_share(self.loan, rate)

    def profit_fen(self, exposure: np.ndarray, apr: np.ndarray, pd: np.ndarray) -> np.ndarray:
        """Return the expected profit of each account in whole fen, so that sums are exact.

        `exposure` is what is owed on average over the year, CNY.
        """
        profit = expected_profit(
            exposure,
            apr,
            np.maximum(pd, self.pd_floor),
            lgd=self.lgd,
            cost_of_funds=self.cost_of_funds,
            account_cost=self.account_cost,
        )
        return _fen(profit)

    def priced_profit_fen(
        self, limit: np.ndarray, daily_rate: np.ndarray, apr: np.ndarray, pd: np.ndarray
    ) -> np.ndarray:
        """Return the profit of each account as it is expected when it is priced, whole fen.

        `limit` is in CNY, `daily_rate` and `apr` are fractions. This is the one expected profit
        that report, comparison, optimiser and forward run show.
        """
        return self.profit_fen(limit * self.exposure_share(daily_rate), apr, pd)

    def loss_fen(self, exposure: np.ndarray, pd: np.ndarray) -> np.ndarray:
        """Return the part of `profit_fen` that is expected to be lost, whole fen."""
        return _fen(exposure * np.maximum(pd, self.pd_floor) * self.lgd)


def amortised_share(loan: Loan, daily_rate: np.ndarray) -> np.ndarray:
    """Return the mean of what is owed at the start of each month, as a share of the principal.

    The mean is over the life of the loan, at most its first year; 1 for a loan of one payment or
    whose principal comes last, as long as that is. One value per daily rate (a fraction).

    >>> amortised_share(Loan("equal_principal", 12), np.array([0.0005])).round(4).tolist()
    [0.5417]
    """
    months = np.arange(min(loan.tenor, YEAR))
    if loan.method in SINGLE or loan.method == "interest_first":
        return np.ones(daily_rate.shape)
    if loan.method == "equal_principal":
        return np.full(daily_rate.shape, float(np.mean(1.0 - months / loan.tenor)))
    i = loan.month_days * daily_rate
    # What is owed after k instalments is the value of the n - k that are still to come.
    left = [annuity(i, loan.tenor - int(k)) for k in months]
    return np.mean(left, axis=0) / annuity(i, loan.tenor)


def _fen(cny: Amounts) -> np.ndarray:
    return np.rint(np.asarray(cny) * FEN_PER_CNY).astype(np.int64)
