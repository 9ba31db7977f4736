"""What a product charges: its rate grid, its minimum price, and its annual figures by the pricing mathematics (F1, F18)."""

from __future__ import annotations

import math

import numpy as np

from ..pricing import table
from ..pricing.annual import AnnualCost
from ..pricing.table import Loan, Unit, annual_table
from .condition import value
from .product import IN_COST, PriceRules, Product


def rate_grid(price: PriceRules) -> tuple[float, ...]:
    """Daily rates the product may charge, as fractions: the multiples of its grid within its band."""
    low, high = price.daily_low.value / price.grid.value, price.daily_high.value / price.grid.value
    steps = range(math.ceil(round(low, 6)), math.floor(round(high, 6)) + 1)
    return tuple(round(k * price.grid.value / 100.0, table.GRID_DECIMALS) for k in steps)


def loan_of(product: Product) -> Loan:
    """How a loan of the product runs, whatever its amount."""
    terms = product.repayment
    charges = {
        taken: sum(c.rate.value for c in product.charges if c.taken == taken) for taken in IN_COST
    }
    unit: Unit = "days" if terms.tenor.unit == "days" else "months"
    return Loan(terms.method, int(terms.tenor.value), unit, int(terms.month_days.value), **charges)


def price_list(product: Product) -> tuple[AnnualCost, ...]:
    """Annual figures of every rate of the product's grid."""
    return annual_table(loan_of(product), rate_grid(product.price))


def minimum_yearly(pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """Lowest yearly rate that covers funds, expected loss, cost and margin (F18).

    `pd` is floored for price; `turns`: loans a year that each bear it (1 for a PD of twelve months).
    """
    funds, costs = price.cost_of_funds.value, price.operating_cost.value
    return table.minimum_yearly(
        max(pd, price.pd_floor.value), funds, turns * price.lgd.value, costs, price.margin.value
    )


def minimum_daily(pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """`minimum_yearly` / 360 raised to the product's grid, a fraction a day (N23)."""
    return table.minimum_daily(minimum_yearly(pd, price, turns), price.grid.value / 100.0)


def tier_rate(listed: float, pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """Daily rate of a tier, a fraction: the listed one (per cent a day), or the minimum price of `pd` where that is higher."""
    return max(round(listed / 100.0, table.GRID_DECIMALS), minimum_daily(pd, price, turns))


def cap_of(price: PriceRules, law_cap: float) -> float:
    """The lower of the law's cap and the product's own; NaN where neither exists."""
    return float(np.fmin(law_cap, value(price.all_in_cap)))
