"""How each claim is found; every function takes the sample and gives a figure and the number of people or rows behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .claims_view import World

NIGHT = (23, 5)
GAP = 0.3
PASS_SHARE = 0.68  # domain 7.7
SAMPLED = 0.1  # of a person's contacts, who apply here too
WHITE_COLLAR, BLUE_COLLAR, MERCHANT = "white_collar", "blue_collar", "micro_merchant"


@dataclass(frozen=True)
class Found:
    """A figure and what it rests on."""

    value: float
    n: int


def _share(flags: pd.Series) -> Found:
    return Found(float(flags.mean()), len(flags))


def _thick(world: World) -> pd.Series:
    return ~world.people["is_thin"] & ~world.people["is_fraud"]


def payments_5_a_day(world: World) -> Found:
    """Honest people with a full file: rows of 90 days per day, put back to full activity."""
    rows = world.seen("payments", 90)
    a_day = world.per_person(rows.groupby("applicant_id").size(), _thick(world)) / 90 / world.meta["activity_scale"]
    return _share(a_day >= 5)


def payments_at_night(world: World) -> Found:
    """Of all payments."""
    hour = world.raw["payments"]["event_time"].dt.hour
    return _share((hour >= NIGHT[0]) | (hour < NIGHT[1]))


def gambling_like(world: World) -> Found:
    """Of all payments."""
    return _share(world.raw["payments"]["category"] == "gambling_like")


def _gap(world: World) -> pd.Series:
    """(sent - received) / (sent + received) of six months, of those with any."""
    rows = world.seen("red_packets", 180)
    sums = rows.pivot_table(index="applicant_id", columns="direction", values="amount_fen", aggfunc="sum", observed=True, fill_value=0)
    sums = sums.reindex(sums.index.intersection(world.people.index[_thick(world)]))
    return (sums["sent"] - sums["received"]) / (sums["sent"] + sums["received"])


def red_packet_gap(world: World) -> Found:
    """Of people with red packets in six months."""
    return _share(_gap(world) > GAP)


def red_packet_risk(world: World) -> Found:
    """Odds ratio by the true contribution of red packets: gap over 0.3 against the rest."""
    gap = _gap(world)
    effect = world.people.loc[gap.index, "contribution_red_packet_balance"]
    return Found(float(np.exp(effect[gap > GAP].mean() - effect[gap <= GAP].mean())), int((gap > GAP).sum()))


def bills_on_time(world: World) -> Found:
    """Of all bills."""
    return _share(world.raw["bills"]["days_late"] == 0)


def degree_200(world: World) -> Found:
    """All contacts, of whom a tenth are in this world; honest people with a full file."""
    return _share(world.people.loc[_thick(world), "degree"] >= 200 * SAMPLED)


def _of_friends(world: World, column: str) -> Found:
    rows = world.raw["contacts"]
    rows = rows[rows["contact_id"].isin(world.people.index)]
    own, other = (world.people.loc[rows[name], column].to_numpy() for name in ("applicant_id", "contact_id"))
    return Found(float(np.corrcoef(own, other)[0, 1]), len(rows))


def friends_disc(world: World) -> Found:
    """Over contact rows of which both sides are in the sample."""
    return _of_friends(world, "trait_disc")


def friends_luck(world: World) -> Found:
    """Over contact rows of which both sides are in the sample."""
    return _of_friends(world, "shock_u")


def _devices(world: World, days: int) -> pd.Series:
    rows = world.seen("logins", days)
    return world.per_person(rows.groupby("applicant_id")["device_id"].nunique(), ~world.people["is_fraud"])


def devices_2(world: World) -> Found:
    """Distinct devices of honest people."""
    return _share(_devices(world, 180) >= 2)


def devices_3(world: World) -> Found:
    """Distinct devices of honest people."""
    return _share(_devices(world, 180) >= 3)


def device_changes(world: World) -> Found:
    """Mean true contribution of device constancy: three devices or more in 90 days against fewer; n = people with so many."""
    many = _devices(world, 90) >= 3
    effect = world.people.loc[many.index, "contribution_device_constancy"]
    return Found(float(effect[many].mean() - effect[~many].mean()), int(many.sum()))


def _emulators(world: World, is_fraud: bool) -> Found:
    rows = world.raw["logins"]
    return _share(rows["is_emulator"][world.people["is_fraud"].reindex(rows["applicant_id"]).to_numpy() == is_fraud])


def emulators_honest(world: World) -> Found:
    """Of logins."""
    return _emulators(world, False)


def emulators_fraud(world: World) -> Found:
    """Of logins."""
    return _emulators(world, True)


def enquiries_over_4(world: World) -> Found:
    """Of people whom the bureau knows and who consent."""
    rows = world.seen("enquiries", 90)
    hard = rows[rows["kind"] == "hard"].groupby("applicant_id").size()
    return _share(world.per_person(hard, world.people["present_bureau"]) > 4)


def no_overdue(world: World) -> Found:
    """Of people with instalments on record."""
    rows = world.seen("repayments", 365)
    return _share(rows.groupby("applicant_id")["days_late"].max() < 30)


def utilisation(world: World) -> Found:
    """Of monthly statements with a card."""
    used = world.raw["bureau_snapshots"]["utilisation"]
    return Found(float(used.mean()), int(used.notna().sum()))


def bureau_score(world: World) -> Found:
    """Of monthly statements with a score."""
    score = world.raw["bureau_snapshots"]["bureau_score"]
    return Found(float(score.mean()), int(score.notna().sum()))


def face_retry(world: World) -> Found:
    """Of people whose face was checked: any attempt failed."""
    rows = world.seen("identity_checks", 400)
    failed = rows[(rows["kind"] == "face")].groupby("applicant_id")["is_pass"].min()
    return _share(~failed.astype(bool))


def covered_blue_collar(world: World) -> Found:
    """Blue collar whose file is not thin."""
    return _share(~world.people.loc[world.people["segment"] == BLUE_COLLAR, "is_thin"])


def life_shocks(world: World) -> Found:
    """Monthly rate from the share struck in the two years round the application."""
    months = 24.0
    struck = world.people["life_shock"].notna()
    return Found(float(-np.log1p(-struck.mean()) / months), len(struck))


def bad_rate(world: World) -> Found:
    """Mean true PD at neutral macro, everyone."""
    return Found(float(world.people["pd_neutral"].mean()), len(world.people))


def first_payment_default(world: World) -> Found:
    """Of frauds that default: in the first month that can be 90 days late."""
    month = world.people.loc[world.people["is_fraud"] & world.people["defaulted"], "default_month"]
    return _share(month == world.people["default_month"].min())


def pay_score_600(world: World) -> Found:
    """Of the invited."""
    return _share(world.people.loc[world.people["is_invited"], "pay_score"] >= 600)


def opens_3(world: World) -> Found:
    """Of the invited."""
    return _share(world.people.loc[world.people["is_invited"], "opens_per_day"] >= 3)


def _passes(world: World) -> pd.Series:
    """The best 68 % by the true PD as far as it can be known."""
    return world.people["pd_oracle"].rank(pct=True) <= PASS_SHARE


def contributions_uplift(world: World) -> Found:
    """Ratio of pass rates: housing fund paid in 11 known months of the year or more, against fewer; n = people with so many."""
    rows = world.seen("contributions", 365)
    months = rows[rows["kind"] == "housing_fund"].groupby("applicant_id").size()
    consented = world.people["present_assets"]
    full = world.per_person(months, consented) >= 11
    passes = _passes(world)[consented]
    return Found(float(passes[full].mean() / passes[~full].mean()), int(full.sum()))


def merchant_uplift(world: World) -> Found:
    """Pass rate of micro-merchants less that of white collar; n = micro-merchants."""
    passes, segment = _passes(world), world.people["segment"]
    return Found(float(passes[segment == MERCHANT].mean() - passes[segment == WHITE_COLLAR].mean()), int((segment == MERCHANT).sum()))


def _figure(world: World, name: str) -> Found | None:
    value = world.portfolio.get(name)
    return None if value is None else Found(float(value), int(world.portfolio["n"]))


def approval(world: World) -> Found | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "approval_rate")


def bad_rate_approved(world: World) -> Found | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "bad_rate_approved_true")


def mean_rate(world: World) -> Found | None:
    """Mean yearly all-in rate (IRR x 12) of the offers of the out-of-time months."""
    return _figure(world, "mean_apr_irr12")
