"""What a loan costs a year: annual figures on unit principal, unrounded (F1, F4-F8, F10, F12, F18)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .figure import value
from .product import PriceRules, Product

GRID_DECIMALS = 9  # daily rates are fractions a day; the grid of 0.001 % is 1e-5


@dataclass(frozen=True)
class AnnualCost:
    """Annual figures of one daily rate, as fractions. `apr_irr12` is null for loans without monthly periods (domain 4.1)."""

    daily_rate: float
    apr_simple360: float
    apr_simple365: float
    apr_irr12: float | None
    eff_annual: float

    @property
    def highest(self) -> float:
        """What the cap of the law looks at: the highest of simple365 and IRR x 12."""
        return self.apr_simple365 if self.apr_irr12 is None else max(self.apr_simple365, self.apr_irr12)


def rate_grid(price: PriceRules) -> tuple[float, ...]:
    """Daily rates the product may charge, as fractions: the multiples of its grid within its band."""
    low, high = price.daily_low.value / price.grid.value, price.daily_high.value / price.grid.value
    steps = range(math.ceil(round(low, 6)), math.floor(round(high, 6)) + 1)
    return tuple(round(k * price.grid.value / 100.0, GRID_DECIMALS) for k in steps)


def annual_cost(product: Product, daily_rate: float) -> AnnualCost:
    """Annual figures of `daily_rate` (fraction a day) under the product's method, tenor and charges."""
    simple360, simple365 = round(360 * daily_rate, 12), round(365 * daily_rate, 12)
    if product.repayment.method in ("bullet", "revolving_daily"):
        return AnnualCost(daily_rate, simple360, simple365, None, _bullet_effective(product, daily_rate))
    monthly = irr(cash_flows(product, daily_rate))
    return AnnualCost(daily_rate, simple360, simple365, round(12 * monthly, 12), round((1 + monthly) ** 12 - 1, 12))


def cash_flows(product: Product, daily_rate: float) -> np.ndarray:
    """Flows to the borrower per month on principal 1, from month 0: received positive, paid negative (F5, F6, F7, F12)."""
    n, i = int(product.repayment.tenor.value), product.repayment.month_days.value * daily_rate
    paid = np.full(n, i) if product.repayment.method == "interest_first" else _amortising(product.repayment.method, n, i)
    if product.repayment.method == "interest_first":
        paid[-1] += 1.0
    upfront = sum(c.rate.value for c in product.charges if c.taken == "upfront")
    per_period = sum(c.rate.value for c in product.charges if c.taken == "per_period")
    return np.concatenate([[1.0 - upfront], -(paid + per_period)])


def _amortising(method: str, n: int, i: float) -> np.ndarray:
    if method == "equal_instalment":
        return np.full(n, 1.0 / annuity(i, n))
    return 1.0 / n + i * (1.0 - np.arange(n) / n)


def annuity(i: float, n: int) -> float:
    """Present value of 1 a period: (1 - (1+i)^-n) / i, n where i is 0 (F5, F15)."""
    return float(n) if i == 0 else (1.0 - (1.0 + i) ** -n) / i


def irr(flows: np.ndarray) -> float:
    """Rate per period at which the flows are worth nothing (F10); bisection on [0, 1] to the last bit."""
    periods, low, high = np.arange(len(flows)), 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        owed = float(np.sum(flows * (1.0 + middle) ** -periods)) < 0  # what is paid is still worth more than what was received
        low, high = (middle, high) if owed else (low, middle)


def _bullet_effective(product: Product, daily_rate: float) -> float:
    days = product.repayment.tenor.value * (1 if product.repayment.tenor.unit == "days" else product.repayment.month_days.value)
    fee = sum(c.rate.value for c in product.charges)
    return round((1.0 + daily_rate * days + fee) ** (365.0 / days) - 1.0, 12)


def minimum_yearly(pd: float, price: PriceRules) -> float:
    """Lowest yearly rate that covers funds, expected loss, cost and margin (F18); `pd` is floored for price."""
    p = max(pd, price.pd_floor.value)
    needed = price.cost_of_funds.value + p * price.lgd.value + price.operating_cost.value + price.margin.value
    return needed / (1.0 - p / 2.0)


def minimum_daily(pd: float, price: PriceRules) -> float:
    """`minimum_yearly` / 360 raised to the product's grid, a fraction a day (N23: unrounded, then ceil)."""
    step = price.grid.value / 100.0
    return round(math.ceil(round(minimum_yearly(pd, price) / 360.0 / step, 9)) * step, GRID_DECIMALS)


def tier_rate(listed: float, pd: float, price: PriceRules) -> float:
    """Daily rate of a tier, a fraction: the listed one (per cent a day), or the minimum price of `pd` where that is higher."""
    return max(round(listed / 100.0, GRID_DECIMALS), minimum_daily(pd, price))


def cap_of(price: PriceRules, law_cap: float) -> float:
    """The lower of the law's cap and the product's own; NaN where neither exists."""
    return float(np.fmin(law_cap, value(price.all_in_cap)))
