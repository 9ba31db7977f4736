"""The limit: the lowest of the caps, cut for enquiries, rounded down.

F15, F16, S1-R50, S1-R59, domain 0.11 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import TypeAlias

import numpy as np

from ..pricing.capacity import affordable, enquiry_cut, volume_limit
from ..reasons.text import Language, number, numbers, yuan, yuans
from ..reasons.words import Texts, joined_text, word_column
from ..rulebook.condition import SourcedValue, value
from .batch_context import BatchContext
from .one_row import is_null, known_or, pick, where

# At equal caps the first one of this order is named.
CAPS = (
    "product_max",
    "tier_max",
    "tier_initial",
    "new_user",
    "study",
    "exposure",
    "affordability",
    "formula",
    "hard_enquiries",
)
# A limit at one of these is not cut: product and tier have them for everyone. They come first in
# CAPS.
PLAIN_CAPS = ("product_max", "tier_max", "tier_initial")
PER_CENT = 100


@dataclass(frozen=True)
class Limits:
    """Limit and binding cap of every application.

    `cny` is the limit in CNY: 0 = below the minimum, NaN = an input is missing or no tier lends.
    `cap` indexes CAPS, -1 = none.
    """

    cny: np.ndarray
    cap: np.ndarray

    @property
    def is_cut(self) -> np.ndarray:
        """Where something personal holds the limit below product and tier."""
        return self.cap >= len(PLAIN_CAPS)


def limits(batch: BatchContext) -> Limits:
    """Return limit and binding cap of every application."""
    rules = batch.product.limit
    caps = _caps(batch)
    is_unknown = np.isnan(caps).any(axis=0)
    # argmin takes the first of equal caps, so the order of CAPS breaks ties.
    cap = where(is_unknown, -1, np.argmin(caps, axis=0))
    enquiries = batch.number("hard_enquiries_90d")
    over = value(rules.enquiries_over)
    lowest = enquiry_cut(np.min(caps, axis=0), enquiries, over, _factor(rules.enquiry_factor))
    cap = where(~is_unknown & (enquiries > over), CAPS.index("hard_enquiries"), cap)
    rounded = rounded_limits(lowest, rules.step.value, rules.minimum.value)
    return Limits(np.atleast_1d(rounded), np.atleast_1d(cap))


def _caps(batch: BatchContext) -> np.ndarray:
    """Return caps x applications in CNY, in the order of CAPS without the enquiries.

    Infinite where a cap does not apply, NaN where an input is missing.
    """
    new_user = _uncapped(_terms(batch, "new_user_limit"))
    first = _uncapped(_terms(batch, "initial_limit"))
    open_total = batch.product.limit.customer_total.value - batch.yuan("exposure")
    caps = [
        _product_maximum(batch),
        _terms(batch, "limit"),
        first * _bonus(batch),
        where(batch.is_true("is_repeat"), np.inf, new_user),
        _study(batch),
        # Who owes more than the total already gets nothing, not a negative limit.
        np.maximum(open_total, 0.0),
        affordability(batch),
        formula(batch),
    ]
    return np.array(caps)


def rounded_limits(cny: np.ndarray, step: float, minimum: float) -> np.ndarray:
    """Return amounts in CNY down to the step; zero below the minimum; NaN stays.

    >>> rounded_limits(np.array([1_299.999, 450.0]), 100.0, 500.0).tolist()
    [1300.0, 0.0]
    """
    # Rounded to the fen first: a last bit below a multiple of the step must not cost a whole step.
    down = np.floor(np.round(cny, 2) / step) * step
    limit: np.ndarray = where(down < minimum, 0.0, down)
    return limit


def affordability(batch: BatchContext) -> np.ndarray:
    """Return the principal whose instalment fits into income x DTI - debt service (F15).

    CNY; NaN without income or debt service.
    """
    rules = batch.product.affordability
    income = batch.yuan("verified_income")
    dti = where(income < rules.median_wage.value, rules.dti_low_income.value, rules.dti.value)
    return affordable(income, dti, batch.yuan("debt_service"), batch.offers.annuity[batch.tier])


def formula(batch: BatchContext) -> np.ndarray:
    """Return F16 (S3-R33..R35) in CNY, raised to the lower end of the tier's band.

    Infinite for a product without formula. A null card limit, volume or wealth counts as none.
    """
    rules = batch.product.limit
    if rules.card_share is None:
        return batch.full(np.inf)
    cards, volume, wealth = (
        known_or(batch.yuan(n), 0.0) for n in ("card_limits", "annual_volume", "wealth")
    )
    raw = volume_limit(
        cards,
        volume,
        wealth,
        card_share=rules.card_share.value,
        credit=_terms(batch, "volume_credit"),
        wealth_from=value(rules.wealth_from),
        factor=_factor(rules.wealth_factor),
    )
    return np.maximum(raw, known_or(_terms(batch, "limit_low"), 0.0))


def _product_maximum(batch: BatchContext) -> np.ndarray:
    """Return the product's line: the higher one only for a licensed business purpose (C01)."""
    rules = batch.product.limit
    if rules.business_maximum is None:
        return batch.full(rules.maximum.value)
    is_business = batch.is_purpose("business") & batch.is_true("has_business_licence")
    line: np.ndarray = where(is_business, rules.business_maximum.value, rules.maximum.value)
    return line


