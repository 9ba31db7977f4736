"""The law and the product's own conditions: each rule is one small function of the batch.

A rule has a code, an outcome and its words. R codes are those of domain 5.3. A rule that cannot be
checked because an input is missing refers to a person (M codes): it never approves. Admission
criteria stand in verdict.py, filters in filters.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .batch_context import BatchContext, RuleOutcome
from .one_row import any_of, is_null

Fires = Callable[[BatchContext], np.ndarray]


@dataclass(frozen=True)
class Rule:
    """One rule: `outcome` holds for every application for which `fires` is true.

    The words name no protected attribute.
    """

    code: str
    outcome: RuleOutcome
    text_en: str
    text_zh: str
    fires: Fires


def no_law(batch: BatchContext) -> np.ndarray:
    """No law profile covers the day, so nothing can be called lawful."""
    return batch.law < 0


def price_over_cap(batch: BatchContext) -> np.ndarray:
    """R1, domain 4.1: the highest of simple365 and IRR x 12 is above the cap.

    Such a price is refused, never clipped (S1-R56, S2-R08, S4-R23, C12).
    """
    return batch.offers.is_over_cap_by_law[batch.law, batch.tier]


def product_refused(code: str) -> Fires:
    """R2, R3, R8, R10, R14, R15, L1, H1: product, data or model break the law of the day."""
    return lambda batch: batch.is_by_law([code in refused for refused in batch.offers.refused])


def not_offered(batch: BatchContext) -> np.ndarray:
    """The product is not on offer on this day."""
    is_early = batch.day < np.datetime64(batch.product.effective_from, "D")
    last = batch.product.effective_to
    if last is None:
        return is_early
    return is_early | (batch.day > np.datetime64(last, "D"))


def not_validated(batch: BatchContext) -> np.ndarray:
    """R11: nobody validated the model, or the validation has run out."""
    validation = batch.policy.validation
    needed = batch.is_by_law([law.needs_validated_model for law in batch.policy.laws])
    if validation is None or not validation.is_validated:
        return needed
    return needed & (batch.day > np.datetime64(validation.revalidate_by, "D"))


def no_tier(batch: BatchContext) -> np.ndarray:
    """The product has no tier for this grade and record."""
    return batch.tier < 0


def under_age(batch: BatchContext) -> np.ndarray:
    """R4: the person is younger than the law's minimum age."""
    return batch.number("age_years") < batch.by_law("minimum_age")


def student_lender(batch: BatchContext) -> np.ndarray:
    """R5: this kind of lender may not lend to students."""
    lender = batch.product.lender
    is_banned = batch.is_by_law([lender in law.no_student_lenders for law in batch.policy.laws])
    return batch.is_true("is_student") & is_banned


def student_without_source(batch: BatchContext) -> np.ndarray:
    """R5: a second repayment source must be confirmed; not known counts as not confirmed."""
    needed = batch.is_by_law([law.student_needs_second_source for law in batch.policy.laws])
    return batch.is_true("is_student") & ~batch.is_true("has_second_source") & needed


def no_bureau_consent(batch: BatchContext) -> np.ndarray:
    """R6, S1-R15, S3-R28: the consent to ask the bureau is missing.

    Only this consent refuses; without another one its family is simply not used (domain 0.9).
    """
    needed = batch.is_by_law([law.bureau_consent_required for law in batch.policy.laws])
    return ~batch.is_true("consent_bureau") & needed


def unconsented_data(batch: BatchContext) -> np.ndarray:
    """R6 as a data check: data of a family came without the person's consent (S2-R27, S4-R39)."""
    return batch.has_unconsented


def banned_purpose(batch: BatchContext) -> np.ndarray:
    """R13: a use of money that law or product bans (S1-R73, S2-R33)."""
    own = batch.is_purpose(*batch.product.banned_purposes)
    by_law = [
        batch.is_purpose(*law.banned_purposes) & (batch.law == k)
        for k, law in enumerate(batch.policy.laws)
    ]
    return any_of([own, *by_law])


def price_over_band(batch: BatchContext) -> np.ndarray:
    """F18: what the price must cover exceeds what the product may charge.

    Such an application is declined, so that others do not pay for it.
    """
    return batch.offers.is_over_band[batch.tier]


