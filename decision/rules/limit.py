"""How much: the lowest of the caps, cut for enquiries, rounded down (F15, F16, S1-R50, S1-R59, domain 0.11 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..pricing.capacity import affordable, enquiry_cut, volume_limit
from ..reasons.text import Language, number, numbers, picked, yuan, yuans
from ..rulebook.condition import SourcedValue, value
from .batch_context import BatchContext

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


def limits(case: BatchContext) -> Limits:
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


def affordability(case: BatchContext) -> np.ndarray:
    """F15: principal whose instalment fits into income x DTI - debt service; NaN without income or debt service."""
    rules, income = case.product.affordability, case.yuan("verified_income")
    dti = np.where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return affordable(income, dti, case.yuan("debt_service"), case.offers.annuity[case.tier])


def formula(case: BatchContext) -> np.ndarray:
    """F16 (S3-R33..R35), raised to the lower end of the tier's band; unbounded for a product without formula.

    A null card limit, volume or wealth counts as none.
    """
    rules = case.product.limit
    if rules.card_share is None:
        return np.full(len(case.grade), np.inf)
    cards, volume, wealth = (
        np.nan_to_num(case.yuan(n)) for n in ("card_limits", "annual_volume", "wealth")
    )
    raw = volume_limit(
        cards, volume, wealth,
        card_share=rules.card_share.value, credit=_terms(case, "volume_credit"), wealth_from=value(rules.wealth_from),
        factor=_factor(rules.wealth_factor),
    )  # fmt: skip
    return np.maximum(raw, np.nan_to_num(_terms(case, "limit_low")))


def _product_maximum(case: BatchContext) -> np.ndarray:
    """C01: a higher line only for a business purpose with its licence."""
    rules = case.product.limit
    if rules.business_maximum is None:
        return np.full(len(case.grade), rules.maximum.value)
    is_business = case.is_purpose("business") & case.is_true("has_business_licence")
    return np.where(is_business, rules.business_maximum.value, rules.maximum.value)


def _bonus(case: BatchContext) -> np.ndarray:
    """S1-R50: the factor for as many of the product's bonus facts as hold; 1 for none."""
    bonus = case.product.limit.bonus
    if bonus is None:
        return np.ones(len(case.grade))
    held = np.sum([case.is_true(name) for name in bonus.facts], axis=0)
    return np.array([1.0, *(f.value for f in bonus.factors)])[held]


def _study(case: BatchContext) -> np.ndarray:
    cap = case.product.limit.student
    return np.where(case.is_true("is_student"), np.inf if cap is None else cap.value, np.inf)


def _terms(case: BatchContext, name: str) -> np.ndarray:
    """A term of each application's tier; NaN where the tier sets none or there is no tier."""
    return np.array([*(value(getattr(t, name)) for t in case.product.tiers), np.nan])[case.tier]


def _uncapped(cap: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(cap), np.inf, cap)


def _factor(figure: SourcedValue | None) -> float:
    return 1.0 if figure is None else figure.value


# What a cap says to the person it holds back, with the numbers it was made of.

Words: TypeAlias = pa.Array | str
Amounts = Callable[[str], pa.Array]

CAP_TEXTS = {
    "product_max": ("largest limit of the product: {product_max}", "产品最高额度：{product_max}"),
    "tier_max": ("largest limit of tier {tier}: {tier_max}", "{tier}等级最高额度：{tier_max}"),
    "tier_initial": ("first limit of tier {tier}: {tier_initial}", "{tier}等级初始额度：{tier_initial}"),
    "new_user": ("first loan here, cap of tier {tier} for new customers: {new_user}", "首次借款，{tier}等级新客户额度上限：{new_user}"),
    "study": ("cap for loans during full-time study: {study}", "在校期间贷款额度上限：{study}"),
    "exposure": ("open principal over all products: {exposure} of at most {customer_total}", "贷款余额：{exposure}，上限{customer_total}"),
    "affordability": (
        "verified monthly income {income} and monthly debt service {debt} leave too little for a higher instalment",
        "核实月收入{income}、每月债务支出{debt}，可用于还款的余额有限",
    ),
    "formula": (
        "card limits {cards}, payment volume of twelve months {volume} and proved wealth {wealth} support no more",
        "他行卡额度{cards}、近12个月支付流水{volume}、已证明资产{wealth}所支持的额度",
    ),
    "hard_enquiries": (
        "hard enquiries in the last 90 days: {enquiries} (more than {enquiries_over} cut the limit to {enquiry_factor} %)",
        "近90天硬查询次数：{enquiries}（超过{enquiries_over}次，额度降至{enquiry_factor}%）",
    ),
}  # fmt: skip


def cap_texts(case: BatchContext, cap: str, rows: np.ndarray, language: Language) -> pa.Array:
    """The sentence of `cap` for each of `rows`."""

    def amounts(name: str) -> pa.Array:
        return yuans(np.nan_to_num(case.yuan(name)[rows]), language)

    fields = _fields(case, cap, rows, language, amounts)
    pieces: list[Words] = []
    for literal, name, _, _ in Formatter().parse(CAP_TEXTS[cap][0 if language == "en" else 1]):
        pieces += [literal, fields[name]] if name else [literal]
    return pc.binary_join_element_wise(*pieces, "")


def _fields(
    case: BatchContext, cap: str, rows: np.ndarray, language: Language, amounts: Amounts
) -> dict[str, Words]:
    """The template's fields: one text per row, or one for all."""
    rules = case.product.limit
    if cap == "affordability":
        return {"income": amounts("verified_income"), "debt": amounts("debt_service")}
    if cap == "formula":
        return {
            "cards": amounts("card_limits"),
            "volume": amounts("annual_volume"),
            "wealth": amounts("wealth"),
        }
    if cap == "exposure":
        return {
            "exposure": amounts("exposure"),
            "customer_total": yuan(rules.customer_total.value, language),
        }
    if cap == "hard_enquiries":
        return {
            "enquiries": numbers(case.number("hard_enquiries_90d")[rows]),
            "enquiries_over": number(value(rules.enquiries_over)),
            "enquiry_factor": number(100 * value(rules.enquiry_factor)),
        }
    tiers, which = np.unique(case.tier[rows], return_inverse=True)
    names, terms = zip(*(_tier_words(case, cap, k, language) for k in tiers.tolist()), strict=True)
    return {"tier": picked(names, which), cap: picked(terms, which)}


def _tier_words(case: BatchContext, cap: str, tier: int, language: Language) -> tuple[str, str]:
    """Name of a tier, and its amount of `cap`."""
    rules, terms = case.product.limit, case.product.tiers[tier]
    caps = {
        "tier_max": terms.limit, "tier_initial": terms.initial_limit, "new_user": terms.new_user_limit, "product_max": rules.maximum,
        "study": rules.student,
    }  # fmt: skip
    return terms.tier, yuan(value(caps[cap]), language)
