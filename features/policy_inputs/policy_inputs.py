"""Policy inputs: what the risk filters and the identity criteria ask, and no feature holds.

They come from three places: events of the applicant, features that a rule repeats, and other
people's logins. Each is made from the same visible events as the features, so it knows no more
than they do: payments of the last known day, logins and identity checks up to the hour.
None is a feature of the model. Flags are 1 or 0; null means that there is nothing to judge by.

A policy input is one record below: in OBSERVED, in FACTS, or in `device_counts.SHARED`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .. import clock
from ..aggregates.event_columns import SliceRows, VisibleRows
from .device_counts import CLUSTERED, SHARED

Reader = Callable[[VisibleRows], np.ndarray]
# Which applications gave a consent; all of them where its name is empty.
Allowed = Callable[[str], np.ndarray]


# Observed in the applicant's own events.

HOUR = clock.MICROS_PER_DAY // 24
# A payment is known a day late, so the last day that can be known ends a day before as_of.
LAST_KNOWN_PAYMENT_DAYS = 2
# Logins from an emulator in a month; a single one may be an error of the detector.
MIN_EMULATOR_LOGINS = 2
# Days back in which a region counts as known.
KNOWN_REGION_DAYS = 90
# Night of a withdrawal, in hours of the stored clock.
NIGHT_BEGINS = 23
NIGHT_ENDS = 5


@dataclass(frozen=True)
class Observation:
    """A policy input read from one raw table; `consent` is needed beside that of the table."""

    name: str
    table: str
    read: Reader
    consent: str = ""


def _total(part: SliceRows, is_counted: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    """Return per application the number of counted events, or the sum of their values."""
    weights = None if values is None else values[is_counted]
    return np.bincount(part.application[is_counted], weights, part.n).astype(float)


def night_withdrawal(rows: VisibleRows) -> np.ndarray:
    """Return the fen withdrawn between 23:00 and 5:00 on the last known day (FR02, S1-R58)."""
    part = rows.part("out_withdrawal")
    hour = part.identifiers("hour")
    is_night = (hour >= NIGHT_BEGINS) | (hour < NIGHT_ENDS)
    is_late = part.day < LAST_KNOWN_PAYMENT_DAYS
    return _total(part, is_night & is_late, part.values(rows.stream.measure("amount")))


def largest_transfer(rows: VisibleRows) -> np.ndarray:
    """Return the fen of the largest transfer on the last known day, else 0 (S2-R32, S5-R38)."""
    part = rows.part("out_transfer")
    amount = part.values(rows.stream.measure("amount"))
    is_late = part.day < LAST_KNOWN_PAYMENT_DAYS
    largest = np.zeros(rows.n)
    np.maximum.at(largest, part.application[is_late], amount[is_late])
    return largest


def last_hour(name: str) -> Reader:
    """Return the reader of the number of events of a slice in the last hour."""

    def read(rows: VisibleRows) -> np.ndarray:
        part = rows.part(name)
        return _total(part, part.age <= HOUR)

    return read


def emulator(rows: VisibleRows) -> np.ndarray:
    """Return whether two logins of the last month came from an emulator (FR11).

    Null without a login.
    """
    month = clock.WINDOWS["1m"]
    from_emulator = rows.part("login_emulator").counts()[month]
    logins = rows.part("login").counts()[month]
    return np.where(logins == 0, np.nan, from_emulator >= MIN_EMULATOR_LOGINS)


def two_regions(rows: VisibleRows) -> np.ndarray:
    """Return whether logins of the last day came from two regions (FR02, S1-R58).

    Null without a region on that day.
    """
    part = rows.part("login")
    region = part.identifiers("ip_region")
    is_counted = (part.day < 1) & (region >= 0)
    lowest = np.full(rows.n, np.inf)
    highest = np.full(rows.n, -np.inf)
    np.minimum.at(lowest, part.application[is_counted], region[is_counted])
    np.maximum.at(highest, part.application[is_counted], region[is_counted])
    return np.where(highest < 0, np.nan, lowest < highest)


def identifier_reader(column: str, days: int) -> Reader:
    """Return the reader of whether the last login's identifier is new.

    It is new if no earlier login of so many days has it. Null where it or every earlier one is
    null.
    """

    def read(rows: VisibleRows) -> np.ndarray:
        part = rows.part("login")
        ids = part.identifiers(column)
        newest = part.ends()[1]
        last = np.full(rows.n, -1)
        has_login = newest >= 0
        last[has_login] = rows.identifiers(column)[newest[has_login]]
        is_earlier = (part.at != newest[part.application]) & (part.day < days) & (ids >= 0)
        is_same = ids == last[part.application]
        is_known = _total(part, is_earlier & is_same) > 0
        has_earlier = _total(part, is_earlier) > 0
        return np.where((last < 0) | ~has_earlier, np.nan, ~is_known)

    return read


def known_device(rows: VisibleRows) -> np.ndarray:
    """Return whether the last login came from a device seen before.

    Whoever travels with a known device is exempt from FR05, at holidays as on other days (S5-R41).
    """
    return 1.0 - identifier_reader("device_id", clock.YEAR_DAYS)(rows)


def bound_device(rows: VisibleRows) -> np.ndarray:
    """Return whether a login of three months matches the bound device's fingerprint (S2-R29).

    Null without a login.
    """
    window = clock.WINDOWS["3m"]
    matching = rows.part("login_match").counts()[window]
    logins = rows.part("login").counts()[window]
    return np.where(logins == 0, np.nan, matching > 0)


def fingerprint_match(rows: VisibleRows) -> np.ndarray:
    """Return whether a login of the last hour matches the bound device (FR01, S1-R57).

    Null without a login in it.
    """
    part = rows.part("login")
    matching = rows.part("login_match")
    n_logins = _total(part, part.age <= HOUR)
    n_matching = _total(matching, matching.age <= HOUR)
    return np.where(n_logins == 0, np.nan, n_matching > 0)


def biometric_passed(rows: VisibleRows) -> np.ndarray:
    """Return whether a face check of the last day was passed (FR01); null where none was tried."""
    passes = rows.part("pass_face")
    attempts = rows.part("check_face")
    n_attempts = _total(attempts, attempts.day < 1)
    return np.where(n_attempts == 0, np.nan, _total(passes, passes.day < 1) > 0)


def proof_reader(kind: str) -> Reader:
    """Return the reader of whether a proof of this kind was passed; null where none was tried."""

    def read(rows: VisibleRows) -> np.ndarray:
        ever = clock.WINDOWS[clock.EVER]
        passes = rows.part(f"pass_{kind}").counts()[ever]
        attempts = rows.part(f"check_{kind}").counts()[ever]
        return np.where(attempts == 0, np.nan, passes > 0)

    return read


def face_failures(rows: VisibleRows) -> np.ndarray:
    """Return the failed face checks of the last 24 hours (FR07, S5-R15)."""
    part = rows.part("fail_face")
    return _total(part, part.day < 1)


LOCATION = "consent_location"
# table: policy inputs observed in events
OBSERVED = (
    Observation("night_withdrawal_fen", "payments", night_withdrawal),
    Observation("largest_transfer_fen", "payments", largest_transfer),
    # FR06, FR12. It stands twice: logins and identity checks are added up.
    Observation("operations_1h", "logins", last_hour("login")),
    Observation("operations_1h", "identity_checks", last_hour("check")),
    Observation("is_emulator", "logins", emulator),
    Observation("is_remote_login", "logins", two_regions, LOCATION),
    # FR04, S5-R40
    Observation("is_new_device", "logins", identifier_reader("device_id", clock.YEAR_DAYS)),
    # FR05
    Observation(
        "is_new_region_90d", "logins", identifier_reader("ip_region", KNOWN_REGION_DAYS), LOCATION
    ),
    Observation("is_holiday_same_device", "logins", known_device),
    Observation("is_device_bound", "logins", bound_device),
    Observation("face_failures_24h", "identity_checks", face_failures),
    # FR01, S1-R57
    Observation("is_fingerprint_match", "logins", fingerprint_match),
    Observation("is_biometric_passed", "identity_checks", biometric_passed),
    # S1-R08
    Observation("is_face_passed", "identity_checks", proof_reader("face")),
    # S3-R23
    Observation("is_police_match", "identity_checks", proof_reader("police")),
    # S3-R23: the identity card was accepted
    Observation("is_id_valid", "identity_checks", proof_reader("real_name")),
    # S5-R13
    Observation("is_card_own_name", "identity_checks", proof_reader("bank_card")),
)


# Repeated from a feature.


@dataclass(frozen=True)
class Fact:
    """A policy input that repeats the feature `of`.

    `per_unit` turns the feature's unit into that of the policy input (yuan into fen).
    """

    name: str
    of: str
    per_unit: float = 1.0


# Money is stored in fen; some features that are repeated here are in yuan.
FEN_PER_YUAN = 100.0

# One contact in ten applies here, and only those are seen (domain 7.4): each stands for ten.
CONTACTS_PER_SEEN = 10.0

# table: policy inputs that repeat a feature
FACTS = (
    # 90 days are three bins of 30.
    Fact("hard_enquiries_90d", "bur_enquiry_hard_count_3m"),
    # S3-R12
    Fact("bureau_score", "bur_statement_score_last_points_3m"),
    # FR09, S1-R53
    Fact("active_lenders", "bur_statement_lenders_last_3m"),
    # S3-R10: an instalment 30 days late; a payment that is days late is none.
    Fact("past_overdues", "bur_instalment_late30_count_12m"),
    # S1-R07
    Fact("ontime_share", "bur_instalment_own_on_time_count_share_12m"),
    # S3-R11
    Fact("spend_cv_6m", "pay_out_shop_monthly_amount_cv_ratio_6m"),
    # S3-R07: a monthly amount from the sum of three months.
    Fact("monthly_spend_fen", "pay_out_shop_amount_cny_3m", FEN_PER_YUAN / 3),
    # S3-R21
    Fact("least_monthly_flow_fen", "pay_out_amount_low_month_cny_3m", FEN_PER_YUAN),
    # S3-R09
    Fact("daily_balance_fen", "ast_lqt_balance_mean_cny_6m", FEN_PER_YUAN),
    # FR12: since the first identity proof
    Fact("account_age_days", "idn_check_pass_tenure_days_ever"),
    # S3-R08: in touch within half a year, so not every contact counts.
    Fact("friends_count", "soc_meet_person_distinct_6m", CONTACTS_PER_SEEN),
)


# All of them.

# Columns of the matrix that are policy inputs, in order. What the applications state themselves
# stands among their own columns instead.
NAMES = tuple(dict.fromkeys(record.name for record in (*FACTS, *OBSERVED, *SHARED, *CLUSTERED)))


def observed_inputs(
    rows: VisibleRows, allowed: Allowed, names: Collection[str] = NAMES
) -> Iterator[tuple[str, np.ndarray]]:
    """Return (name, values) of what is observed in the events of one table, of these names."""
    table = rows.stream.table
    for observation in OBSERVED:
        if observation.table == table.name and observation.name in names:
            is_allowed = allowed(table.consent or "") & allowed(observation.consent)
            yield observation.name, np.where(is_allowed, observation.read(rows), np.nan)


def facts(
    features: Mapping[str, np.ndarray],
    observations: Mapping[str, np.ndarray],
    snapshot: Mapping[str, np.ndarray],
    n: int,
    allowed: Allowed,
) -> dict[str, np.ndarray]:
    """Return every policy input by name, null where the tables that it needs are absent.

    `observations` is what `observed_inputs` gave; `snapshot` is what other people's rows say.
    """
    unknown = np.full(n, np.nan)
    known: dict[str, np.ndarray] = {}
    for fact in FACTS:
        known[fact.name] = features.get(fact.of, unknown) * fact.per_unit
    known |= observations
    for shared in (*SHARED, *CLUSTERED):
        people = snapshot.get(shared.name, unknown)
        known[shared.name] = np.where(allowed(shared.consent), people, np.nan)
    return {name: known.get(name, unknown) for name in NAMES}
