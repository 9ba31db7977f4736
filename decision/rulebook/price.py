"""What a product charges: its rate grid, its minimum price, its annual figures (F1, F18)."""

from __future__ import annotations

import math

import numpy as np

from ..pricing import table
from ..pricing.annual import AnnualCost
from ..pricing.table import Loan, Unit, annual_table
from .condition import value
from .product import IN_COST, PriceRules, Product

# Digits of a number of grid steps that are kept before it is rounded to a whole one: a bound of the
# band that lies on the grid must not be lost to the last bit of a division.
STEP_DECIMALS = 6


def rate_grid(price: PriceRules) -> tuple[float, ...]:
    """Return the daily rates that the product may charge, as fractions, ascending.

    They are the multiples of its grid within its band.
    """
    step = price.grid.value
    lowest = math.ceil(round(price.daily_low.value / step, STEP_DECIMALS))
    highest = math.floor(round(price.daily_high.value / step, STEP_DECIMALS))
    steps = range(lowest, highest + 1)
    return tuple(round(k * step / 100.0, table.GRID_DECIMALS) for k in steps)


def loan_of(product: Product) -> Loan:
    """Return how a loan of the product runs, whatever its amount."""
    terms = product.repayment
    charges = {
        taken: sum(c.rate.value for c in product.charges if c.taken == taken) for taken in IN_COST
    }
    unit: Unit = "days" if terms.tenor.unit == "days" else "months"
    return Loan(
        method=terms.method,
        tenor=int(terms.tenor.value),
        unit=unit,
        month_days=int(terms.month_days.value),
        **charges,
    )


def price_list(product: Product) -> tuple[AnnualCost, ...]:
    """Return the annual figures of every rate of the product's grid."""
    return annual_table(loan_of(product), rate_grid(product.price))


def minimum_yearly(pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """Return the lowest yearly rate that covers funds, expected loss, cost and margin (F18).

    `turns` is the number of loans a year that each bear the PD; 1 for a PD of twelve months.
    """
    # The floor keeps the best grade from a price that only a perfect model could earn.
    floored = max(pd, price.pd_floor.value)
    return table.minimum_yearly(
        floored,
        price.cost_of_funds.value,
        turns * price.lgd.value,
        price.operating_cost.value,
        price.margin.value,
    )


def minimum_daily(pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """Return `minimum_yearly` / 360 raised to the product's grid, a fraction a day (N23)."""
    return table.minimum_daily(minimum_yearly(pd, price, turns), price.grid.value / 100.0)


def tier_rate(listed: float, pd: float, price: PriceRules, turns: float = 1.0) -> float:
    """Return the daily rate of a tier, a fraction.

    It is the `listed` one (per cent a day), or the minimum price of `pd` where that is higher.
    """
    return max(round(listed / 100.0, table.GRID_DECIMALS), minimum_daily(pd, price, turns))


def cap_of(price: PriceRules, law_cap: float) -> float:
    """Return the lower of the law's cap and the product's own; NaN where neither exists."""
    # fmin, which takes the other number where one is NaN.
    return float(np.fmin(law_cap, value(price.all_in_cap)))
