"""Measures the simulated world: one figure for each claim that a source makes about it.

The figures are computed from a sample of applicants: their truth, their raw tables, and the figures
of the portfolio. `claims` compares them with the numbers of the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

# table: columns that claims read of each raw table, beside applicant_id
COLUMNS = {
    "payments": ("event_time", "known_time", "category"),
    "red_packets": ("event_time", "known_time", "direction", "amount_fen"),
    "bills": ("event_time", "known_time", "days_late"),
    "contacts": ("contact_id",),
    "logins": ("event_time", "known_time", "device_id", "is_emulator"),
    "enquiries": ("event_time", "known_time", "kind"),
    "repayments": ("event_time", "known_time", "days_late"),
    "bureau_snapshots": ("event_time", "known_time", "utilisation", "bureau_score"),
    "identity_checks": ("event_time", "known_time", "kind", "is_pass"),
    "contributions": ("event_time", "known_time", "kind"),
}
# Columns that claims read of the applications.
APPLICATION = ("as_of", "is_invited", "pay_score", "opens_per_day")


@dataclass(frozen=True)
class ClaimFigure:
    """A figure, and the number of people or rows behind it."""

    value: float
    n: int


def share(flags: pd.Series) -> ClaimFigure:
    """Return the share of the flags that are set."""
    return ClaimFigure(value=float(flags.mean()), n=len(flags))


@dataclass(frozen=True)
class ClaimSample:
    """A sample of applicants.

    people: truth and application of each, indexed by applicant_id.
    raw: their rows of `COLUMNS` by table.
    meta: how the world was made.
    portfolio: figures of the decisions; empty where there are none.
    """

    people: pd.DataFrame
    raw: Mapping[str, pd.DataFrame]
    meta: Mapping[str, Any]
    portfolio: Mapping[str, Any] = field(default_factory=dict)

    def visible_rows(self, name: str, days: int) -> pd.DataFrame:
        """Return rows of a raw table from the last `days` before `as_of`, and known by then."""
        rows = self.raw[name]
        as_of = self.people["as_of"].reindex(rows["applicant_id"]).to_numpy()
        is_recent = rows["event_time"].to_numpy() >= as_of - pd.Timedelta(days=days)
        return rows[is_recent & (rows["known_time"].to_numpy() < as_of)]

    def per_person(self, counts: pd.Series, among: pd.Series) -> pd.Series:
        """Return counts by applicant_id for the people `among`, 0 where there is none.

        among: a mask over `people`.
        """
        return counts.reindex(self.people.index[among], fill_value=0)


# --- Claims about raw events ---
# Every function takes the sample and returns a figure with the people or rows behind it.

# Hours of the day between which it is night (domain 7.4).
NIGHT_START_HOUR = 23
NIGHT_END_HOUR = 5
# A red-packet gap over this counts as large (domain 7.4).
LARGE_GAP = 0.3
# Share of a person's contacts who are applicants in this world too.
APPLYING_CONTACT_SHARE = 0.1


def _honest_thick(world: ClaimSample) -> pd.Series:
    """Return the mask of honest people with a full file. Claims about habits mean these people."""
    return ~world.people["is_thin"] & ~world.people["is_fraud"]


def payments_5_a_day(world: ClaimSample) -> ClaimFigure:
    """Return the share of honest people with a full file who pay five times a day or more.

    It counts rows of 90 days per day.
    """
    rows = world.visible_rows("payments", 90)
    counts = world.per_person(rows.groupby("applicant_id").size(), _honest_thick(world))
    # A world may hold only a share of all events, `activity_scale`. Dividing by it gives the counts
    # of full activity.
    a_day = counts / 90 / world.meta["activity_scale"]
    return share(a_day >= 5)


def payments_at_night(world: ClaimSample) -> ClaimFigure:
    """Return the share of payments at night, of all payments."""
    hour = world.raw["payments"]["event_time"].dt.hour
    return share((hour >= NIGHT_START_HOUR) | (hour < NIGHT_END_HOUR))


def gambling_like(world: ClaimSample) -> ClaimFigure:
    """Return the share of gambling-like payments, of all payments."""
    return share(world.raw["payments"]["category"] == "gambling_like")


def _gap(world: ClaimSample) -> pd.Series:
    """Return (sent - received) / (sent + received) of six months, of those with any."""
    rows = world.visible_rows("red_packets", 180)
    sums = rows.pivot_table(
        index="applicant_id",
        columns="direction",
        values="amount_fen",
        aggfunc="sum",
        observed=True,
        fill_value=0,
    )
    sums = sums.reindex(sums.index.intersection(world.people.index[_honest_thick(world)]))
    return (sums["sent"] - sums["received"]) / (sums["sent"] + sums["received"])


def red_packet_gap(world: ClaimSample) -> ClaimFigure:
    """Return the share of large gaps, of people with red packets in six months."""
    return share(_gap(world) > LARGE_GAP)


def red_packet_risk(world: ClaimSample) -> ClaimFigure:
    """Return the odds ratio of a gap over 0.3 against the rest.

    It is taken from the true contribution of red packets; n = people with a large gap.
    """
    gap = _gap(world)
    is_large = gap > LARGE_GAP
    effect = world.people.loc[gap.index, "contribution_red_packet_balance"]
    difference = effect[is_large].mean() - effect[gap <= LARGE_GAP].mean()
    return ClaimFigure(value=float(np.exp(difference)), n=int(is_large.sum()))


def bills_on_time(world: ClaimSample) -> ClaimFigure:
    """Return the share of bills paid by the due date, of all bills."""
    return share(world.raw["bills"]["days_late"] == 0)


def degree_200(world: ClaimSample) -> ClaimFigure:
    """Return the share of honest people with a full file who have 200 contacts or more.

    The contacts in this world are a tenth of all.
    """
    degree = world.people.loc[_honest_thick(world), "degree"]
    return share(degree >= 200 * APPLYING_CONTACT_SHARE)


def _contact_correlation(world: ClaimSample, column: str) -> ClaimFigure:
    """Return the correlation of a column of `people` over contact rows within the sample."""
    rows = world.raw["contacts"]
    rows = rows[rows["contact_id"].isin(world.people.index)]
    own = world.people.loc[rows["applicant_id"], column].to_numpy()
    other = world.people.loc[rows["contact_id"], column].to_numpy()
    return ClaimFigure(value=float(np.corrcoef(own, other)[0, 1]), n=len(rows))


def friends_disc(world: ClaimSample) -> ClaimFigure:
    """Return the correlation of discipline over contact rows within the sample."""
    return _contact_correlation(world, "trait_disc")


def friends_luck(world: ClaimSample) -> ClaimFigure:
    """Return the correlation of the unseen shock over contact rows within the sample."""
    return _contact_correlation(world, "shock_u")


def _devices(world: ClaimSample, days: int) -> pd.Series:
    """Return the number of distinct devices of each honest person."""
    rows = world.visible_rows("logins", days)
    devices = rows.groupby("applicant_id")["device_id"].nunique()
    return world.per_person(devices, ~world.people["is_fraud"])


def devices_2(world: ClaimSample) -> ClaimFigure:
    """Return the share of honest people with two devices or more in 180 days."""
    return share(_devices(world, 180) >= 2)


def devices_3(world: ClaimSample) -> ClaimFigure:
    """Return the share of honest people with three devices or more in 180 days."""
    return share(_devices(world, 180) >= 3)


def device_changes(world: ClaimSample) -> ClaimFigure:
    """Return what three devices or more in 90 days add to the log-odds, against fewer.

    It is the mean true contribution of device constancy; n = people with so many.
    """
    has_many = _devices(world, 90) >= 3
    effect = world.people.loc[has_many.index, "contribution_device_constancy"]
    difference = effect[has_many].mean() - effect[~has_many].mean()
    return ClaimFigure(value=float(difference), n=int(has_many.sum()))


def _emulators(world: ClaimSample, is_fraud: bool) -> ClaimFigure:
    """Return the share of emulator logins, of the logins of frauds or of honest people."""
    rows = world.raw["logins"]
    of_fraud = world.people["is_fraud"].reindex(rows["applicant_id"]).to_numpy()
    return share(rows["is_emulator"][of_fraud == is_fraud])


def emulators_honest(world: ClaimSample) -> ClaimFigure:
    """Return the share of emulator logins, of the logins of honest people."""
    return _emulators(world, False)


def emulators_fraud(world: ClaimSample) -> ClaimFigure:
    """Return the share of emulator logins, of the logins of frauds."""
    return _emulators(world, True)


def enquiries_over_4(world: ClaimSample) -> ClaimFigure:
    """Return the share of people with more than four hard enquiries in 90 days.

    They are the people whom the bureau knows and who consent.
    """
    rows = world.visible_rows("enquiries", 90)
    hard = rows[rows["kind"] == "hard"].groupby("applicant_id").size()
    return share(world.per_person(hard, world.people["present_bureau"]) > 4)


def no_overdue(world: ClaimSample) -> ClaimFigure:
    """Return the share without an instalment 30 days late, of people with instalments."""
    rows = world.visible_rows("repayments", 365)
    return share(rows.groupby("applicant_id")["days_late"].max() < 30)


def utilisation(world: ClaimSample) -> ClaimFigure:
    """Return the mean use of card lines, of monthly statements with a card."""
    used = world.raw["bureau_snapshots"]["utilisation"]
    return ClaimFigure(value=float(used.mean()), n=int(used.notna().sum()))


def bureau_score(world: ClaimSample) -> ClaimFigure:
    """Return the mean bureau score, of monthly statements with a score."""
    score = world.raw["bureau_snapshots"]["bureau_score"]
    return ClaimFigure(value=float(score.mean()), n=int(score.notna().sum()))


def face_retry(world: ClaimSample) -> ClaimFigure:
    """Return the share with a failed attempt, of people whose face was checked."""
    # Longer than a year, so that no attempt of the twelve months is left out.
    rows = world.visible_rows("identity_checks", 400)
    has_passed_all = rows[rows["kind"] == "face"].groupby("applicant_id")["is_pass"].min()
    return share(~has_passed_all.astype(bool))


# --- Claims about people, risk and policy ---
# From truth and decisions.

# Share of applicants who pass, where a claim compares pass rates (domain 7.7).
PASS_SHARE = 0.68
WHITE_COLLAR = "white_collar"
BLUE_COLLAR = "blue_collar"
MERCHANT = "micro_merchant"
# Life shocks strike in the two years round the application.
LIFE_SHOCK_MONTHS = 24.0
# Months of housing fund that count as a full year: 11, because the latest month may not be known
# yet.
FULL_YEAR_MONTHS = 11


def covered_blue_collar(world: ClaimSample) -> ClaimFigure:
    """Return the share of blue collar whose file is not thin."""
    return share(~world.people.loc[world.people["segment"] == BLUE_COLLAR, "is_thin"])


def life_shocks(world: ClaimSample) -> ClaimFigure:
    """Return the monthly rate of life shocks, from the share of people struck."""
    is_struck = world.people["life_shock"].notna()
    rate = -np.log1p(-is_struck.mean()) / LIFE_SHOCK_MONTHS
    return ClaimFigure(value=float(rate), n=len(is_struck))


def bad_rate(world: ClaimSample) -> ClaimFigure:
    """Return the mean true PD at neutral macro, of everyone."""
    return ClaimFigure(value=float(world.people["pd_neutral"].mean()), n=len(world.people))


def first_payment_default(world: ClaimSample) -> ClaimFigure:
    """Return the share of first-payment defaults, of frauds that default.

    These default in the first month that can be 90 days late.
    """
    is_defaulted_fraud = world.people["is_fraud"] & world.people["defaulted"]
    month = world.people.loc[is_defaulted_fraud, "default_month"]
    return share(month == world.people["default_month"].min())


def pay_score_600(world: ClaimSample) -> ClaimFigure:
    """Return the share with a payment score of 600 or more, of the invited."""
    return share(world.people.loc[world.people["is_invited"], "pay_score"] >= 600)


def opens_3(world: ClaimSample) -> ClaimFigure:
    """Return the share that opens three times a day or more, of the invited."""
    return share(world.people.loc[world.people["is_invited"], "opens_per_day"] >= 3)


def _passes(world: ClaimSample) -> pd.Series:
    """Return whether each person is among the best 68 % by the PD of the oracle."""
    return world.people["pd_oracle"].rank(pct=True) <= PASS_SHARE


def contributions_uplift(world: ClaimSample) -> ClaimFigure:
    """Return the ratio of pass rates of people with a full year of housing fund against fewer.

    A full year is 11 known months or more; n = people with so many.
    """
    rows = world.visible_rows("contributions", 365)
    months = rows[rows["kind"] == "housing_fund"].groupby("applicant_id").size()
    has_consented = world.people["present_assets"]
    is_full = world.per_person(months, has_consented) >= FULL_YEAR_MONTHS
    passes = _passes(world)[has_consented]
    ratio = passes[is_full].mean() / passes[~is_full].mean()
    return ClaimFigure(value=float(ratio), n=int(is_full.sum()))


def merchant_uplift(world: ClaimSample) -> ClaimFigure:
    """Return the pass rate of micro-merchants less that of white collar; n = micro-merchants."""
    passes = _passes(world)
    is_merchant = world.people["segment"] == MERCHANT
    is_white_collar = world.people["segment"] == WHITE_COLLAR
    difference = passes[is_merchant].mean() - passes[is_white_collar].mean()
    return ClaimFigure(value=float(difference), n=int(is_merchant.sum()))


def _figure(world: ClaimSample, name: str) -> ClaimFigure | None:
    """Return a figure of the portfolio; None where there is none."""
    value = world.portfolio.get(name)
    return None if value is None else ClaimFigure(float(value), int(world.portfolio["n"]))


def approval(world: ClaimSample) -> ClaimFigure | None:
    """Return the approval rate of the out-of-time months."""
    return _figure(world, "approval_rate")


def bad_rate_approved(world: ClaimSample) -> ClaimFigure | None:
    """Return the true bad rate of the approved of the out-of-time months."""
    return _figure(world, "bad_rate_approved_true")


def mean_rate(world: ClaimSample) -> ClaimFigure | None:
    """Return the mean yearly all-in rate (IRR x 12) of the offers of the out-of-time months."""
    return _figure(world, "mean_apr_irr12")
