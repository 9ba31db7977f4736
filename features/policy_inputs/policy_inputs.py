"""Policy inputs observed in the events themselves: what the risk filters and the identity criteria ask, and no feature tells.

Each is read from one raw table's visible rows, so it knows no more than the features do: payments of the last known day, logins and
identity checks up to the hour. None is a feature of the model. Flags are 1 or 0; null means that there is nothing to judge by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .. import clock
from ..aggregates.event_columns import SliceRows, VisibleRows
from .device_counts import SHARED

HOUR = clock.MICROS_PER_DAY // 24
PAYMENT_DAYS = (
    2  # a payment is known a day late: the last day that can be known ends a day before as_of
)
EMULATORS = 2  # logins in a month; a single one may be an error of the detector
SEEN_DAYS = 90


@dataclass(frozen=True)
class Observation:
    """One policy input: the raw table it is read from, how, and a further consent that it needs."""

    name: str
    table: str
    read: Callable[[VisibleRows], np.ndarray]
    consent: str = ""


def _sum(part: SliceRows, is_counted: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    weights = None if values is None else values[is_counted]
    return np.bincount(part.row[is_counted], weights, part.n).astype(float)


def night_withdrawal(rows: VisibleRows) -> np.ndarray:
    """Fen withdrawn between 23:00 and 5:00 within the last day known (FR02, S1-R58)."""
    part = rows.part("out_withdrawal")
    hour = part.identifiers("hour")
    is_night = (hour >= 23) | (hour < 5)
    return _sum(
        part, is_night & (part.day < PAYMENT_DAYS), part.values(rows.stream.measure("amount"))
    )


def largest_transfer(rows: VisibleRows) -> np.ndarray:
    """Fen of the largest single transfer within the last day known, 0 without one (S2-R32, S5-R38)."""
    part, largest = rows.part("out_transfer"), np.zeros(rows.n)
    is_late = part.day < PAYMENT_DAYS
    np.maximum.at(largest, part.row[is_late], part.values(rows.stream.measure("amount"))[is_late])
    return largest


def last_hour(name: str) -> Callable[[VisibleRows], np.ndarray]:
    """Rows of a slice within the last hour."""
    return lambda rows: _sum(rows.part(name), rows.part(name).age <= HOUR)


def emulator(rows: VisibleRows) -> np.ndarray:
    """Several logins of the last month came from an emulator (FR11); null without a login."""
    month = clock.WINDOWS["1m"]
    used, logins = (rows.part(name).upto("n")[month] for name in ("login_emulator", "login"))
    return np.where(logins == 0, np.nan, used >= EMULATORS)


def two_regions(rows: VisibleRows) -> np.ndarray:
    """Logins from two regions within the last day (FR02, S1-R58); null without a region on that day."""
    part, region = rows.part("login"), rows.part("login").identifiers("ip_region")
    is_late = (part.day < 1) & (region >= 0)
    low, high = np.full(rows.n, np.inf), np.full(rows.n, -np.inf)
    np.minimum.at(low, part.row[is_late], region[is_late])
    np.maximum.at(high, part.row[is_late], region[is_late])
    return np.where(high < 0, np.nan, low < high)


def unseen(column: str, days: int) -> Callable[[VisibleRows], np.ndarray]:
    """The last login's identifier in none of the logins of so many days before; null where it or every earlier one is null."""

    def read(rows: VisibleRows) -> np.ndarray:
        part, ids, known = (
            rows.part("login"),
            rows.part("login").identifiers(column),
            rows.identifiers(column),
        )
        newest = part.ends()[1]
        last = np.where(newest >= 0, known[newest], -1) if len(known) else np.full(rows.n, -1)
        is_earlier = (part.at != newest[part.row]) & (part.day < days) & (ids >= 0)
        is_seen = _sum(part, is_earlier & (ids == last[part.row])) > 0
        return np.where((last < 0) | (_sum(part, is_earlier) == 0), np.nan, ~is_seen)

    return read


def known_device(rows: VisibleRows) -> np.ndarray:
    """1 - `unseen` device: whoever travels with the device used before is exempt from FR05, at holidays as on other days (S5-R41)."""
    return 1.0 - unseen("device_id", clock.YEAR_DAYS)(rows)


def bound_device(rows: VisibleRows) -> np.ndarray:
    """A login of the last three months matches the fingerprint of the bound device (S2-R29); null without a login."""
    window = clock.WINDOWS["3m"]
    matching, logins = (rows.part(name).upto("n")[window] for name in ("login_match", "login"))
    return np.where(logins == 0, np.nan, matching > 0)


