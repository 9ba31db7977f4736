"""The price list of a bundle per tier: rate, annual costs, and what the law of each period says to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .figure import value
from .law import Law
from .policy import Policy
from .price import AnnualCost, annuity, cap_of, tier_rate
from .product import Product
from .tiers import Tiers


@dataclass(frozen=True)
class Offers:
    """Arrays over tiers, best first; NaN for a tier that is not lent to. Rates are fractions.

    `annuity` turns an affordable instalment into principal (F15); `is_over_band` marks a tier whose minimum price (F18) exceeds the
    product's band; `is_over_cap` (laws x tiers) marks prices that R1 refuses; `refused` lists, per law, the codes that refuse the product.
    """

    daily_rate: np.ndarray
    penalty_rate: np.ndarray
    apr_simple360: np.ndarray
    apr_simple365: np.ndarray
    apr_irr12: np.ndarray
    eff_annual: np.ndarray
    annuity: np.ndarray
    is_over_band: np.ndarray
    is_over_cap: np.ndarray
    refused: tuple[tuple[str, ...], ...]


def offers(policy: Policy, product: Product, tiers: Tiers) -> Offers:
    """Price every tier of `product` at the PD of its upper edge, once per bundle: same tier, product and date, same price."""
    rates = np.array([_rate(product, tiers, k) for k in range(len(tiers.tiers))])
    over_band = rates > product.price.daily_high.value / 100.0 + 1e-12
    priced = [None if np.isnan(r) or over else policy.cost(float(r)) for r, over in zip(rates, over_band, strict=True)]
    highest = np.array([np.nan if c is None else c.highest for c in priced])
    caps = np.array([cap_of(product.price, value(law.price_cap)) for law in policy.laws])
    return Offers(
        daily_rate=np.where(over_band, np.nan, rates),
        penalty_rate=np.where(over_band, np.nan, np.round(rates * (1.0 + product.repayment.penalty_uplift.value), 9)),
        apr_simple360=_column(priced, "apr_simple360"),
        apr_simple365=_column(priced, "apr_simple365"),
        apr_irr12=_column(priced, "apr_irr12"),
        eff_annual=_column(priced, "eff_annual"),
        annuity=np.array(
            [annuity(product.repayment.month_days.value * r, int(product.repayment.tenor.value)) for r in np.nan_to_num(rates)]
        ),
        is_over_band=over_band,
        is_over_cap=highest[None, :] > caps[:, None],
        refused=tuple(product_refusals(product, law) for law in policy.laws),
    )


def product_refusals(product: Product, law: Law) -> tuple[str, ...]:
    """Codes of the rules that refuse the product as a whole: R2 line, R3 bullet tenor, R15 penalty."""
    found = []
    if product.limit.maximum.value > value(law.consumption_line):
        found.append("R2")
    if product.repayment.method == "bullet" and product.repayment.tenor.value > value(law.bullet_tenor):
        found.append("R3")
    if product.repayment.penalty_uplift.value > value(law.penalty_uplift):
        found.append("R15")
    return tuple(found)


def _rate(product: Product, tiers: Tiers, k: int) -> float:
    terms = next((t for t in product.tiers if t.tier == tiers.names[k]), None)
    if terms is None or terms.daily_rate is None or terms.decision == "decline":
        return float("nan")
    return tier_rate(terms.daily_rate.value, tiers.tiers[k].pd_high, product.price)


def _column(priced: list[AnnualCost | None], name: str) -> np.ndarray:
    found = [None if cost is None else getattr(cost, name) for cost in priced]
    return np.array([np.nan if v is None else v for v in found], dtype=np.float64)
