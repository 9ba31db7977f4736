"""The rules on a line, each a pure function of the history: frozen, suspended, cut, increased, increased for a while.

All arrays hold one value per account; money in fen. A null never fires a rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.review_rules import (
    Decrease,
    Freeze,
    Increase,
    IncreaseStep,
    Suspend,
    Temporary,
)

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
FEN = 100.0
INSTALMENTS = 12  # months over which an increase, once drawn, is repaid


def is_overdue(seen: History, rules: Freeze) -> Flags:
    """One day overdue freezes drawdowns (S3-R44)."""
    return seen.now("dpd_days") >= rules.dpd_from.value


def is_not_yet_cured(seen: History, rules: Freeze) -> Flags:
    """Repaid, but not within 72 hours: frozen until three good months have passed (S3-R47)."""
    late = seen.of("days_late", int(rules.clean_months.value)) > rules.repaid_within.value
    return np.asarray(late.any(axis=1) & ~is_overdue(seen, rules))


def is_inactive(seen: History, rules: Suspend) -> Flags:
    """Under three payments in each of two months (S3-R46)."""
    few = seen.of("n_payments", int(rules.payment_months.value)) < rules.payments_under.value
    return np.asarray(few.all(axis=1))


def has_low_pay_score(seen: History, rules: Suspend) -> Flags:
    """Payment score under 500 (S4-R36)."""
    return seen.now("pay_score") < rules.pay_score_under.value


def asks_everywhere(seen: History, rules: Decrease) -> Flags:
    """More than four hard enquiries in 90 days (S1-R59)."""
    return (
        np.nansum(seen.of("n_hard_enquiries", int(rules.enquiry_months.value)), axis=1)
        > rules.enquiries_over.value
    )


def has_fallen(tier: Whole, tier_before: Whole, rules: Decrease) -> Flags:
    """Two tiers or more below the tier of the last change (domain 6)."""
    return np.asarray(tier - tier_before >= rules.tiers_fallen.value)


def debt_to_income(seen: History, months: int, extra_fen: Floats | float = 0.0) -> Floats:
    """(instalment here + debt service elsewhere + extra / 12) / inflow, means of `months`; null without inflow (S3-R45)."""
    service = (
        seen.mean("due_fen", months)
        + np.nan_to_num(seen.mean("other_debt_service_fen", months))
        + np.asarray(extra_fen) / INSTALMENTS
    )
    inflow = seen.mean("inflow_fen", months)
    return np.divide(service, inflow, out=np.full(seen.size, np.nan), where=inflow > 0)


def is_over_indebted(seen: History, rules: Decrease, extra_fen: Floats | float = 0.0) -> Flags:
    """Debt service over half of the inflow (S3-R45)."""
    return np.asarray(
        debt_to_income(seen, int(rules.enquiry_months.value), extra_fen) > rules.dti_over.value
    )


def is_on_time(seen: History, months: float) -> Flags:
    """Every one of the last months paid on time (S2-R31, S5-R31)."""
    return np.asarray(seen.on_time[:, : int(months)].all(axis=1))


def is_cooled(month: Whole, changed_month: Whole, rules: Increase) -> Flags:
    """Ninety days since the last change of the line (domain 6)."""
    return month - changed_month >= rules.cool_down.value


def comes_up(month: Whole, limit_fen: Whole, bands: tuple[IncreaseStep, ...]) -> Flags:
    """Lines up to 5,000 come up every 3 months, up to 50,000 every 6, above every 12 (S3-R30..R32)."""
    every = np.array([band.every.value for band in bands])
    band = np.searchsorted([band.up_to.value * FEN for band in bands[:-1]], limit_fen, side="left")
    return (month > 0) & (month % every[band] == 0)


def is_used(seen: History, rules: Increase) -> Flags:
    """Use of the line between 30 % and 90 %, mean of three months (domain 6)."""
    months = int(rules.on_time_months.value)
    limit = seen.mean("limit_fen", months)
    used = np.divide(
        seen.mean("balance_fen", months), limit, out=np.zeros(seen.size), where=limit > 0
    )
    return (used >= rules.utilisation_low.value) & (used <= rules.utilisation_high.value)


def has_assets(seen: History, rules: Increase) -> Flags:
    """10,000 yuan of LQT on average, with LCT held (S5-R29)."""
    months = int(rules.on_time_months.value)
    enough = seen.mean("lqt_balance_fen", months) >= rules.lqt_from.value * FEN
    return enough & (seen.mean("lct_balance_fen", months) >= rules.lct_from.value * FEN)


def has_proofs(seen: History, rules: Increase) -> Flags:
    """Two asset proofs or more (S5-R43)."""
    return seen.now("n_asset_proofs") >= rules.proofs_from.value


def is_active(seen: History, rules: Temporary) -> Flags:
    """Five payments a day over the last month (S2-R26)."""
    return seen.now("n_payments") >= rules.payments_from.value


def increased(limit_fen: Whole, ceiling_fen: Whole, rules: Increase) -> Whole:
    """A quarter more, rounded down to 100 yuan, at most the ceiling and the product's maximum; never less than it was."""
    step = int(rules.step_to.value * FEN)
    wanted = np.floor(limit_fen * (1.0 + rules.step.value) / step).astype(np.int64) * step
    top = np.minimum(ceiling_fen, int(rules.maximum.value * FEN))
    return np.maximum(np.minimum(wanted, top), limit_fen)


def cut(limit_fen: Whole, factor: float, rules: Increase, least: Decrease) -> Whole:
    """The line times a factor, rounded down to 100 yuan; what falls under the minimum is closed (0)."""
    step = int(rules.step_to.value * FEN)
    lower = np.floor(limit_fen * factor / step).astype(np.int64) * step
    return np.where(lower < least.minimum.value * FEN, 0, lower)
