"""Tables that belong to no feature family: applications, loans and their month-end performance (domain 7.1, 7.5, 7.8)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import TABLES
from creditloom.world.calendar import DAY_US, month_starts
from creditloom.world.events.events import ID_STEP, Chunk, Draws, arrow, fen
from creditloom.world.people.people import DIG, INC, LEV

FIRST_APPLICATION = (
    10_000_000  # application ids are not applicant ids, so that nobody may confuse the two
)
PURPOSES = ("consumption", "renovation", "education", "medical", "travel", "business")
PURPOSE_SHARES = (0.55, 0.12, 0.08, 0.07, 0.08, 0.10)
REPEAT_SHARE = 0.30  # domain 0.11
STUDENT = 3
INVITED_SHARES = (0.80, 0.10)  # of those the old policy approves, and of the others [default]
REAL_NAME_SHARE = 0.995
LOCAL_WAGE_CNY = 6_000.0  # at wage index 1 [default]
BAD_DPD = 90


def application_ids(chunk: Chunk) -> np.ndarray:
    """Application ids of a chunk, in order of applicant."""
    return FIRST_APPLICATION + chunk.ids


def applications(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """One application per applicant; amounts follow income, leverage and assets, none of them a model feature."""
    income, traits, n = chunk.of("income_cny"), chunk.of("traits"), chunk.size
    repeat = rng.random(n) < REPEAT_SHARE
    wealth = income * np.exp(
        1.0
        + 0.9 * chunk.world.concept("wealth_and_proofs")[chunk.rows]
        + 0.5 * rng.standard_normal(n)
    )
    business = chunk.segment("merchant_share") > 0.2
    columns = {
        "application_id": application_ids(chunk),
        "applicant_id": chunk.ids,
        "as_of": chunk.of("as_of"),
        "age_years": chunk.of("age_years"),
        "occupation": _texts([s.id for s in chunk.nature.segments], chunk.of("segment")),
        "region_tier": np.array(chunk.nature.places.tier_of_region)[chunk.of("region")],
        "verified_income_fen": fen(income * np.exp(0.1 * rng.standard_normal(n))),
        "debt_service_fen": fen(
            income * 0.14 * np.exp(0.45 * traits[:, LEV] + 0.4 * rng.standard_normal(n))
        ),
        "card_limits_fen": np.where(
            rng.random(n) < 0.7,
            fen(income * np.exp(0.3 * traits[:, INC] + 0.6 * rng.standard_normal(n))),
            0,
        ),
        "wealth_fen": np.where(rng.random(n) < 0.75, fen(wealth), 0),
        "annual_volume_fen": fen(
            12.0 * income * np.where(business, 3.0, 0.8) * np.exp(0.4 * rng.standard_normal(n))
        ),
        "exposure_fen": np.where(
            rng.random(n) < 0.2, fen(income * 0.4 * np.exp(0.5 * rng.standard_normal(n))), 0
        ),
        "months_on_book": np.where(repeat, rng.integers(1, 49, n), 0),
        "is_student": chunk.of("segment") == STUDENT,
        "has_second_source": rng.random(n) < np.where(chunk.of("segment") == STUDENT, 0.4, 0.1),
        "is_repeat": repeat,
        "purpose": _texts(list(PURPOSES), rng.choice(len(PURPOSES), n, p=PURPOSE_SHARES)),
        "consent_bureau": chunk.of("consent_bureau"),
        "consent_social": chunk.of("consent_social"),
        "consent_assets": chunk.of("consent_assets"),
        "consent_location": chunk.of("consent_location"),
    }
    return arrow(TABLES["applications"], {**columns, **_facts(chunk, rng)})


def _facts(chunk: Chunk, rng: np.random.Generator) -> dict[str, Draws]:
    """What a policy may ask beside: whitelist, payment score, opens a day, cards and the wage where the person lives (domain 7.9)."""
    n, traits = chunk.size, chunk.of("traits")
    whitelist = np.where(
        chunk.world.booking.is_approved[chunk.rows], INVITED_SHARES[0], INVITED_SHARES[1]
    )
    opens = np.exp(
        1.32
        + 0.25 * traits[:, DIG]
        + 0.1 * chunk.world.concept("payment_activity")[chunk.rows]
        + 0.4 * rng.standard_normal(n)
    )
    wage = np.array(chunk.nature.places.wage_index)[
        np.array(chunk.nature.places.tier_of_region)[chunk.of("region")] - 1
    ]
    return {
        "is_invited": rng.random(n) < whitelist,
        "pay_score": np.clip(
            np.rint(656 + 24 * chunk.of("families")[:, 0] + 50 * rng.standard_normal(n)), 300, 850
        ),
        "opens_per_day": np.rint(opens),
        "is_real_name": rng.random(n) < REAL_NAME_SHARE,
        "own_card_count": rng.poisson(2.2, n),
        "local_wage_fen": fen(LOCAL_WAGE_CNY * wage),
    }


def _texts(values: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(values))


def loans(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """The booked loans and one row per loan and month on book."""
    world, booking = chunk.world, chunk.world.booking
    booked = np.flatnonzero(booking.is_booked[chunk.rows])
    everyone = booked + chunk.first
    columns = {
        "application_id": application_ids(chunk)[booked],
        "applicant_id": chunk.ids[booked],
        "booked_time": chunk.of("as_of")[booked] + rng.integers(60, 3_600, booked.size) * 1_000_000,
        "principal_fen": world.terms.principal_fen[everyone],
        "daily_rate": world.terms.daily_rate[everyone],
        "tenor_months": np.full(booked.size, chunk.nature.old_policy.tenor_months),
        "is_control": booking.is_control[everyone],
        "booking_propensity": booking.propensity[everyone],
    }
    return {
        "loans": arrow(TABLES["loans"], columns),
        "loan_performance": _performance(chunk, booked, rng),
    }


def _performance(chunk: Chunk, booked: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Days past due at each month end, known a few days later."""
    calendar, hazard = chunk.setting.calendar, chunk.nature.hazard
    months = calendar.performance_months
    ends = month_starts(calendar.applications_start, calendar.n_vintages + months + 1) - 1_000_000
    event_time = ends[chunk.of("vintage")[booked][:, None] + np.arange(1, months + 1)[None, :] + 1]
    dpd = days_past_due(chunk, booked, months, rng)
    columns = {
        "event_id": chunk.index * ID_STEP + np.arange(dpd.size),
        "applicant_id": np.repeat(chunk.ids[booked], months),
        "event_time": event_time.ravel(),
        "known_time": event_time.ravel() + hazard.reporting_days * DAY_US,
        "application_id": np.repeat(application_ids(chunk)[booked], months),
        "month_on_book": np.tile(np.arange(1, months + 1), booked.size),
        "dpd_days": dpd.ravel(),
    }
    return arrow(TABLES["loan_performance"], columns)


def days_past_due(
    chunk: Chunk, booked: np.ndarray, months: int, rng: np.random.Generator
) -> np.ndarray:
    """Loans x months: a bad reaches 90 in its month and rolls on; a good slips below 30, few between 30 and 89 and cure."""
    hazard, outcome = chunk.nature.hazard, chunk.world.outcome
    default = outcome.default_month[booked + chunk.first].astype(np.int64)[:, None]
    month, offset = np.arange(1, months + 1)[None, :], rng.integers(0, 28, (booked.size, 1))
    slip = (rng.random((booked.size, months)) < hazard.slip_share) * rng.integers(
        1, 30, (booked.size, months)
    )
    rolling = BAD_DPD + offset + 30 * (month - default)
    likely = (
        hazard.indeterminate_floor
        + hazard.indeterminate_slope * outcome.pd_true[booked + chunk.first]
    )
    spell = (rng.random(booked.size) < likely)[:, None] & (
        month == rng.integers(2, months + 1, (booked.size, 1))
    )
    good = np.where(spell, 30 + rng.integers(0, 60, (booked.size, 1)), slip)
    return np.where(default > 0, np.where(rolling > 0, rolling, slip), good)
