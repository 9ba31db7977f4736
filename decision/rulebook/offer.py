"""The offers of a product, per tier: rate, annual costs, overdue cost, and what the law refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..pricing.annual import AnnualCost
from ..pricing.penalty import Penalty, implied_uplift, penalty_daily
from ..pricing.table import GRID_DECIMALS, annuity
from ..score.tiers import Tiers
from .condition import SourcedValue, value
from .law import Law
from .policy import Policy
from .price import cap_of, loan_of, tier_rate
from .product import Product, TierTerms

# Days of the year in which simple rates are quoted (F1).
YEAR_DAYS = 365.0
# How far a rate may lie above a bound and still be the same number: floats of one decimal number
# differ in their last bits.
RATE_TOLERANCE = 1e-12
# Decimals of a rate that is turned from per cent into a fraction.
FRACTION_DECIMALS = 12
# Figures of the price list that an offer shows; `Offers` has a field for each.
ANNUAL_FIGURES = ("apr_simple360", "apr_simple365", "apr_irr12", "eff_annual")


@dataclass(frozen=True)
class Offers:
    """Arrays over the product's tiers, best first, and one entry more for no tier.

    NaN where nothing is lent. Rates are fractions. `penalty_rate` is a day's on overdue principal
    (NaN for a penalty due once); `overdue` says the overdue cost in words. `annuity` turns an
    affordable instalment into principal (F15); `is_over_band` marks a tier whose minimum price
    (F18) exceeds its band; `is_over_cap` (laws x tiers) marks prices that R1 refuses; `refused`
    lists, per law, the codes that refuse the product.
    """

    daily_rate: np.ndarray
    penalty_rate: np.ndarray
    apr_simple360: np.ndarray
    apr_simple365: np.ndarray
    apr_irr12: np.ndarray
    eff_annual: np.ndarray
    annuity: np.ndarray
    overdue: tuple[str | None, ...]
    is_over_band: np.ndarray
    is_over_cap: np.ndarray
    refused: tuple[tuple[str, ...], ...]

    @cached_property
    def is_over_cap_by_law(self) -> np.ndarray:
        """The same marks with one row more, for no law: there no cap is passed."""
        without_law = np.zeros((1, self.is_over_cap.shape[1]), dtype=bool)
        return np.concatenate([self.is_over_cap, without_law])


def offers(
    policy: Policy, product: Product, tiers: Tiers, families: tuple[str, ...] = ()
) -> Offers:
    """Price every tier of `product` at the PD of its worst grade's upper edge.

    So the same tier, product and date have the same price (S4-R50). `families` are those that the
    model was trained on (R8, R14).
    """
    rates = np.array([*(listed_rate(product, tiers, terms) for terms in product.tiers), np.nan])
    over_band = _over_band(product, rates)
    lent = np.where(over_band, np.nan, rates)
    # None stands for "not lent to" where a plain number would otherwise stand.
    lent_rates = [None if np.isnan(rate) else float(rate) for rate in lent]
    costs = [None if rate is None else policy.cost(rate) for rate in lent_rates]
    highest = np.array([np.nan if cost is None else cost.highest for cost in costs])
    caps = np.array(
        [cap_of(product.price, law.price_cap_of(product.lender)) for law in policy.laws]
    )
    refused = [product_refusals(policy, product, law, lent, families) for law in policy.laws]
    annual = {name: _column(costs, name) for name in ANNUAL_FIGURES}
    # R1 for every law and tier; no comparison with NaN holds, so without a cap no price is over it.
    is_over_cap = highest[None, :] > caps[:, None]
    return Offers(
        daily_rate=lent,
        penalty_rate=_penalty_rates(product, lent_rates),
        **annual,
        annuity=_annuity(product, rates),
        overdue=_overdue(product, lent_rates),
        is_over_band=over_band,
        is_over_cap=is_over_cap,
        refused=tuple(refused),
    )


def product_refusals(
    policy: Policy, product: Product, law: Law, rates: np.ndarray, families: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the codes of the rules that refuse the product as a whole.

    R2 line, R3 tenor of a single payment, R8 data without licence, R10 undisclosed receiver,
    R14 banned family, R15 penalty at any of the lent `rates`, L1 licence number missing, H1 the
    model's outcome has another horizon than the product's.
    """
    is_over_line = product.limit.maximum.value > value(law.consumption_line)
    longest = value(law.bullet_tenor) * product.repayment.month_days.value
    is_long_bullet = product.repayment.method == "bullet" and loan_of(product).days > longest
    unlicensed = policy.sources.unlicensed(families)
    has_unlicensed = law.needs_licensed_sources and bool(unlicensed)
    has_unnamed = any(not charge.receiver for charge in product.charges)
    has_banned_family = bool(set(families) & set(law.banned_families))
    bound = value(law.penalty_uplift)
    # Not strict: `rates` may have one entry more than there are tiers.
    is_over_bound = any(
        implied_uplift(penalty_of(product, terms), float(rate)) > bound
        for rate, terms in zip(rates, product.tiers, strict=False)
        if not np.isnan(rate)
    )
    has_no_number = any(licence.number is None for licence in product.licences)
    is_broken = {
        "R2": is_over_line,
        "R3": is_long_bullet,
        "R8": has_unlicensed,
        "R10": has_unnamed,
        "R14": has_banned_family,
        "R15": is_over_bound,
        "L1": has_no_number,
        "H1": product.horizon.value != policy.horizon_days,
    }
    return tuple(code for code, broken in is_broken.items() if broken)


