"""What a cap says to the person it holds back, with the numbers it was made of."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .case import Case
from .figure import value
from .text import Language, number, numbers, picked, yuan, yuans

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


def cap_texts(case: Case, cap: str, rows: np.ndarray, language: Language) -> pa.Array:
    """The sentence of `cap` for each of `rows`."""

    def amounts(name: str) -> pa.Array:
        return yuans(np.nan_to_num(case.yuan(name)[rows]), language)

    fields = _fields(case, cap, rows, language, amounts)
    pieces: list[Words] = []
    for literal, name, _, _ in Formatter().parse(CAP_TEXTS[cap][0 if language == "en" else 1]):
        pieces += [literal, fields[name]] if name else [literal]
    return pc.binary_join_element_wise(*pieces, "")


def _fields(case: Case, cap: str, rows: np.ndarray, language: Language, amounts: Amounts) -> dict[str, Words]:
    """The template's fields: one text per row, or one for all."""
    rules = case.product.limit
    if cap == "affordability":
        return {"income": amounts("verified_income"), "debt": amounts("debt_service")}
    if cap == "formula":
        return {"cards": amounts("card_limits"), "volume": amounts("annual_volume"), "wealth": amounts("wealth")}
    if cap == "exposure":
        return {"exposure": amounts("exposure"), "customer_total": yuan(rules.customer_total.value, language)}
    if cap == "hard_enquiries":
        return {
            "enquiries": numbers(case.number("hard_enquiries_90d")[rows]),
            "enquiries_over": number(value(rules.enquiries_over)),
            "enquiry_factor": number(100 * value(rules.enquiry_factor)),
        }
    tiers, which = np.unique(case.tier[rows], return_inverse=True)
    names, terms = zip(*(_tier_words(case, cap, k, language) for k in tiers.tolist()), strict=True)
    return {"tier": picked(names, which), cap: picked(terms, which)}


def _tier_words(case: Case, cap: str, tier: int, language: Language) -> tuple[str, str]:
    """Name of a tier, and its amount of `cap`."""
    rules, terms = case.product.limit, case.product.tiers[tier]
    caps = {
        "tier_max": terms.limit, "tier_initial": terms.initial_limit, "new_user": terms.new_user_limit, "product_max": rules.maximum,
        "study": rules.student,
    }  # fmt: skip
    return terms.tier, yuan(value(caps[cap]), language)