def passed(kind: str) -> Callable[[VisibleRows], np.ndarray]:
    """A proof of this kind was passed; null where none was tried."""

    def read(rows: VisibleRows) -> np.ndarray:
        ever = clock.WINDOWS[clock.EVER]
        right, tried = (rows.part(f"{name}_{kind}").upto("n")[ever] for name in ("pass", "check"))
        return np.where(tried == 0, np.nan, right > 0)

    return read


def face_failures(rows: VisibleRows) -> np.ndarray:
    """Failed face checks of the last 24 hours (FR07, S5-R15)."""
    part = rows.part("fail_face")
    return _sum(part, part.day < 1)


LOCATION = "consent_location"
OBSERVED = (
    Observation("night_withdrawal_fen", "payments", night_withdrawal),
    Observation("largest_transfer_fen", "payments", largest_transfer),
    Observation(
        "operations_1h", "logins", last_hour("login")
    ),  # FR06, FR12: summed with the line below
    Observation("operations_1h", "identity_checks", last_hour("check")),
    Observation("is_emulator", "logins", emulator),
    Observation("is_remote_login", "logins", two_regions, LOCATION),
    Observation("is_new_device", "logins", unseen("device_id", clock.YEAR_DAYS)),  # FR04, S5-R40
    Observation("is_new_region_90d", "logins", unseen("ip_region", SEEN_DAYS), LOCATION),  # FR05
    Observation("is_holiday_same_device", "logins", known_device),
    Observation("is_device_bound", "logins", bound_device),
    Observation("face_failures_24h", "identity_checks", face_failures),
    Observation("is_face_passed", "identity_checks", passed("face")),  # S1-R08
    Observation("is_police_match", "identity_checks", passed("police")),  # S3-R23
    Observation(
        "is_id_valid", "identity_checks", passed("real_name")
    ),  # S3-R23: the identity card was accepted
    Observation("is_card_own_name", "identity_checks", passed("bank_card")),  # S5-R13
)


# Policy inputs made of raw events: what a rule asks of them, kept apart from what the model may use.

Allowed = Callable[[str], np.ndarray]
"""Which applications gave a consent; all where its name is empty."""


@dataclass(frozen=True)
class Fact:
    """One policy input and the feature it repeats; `per_unit` turns the feature's unit into that of the fact (yuan into fen)."""

    name: str
    of: str
    per_unit: float = 1.0


FACTS = (
    Fact("hard_enquiries_90d", "bur_enquiry_hard_count_3m"),  # 90 days are three bins of 30
    Fact("bureau_score", "bur_statement_score_last_points_3m"),  # S3-R12
    Fact("active_lenders", "bur_statement_lenders_last_3m"),  # FR09, S1-R53
    Fact(
        "past_overdues", "bur_instalment_late30_count_12m"
    ),  # S3-R10: an instalment 30 days late; a late payment of days is none
    Fact("ontime_share", "bur_instalment_own_on_time_count_share_12m"),  # S1-R07
    Fact("spend_cv_6m", "pay_out_shop_monthly_amount_cv_ratio_6m"),  # S3-R11
    Fact("monthly_spend_fen", "pay_out_shop_amount_cny_3m", 100.0 / 3),  # S3-R07
    Fact("least_monthly_flow_fen", "pay_out_amount_low_month_cny_3m", 100.0),  # S3-R21
    Fact("daily_balance_fen", "ast_lqt_balance_mean_cny_6m", 100.0),  # S3-R09
    Fact(
        "account_age_days", "idn_check_pass_tenure_days_ever"
    ),  # FR12: since the first identity proof
)
NAMES = tuple(dict.fromkeys((*(f.name for f in FACTS), *(o.name for o in OBSERVED), *SHARED)))
"""Columns of the matrix that are facts, in order; those that the applications state themselves come from there."""


def observed(rows: VisibleRows, allowed: Allowed) -> Iterator[tuple[str, np.ndarray]]:
    """(name, values) of what is observed in the rows of one table."""
    stream = rows.stream.table
    for one in OBSERVED:
        if one.table == stream.name:
            yield (
                one.name,
                np.where(
                    allowed(stream.consent or "") & allowed(one.consent), one.read(rows), np.nan
                ),
            )


def facts(
    features: Mapping[str, np.ndarray],
    seen: Mapping[str, np.ndarray],
    snapshot: Mapping[str, np.ndarray],
    n: int,
    allowed: Allowed,
) -> dict[str, np.ndarray]:
    """Every fact by name; null where the tables that it needs are not there. `seen` is what `observed` gave, `snapshot` other people."""
    nothing = np.full(n, np.nan)
    repeated = {f.name: features.get(f.of, nothing) * f.per_unit for f in FACTS}
    shared = {
        name: np.where(allowed(consent), snapshot.get(name, nothing), np.nan)
        for name, (_, consent) in SHARED.items()
    }
    return {name: {**repeated, **seen, **shared}.get(name, nothing) for name in NAMES}
