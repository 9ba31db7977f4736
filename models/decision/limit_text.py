"""What a cap says to the person it holds back, with the numbers it was made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .case import Case
from .figure import value
from .text import Language, number, yuan

Amount = Callable[[str], str]

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


def cap_text(case: Case, cap: str, row: int, language: Language) -> str:
    """The sentence of `cap` for one application."""

    def amount(name: str) -> str:
        return yuan(float(np.nan_to_num(case.yuan(name)[row])), language)

    template = CAP_TEXTS[cap][0 if language == "en" else 1]
    return template.format(**_numbers(case, cap, row, language, amount))


def _numbers(case: Case, cap: str, row: int, language: Language, amount: Amount) -> dict[str, str]:
    rules = case.product.limit
    if cap == "affordability":
        return {"income": amount("verified_income"), "debt": amount("debt_service")}
    if cap == "formula":
        return {"cards": amount("card_limits"), "volume": amount("annual_volume"), "wealth": amount("wealth")}
    if cap == "exposure":
        return {"exposure": amount("exposure"), "customer_total": yuan(rules.customer_total.value, language)}
    if cap == "hard_enquiries":
        count = number(float(case.number("hard_enquiries_90d")[row]))
        return {
            "enquiries": count,
            "enquiries_over": number(value(rules.enquiries_over)),
            "enquiry_factor": number(100 * value(rules.enquiry_factor)),
        }
    terms = case.product.tiers[case.tier[row]]
    caps = {
        "tier_max": terms.limit, "tier_initial": terms.initial_limit, "new_user": terms.new_user_limit, "product_max": rules.maximum,
        "study": rules.student,
    }  # fmt: skip
    return {"tier": terms.tier, cap: yuan(value(caps[cap]), language)}