def _bonus(batch: BatchContext) -> np.ndarray:
    """Return the factor for as many of the product's bonus facts as hold; 1 for none (S1-R50)."""
    bonus = batch.product.limit.bonus
    if bonus is None:
        return batch.full(1.0)
    held = sum(batch.is_true(name).astype(np.int64) for name in bonus.facts)
    factor: np.ndarray = pick([1.0, *(f.value for f in bonus.factors)], held)
    return factor


def _study(batch: BatchContext) -> np.ndarray:
    """Return the cap for persons in full-time study; infinite for others and without a cap."""
    student = batch.product.limit.student
    cap = np.inf if student is None else student.value
    line: np.ndarray = where(batch.is_true("is_student"), cap, np.inf)
    return line


def _terms(batch: BatchContext, name: str) -> np.ndarray:
    """Return a term of each application's tier; NaN where there is no term or no tier."""
    # The last entry is taken where the index is -1.
    terms = [*(value(getattr(t, name)) for t in batch.product.tiers), np.nan]
    term: np.ndarray = pick(terms, batch.tier)
    return term


def _uncapped(cap: np.ndarray) -> np.ndarray:
    capped: np.ndarray = where(is_null(cap), np.inf, cap)
    return capped


def _factor(figure: SourcedValue | None) -> float:
    return 1.0 if figure is None else figure.value


# The sentence of each cap for the person that it holds back, with the numbers it is made of.

Words: TypeAlias = Texts | str
Amounts = Callable[[str], Texts]

# table: the sentence of each cap in English and Chinese
CAP_TEXTS = {
    "product_max": (
        "largest limit of the product: {product_max}",
        "产品最高额度：{product_max}",
    ),
    "tier_max": (
        "largest limit of tier {tier}: {tier_max}",
        "{tier}等级最高额度：{tier_max}",
    ),
    "tier_initial": (
        "first limit of tier {tier}: {tier_initial}",
        "{tier}等级初始额度：{tier_initial}",
    ),
    "new_user": (
        "first loan here, cap of tier {tier} for new customers: {new_user}",
        "首次借款，{tier}等级新客户额度上限：{new_user}",
    ),
    "study": (
        "cap for loans during full-time study: {study}",
        "在校期间贷款额度上限：{study}",
    ),
    "exposure": (
        "open principal over all products: {exposure} of at most {customer_total}",
        "贷款余额：{exposure}，上限{customer_total}",
    ),
    "affordability": (
        (
            "verified monthly income {income} and monthly debt service {debt} "
            "leave too little for a higher instalment"
        ),
        "核实月收入{income}、每月债务支出{debt}，可用于还款的余额有限",
    ),
    "formula": (
        (
            "card limits {cards}, payment volume of twelve months {volume} "
            "and proved wealth {wealth} support no more"
        ),
        "他行卡额度{cards}、近12个月支付流水{volume}、已证明资产{wealth}所支持的额度",
    ),
    "hard_enquiries": (
        (
            "hard enquiries in the last 90 days: {enquiries} "
            "(more than {enquiries_over} cut the limit to {enquiry_factor} %)"
        ),
        "近90天硬查询次数：{enquiries}（超过{enquiries_over}次，额度降至{enquiry_factor}%）",
    ),
}


def cap_texts(batch: BatchContext, cap: str, rows: np.ndarray, language: Language) -> Texts:
    """Return the sentence of `cap` for each of `rows` (positions in the batch)."""

    def amounts(name: str) -> Texts:
        return yuans(np.nan_to_num(batch.yuan(name)[rows]), language)

    fields = _fields(batch, cap, rows, language, amounts)
    template = CAP_TEXTS[cap][0 if language == "en" else 1]
    # Put together column by column: a call of `format` per row would be slow.
    pieces: list[Words] = []
    for literal, name, _, _ in Formatter().parse(template):
        pieces += [literal, fields[name]] if name else [literal]
    return joined_text(*pieces)


def _fields(
    batch: BatchContext, cap: str, rows: np.ndarray, language: Language, amounts: Amounts
) -> dict[str, Words]:
    """Return the fields of the sentence of `cap`: one text per row, or one for all."""
    rules = batch.product.limit
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
            "enquiries": numbers(batch.number("hard_enquiries_90d")[rows]),
            "enquiries_over": number(value(rules.enquiries_over)),
            "enquiry_factor": number(PER_CENT * value(rules.enquiry_factor)),
        }
    # The other caps are terms of a tier or of the product: their words are made once per tier.
    tiers, which = np.unique(batch.tier[rows], return_inverse=True)
    words = [_tier_words(batch, cap, k, language) for k in tiers.tolist()]
    names, terms = zip(*words, strict=True)
    return {"tier": word_column(names, which), cap: word_column(terms, which)}


def _tier_words(batch: BatchContext, cap: str, tier: int, language: Language) -> tuple[str, str]:
    """Return the name of a tier, and its amount of `cap`."""
    rules = batch.product.limit
    terms = batch.product.tiers[tier]
    caps = {
        "tier_max": terms.limit,
        "tier_initial": terms.initial_limit,
        "new_user": terms.new_user_limit,
        "product_max": rules.maximum,
        "study": rules.student,
    }
    return terms.tier, yuan(value(caps[cap]), language)
