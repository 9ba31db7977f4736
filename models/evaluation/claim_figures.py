"""What a claim about the world is judged by: a sample of applicants, their truth, their raw tables, and the figures of the portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = {  # what claims read of each raw table, beside applicant_id
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
APPLICATION = ("as_of", "is_invited", "pay_score", "opens_per_day")


@dataclass(frozen=True)
class ClaimFigure:
    """A figure and what it rests on."""

    value: float
    n: int


def share(flags: pd.Series) -> ClaimFigure:
    """How many of the flags are set."""
    return ClaimFigure(float(flags.mean()), len(flags))


@dataclass(frozen=True)
class ClaimSample:
    """`people`: truth and application of a sample, indexed by applicant_id; `raw`: their rows of `COLUMNS`; `meta`: how it was made."""

    people: pd.DataFrame
    raw: Mapping[str, pd.DataFrame]
    meta: Mapping[str, Any]
    portfolio: Mapping[str, Any] = field(default_factory=dict)

    def seen(self, name: str, days: int) -> pd.DataFrame:
        """Rows of a raw table of the last `days` before the application and known by then."""
        rows = self.raw[name]
        as_of = self.people["as_of"].reindex(rows["applicant_id"]).to_numpy()
        recent = rows["event_time"].to_numpy() >= as_of - pd.Timedelta(days=days)
        return rows[recent & (rows["known_time"].to_numpy() < as_of)]

    def per_person(self, counts: pd.Series, among: pd.Series) -> pd.Series:
        """Counts by applicant_id for the people `among` (a mask over `people`), 0 where there is none."""
        return counts.reindex(self.people.index[among], fill_value=0)


# What raw events say of the claims about them; every function takes the sample and gives a figure and the people or rows behind it.

NIGHT = (23, 5)
GAP = 0.3
SAMPLED = 0.1  # of a person's contacts, who apply here too


def _thick(world: ClaimSample) -> pd.Series:
    return ~world.people["is_thin"] & ~world.people["is_fraud"]


def payments_5_a_day(world: ClaimSample) -> ClaimFigure:
    """Honest people with a full file: rows of 90 days per day, put back to full activity."""
    rows = world.seen("payments", 90)
    a_day = (
        world.per_person(rows.groupby("applicant_id").size(), _thick(world))
        / 90
        / world.meta["activity_scale"]
    )
    return share(a_day >= 5)


def payments_at_night(world: ClaimSample) -> ClaimFigure:
    """Of all payments."""
    hour = world.raw["payments"]["event_time"].dt.hour
    return share((hour >= NIGHT[0]) | (hour < NIGHT[1]))


def gambling_like(world: ClaimSample) -> ClaimFigure:
    """Of all payments."""
    return share(world.raw["payments"]["category"] == "gambling_like")


def _gap(world: ClaimSample) -> pd.Series:
    """(sent - received) / (sent + received) of six months, of those with any."""
    rows = world.seen("red_packets", 180)
    sums = rows.pivot_table(
        index="applicant_id",
        columns="direction",
        values="amount_fen",
        aggfunc="sum",
        observed=True,
        fill_value=0,
    )
    sums = sums.reindex(sums.index.intersection(world.people.index[_thick(world)]))
    return (sums["sent"] - sums["received"]) / (sums["sent"] + sums["received"])


def red_packet_gap(world: ClaimSample) -> ClaimFigure:
    """Of people with red packets in six months."""
    return share(_gap(world) > GAP)


def red_packet_risk(world: ClaimSample) -> ClaimFigure:
    """Odds ratio by the true contribution of red packets: gap over 0.3 against the rest."""
    gap = _gap(world)
    effect = world.people.loc[gap.index, "contribution_red_packet_balance"]
    return ClaimFigure(
        float(np.exp(effect[gap > GAP].mean() - effect[gap <= GAP].mean())), int((gap > GAP).sum())
    )


def bills_on_time(world: ClaimSample) -> ClaimFigure:
    """Of all bills."""
    return share(world.raw["bills"]["days_late"] == 0)


def degree_200(world: ClaimSample) -> ClaimFigure:
    """All contacts, of whom a tenth are in this world; honest people with a full file."""
    return share(world.people.loc[_thick(world), "degree"] >= 200 * SAMPLED)


def _of_friends(world: ClaimSample, column: str) -> ClaimFigure:
    rows = world.raw["contacts"]
    rows = rows[rows["contact_id"].isin(world.people.index)]
    own, other = (
        world.people.loc[rows[name], column].to_numpy() for name in ("applicant_id", "contact_id")
    )
    return ClaimFigure(float(np.corrcoef(own, other)[0, 1]), len(rows))


def friends_disc(world: ClaimSample) -> ClaimFigure:
    """Over contact rows of which both sides are in the sample."""
    return _of_friends(world, "trait_disc")


def friends_luck(world: ClaimSample) -> ClaimFigure:
    """Over contact rows of which both sides are in the sample."""
    return _of_friends(world, "shock_u")


def _devices(world: ClaimSample, days: int) -> pd.Series:
    rows = world.seen("logins", days)
    return world.per_person(
        rows.groupby("applicant_id")["device_id"].nunique(), ~world.people["is_fraud"]
    )


def devices_2(world: ClaimSample) -> ClaimFigure:
    """Distinct devices of honest people."""
    return share(_devices(world, 180) >= 2)


def devices_3(world: ClaimSample) -> ClaimFigure:
    """Distinct devices of honest people."""
    return share(_devices(world, 180) >= 3)


def device_changes(world: ClaimSample) -> ClaimFigure:
    """Mean true contribution of device constancy: three devices or more in 90 days against fewer; n = people with so many."""
    many = _devices(world, 90) >= 3
    effect = world.people.loc[many.index, "contribution_device_constancy"]
    return ClaimFigure(float(effect[many].mean() - effect[~many].mean()), int(many.sum()))


def _emulators(world: ClaimSample, is_fraud: bool) -> ClaimFigure:
    rows = world.raw["logins"]
    return share(
        rows["is_emulator"][
            world.people["is_fraud"].reindex(rows["applicant_id"]).to_numpy() == is_fraud
        ]
    )


def emulators_honest(world: ClaimSample) -> ClaimFigure:
    """Of logins."""
    return _emulators(world, False)


def emulators_fraud(world: ClaimSample) -> ClaimFigure:
    """Of logins."""
    return _emulators(world, True)


def enquiries_over_4(world: ClaimSample) -> ClaimFigure:
    """Of people whom the bureau knows and who consent."""
    rows = world.seen("enquiries", 90)
    hard = rows[rows["kind"] == "hard"].groupby("applicant_id").size()
    return share(world.per_person(hard, world.people["present_bureau"]) > 4)


def no_overdue(world: ClaimSample) -> ClaimFigure:
    """Of people with instalments on record."""
    rows = world.seen("repayments", 365)
    return share(rows.groupby("applicant_id")["days_late"].max() < 30)


def utilisation(world: ClaimSample) -> ClaimFigure:
    """Of monthly statements with a card."""
    used = world.raw["bureau_snapshots"]["utilisation"]
    return ClaimFigure(float(used.mean()), int(used.notna().sum()))


def bureau_score(world: ClaimSample) -> ClaimFigure:
    """Of monthly statements with a score."""
    score = world.raw["bureau_snapshots"]["bureau_score"]
    return ClaimFigure(float(score.mean()), int(score.notna().sum()))


def face_retry(world: ClaimSample) -> ClaimFigure:
    """Of people whose face was checked: any attempt failed."""
    rows = world.seen("identity_checks", 400)
    failed = rows[(rows["kind"] == "face")].groupby("applicant_id")["is_pass"].min()
    return share(~failed.astype(bool))


# What truth and decisions say of the claims about people, risk and policy; figures and the people behind them.

PASS_SHARE = 0.68  # domain 7.7
WHITE_COLLAR, BLUE_COLLAR, MERCHANT = "white_collar", "blue_collar", "micro_merchant"


def covered_blue_collar(world: ClaimSample) -> ClaimFigure:
    """Blue collar whose file is not thin."""
    return share(~world.people.loc[world.people["segment"] == BLUE_COLLAR, "is_thin"])


def life_shocks(world: ClaimSample) -> ClaimFigure:
    """Monthly rate from the share struck in the two years round the application."""
    months = 24.0
    struck = world.people["life_shock"].notna()
    return ClaimFigure(float(-np.log1p(-struck.mean()) / months), len(struck))


def bad_rate(world: ClaimSample) -> ClaimFigure:
    """Mean true PD at neutral macro, everyone."""
    return ClaimFigure(float(world.people["pd_neutral"].mean()), len(world.people))


def first_payment_default(world: ClaimSample) -> ClaimFigure:
    """Of frauds that default: in the first month that can be 90 days late."""
    month = world.people.loc[world.people["is_fraud"] & world.people["defaulted"], "default_month"]
    return share(month == world.people["default_month"].min())


def pay_score_600(world: ClaimSample) -> ClaimFigure:
    """Of the invited."""
    return share(world.people.loc[world.people["is_invited"], "pay_score"] >= 600)


def opens_3(world: ClaimSample) -> ClaimFigure:
    """Of the invited."""
    return share(world.people.loc[world.people["is_invited"], "opens_per_day"] >= 3)


def _passes(world: ClaimSample) -> pd.Series:
    """The best 68 % by the true PD as far as it can be known."""
    return world.people["pd_oracle"].rank(pct=True) <= PASS_SHARE


def contributions_uplift(world: ClaimSample) -> ClaimFigure:
    """Ratio of pass rates: housing fund paid in 11 known months of the year or more, against fewer; n = people with so many."""
    rows = world.seen("contributions", 365)
    months = rows[rows["kind"] == "housing_fund"].groupby("applicant_id").size()
    consented = world.people["present_assets"]
    full = world.per_person(months, consented) >= 11
    passes = _passes(world)[consented]
    return ClaimFigure(float(passes[full].mean() / passes[~full].mean()), int(full.sum()))


def merchant_uplift(world: ClaimSample) -> ClaimFigure:
    """Pass rate of micro-merchants less that of white collar; n = micro-merchants."""
    passes, segment = _passes(world), world.people["segment"]
    return ClaimFigure(
        float(passes[segment == MERCHANT].mean() - passes[segment == WHITE_COLLAR].mean()),
        int((segment == MERCHANT).sum()),
    )


def _figure(world: ClaimSample, name: str) -> ClaimFigure | None:
    value = world.portfolio.get(name)
    return None if value is None else ClaimFigure(float(value), int(world.portfolio["n"]))


def approval(world: ClaimSample) -> ClaimFigure | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "approval_rate")


def bad_rate_approved(world: ClaimSample) -> ClaimFigure | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "bad_rate_approved_true")


def mean_rate(world: ClaimSample) -> ClaimFigure | None:
    """Mean yearly all-in rate (IRR x 12) of the offers of the out-of-time months."""
    return _figure(world, "mean_apr_irr12")
