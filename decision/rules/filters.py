"""The twelve risk filters FR01-FR12 and the transfer alert (domain 0.13).

Each reads its own facts about events (S5-R39). The mechanisms of S1-R51 are FR01, FR03, FR08 and
FR09: four, where its text says three (C22).

What a filter does to the account (`action`) stands beside the decision; `outcome` is what it does
to the decision, None = nothing. A freeze, a lock or a suspicion leaves the application to a person;
a step-up or a block holds back the money and not the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..rulebook.policy import Filters
from .batch_context import BatchContext, RuleHits
from .one_row import all_of, is_null, is_silent


@dataclass(frozen=True)
class Filter:
    """One filter.

    `fires` reads `facts`; where all of them are unknown the filter is not assessed.
    """

    code: str
    action: str
    outcome: Literal["decline", "refer"] | None
    facts: tuple[str, ...]
    text_en: str
    text_zh: str
    fires: Callable[[BatchContext, Filters], np.ndarray]


def impersonation(batch: BatchContext, _limits: Filters) -> np.ndarray:
    """FR01, S1-R57: foreign fingerprint or failed biometrics.

    The freeze becomes permanent only after a person has looked (PIPL 24).
    """
    return (batch.fact("is_fingerprint_match") == 0) | (batch.fact("is_biometric_passed") == 0)


def abnormal_transaction(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR02, S1-R58: large withdrawal at night, or login from far away."""
    is_large = batch.fact("night_withdrawal") >= limits.night_withdrawal_from.value
    return is_large | (batch.fact("is_remote_login") == 1)


