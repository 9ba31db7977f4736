"""The raw tables that belong to no feature family: applications, loans and their performance.

Sources: domain 7.1, 7.5, 7.8. In this module every draw of a table comes from one stream, so the
order of the lines is part of the identity of a world.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import TABLES
from creditloom.world.calendar import DAY_US, month_starts
from creditloom.world.events.events import ID_STEP, Chunk, Draws, arrow, fen
from creditloom.world.loans.earlier_loans import (
    earlier_instalments,
    earlier_loan_columns,
    earlier_performance_columns,
)
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.people.people import DIG, INC
from creditloom.world.risk.arrears import RESTRUCTURED, days_past_due
from creditloom.world.world import stated_segments

# Application ids are not applicant ids, so that nobody can confuse the two.
FIRST_APPLICATION = 10_000_000
SECOND_US = 1_000_000
# Index of the segment `student` in world.yaml.
STUDENT = 3


def application_ids(chunk: Chunk) -> np.ndarray:
    """Return the application ids of a chunk, in order of applicant."""
    return FIRST_APPLICATION + chunk.ids


def applications(chunk: Chunk, rng: np.random.Generator) -> pa.Table:
    """Return one application per applicant.

    Amounts follow income, leverage and assets. None of them is a feature of a model.
    """
    n = chunk.size
    numbers = chunk.nature.applications
    # Draw order: amounts, second source, purpose, policy inputs.
    amounts = _stated_amounts(chunk, rng)
    months_on_book = chunk.world.file.history.months[chunk.rows]
    is_student = chunk.of("segment") == STUDENT
    second_source = np.where(
        is_student, numbers.second_source_students, numbers.second_source_others
    )
    has_second_source = rng.random(n) < second_source
    purpose = rng.choice(len(numbers.purposes), n, p=list(numbers.purposes.values()))
    policy_inputs = _policy_inputs(chunk, rng)
    is_repeat = months_on_book > 0
    columns: dict[str, Draws] = {
        **_person(chunk),
        **amounts,
        "months_on_book": months_on_book,
        "is_student": is_student,
        "has_second_source": has_second_source,
        "is_repeat": is_repeat,
        "purpose": _texts(list(numbers.purposes), purpose),
        **policy_inputs,
        **_incumbent(chunk),
        **_payout(chunk),
        **_optional(chunk),
    }
    return arrow(TABLES["applications"], columns)


def _person(chunk: Chunk) -> dict[str, Draws]:
    """Return the columns that repeat what is known of the person; nothing is drawn."""
    region_tier = np.array(chunk.nature.places.tier_of_region)[chunk.of("region")]
    segments, segment = stated_segments(chunk.world)
    consents = ("consent_bureau", "consent_social", "consent_assets", "consent_location")
    return {
        "application_id": application_ids(chunk),
        "applicant_id": chunk.ids,
        "as_of": chunk.of("as_of"),
        "age_years": chunk.of("age_years"),
        "occupation": _texts(segments, segment[chunk.rows]),
        "region_tier": region_tier,
        **{name: chunk.of(name) for name in consents},
    }


def _incumbent(chunk: Chunk) -> dict[str, Draws]:
    """Return what the incumbent saw and decided; nothing is drawn."""
    world = chunk.world
    score = world.file.bureau_score[chunk.rows]
    is_null = np.isnan(score)
    return {
        "pulled_bureau_score": (np.where(is_null, 0, score).astype(np.int64), is_null),
        "incumbent_score": world.booking.score[chunk.rows].astype(np.int64),
        "is_override": world.booking.is_override[chunk.rows],
    }


def _payout(chunk: Chunk) -> dict[str, Draws]:
    """Return to whom the money is to go (FR08): the own account, mostly."""
    numbers = chunk.nature.session
    rng = chunk.rng("session_payee")
    is_fraud = chunk.of("is_fraud")
    is_foreign = rng.random(chunk.size) < np.where(is_fraud, *numbers.payee_mismatch_shares)
    is_risky = rng.random(chunk.size) < np.where(is_fraud, *numbers.risky_merchant_shares)
    return {"is_payee_match": ~is_foreign, "is_risky_merchant": is_risky}


def _optional(chunk: Chunk) -> dict[str, Draws]:
    """Return what the ledger states of the flow, and the columns of the switches that are on."""
    switches = chunk.setting.params.switches
    numbers = chunk.nature.switches
    columns = dict(chunk.stated)
    if switches.challenger:
        is_challenger = chunk.rng("challenger").random(chunk.size) < numbers.challenger_share
        # Codes of the column's allowed values: champion 0, challenger 1.
        columns["arm"] = is_challenger.astype(np.int8)
        columns["arm_chance"] = np.where(
            is_challenger, numbers.challenger_share, 1.0 - numbers.challenger_share
        )
    if switches.alternative:
        noise = numbers.area_noise * chunk.rng("alternative").standard_normal(chunk.size)
        columns["area_arrears_index"] = chunk.world.drift.is_protected[chunk.rows] + noise
    return columns


def _maybe_fen(cny: np.ndarray) -> Draws:
    """Return yuan as whole fen, null where NaN."""
    is_null = np.isnan(cny)
    return fen(np.where(is_null, 1.0, cny)), is_null


def _stated_amounts(chunk: Chunk, rng: np.random.Generator) -> dict[str, Draws]:
    """Return the money columns of the applications, fen."""
    n = chunk.size
    numbers = chunk.nature.applications
    income = chunk.of("income_cny")
    traits = chunk.of("traits")
    file = chunk.world.file

    def noise(sigma: float) -> np.ndarray:
        return sigma * rng.standard_normal(n)

    wealth_state = chunk.world.concept("wealth_and_proofs")[chunk.rows]
    wealth_log = numbers.wealth_level + numbers.wealth_slope * wealth_state
    wealth = income * np.exp(wealth_log + noise(numbers.wealth_noise))
    # Whether there is an amount is drawn before the amount.
    has_card = rng.random(n) < numbers.has_card_share
    card_log = numbers.card_limit_slope * traits[:, INC] + noise(numbers.card_limit_noise)
    card_limits = income * np.exp(card_log)
    has_wealth = rng.random(n) < numbers.has_wealth_share
    is_business = chunk.segment("merchant_share") > numbers.business_merchant_share
    volume_factor = np.where(
        is_business, numbers.business_volume_factor, numbers.personal_volume_factor
    )
    annual_volume = 12.0 * income * volume_factor * np.exp(noise(numbers.volume_noise))
    has_exposure = rng.random(n) < numbers.has_exposure_share
    exposure = income * numbers.exposure_factor * np.exp(noise(numbers.exposure_noise))
    # What somebody does not have is 0, not null: it was asked for.
    card_limits_fen = np.where(has_card, fen(card_limits), 0)
    wealth_fen = np.where(has_wealth, fen(wealth), 0)
    exposure_fen = np.where(has_exposure, fen(exposure), 0)
    return {
        "verified_income_fen": _maybe_fen(file.verified_income_cny[chunk.rows]),
        "declared_income_fen": _maybe_fen(file.declared_income_cny[chunk.rows]),
        "debt_service_fen": fen(file.debt_service_cny[chunk.rows]),
        "card_limits_fen": card_limits_fen,
        "wealth_fen": wealth_fen,
        "annual_volume_fen": fen(annual_volume),
        "exposure_fen": exposure_fen,
    }


def _policy_inputs(chunk: Chunk, rng: np.random.Generator) -> dict[str, Draws]:
    """Return the columns that a policy may ask for beside the stated ones (domain 7.9).

    They are invitation, payment score, opens a day, real name, cards and the local wage.
    """
    n = chunk.size
    numbers = chunk.nature.applications
    log_opens = numbers.opens_level + numbers.opens_slope_digital * chunk.of("traits")[:, DIG]
    log_opens = (
        log_opens
        + numbers.opens_slope_activity * (chunk.world.concept("payment_activity")[chunk.rows])
    )
    opens = np.exp(log_opens + numbers.opens_noise * rng.standard_normal(n))
    tier = np.array(chunk.nature.places.tier_of_region)[chunk.of("region")] - 1
    wage = np.array(chunk.nature.places.wage_index)[tier]
    score_level = numbers.pay_score_level + numbers.pay_score_slope * chunk.of("families")[:, 0]
    score = np.rint(score_level + numbers.pay_score_noise * rng.standard_normal(n))
    is_real_name = rng.random(n) < numbers.real_name_share
    return {
        "is_invited": chunk.world.booking.is_invited[chunk.rows],
        # The payment score has a fixed range.
        "pay_score": np.clip(score, *numbers.pay_score_range),
        "opens_per_day": np.rint(opens),
        "is_real_name": is_real_name,
        "own_card_count": rng.poisson(numbers.mean_cards, n),
        "local_wage_fen": fen(numbers.local_wage_cny * wage),
    }


def _texts(values: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(values))


def booked_times(chunk: Chunk, booked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return when each of the `booked` loans was booked, microseconds: soon after `as_of`."""
    after = chunk.nature.applications.booked_after_seconds
    return chunk.of("as_of")[booked] + rng.integers(*after, booked.size) * SECOND_US


