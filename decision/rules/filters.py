"""The twelve risk filters FR01-FR12 and the transfer alert (domain 0.13), each on its own view of events (S5-R39; the mechanisms of
S1-R51 are FR01, FR03, FR08 and FR09, four where its text says three, C22).

What a filter does to the account (`action`) is told beside the decision; `outcome` is what it does to the decision, None = nothing: a
freeze, a lock or a suspicion leaves the case to a person, a step-up or a block holds back the money and not the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..rulebook.policy import Filters
from .batch_context import BatchContext, RuleHits


@dataclass(frozen=True)
class Filter:
    """One filter; `fires` reads `facts`, and where all of them are unknown the filter is not assessed."""

    code: str
    action: str
    outcome: Literal["decline", "refer"] | None
    facts: tuple[str, ...]
    text_en: str
    text_zh: str
    fires: Callable[[BatchContext, Filters], np.ndarray]


def impersonation(case: BatchContext, _limits: Filters) -> np.ndarray:
    """FR01, S1-R57: foreign fingerprint or failed biometrics; the freeze becomes permanent only after a person looked (PIPL 24)."""
    return (case.fact("is_fingerprint_match") == 0) | (case.fact("is_biometric_passed") == 0)


def abnormal_transaction(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR02, S1-R58: large withdrawal at night, or login from far away."""
    return (case.fact("night_withdrawal") >= limits.night_withdrawal_from.value) | (
        case.fact("is_remote_login") == 1
    )


def clustered_applications(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR03, S1-R52: many applications within an hour from one device or address."""
    least = limits.applications_per_hour_from.value
    return (case.fact("device_applications_1h") >= least) | (
        case.fact("ip_applications_1h") >= least
    )


def new_device(case: BatchContext, _limits: Filters) -> np.ndarray:
    """FR04, S5-R40: a device not seen before and not yet verified a second time."""
    return (case.fact("is_new_device") == 1) & (case.fact("is_device_verified") != 1)


def new_region(case: BatchContext, _limits: Filters) -> np.ndarray:
    """FR05, S5-R41: a region not seen in 90 days; holiday travel with the usual device is exempt."""
    return (case.fact("is_new_region_90d") == 1) & (case.fact("is_holiday_same_device") != 1)


def unusual_frequency(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR06, S5-R42."""
    return case.fact("operations_1h") > limits.operations_per_hour_over.value


def face_failures(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR07, S5-R15."""
    return case.fact("face_failures_24h") > limits.face_failures_over.value


def foreign_payee(case: BatchContext, _limits: Filters) -> np.ndarray:
    """FR08, S1-R54, S1-R61: another person's account, or a merchant on the risk list."""
    return (case.fact("is_payee_match") == 0) | (case.fact("is_risky_merchant") == 1)


def many_lenders(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR09, S1-R53: borrowing from many lenders at once."""
    lenders, enquiries = case.fact("active_lenders"), case.fact("hard_enquiries_90d")
    return (lenders > limits.active_lenders_over.value) | (
        enquiries > limits.hard_enquiries_over.value
    )


def shared_device(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR10: one device or address, several applicants in 30 days."""
    least = limits.applicants_per_device_from.value
    return (case.fact("device_applicants_30d") >= least) | (case.fact("ip_applicants_30d") >= least)


def emulator(case: BatchContext, _limits: Filters) -> np.ndarray:
    """FR11."""
    return case.fact("is_emulator") == 1


def young_account(case: BatchContext, limits: Filters) -> np.ndarray:
    """FR12: a new account with a burst of operations."""
    is_young = case.fact("account_age_days") < limits.young_account_below.value
    return is_young & (case.fact("operations_1h") > limits.burst_per_hour_over.value)


def large_transfer(case: BatchContext, limits: Filters) -> np.ndarray:
    """S2-R32, S5-R38: watched, nothing more."""
    return case.fact("largest_transfer") > limits.transfer_alert_over.value


FILTERS = (
    Filter(
        "FR01", "freeze until a person has looked", "decline", ("is_fingerprint_match", "is_biometric_passed"),
        "device fingerprint or biometric check does not match the account", "设备指纹或生物识别与账户不符", impersonation,
    ),
    Filter(
        "FR02", "freeze for 24 hours", "refer", ("night_withdrawal", "is_remote_login"),
        "large withdrawal at night or login from another place", "夜间大额提现或异地登录", abnormal_transaction,
    ),
    Filter(
        "FR03", "step up: prove to be a person", None, ("device_applications_1h", "ip_applications_1h"),
        "several applications from one device or address within an hour", "同一设备或网络一小时内多次申请", clustered_applications,
    ),
    Filter(
        "FR04", "second verification of the device", None, ("is_new_device",), "login from a new device", "新设备登录", new_device,
    ),
    Filter(
        "FR05", "freeze until verified", "refer", ("is_new_region_90d",),
        "login from a place not seen in 90 days", "近90天未出现过的登录地点", new_region,
    ),
    Filter(
        "FR06", "step up: verify again", None, ("operations_1h",), "unusually many operations within an hour", "一小时内操作过于频繁",
        unusual_frequency,
    ),
    Filter(
        "FR07", "lock for 24 hours", "refer", ("face_failures_24h",), "more than three failed face checks within 24 hours",
        "24小时内人脸核验失败超过3次", face_failures,
    ),
    Filter(
        "FR08", "block the payout", None, ("is_payee_match", "is_risky_merchant"),
        "payout to another person's account or to a merchant on the risk list", "收款账户非本人或为高风险商户", foreign_payee,
    ),
    Filter(
        "FR09", "refer", "refer", ("active_lenders", "hard_enquiries_90d"), "open loans or enquiries at many lenders", "多头借贷",
        many_lenders,
    ),
    Filter(
        "FR10", "refer", "refer", ("device_applicants_30d", "ip_applicants_30d"),
        "a device or address shared with other applicants", "设备或网络与其他申请人共用", shared_device,
    ),
    Filter("FR11", "decline", "decline", ("is_emulator",), "emulator or modified device", "模拟器或改装设备", emulator),
    Filter(
        "FR12", "step up: verify again", None, ("account_age_days", "operations_1h"), "a young account with a burst of operations",
        "新账户短时间内大量操作", young_account,
    ),
    Filter("ALERT", "alert", None, ("largest_transfer",), "a single large transfer", "单笔大额转账", large_transfer),
)  # fmt: skip


@dataclass(frozen=True)
class Filtered:
    """Filters that fired, the same with what is done to the account as their words, and filters of which no fact is known."""

    fired: list[RuleHits]
    actions: list[RuleHits]
    unknown: list[RuleHits]


def filtered(case: BatchContext) -> Filtered:
    """All filters on every application; none where the rule book has no thresholds."""
    limits = case.policy.filters
    if limits is None:
        return Filtered([], [], [])
    fired = [
        RuleHits(f.code, f.outcome, f.text_en, f.text_zh, f.fires(case, limits)) for f in FILTERS
    ]
    actions = [
        RuleHits(f.code, None, f.action, f.action, one.mask)
        for f, one in zip(FILTERS, fired, strict=True)
    ]
    unknown = [RuleHits(f.code, None, f.text_en, f.text_zh, _is_unknown(case, f)) for f in FILTERS]
    return Filtered(fired, actions, unknown)


def _is_unknown(case: BatchContext, one: Filter) -> np.ndarray:
    return np.logical_and.reduce([np.isnan(case.fact(name)) for name in one.facts])
