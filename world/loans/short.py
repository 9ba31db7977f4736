"""Loans of 7 or 14 days, repaid at once, to the same people whom the old policy books (S1, domain 0.12).

PD45 = 1 - (1 - PD)^hazard_share, with the log-odds of domain 7.5 under the short loan's own limit and rate: states, u, fraud and macro are
those of the person's instalment loan, the draw is its own. Bad = 30 or more days past due within 45 days of booking.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import TABLES
from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import ID_STEP, Chunk, arrow
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.loans.lending import application_ids
from creditloom.world.people.people import sigmoid
from creditloom.world.risk.default import terms_effect
from creditloom.world.world import log_odds_without_terms

BAD_DPD = 30
STEP_FEN = 10_000  # principal in steps of 100 yuan


def short_loans(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """The booked short loans and their state after each of `observed_days`."""
    world, numbers = chunk.world, chunk.nature.short_loan
    booked = np.flatnonzero(world.booking.is_booked[chunk.rows])
    everyone = booked + chunk.first
    terms = _terms(chunk, everyone, rng)
    tenor = np.array(numbers.tenor_days)[rng.integers(0, len(numbers.tenor_days), booked.size)]
    time = chunk.of("as_of")[booked] + rng.integers(60, 3_600, booked.size) * 1_000_000
    columns = {
        "application_id": application_ids(chunk)[booked],
        "applicant_id": chunk.ids[booked],
        "booked_time": time,
        "principal_fen": terms.principal_fen,
        "daily_rate": terms.daily_rate,
        "tenor_days": tenor,
        "is_control": world.booking.is_control[everyone],
        "booking_propensity": world.booking.propensity[everyone],
    }
    repaid = tenor + _days_late(chunk, everyone, terms, rng)
    performance = _performance(chunk, booked, time, tenor, repaid)
    return {
        "short_loans": arrow(TABLES["short_loans"], columns),
        "short_loan_performance": performance,
    }


def pd_short(chunk: Chunk, everyone: np.ndarray, terms: LoanTerms) -> np.ndarray:
    """PD45 of people of the world under short terms."""
    world, income = chunk.world, chunk.world.people.income_cny[everyone]
    moved = terms_effect(chunk.nature, income, terms) - world.coefficients.terms_mean
    return -np.expm1(
        np.log1p(-sigmoid(log_odds_without_terms(world)[everyone] + moved))
        * chunk.nature.short_loan.hazard_share
    )


def _terms(chunk: Chunk, everyone: np.ndarray, rng: np.random.Generator) -> LoanTerms:
    low, high = chunk.nature.short_loan.principal_cny
    principal = (
        np.floor((low + rng.random(everyone.size) * (high - low)) * 100.0 / STEP_FEN).astype(
            np.int64
        )
        * STEP_FEN
    )
    return LoanTerms(principal, np.full(everyone.size, chunk.nature.short_loan.daily_rate))


def _days_late(
    chunk: Chunk, everyone: np.ndarray, terms: LoanTerms, rng: np.random.Generator
) -> np.ndarray:
    """Days after the due date on which the loan is repaid: never within sight for a bad, a few days for some of the rest."""
    numbers = chunk.nature.short_loan
    bad = rng.random(everyone.size) < pd_short(chunk, everyone, terms)
    slips = (rng.random(everyone.size) < numbers.slip_share) * rng.integers(
        1, numbers.slip_days_max + 1, everyone.size
    )
    return np.where(bad, 10 * max(numbers.observed_days), slips)


def _performance(
    chunk: Chunk, booked: np.ndarray, time: np.ndarray, tenor: np.ndarray, repaid: np.ndarray
) -> pa.Table:
    days = np.array(chunk.nature.short_loan.observed_days)
    open_ = days[None, :] < repaid[:, None]
    dpd = np.where(open_, np.maximum(days[None, :] - tenor[:, None], 0), 0)
    event_time = (time[:, None] + days[None, :] * DAY_US).ravel()
    columns = {
        "event_id": chunk.index * ID_STEP + np.arange(dpd.size),
        "applicant_id": np.repeat(chunk.ids[booked], days.size),
        "event_time": event_time,
        "known_time": event_time + DAY_US,
        "application_id": np.repeat(application_ids(chunk)[booked], days.size),
        "day_on_book": np.tile(days, booked.size),
        "dpd_days": dpd.ravel(),
    }
    return arrow(TABLES["short_loan_performance"], columns)
