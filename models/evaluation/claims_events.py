"""What raw events say of the claims about them; every function takes the sample and gives a figure and the people or rows behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .claims_view import Found, World, share

NIGHT = (23, 5)
GAP = 0.3
SAMPLED = 0.1  # of a person's contacts, who apply here too


def _thick(world: World) -> pd.Series:
    return ~world.people["is_thin"] & ~world.people["is_fraud"]


def payments_5_a_day(world: World) -> Found:
    """Honest people with a full file: rows of 90 days per day, put back to full activity."""
    rows = world.seen("payments", 90)
    a_day = world.per_person(rows.groupby("applicant_id").size(), _thick(world)) / 90 / world.meta["activity_scale"]
    return share(a_day >= 5)


def payments_at_night(world: World) -> Found:
    """Of all payments."""
    hour = world.raw["payments"]["event_time"].dt.hour
    return share((hour >= NIGHT[0]) | (hour < NIGHT[1]))


def gambling_like(world: World) -> Found:
    """Of all payments."""
    return share(world.raw["payments"]["category"] == "gambling_like")


def _gap(world: World) -> pd.Series:
    """(sent - received) / (sent + received) of six months, of those with any."""
    rows = world.seen("red_packets", 180)
    sums = rows.pivot_table(index="applicant_id", columns="direction", values="amount_fen", aggfunc="sum", observed=True, fill_value=0)
    sums = sums.reindex(sums.index.intersection(world.people.index[_thick(world)]))
    return (sums["sent"] - sums["received"]) / (sums["sent"] + sums["received"])


def red_packet_gap(world: World) -> Found:
    """Of people with red packets in six months."""
    return share(_gap(world) > GAP)


def red_packet_risk(world: World) -> Found:
    """Odds ratio by the true contribution of red packets: gap over 0.3 against the rest."""
    gap = _gap(world)
    effect = world.people.loc[gap.index, "contribution_red_packet_balance"]
    return Found(float(np.exp(effect[gap > GAP].mean() - effect[gap <= GAP].mean())), int((gap > GAP).sum()))


def bills_on_time(world: World) -> Found:
    """Of all bills."""
    return share(world.raw["bills"]["days_late"] == 0)


def degree_200(world: World) -> Found:
    """All contacts, of whom a tenth are in this world; honest people with a full file."""
    return share(world.people.loc[_thick(world), "degree"] >= 200 * SAMPLED)


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
    return share(_devices(world, 180) >= 2)


def devices_3(world: World) -> Found:
    """Distinct devices of honest people."""
    return share(_devices(world, 180) >= 3)


def device_changes(world: World) -> Found:
    """Mean true contribution of device constancy: three devices or more in 90 days against fewer; n = people with so many."""
    many = _devices(world, 90) >= 3
    effect = world.people.loc[many.index, "contribution_device_constancy"]
    return Found(float(effect[many].mean() - effect[~many].mean()), int(many.sum()))


def _emulators(world: World, is_fraud: bool) -> Found:
    rows = world.raw["logins"]
    return share(rows["is_emulator"][world.people["is_fraud"].reindex(rows["applicant_id"]).to_numpy() == is_fraud])


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
    return share(world.per_person(hard, world.people["present_bureau"]) > 4)


def no_overdue(world: World) -> Found:
    """Of people with instalments on record."""
    rows = world.seen("repayments", 365)
    return share(rows.groupby("applicant_id")["days_late"].max() < 30)


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
    return share(~failed.astype(bool))