def clustered_applications(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR03, S1-R52: many applications within an hour from one device or address."""
    lowest = limits.applications_per_hour_from.value
    by_device = batch.fact("device_applications_1h") >= lowest
    return by_device | (batch.fact("ip_applications_1h") >= lowest)


def new_device(batch: BatchContext, _limits: Filters) -> np.ndarray:
    """FR04, S5-R40: a device not seen before and not yet verified a second time."""
    return (batch.fact("is_new_device") == 1) & (batch.fact("is_device_verified") != 1)


def new_region(batch: BatchContext, _limits: Filters) -> np.ndarray:
    """FR05, S5-R41: a region not seen in 90 days.

    Holiday travel with the usual device is exempt.
    """
    return (batch.fact("is_new_region_90d") == 1) & (batch.fact("is_holiday_same_device") != 1)


def unusual_frequency(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR06, S5-R42: more operations within an hour than usual."""
    return batch.fact("operations_1h") > limits.operations_per_hour_over.value


def face_failures(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR07, S5-R15: more failed face checks within 24 hours than allowed."""
    return batch.fact("face_failures_24h") > limits.face_failures_over.value


def foreign_payee(batch: BatchContext, _limits: Filters) -> np.ndarray:
    """FR08, S1-R54, S1-R61: another person's account, or a merchant on the risk list."""
    return (batch.fact("is_payee_match") == 0) | (batch.fact("is_risky_merchant") == 1)


def many_lenders(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR09, S1-R53: borrowing from many lenders at once."""
    by_lenders = batch.fact("active_lenders") > limits.active_lenders_over.value
    return by_lenders | (batch.fact("hard_enquiries_90d") > limits.hard_enquiries_over.value)


def shared_device(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR10: one device or address, several applicants in 30 days."""
    lowest = limits.applicants_per_device_from.value
    by_device = batch.fact("device_applicants_30d") >= lowest
    return by_device | (batch.fact("ip_applicants_30d") >= lowest)


def emulator(batch: BatchContext, _limits: Filters) -> np.ndarray:
    """FR11: an emulator or a modified device."""
    return batch.fact("is_emulator") == 1


def young_account(batch: BatchContext, limits: Filters) -> np.ndarray:
    """FR12: a new account with a burst of operations."""
    is_young = batch.fact("account_age_days") < limits.young_account_below.value
    return is_young & (batch.fact("operations_1h") > limits.burst_per_hour_over.value)


def large_transfer(batch: BatchContext, limits: Filters) -> np.ndarray:
    """S2-R32, S5-R38: a large single transfer. It raises an alert and nothing more."""
    return batch.fact("largest_transfer") > limits.transfer_alert_over.value


# table: code, action, outcome, facts, words in both languages, function
FILTERS = (
    Filter(
        "FR01", "freeze until a person has looked", "decline",
        ("is_fingerprint_match", "is_biometric_passed"),
        "device fingerprint or biometric check does not match the account",
        "设备指纹或生物识别与账户不符", impersonation,
    ),
    Filter(
        "FR02", "freeze for 24 hours", "refer", ("night_withdrawal", "is_remote_login"),
        "large withdrawal at night or login from another place",
        "夜间大额提现或异地登录", abnormal_transaction,
    ),
    Filter(
        "FR03", "step up: prove to be a person", None,
        ("device_applications_1h", "ip_applications_1h"),
        "several applications from one device or address within an hour",
        "同一设备或网络一小时内多次申请", clustered_applications,
    ),
    Filter(
        "FR04", "second verification of the device", None, ("is_new_device",),
        "login from a new device", "新设备登录", new_device,
    ),
    Filter(
        "FR05", "freeze until verified", "refer", ("is_new_region_90d",),
        "login from a place not seen in 90 days", "近90天未出现过的登录地点", new_region,
    ),
    Filter(
        "FR06", "step up: verify again", None, ("operations_1h",),
        "unusually many operations within an hour", "一小时内操作过于频繁", unusual_frequency,
    ),
    Filter(
        "FR07", "lock for 24 hours", "refer", ("face_failures_24h",),
        "more than three failed face checks within 24 hours",
        "24小时内人脸核验失败超过3次", face_failures,
    ),
    Filter(
        "FR08", "block the payout", None, ("is_payee_match", "is_risky_merchant"),
        "payout to another person's account or to a merchant on the risk list",
        "收款账户非本人或为高风险商户", foreign_payee,
    ),
    Filter(
        "FR09", "refer", "refer", ("active_lenders", "hard_enquiries_90d"),
        "open loans or enquiries at many lenders", "多头借贷", many_lenders,
    ),
    Filter(
        "FR10", "refer", "refer", ("device_applicants_30d", "ip_applicants_30d"),
        "a device or address shared with other applicants",
        "设备或网络与其他申请人共用", shared_device,
    ),
    Filter(
        "FR11", "decline", "decline", ("is_emulator",),
        "emulator or modified device", "模拟器或改装设备", emulator,
    ),
    Filter(
        "FR12", "step up: verify again", None, ("account_age_days", "operations_1h"),
        "a young account with a burst of operations", "新账户短时间内大量操作", young_account,
    ),
    Filter(
        "ALERT", "alert", None, ("largest_transfer",),
        "a single large transfer", "单笔大额转账", large_transfer,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class FilterFindings:
    """What the filters found on a batch.

    `fired` are the filters with their words, `actions` the same with what is done to the account as
    their words, `unknown` the filters of which no fact is known.
    """

    fired: list[RuleHits]
    actions: list[RuleHits]
    unknown: list[RuleHits]


def filter_findings(batch: BatchContext) -> FilterFindings:
    """Apply all filters to every application; none where the rule book has no thresholds."""
    limits = batch.policy.filters
    result = FilterFindings([], [], [])
    if limits is None:
        return result
    for one in FILTERS:
        mask = one.fires(batch, limits)
        is_unknown = all_of(is_null(batch.fact(name)) for name in one.facts)
        words = (one.text_en, one.text_zh)
        if not is_silent(mask):
            result.fired.append(RuleHits.of(one.code, one.outcome, words, mask))
            result.actions.append(RuleHits.of(one.code, None, (one.action, one.action), mask))
        if not is_silent(is_unknown):
            result.unknown.append(RuleHits.of(one.code, None, words, is_unknown))
    return result