def not_known(name: str) -> Fires:
    """An input that a rule or a cap needs is null.

    Such as an income that a person must verify (S3-R27).
    """
    return lambda batch: is_null(batch.number(name))


def no_purpose(batch: BatchContext) -> np.ndarray:
    """The purpose code is a mandatory field (S3-R51, domain 5.1, order No. 9 of 2020)."""
    is_silent = batch.purposes[0] < 0
    return is_silent[0] if batch.is_one else is_silent


# table: what must hold of consent, data and model before anything about the person is weighed
GATES = (
    Rule(
        "R0", "refuse", "no rule book is in force on the day of the application",
        "申请当日没有生效的法规版本", no_law,
    ),
    Rule(
        "P0", "refuse", "the product is not on offer on the day of the application",
        "申请当日产品未提供", not_offered,
    ),
    Rule(
        "R4", "refuse", "legal capacity to contract not met",
        "不具备完全民事行为能力", under_age,
    ),
    Rule(
        "R6", "refuse", "no authorisation to query the credit bureau",
        "未授权查询征信", no_bureau_consent,
    ),
    Rule(
        "R6", "refuse", "data were sent that the applicant did not authorise",
        "包含申请人未授权的数据", unconsented_data,
    ),
    Rule(
        "R8", "refuse", "data of a source without licence",
        "数据来源未持牌", product_refused("R8"),
    ),
    Rule(
        "R11", "refuse", "the model is not validated, or its validation has run out",
        "模型未经验证或验证已过期", not_validated,
    ),
    Rule(
        "R14", "refuse", "the model reads data that the law bans",
        "模型使用了法规禁止的数据", product_refused("R14"),
    ),
    Rule(
        "H1", "refuse", "the model looks at another horizon than this product needs",
        "模型预测期与产品不符", product_refused("H1"),
    ),
    Rule(
        "L1", "refuse", "the number of a licence is not published",
        "未公示许可证编号", product_refused("L1"),
    ),
)  # fmt: skip
# table: price, purpose and what a person must look at, applied after admission and filters
RULES = (
    Rule(
        "R1", "refuse", "the all-in yearly cost is above the legal cap",
        "综合年化成本超过法定上限", price_over_cap,
    ),
    Rule(
        "R2", "refuse", "the product's line is above the legal line",
        "产品额度超过消费贷款法定上限", product_refused("R2"),
    ),
    Rule(
        "R3", "refuse", "the single-payment tenor is longer than the law allows",
        "一次性还本期限超过法定上限", product_refused("R3"),
    ),
    Rule(
        "R5", "refuse", "this lender may not lend to persons in full-time study",
        "该类机构不得向在校人员放贷", student_lender,
    ),
    Rule(
        "R5", "refuse", "second repayment source not confirmed",
        "未落实第二还款来源", student_without_source,
    ),
    Rule(
        "R10", "refuse", "a charge of the offer is not disclosed in full",
        "收费项目披露不完整", product_refused("R10"),
    ),
    Rule(
        "R13", "refuse", "the declared use of the money is not allowed",
        "声明的资金用途不被允许", banned_purpose,
    ),
    Rule(
        "R15", "refuse", "the overdue penalty is above the legal bound",
        "逾期罚息超过法定上限", product_refused("R15"),
    ),
    Rule(
        "F18", "decline", "the price that covers the risk is above the rate band",
        "覆盖风险所需的利率超出产品区间", price_over_band,
    ),
    Rule(
        "T0", "decline", "no tier of the product takes this grade and record",
        "产品没有适合的等级", no_tier,
    ),
    Rule(
        "M1", "refer", "legal capacity to contract not verified",
        "民事行为能力未核实", not_known("age_years"),
    ),
    Rule(
        "M2", "refer", "monthly income not verified",
        "月收入未核实", not_known("verified_income_fen"),
    ),
    Rule(
        "M3", "refer", "monthly debt service not known",
        "每月债务支出未知", not_known("debt_service_fen"),
    ),
    Rule(
        "M4", "refer", "use of the money not declared",
        "未声明资金用途", no_purpose,
    ),
    Rule(
        "M5", "refer", "open principal over all products not known",
        "现有贷款余额未知", not_known("exposure_fen"),
    ),
    Rule(
        "M6", "refer", "full-time study or not is not declared",
        "是否在校未声明", not_known("is_student"),
    ),
)  # fmt: skip
