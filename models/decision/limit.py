"""How much: the lowest of the caps, cut for enquiries, rounded down (F15, F16, S1-R50, S1-R59, domain 0.11 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .case import Case
from .figure import Figure, value
from .pricing.capacity import affordable, enquiry_cut, volume_limit

CAPS = (
    "product_max", "tier_max", "tier_initial", "new_user", "study", "exposure", "affordability", "formula", "hard_enquiries",
)  # fmt: skip
PLAIN_CAPS = ("product_max", "tier_max", "tier_initial")  # a limit at one of these is not cut


@dataclass(frozen=True)
class Limits:
    """`cny` is the limit (0 = below the minimum, NaN = an input is missing or no tier lends); `cap` indexes CAPS, -1 = none."""

    cny: np.ndarray
    cap: np.ndarray

    @property
    def is_cut(self) -> np.ndarray:
        """Limits that something personal holds below product and tier."""
        return self.cap >= len(PLAIN_CAPS)


def limits(case: Case) -> Limits:
    """Limit and binding cap of every application; at equal caps the first of CAPS is named."""
    rules = case.product.limit
    caps = np.stack([
        _product_maximum(case),
        _terms(case, "limit"),
        _uncapped(_terms(case, "initial_limit")) * _bonus(case),
        np.where(case.is_true("is_repeat"), np.inf, _uncapped(_terms(case, "new_user_limit"))),
        _study(case),
        np.maximum(rules.customer_total.value - case.yuan("exposure"), 0.0),
        affordability(case),
        formula(case),
    ])  # fmt: skip
    unknown = np.isnan(caps).any(axis=0)
    cap = np.where(unknown, -1, np.argmin(caps, axis=0))
    enquiries, over = case.number("hard_enquiries_90d"), value(rules.enquiries_over)
    lowest = enquiry_cut(np.min(caps, axis=0), enquiries, over, _factor(rules.enquiry_factor))
    cap = np.where(~unknown & (enquiries > over), CAPS.index("hard_enquiries"), cap)
    return Limits(rounded(lowest, rules.step.value, rules.minimum.value), cap)


def rounded(cny: np.ndarray, step: float, minimum: float) -> np.ndarray:
    """Down to the step after rounding to the fen; zero below the minimum; NaN stays."""
    down = np.floor(np.round(cny, 2) / step) * step
    return np.where(down < minimum, 0.0, down)


def affordability(case: Case) -> np.ndarray:
    """F15: principal whose instalment fits into income x DTI - debt service; NaN without income or debt service."""
    rules, income = case.product.affordability, case.yuan("verified_income")
    dti = np.where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return affordable(income, dti, case.yuan("debt_service"), case.offers.annuity[case.tier])


def formula(case: Case) -> np.ndarray:
    """F16 (S3-R33..R35), raised to the lower end of the tier's band; unbounded for a product without formula.

    A null card limit, volume or wealth counts as none.
    """
    rules = case.product.limit
    if rules.card_share is None:
        return np.full(len(case.grade), np.inf)
    cards, volume, wealth = (np.nan_to_num(case.yuan(n)) for n in ("card_limits", "annual_volume", "wealth"))
    raw = volume_limit(
        cards, volume, wealth,
        card_share=rules.card_share.value, credit=_terms(case, "volume_credit"), wealth_from=value(rules.wealth_from),
        factor=_factor(rules.wealth_factor),
    )  # fmt: skip
    return np.maximum(raw, np.nan_to_num(_terms(case, "limit_low")))


def _product_maximum(case: Case) -> np.ndarray:
    """C01: a higher line only for a business purpose with its licence."""
    rules = case.product.limit
    if rules.business_maximum is None:
        return np.full(len(case.grade), rules.maximum.value)
    is_business = case.is_purpose("business") & case.is_true("has_business_licence")
    return np.where(is_business, rules.business_maximum.value, rules.maximum.value)


def _bonus(case: Case) -> np.ndarray:
    """S1-R50: the factor for as many of the product's bonus facts as hold; 1 for none."""
    bonus = case.product.limit.bonus
    if bonus is None:
        return np.ones(len(case.grade))
    held = np.sum([case.is_true(name) for name in bonus.facts], axis=0)
    return np.array([1.0, *(f.value for f in bonus.factors)])[held]


def _study(case: Case) -> np.ndarray:
    cap = case.product.limit.student
    return np.where(case.is_true("is_student"), np.inf if cap is None else cap.value, np.inf)


def _terms(case: Case, name: str) -> np.ndarray:
    """A term of each application's tier; NaN where the tier sets none or there is no tier."""
    return np.array([*(value(getattr(t, name)) for t in case.product.tiers), np.nan])[case.tier]


def _uncapped(cap: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(cap), np.inf, cap)


def _factor(figure: Figure | None) -> float:
    return 1.0 if figure is None else figure.value
