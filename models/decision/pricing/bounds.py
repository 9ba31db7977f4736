"""Prices that just meet a bound: a cap from above (floored, never rounded up), a minimum from below (F18). Rates are fractions."""

from __future__ import annotations

import math
from decimal import Decimal

from .money import CENT, Number, down, exact
from .table import annuity

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


def minimum_yearly(pd: float, cost_of_funds: float, lgd: float, operating_cost: float, margin: float) -> float:
    """(CoF + PD x LGD + opex + margin) / (1 - PD/2): the lowest yearly rate that covers a loan (F18)."""
    return (cost_of_funds + pd * lgd + operating_cost + margin) / (1.0 - pd / 2.0)


def minimum_daily(yearly: float, grid: float) -> float:
    """`yearly` / 360 raised to the product's grid (N23: unrounded, then ceil); nine decimals keep a multiple of the grid itself."""
    return round(math.ceil(round(yearly / 360.0 / grid, 9)) * grid, GRID_DECIMALS)
