"""Claims about raw events: one figure for each claim of the group `events` that needs no truth.

Every function takes the sample and returns a figure with the people or rows behind it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample, share

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
    """Return the share of people with an emulator login, of frauds or of honest people.

    They are those with a login in the table.
    """
    has_emulator = world.raw["logins"].groupby("applicant_id")["is_emulator"].max().astype(bool)
    among = world.people["is_fraud"].reindex(has_emulator.index) == is_fraud
    return share(has_emulator[among])


def emulators_honest(world: ClaimSample) -> ClaimFigure:
    """Return the share of people with an emulator login, of honest people."""
    return _emulators(world, False)


def emulators_fraud(world: ClaimSample) -> ClaimFigure:
    """Return the share of people with an emulator login, of frauds."""
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


# Applicants of an address within so many days from which on it is a carrier's (claims.yaml).
CARRIER_APPLICANTS = 10
CARRIER_DAYS = 30


def household(world: ClaimSample) -> ClaimFigure:
    """Return the share of applicants who share an address with another one of their household.

    Both have a login from it; addresses without consent are not known.
    """
    logins = world.raw["logins"][["applicant_id", "ip_id"]].dropna().drop_duplicates()
    home = world.people["household"].reindex(logins["applicant_id"]).to_numpy()
    members = logins.groupby([home, logins["ip_id"]])["applicant_id"].transform("size")
    sharing = logins["applicant_id"][members > 1].unique()
    return share(pd.Series(world.people.index.isin(sharing)))


def carrier_nat(world: ClaimSample) -> ClaimFigure:
    """Return the share of logins from an address that ten applicants use within 30 days.

    Days are counted in stretches of 30; logins without a known address are left out.
    """
    logins = world.raw["logins"].dropna(subset=["ip_id"])
    day = logins["event_time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    users = logins.groupby([logins["ip_id"], day // CARRIER_DAYS])["applicant_id"]
    return share(users.transform("nunique") >= CARRIER_APPLICANTS)


def second_hand(world: ClaimSample) -> ClaimFigure:
    """Return the share of honest applicants with a device that another applicant used before."""
    logins = world.raw["logins"].dropna(subset=["device_id"])
    first = logins.groupby(["device_id", "applicant_id"])["event_time"].min().reset_index()
    is_later = first["event_time"] > first.groupby("device_id")["event_time"].transform("min")
    honest = world.people.index[~world.people["is_fraud"]]
    return share(pd.Series(honest.isin(first["applicant_id"][is_later])))