def penalty_of(product: Product, terms: TierTerms | None = None) -> Penalty:
    """Return the overdue penalty of a tier for the pricing functions: rates as fractions.

    Null `terms` are those of the product, which are the highest (S5-R28).
    """
    penalty = product.repayment.penalty
    own = terms.penalty if terms else None
    return Penalty(
        kind=penalty.kind,
        rate=_fraction(own or penalty.rate),
        grace_days=int(product.repayment.grace.value),
        replaces=penalty.replaces,
    )


def is_reported(product: Product, dpd_days: float) -> bool:
    """Return whether the bureau is told of a loan so many days past due (S2-R36, S3-R48, S4-R35).

    The days count from the contractual due date and include the day itself; grace has no part in it
    (C09, C26).
    """
    return dpd_days >= product.repayment.report_dpd.value


def overdue_words(product: Product, rate: float, terms: TierTerms | None = None) -> str:
    """Return the overdue cost in words, one of the three elements of an offer (S4-R40, R10)."""
    penalty = penalty_of(product, terms)
    grace = product.repayment.grace.value
    shown = penalty_daily(penalty, rate)
    after = f" after {grace:g} days of grace" if grace else ""
    if shown is None:
        return f"{100 * float(penalty.rate):g} % of overdue principal, once{after}"
    return f"{100 * float(shown):.6g} % of overdue principal a day{after}"


def listed_rate(product: Product, tiers: Tiers, terms: TierTerms) -> float:
    """Return the daily rate of a tier, a fraction; NaN = not lent to.

    It is the listed one, or the minimum price (F18) where that is higher and the product's price
    covers risk.
    """
    if terms.daily_rate is None or terms.decision == "decline":
        return float("nan")
    if not product.price.covers_risk:
        return round(terms.daily_rate.value / 100.0, GRID_DECIMALS)
    pd = tiers.tiers[tiers.names.index(terms.worst_grade)].pd_high
    return tier_rate(terms.daily_rate.value, pd, product.price, turns(product))


def turns(product: Product) -> float:
    """Return how often a year the loan, and with it a PD of a short horizon, is taken.

    365 / tenor for loans of days, else 1 (domain 0.12).
    """
    return YEAR_DAYS / loan_of(product).days if product.horizon.value < YEAR_DAYS else 1.0


def _over_band(product: Product, rates: np.ndarray) -> np.ndarray:
    """Mark the tiers whose rate exceeds their band; the last entry, for no tier, never does."""
    # Not strict: `rates` has one entry more than there are tiers.
    is_over = [
        rate > _highest(product, terms) for rate, terms in zip(rates, product.tiers, strict=False)
    ]
    return np.array([*is_over, False])


def _highest(product: Product, terms: TierTerms) -> float:
    high = terms.daily_high or product.price.daily_high
    return high.value / 100.0 + RATE_TOLERANCE


def _penalty_rates(product: Product, rates: Sequence[float | None]) -> np.ndarray:
    daily = [
        None if rate is None else penalty_daily(penalty_of(product, terms), rate)
        for rate, terms in zip(rates, _tiers_and_none(product), strict=True)
    ]
    return np.array([np.nan if p is None else round(float(p), GRID_DECIMALS) for p in daily])


def _overdue(product: Product, rates: Sequence[float | None]) -> tuple[str | None, ...]:
    return tuple(
        None if rate is None else overdue_words(product, rate, terms)
        for rate, terms in zip(rates, _tiers_and_none(product), strict=True)
    )


def _tiers_and_none(product: Product) -> tuple[TierTerms | None, ...]:
    """Return the tiers, and null for no tier, in the order of `Offers`."""
    return (*product.tiers, None)


def _annuity(product: Product, rates: np.ndarray) -> np.ndarray:
    """Return principal per CNY of monthly capacity (F15).

    A single payment must fit into what its own months leave, and at least into one month.
    """
    loan = loan_of(product)
    daily = np.nan_to_num(rates)
    if product.repayment.method == "bullet":
        return np.maximum(1.0, loan.days / loan.month_days) / (1.0 + daily * loan.days)
    return annuity(loan.month_days * daily, loan.tenor)


def _fraction(rate: SourcedValue) -> float:
    if rate.unit == "percent_per_day":
        return round(rate.value / 100.0, FRACTION_DECIMALS)
    return rate.value


def _column(costs: list[AnnualCost | None], name: str) -> np.ndarray:
    figures = [None if cost is None else getattr(cost, name) for cost in costs]
    return np.array([np.nan if v is None else v for v in figures], dtype=np.float64)