def loan_columns(
    chunk: Chunk, booked: np.ndarray, booked_time: np.ndarray, terms: LoanTerms
) -> dict[str, np.ndarray]:
    """Return the columns that booked loans of any kind have; `booked` are places in the chunk."""
    booking = chunk.world.booking
    places = booked + chunk.first
    return {
        "application_id": application_ids(chunk)[booked],
        "applicant_id": chunk.ids[booked],
        "booked_time": booked_time,
        "principal_fen": terms.principal_fen,
        "daily_rate": terms.daily_rate,
        "is_control": booking.is_control[places],
        "booking_propensity": booking.propensity[places],
    }


def performance_columns(
    chunk: Chunk, booked: np.ndarray, event_time: np.ndarray, lag_days: int, dpd: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns that the performance of loans of any kind has.

    `event_time` and `dpd` are loans x observations; a loan's observations are rows in turn.
    """
    per_loan = dpd.shape[1]
    times = event_time.ravel()
    event_id = chunk.index * ID_STEP + np.arange(dpd.size)
    applicant_id = chunk.ids[booked]
    application_id = application_ids(chunk)[booked]
    return {
        "event_id": event_id,
        "applicant_id": np.repeat(applicant_id, per_loan),
        "event_time": times,
        "known_time": times + lag_days * DAY_US,
        "application_id": np.repeat(application_id, per_loan),
        "dpd_days": dpd.ravel(),
    }


def loans(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return the booked loans, and one row per loan and month on book."""
    world = chunk.world
    # `booked` are places in the chunk, `places` the same people's places in the world.
    booked = np.flatnonzero(world.booking.is_booked[chunk.rows])
    places = booked + chunk.first
    # The time of booking is drawn before the performance.
    booked_time = booked_times(chunk, booked, rng)
    terms = LoanTerms(world.terms.principal_fen[places], world.terms.daily_rate[places])
    tenor_months = np.full(booked.size, chunk.nature.old_policy.tenor_months)
    columns = loan_columns(chunk, booked, booked_time, terms)
    booked_now = {**columns, "tenor_months": tenor_months}
    earlier = earlier_instalments(chunk)
    return {
        "loans": arrow(
            TABLES["loans"], _end_to_end(booked_now, earlier_loan_columns(chunk, earlier))
        ),
        "loan_performance": arrow(
            TABLES["loan_performance"],
            _end_to_end(_performance(chunk, booked), earlier_performance_columns(chunk, earlier)),
        ),
    }


def _end_to_end(
    first: dict[str, np.ndarray], second: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the rows of two groups of columns, those of `first` before those of `second`."""
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def _performance(chunk: Chunk, booked: np.ndarray) -> dict[str, np.ndarray]:
    """Return days past due and restructurings at each month end, known a few days later."""
    calendar = chunk.setting.calendar
    outcome = chunk.world.outcome
    places = booked + chunk.first
    month_on_book = np.arange(1, outcome.missed.shape[1] + 1)
    month_on_book = month_on_book[month_on_book <= calendar.performance_months]
    starts = month_starts(calendar.applications_start, calendar.n_vintages + month_on_book.size + 1)
    month = chunk.of("vintage")[booked].astype(np.int64)[:, None] + month_on_book[None, :]
    # A month ends one second before the next one starts.
    event_time = starts[month + 1] - SECOND_US
    missed = outcome.missed[places][:, : month_on_book.size].astype(np.int64)
    due_day = outcome.due_day[places].astype(np.int64)[:, None]
    dpd = days_past_due(starts // DAY_US, month, missed, due_day)
    lag_days = chunk.nature.hazard.reporting_days
    columns = performance_columns(chunk, booked, event_time, lag_days, dpd)
    columns["month_on_book"] = np.tile(month_on_book, booked.size)
    status = outcome.status[places][:, : month_on_book.size]
    columns["is_restructured"] = (status == RESTRUCTURED).ravel()
    return columns
