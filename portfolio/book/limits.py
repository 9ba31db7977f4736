"""Define the rules on a line, each a pure function of the history.

A line is frozen, suspended, cut, increased, or increased for a while. All arrays hold one value per
account; money in fen. A null never fires a rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditloom.portfolio.book.account_history import Floats, History
from creditloom.portfolio.book.review_rules import (
    FEN_PER_CNY,
    Collections,
    Decrease,
    Freeze,
    Increase,
    IncreaseStep,
    Suspend,
    Temporary,
)

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
# Months over which an increase, once drawn, is repaid.
INSTALMENTS = 12


def is_overdue(accounts: History, rules: Freeze) -> Flags:
    """Return who is overdue: one day freezes drawdowns (S3-R44)."""
    return accounts.now("dpd_days") >= rules.dpd_from.value


def is_not_yet_cured(accounts: History, rules: Freeze) -> Flags:
    """Return who repaid, but not within 72 hours: frozen until three good months (S3-R47)."""
    days_late = accounts.of("days_late", int(rules.clean_months.value))
    is_late = days_late > rules.repaid_within.value
    return np.asarray(is_late.any(axis=1) & ~is_overdue(accounts, rules))


def is_inactive(accounts: History, rules: Suspend) -> Flags:
    """Return who made under three payments in each of two months (S3-R46)."""
    payments = accounts.of("n_payments", int(rules.payment_months.value))
    return np.asarray((payments < rules.payments_under.value).all(axis=1))


def has_low_pay_score(accounts: History, rules: Suspend) -> Flags:
    """Return who has a payment score under 500 (S4-R36)."""
    return accounts.now("pay_score") < rules.pay_score_under.value


def is_reported(accounts: History, rules: Collections) -> tuple[Flags, Flags]:
    """Return whom the bureau hears of as overdue, and of whom it hears for the first time.

    From more than seven days past due on (S1-R40, S2-R36); a month that is not known was on time.
    """
    is_late = accounts.of("dpd_days", 2) >= rules.report_from.value
    now = is_late[:, 0]
    # An account of one month has no month before.
    before = is_late[:, 1:].any(axis=1)
    return now, now & ~before


def asks_everywhere(accounts: History, rules: Decrease) -> Flags:
    """Return who has more than four hard enquiries in 90 days (S1-R59)."""
    enquiries = accounts.of("n_hard_enquiries", int(rules.enquiry_months.value))
    return np.nansum(enquiries, axis=1) > rules.enquiries_over.value


def has_fallen(tier: Whole, tier_before: Whole, rules: Decrease) -> Flags:
    """Return who is two tiers or more below the tier of the last change (domain 6)."""
    return np.asarray(tier - tier_before >= rules.tiers_fallen.value)


def debt_to_income(accounts: History, months: int, extra_fen: Floats | float = 0.0) -> Floats:
    """Return (instalment here + debt service elsewhere + extra / 12) / inflow (S3-R45).

    All are means of `months`; null without inflow.
    """
    # No file of other lenders counts as no debt there: the rule must not fire on what is not known.
    elsewhere = np.nan_to_num(accounts.mean("other_debt_service_fen", months))
    extra = np.asarray(extra_fen) / INSTALMENTS
    service = accounts.mean("due_fen", months) + elsewhere + extra
    inflow = accounts.mean("inflow_fen", months)
    return np.divide(service, inflow, out=np.full(accounts.size, np.nan), where=inflow > 0)


def is_over_indebted(accounts: History, rules: Decrease, extra_fen: Floats | float = 0.0) -> Flags:
    """Return whose debt service takes over half of the inflow (S3-R45)."""
    share = debt_to_income(accounts, int(rules.enquiry_months.value), extra_fen)
    return np.asarray(share > rules.dti_over.value)


def is_on_time(accounts: History, months: float) -> Flags:
    """Return who paid every one of the last months on time (S2-R31, S5-R31)."""
    return np.asarray(accounts.on_time[:, : int(months)].all(axis=1))


def is_cooled(month: Whole, changed_month: Whole, rules: Increase) -> Flags:
    """Return whose line has not changed for ninety days (domain 6)."""
    return month - changed_month >= rules.cool_down.value


def comes_up(month: Whole, limit_fen: Whole, bands: tuple[IncreaseStep, ...]) -> Flags:
    """Return whose line comes up for increase in this month on book.

    Lines up to 5,000 come up every 3 months, up to 50,000 every 6, above every 12 (S3-R30..R32).
    """
    every = np.array([band.every.value for band in bands])
    # "Up to" includes the edge, so the search is from the left. The last band has no upper edge.
    edges = [band.up_to.value * FEN_PER_CNY for band in bands[:-1]]
    band = np.searchsorted(edges, limit_fen, side="left")
    return (month > 0) & (month % every[band] == 0)


def is_used(accounts: History, rules: Increase) -> Flags:
    """Return whose use of the line lies between 30 % and 90 %, mean of three months (domain 6)."""
    months = int(rules.on_time_months.value)
    limit = accounts.mean("limit_fen", months)
    balance = accounts.mean("balance_fen", months)
    # A line of 0 is not used.
    used = np.divide(balance, limit, out=np.zeros(accounts.size), where=limit > 0)
    return (used >= rules.utilisation_low.value) & (used <= rules.utilisation_high.value)


def has_assets(accounts: History, rules: Increase) -> Flags:
    """Return who has 10,000 yuan of LQT on average, with LCT held (S5-R29)."""
    months = int(rules.on_time_months.value)
    lqt = accounts.mean("lqt_balance_fen", months)
    lct = accounts.mean("lct_balance_fen", months)
    has_lqt = lqt >= rules.lqt_from.value * FEN_PER_CNY
    return has_lqt & (lct >= rules.lct_from.value * FEN_PER_CNY)


def has_proofs(accounts: History, rules: Increase) -> Flags:
    """Return who gave two asset proofs or more (S5-R43)."""
    return accounts.now("n_asset_proofs") >= rules.proofs_from.value


def is_active(accounts: History, rules: Temporary) -> Flags:
    """Return who made five payments a day over the last month (S2-R26)."""
    return accounts.now("n_payments") >= rules.payments_from.value


def increased_limits(limit_fen: Whole, ceiling_fen: Whole, rules: Increase) -> Whole:
    """Return the line with a quarter more, rounded down to 100 yuan.

    It is at most the ceiling and the product's maximum, and never less than it was.
    """
    step = int(rules.step_to.value * FEN_PER_CNY)
    wanted = np.floor(limit_fen * (1.0 + rules.step.value) / step).astype(np.int64) * step
    top = np.minimum(ceiling_fen, int(rules.maximum.value * FEN_PER_CNY))
    # Last: a ceiling that has fallen since is no reason to cut here.
    return np.maximum(np.minimum(wanted, top), limit_fen)


def cut(limit_fen: Whole, factor: float, rules: Increase, least: Decrease) -> Whole:
    """Return the line times a factor, rounded down to 100 yuan.

    What falls under the minimum is closed (0).
    """
    step = int(rules.step_to.value * FEN_PER_CNY)
    lower = np.floor(limit_fen * factor / step).astype(np.int64) * step
    return np.where(lower < least.minimum.value * FEN_PER_CNY, 0, lower)
