"""The price list of a product per tier: rate, annual costs, overdue cost, and what the law of each period says to it."""

from __future__ import annotations

from dataclasses import dataclass

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

YEAR_DAYS = 365.0
ABOVE = 1e-12  # of a rate: what a float may lie above the same number


@dataclass(frozen=True)
class Offers:
    """Arrays over the product's tiers, best first, and one entry more, for no tier; NaN where nothing is lent. Rates are fractions.

    `penalty_rate` is a day's on overdue principal (NaN for a penalty due once); `overdue` says the overdue cost in words. `annuity` turns
    an affordable instalment into principal (F15); `is_over_band` marks a tier whose minimum price (F18) exceeds its band; `is_over_cap`
    (laws x tiers) marks prices that R1 refuses; `refused` lists, per law, the codes that refuse the product.
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


def offers(
    policy: Policy, product: Product, tiers: Tiers, families: tuple[str, ...] = ()
) -> Offers:
    """Price every tier of `product` at the PD of its worst grade's upper edge: same tier, product and date, same price (S4-R50).

    `families` are those the model was trained on (R8, R14).
    """
    rates = np.array([*(listed_rate(product, tiers, terms) for terms in product.tiers), np.nan])
    over_band = np.array(
        [
            *(
                rate > _highest(product, terms)
                for rate, terms in zip(rates, product.tiers, strict=False)
            ),
            False,
        ]
    )
    lent = np.where(over_band, np.nan, rates)
    priced = [None if np.isnan(rate) else policy.cost(float(rate)) for rate in lent]
    highest = np.array([np.nan if c is None else c.highest for c in priced])
    caps = np.array(
        [cap_of(product.price, law.price_cap_of(product.lender)) for law in policy.laws]
    )
    penalty = penalty_of(product)
    daily = [None if np.isnan(rate) else penalty_daily(penalty, float(rate)) for rate in lent]
    return Offers(
        daily_rate=lent,
        penalty_rate=np.array(
            [np.nan if p is None else round(float(p), GRID_DECIMALS) for p in daily]
        ),
        apr_simple360=_column(priced, "apr_simple360"),
        apr_simple365=_column(priced, "apr_simple365"),
        apr_irr12=_column(priced, "apr_irr12"),
        eff_annual=_column(priced, "eff_annual"),
        annuity=_carried(product, rates),
        overdue=tuple(
            None if np.isnan(rate) else overdue_words(product, float(rate)) for rate in lent
        ),
        is_over_band=over_band,
        is_over_cap=highest[None, :] > caps[:, None],
        refused=tuple(
            product_refusals(policy, product, law, lent, families) for law in policy.laws
        ),
    )


def product_refusals(
    policy: Policy, product: Product, law: Law, rates: np.ndarray, families: tuple[str, ...]
) -> tuple[str, ...]:
    """Codes of the rules that refuse the product as a whole.

    R2 line, R3 tenor of a single payment, R8 data without licence, R10 undisclosed receiver, R14 banned family, R15 penalty at any of the
    lent `rates`, L1 licence number missing, H1 the model's outcome has another horizon than the product's.
    """
    loan, bullet = loan_of(product), value(law.bullet_tenor) * product.repayment.month_days.value
    bound = value(law.penalty_uplift)
    found = {
        "R2": product.limit.maximum.value > value(law.consumption_line),
        "R3": product.repayment.method == "bullet" and loan.days > bullet,
        "R8": law.needs_licensed_sources and bool(policy.sources.unlicensed(families)),
        "R10": any(not charge.receiver for charge in product.charges),
        "R14": bool(set(families) & set(law.banned_families)),
        "R15": any(
            implied_uplift(penalty_of(product), float(rate)) > bound
            for rate in rates[~np.isnan(rates)]
        ),
        "L1": any(licence.number is None for licence in product.licences),
        "H1": product.horizon.value != policy.horizon_days,
    }
    return tuple(code for code, is_broken in found.items() if is_broken)


def penalty_of(product: Product) -> Penalty:
    """The product's overdue penalty, as the pricing room computes with it: rates as fractions."""
    terms = product.repayment.penalty
    return Penalty(
        terms.kind, _fraction(terms.rate), int(product.repayment.grace.value), terms.replaces
    )


def overdue_words(product: Product, rate: float) -> str:
    """The overdue cost in words, one of the three elements of an offer (S4-R40, R10)."""
    penalty, grace = penalty_of(product), product.repayment.grace.value
    shown = penalty_daily(penalty, rate)
    after = f" after {grace:g} days of grace" if grace else ""
    if shown is None:
        return f"{100 * float(penalty.rate):g} % of overdue principal, once{after}"
    return f"{100 * float(shown):.6g} % of overdue principal a day{after}"


def listed_rate(product: Product, tiers: Tiers, terms: TierTerms) -> float:
    """Daily rate of a tier: the listed one, or the minimum price (F18) where that is higher and asked for; NaN = not lent to."""
    if terms.daily_rate is None or terms.decision == "decline":
        return float("nan")
    if not product.price.covers_risk:
        return round(terms.daily_rate.value / 100.0, GRID_DECIMALS)
    pd = tiers.tiers[tiers.names.index(terms.worst_grade)].pd_high
    return tier_rate(terms.daily_rate.value, pd, product.price, turns(product))


def turns(product: Product) -> float:
    """How often a year the loan, and with it a PD of a short horizon, is taken: 365 / tenor for loans of days, else 1 (domain 0.12)."""
    return YEAR_DAYS / loan_of(product).days if product.horizon.value < YEAR_DAYS else 1.0


def _highest(product: Product, terms: TierTerms) -> float:
    high = terms.daily_high or product.price.daily_high
    return high.value / 100.0 + ABOVE


def _carried(product: Product, rates: np.ndarray) -> np.ndarray:
    """Principal per CNY of monthly capacity (F15); a single payment must fit into what its own months leave."""
    loan, daily = loan_of(product), np.nan_to_num(rates)
    if product.repayment.method == "bullet":
        return np.maximum(1.0, loan.days / loan.month_days) / (1.0 + daily * loan.days)
    return annuity(loan.month_days * daily, loan.tenor)


def _fraction(rate: SourcedValue) -> float:
    return round(rate.value / 100.0, 12) if rate.unit == "percent_per_day" else rate.value


def _column(priced: list[AnnualCost | None], name: str) -> np.ndarray:
    found = [None if cost is None else getattr(cost, name) for cost in priced]
    return np.array([np.nan if v is None else v for v in found], dtype=np.float64)
