"""Claims about arrears and default of booked loans, from the raw tables alone.

Default is what a lender sees: 90 days past due, or a restructuring because of arrears.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims import loan_path
from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample
from creditloom.models.evaluation.world_claims.loan_path import LoanPath
from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.metrics import auc

# Instalments fall due on the day of the application, moved between these days of the month, from
# the month after it on (domain 7.5).
DUE_DAYS = (3, 27)
# Month ends that count as early (claims.yaml early_late_auc).
EARLY_MONTHS = 3
# A default counts as early if it has come by this month (domain 7.5).
EARLY_DEFAULT_MONTH = 6
# Months in a row without arrears after which a restructured account is cured (EBA/GL/2016/07).
PROBATION_MONTHS = 3
# Arrears are material above both: yuan, and share of what is owed.
MATERIAL_CNY = 100.0
MATERIAL_SHARE = 0.01
# Instalments unpaid at the first month end with 90 days past due.
UNPAID_AT_DEFAULT = 4
# A short loan is bad at so many days past due, within so many days of booking (domain 0.12).
SHORT_BAD_DPD = 30
SHORT_DAYS = 45
DAYS_PER_RATE_MONTH = 30.0


def _rate(flags: Mask) -> ClaimFigure:
    """Return the share of flags that are set; NaN of no flags."""
    return ClaimFigure(float(flags.mean()) if flags.size else float("nan"), int(flags.size))


def _count(flags: Mask, n: int) -> ClaimFigure:
    return ClaimFigure(float(flags.sum()), n)


def dpd_steps(world: ClaimSample) -> ClaimFigure:
    """Return the number of month ends at which days past due rose by more than the days passed."""
    path = world.booked
    is_impossible = np.diff(path.dpd, axis=1) > np.diff(path.day, axis=1)
    return _count(is_impossible, path.dpd.size)


def dpd_beyond_time(world: ClaimSample) -> ClaimFigure:
    """Return the number of month ends with more days past due than since the first due date."""
    path = world.booked
    as_of = world.people.set_index("application_id")["as_of"].reindex(path.application_id)
    next_month = as_of.to_numpy().astype("datetime64[M]") + 1
    # Bounds of the contract of these loans: no instalment falls due on other days.
    day_of_month = np.clip(as_of.dt.day.to_numpy(), *DUE_DAYS)
    first_due = next_month.astype("datetime64[D]").astype(np.int64) + day_of_month - 1
    return _count(path.dpd > path.day - first_due[:, None], path.dpd.size)


def early_late_auc(world: ClaimSample) -> ClaimFigure:
    """Return the AUC of days late, 1-29, at the first three month ends, for default by month 12."""
    path = world.booked
    early = path.dpd[:, :EARLY_MONTHS]
    late = np.where(early < loan_path.LATE_DPD, early, 0).max(axis=1)
    is_bad = path.default_month > 0
    return ClaimFigure(float(auc(is_bad, late)), int(is_bad.size))


def roll_current_m1(world: ClaimSample) -> ClaimFigure:
    """Return the share of current accounts that are 1-29 days past due a month later."""
    return _rate(loan_path.rolled(world.booked, loan_path.CURRENT))


def roll_m1_m2(world: ClaimSample) -> ClaimFigure:
    """Return the share of accounts 1-29 days past due that are 30-59 a month later."""
    return _rate(loan_path.rolled(world.booked, loan_path.M1))


def roll_m2_m3(world: ClaimSample) -> ClaimFigure:
    """Return the share of accounts 30-59 days past due that are 60-89 a month later."""
    return _rate(loan_path.rolled(world.booked, loan_path.M2))


def roll_m3_bad(world: ClaimSample) -> ClaimFigure:
    """Return the share of accounts 60-89 days past due that are 90 or more a month later."""
    return _rate(loan_path.rolled(world.booked, loan_path.M3))


def cure_m1(world: ClaimSample) -> ClaimFigure:
    """Return the share of accounts 1-29 days past due that are current a month later."""
    return _rate(loan_path.paid_up(world.booked, (loan_path.M1,), 1))


def cure_m2_m3(world: ClaimSample) -> ClaimFigure:
    """Return the share of accounts 30-89 days past due that are current three months later."""
    buckets = (loan_path.M2, loan_path.M3)
    return _rate(loan_path.paid_up(world.booked, buckets, loan_path.CURE_MONTHS))


def redefault(world: ClaimSample) -> ClaimFigure:
    """Return the odds ratio of 90 days past due, cured against never late; n = month ends cured."""
    bad_again, fine, bad_first, never = loan_path.redefault_counts(world.booked)
    n = bad_again + fine
    if not (fine and bad_first):
        return ClaimFigure(float("nan"), n)
    return ClaimFigure((bad_again / fine) / (bad_first / never), n)


def indeterminate(world: ClaimSample) -> ClaimFigure:
    """Return the share of loans at worst 30-89 days past due within twelve months."""
    path = world.booked
    is_late = path.dpd.max(axis=1) >= loan_path.LATE_DPD
    return _rate(is_late & (path.default_month == 0))


def _defaulted(path: LoanPath) -> Mask:
    """Return, for each loan in default within twelve months, whether it began as restructured."""
    month = path.default_month
    is_bad = month > 0
    return np.asarray(path.is_restructured[is_bad, month[is_bad] - 1])


def unlikely_to_pay(world: ClaimSample) -> ClaimFigure:
    """Return the share of defaults that come by restructuring and not by 90 days past due."""
    return _rate(_defaulted(world.booked))


def restructured_share(world: ClaimSample) -> ClaimFigure:
    """Return the share restructured of accounts that reach 60 days past due."""
    path = world.booked
    is_restructured = np.asarray(path.is_restructured.any(axis=1))
    return _rate(is_restructured[path.dpd.max(axis=1) >= loan_path.BUCKET_EDGES[2]])


def probation(world: ClaimSample) -> ClaimFigure:
    """Return the number of restructured accounts shown as cured too early; n = those cured.

    The raw tables show the status of a restructured account only: of the others they show days past
    due and no word of cure.
    """
    path = world.booked
    is_cured = path.is_restructured[:, :-1] & ~path.is_restructured[:, 1:]
    account, before = np.nonzero(is_cured)
    months = before[:, None] + 1 - np.arange(PROBATION_MONTHS)
    # A month before the first one has no arrears to show: booking itself is no cure.
    behind = (path.dpd[account[:, None], np.maximum(months, 0)] > 0) | (months < 0)
    return _count(behind.any(axis=1), int(account.size))


def defaults_by_month_6(world: ClaimSample) -> ClaimFigure:
    """Return the share of the defaults of twelve months that have come by month 6."""
    month = world.booked.default_month
    return _rate(month[month > 0] <= EARLY_DEFAULT_MONTH)


def materiality(world: ClaimSample) -> ClaimFigure:
    """Return the number of accounts 90 days past due whose arrears are immaterial.

    At that month's end four instalments are open. n = accounts 90 days past due.
    """
    path = world.booked
    is_bad = (path.dpd >= loan_path.BAD_DPD).any(axis=1)
    loans = world.raw["loans"].set_index("application_id").loc[path.application_id[is_bad]]
    monthly = loans["daily_rate"] * DAYS_PER_RATE_MONTH
    principal_cny = loans["principal_fen"] / 100.0
    instalment = principal_cny * monthly / (1.0 - (1.0 + monthly) ** -loans["tenor_months"])
    arrears = UNPAID_AT_DEFAULT * instalment
    # All instalments together are the most that can be owed.
    owed = instalment * loans["tenor_months"]
    is_material = (arrears > MATERIAL_CNY) & (arrears > MATERIAL_SHARE * owed)
    return _count((~is_material).to_numpy(), int(is_bad.sum()))


def _short_bad(world: ClaimSample) -> pd.Series:
    """Return whether each short loan is bad, by application_id."""
    rows = world.raw["short_loan_performance"]
    rows = rows[rows["day_on_book"] <= SHORT_DAYS]
    return rows.groupby("application_id")["dpd_days"].max() >= SHORT_BAD_DPD


def short_bad_rate(world: ClaimSample) -> ClaimFigure:
    """Return the share of short loans 30 days past due within 45 days."""
    return _rate(_short_bad(world).to_numpy())


def cross_default(world: ClaimSample) -> ClaimFigure:
    """Return P(default on the twelve-month loan | default on the short loan of the same month)."""
    path = world.booked
    is_bad = pd.Series(path.default_month > 0, index=path.application_id)
    short = _short_bad(world)
    both = is_bad.reindex(short.index[short]).dropna()
    return _rate(both.to_numpy(bool))
