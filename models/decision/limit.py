"""How much: the lowest of the caps, cut for enquiries, rounded down (F15, F16, S1-R59, domain 0.11 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .case import Case
from .figure import value
from .product import TierTerms

CAPS = ("product_max", "tier_max", "new_user", "study", "exposure", "affordability", "formula", "hard_enquiries")
PLAIN_CAPS = ("product_max", "tier_max")  # a limit at one of these is not cut


@dataclass(frozen=True)
class Limits:
    """`cny` is the limit (0 = below the minimum, NaN = an input is missing or the tier is not lent to); `cap` indexes CAPS, -1 = none."""

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
        np.full(len(case.tier), rules.maximum.value),
        _terms(case, "limit"),
        np.where(case.is_true("is_repeat"), np.inf, _terms(case, "new_user_limit")),
        _study(case),
        np.maximum(rules.customer_total.value - case.yuan("exposure"), 0.0),
        affordability(case),
        formula(case),
    ])  # fmt: skip
    unknown = np.isnan(caps).any(axis=0)
    cap = np.where(unknown, -1, np.argmin(caps, axis=0))
    lowest = np.min(caps, axis=0)
    is_cut = ~unknown & (case.number("hard_enquiries_90d") > value(rules.enquiries_over))
    lowest = np.where(is_cut, lowest * (1.0 if rules.enquiry_factor is None else rules.enquiry_factor.value), lowest)
    return Limits(rounded(lowest, rules.step.value, rules.minimum.value), np.where(is_cut, CAPS.index("hard_enquiries"), cap))


def rounded(cny: np.ndarray, step: float, minimum: float) -> np.ndarray:
    """Down to the step after rounding to the fen; zero below the minimum; NaN stays."""
    down = np.floor(np.round(cny, 2) / step) * step
    return np.where(down < minimum, 0.0, down)


def affordability(case: Case) -> np.ndarray:
    """F15: principal whose instalment fits into income x DTI - debt service; NaN without income or debt service."""
    rules, income = case.product.affordability, case.yuan("verified_income")
    dti = np.where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return np.maximum(income * dti - case.yuan("debt_service"), 0.0) * case.offers.annuity[case.tier]


def formula(case: Case) -> np.ndarray:
    """F16 (S3-R33..R35): (0.30 C + V/10000 k) x 1.10 with wealth; a null card limit, volume or wealth counts as none."""
    rules = case.product.limit
    cards, volume, wealth = (np.nan_to_num(case.yuan(n)) for n in ("card_limits", "annual_volume", "wealth"))
    raw = rules.card_share.value * cards + volume / 10_000.0 * _terms(case, "volume_credit")
    return raw * np.where(wealth >= rules.wealth_from.value, rules.wealth_factor.value, 1.0)


def _study(case: Case) -> np.ndarray:
    cap = case.product.limit.student
    return np.where(case.is_true("is_student"), np.inf if cap is None else cap.value, np.inf)


def _terms(case: Case, name: str) -> np.ndarray:
    by_name: dict[str, TierTerms] = {t.tier: t for t in case.product.tiers}
    return np.array([value(getattr(by_name[n], name)) if n in by_name else np.nan for n in case.tiers.names])[case.tier]
