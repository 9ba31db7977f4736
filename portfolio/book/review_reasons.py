"""Define the changes of an account: code, rule, and the sentence that its holder reads.

The sentences are in English and Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason of a change.

    The texts take numbers of the account by name: before, after (yuan), percent rates, counts.
    """

    rule: str
    en: str
    zh: str
    is_adverse: bool


# table: the reasons by code, with rule, sentences and whether the change is adverse
REASONS: Mapping[str, Reason] = {
    "OVERDUE": Reason(
        "S3-R44",
        "Drawing is frozen: a payment is {dpd:.0f} days overdue.",
        "提款已冻结:有一笔还款逾期{dpd:.0f}天。",
        True,
    ),
    "REPORTED": Reason(
        "S1-R40",
        "The credit bureau is told and the payment score is frozen: a payment is {dpd:.0f} days "
        "overdue.",
        "已上报征信并冻结支付分:有一笔还款逾期{dpd:.0f}天。",
        True,
    ),
    "NOT_CURED": Reason(
        "S3-R47",
        "Drawing stays frozen: an instalment was repaid {late:.0f} days late; it opens after "
        "three months on time.",
        "提款继续冻结:有一期逾期{late:.0f}天后才还清,连续三个月按时还款后恢复。",
        True,
    ),
    "INACTIVE": Reason(
        "S3-R46",
        "The line is suspended: {payments:.0f} payments last month, fewer than three in each "
        "of two months.",
        "额度已暂停使用:上月微信支付{payments:.0f}笔,连续两个月少于3笔。",
        True,
    ),
    "PAY_SCORE": Reason(
        "S4-R36",
        "The line is suspended: the payment score is {score:.0f}, under 500.",
        "额度已暂停使用:支付分{score:.0f},低于500分。",
        True,
    ),
    "REOPENED": Reason("S3-R47", "Drawing is open again.", "提款功能已恢复。", False),
    "ENQUIRIES": Reason(
        "S1-R59",
        "The line is cut from {before:.0f} to {after:.0f} yuan: {enquiries:.0f} credit "
        "enquiries in 90 days.",
        "额度由{before:.0f}元降至{after:.0f}元:近90天征信硬查询{enquiries:.0f}次。",
        True,
    ),
    "DEBT": Reason(
        "S3-R45",
        "The line is cut from {before:.0f} to {after:.0f} yuan: debt service takes {dti:.0%} "
        "of the inflow, over 50%.",
        "额度由{before:.0f}元降至{after:.0f}元:月还款占收入{dti:.0%},超过50%。",
        True,
    ),
    "TIER_FALL": Reason(
        "domain 6",
        "The line is cut from {before:.0f} to {after:.0f} yuan: two risk tiers lower, above "
        "all through {weakest_en}.",
        "额度由{before:.0f}元降至{after:.0f}元:风险等级下降两级以上,主要因为{weakest_zh}。",
        True,
    ),
    "ASSETS": Reason(
        "S5-R29",
        "The line grows from {before:.0f} to {after:.0f} yuan: money-market balance of 10,000 "
        "yuan and wealth products held.",
        "额度由{before:.0f}元提升至{after:.0f}元:零钱通月均余额达1万元并持有理财通。",
        False,
    ),
    "PROOFS": Reason(
        "S5-R43",
        "The line grows from {before:.0f} to {after:.0f} yuan: two asset proofs or more.",
        "额度由{before:.0f}元提升至{after:.0f}元:已提供两项以上资产证明。",
        False,
    ),
    "ON_TIME": Reason(
        "S2-R31",
        "The line grows from {before:.0f} to {after:.0f} yuan: three months on time and well used.",
        "额度由{before:.0f}元提升至{after:.0f}元:连续三个月按时还款且使用良好。",
        False,
    ),
    "TEMPORARY": Reason(
        "S2-R26",
        "For 30 days the line is {after:.0f} yuan instead of {before:.0f}.",
        "30天内额度临时由{before:.0f}元提升至{after:.0f}元。",
        False,
    ),
    "EXPIRED": Reason(
        "S2-R26",
        "The temporary increase has ended: the line is {after:.0f} yuan.",
        "临时额度已到期:当前额度为{after:.0f}元。",
        False,
    ),
    "REPRICED": Reason(
        "S5-R31",
        "New drawdowns cost {rate_after:.4f} % a day instead of {rate_before:.4f} %: six "
        "months on time. What is drawn keeps its rate.",
        "新提款日利率由{rate_before:.4f}%降至{rate_after:.4f}%:连续六个月按时还款。已提款部分利率不变。",
        False,
    ),
}


def sentence(code: str, language: str, numbers: Mapping[str, float | str]) -> str:
    """Return the sentence of a change in `language` (en or zh).

    >>> sentence("OVERDUE", "en", {"dpd": 3})
    'Drawing is frozen: a payment is 3 days overdue.'
    """
    return str(getattr(REASONS[code], language)).format(**numbers)
