"""Loans of 7 or 14 days, repaid at once, to the people whom the old policy books (S1, domain 0.12).

PD45 = 1 - (1 - PD)^hazard_share. Its log-odds are those of domain 7.5 under the limit and rate of
the short loan: states, u and fraud are those of the person's instalment loan, and the two default
together more often than by chance. Bad means 30 or more days past due within 45 days of booking.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.special import expit

from creditloom.features.contract.tables import TABLES
from creditloom.world.calendar import DAY_US
from creditloom.world.events.events import Chunk, arrow
from creditloom.world.loans.incumbent_policy import LoanTerms
from creditloom.world.loans.lending import booked_times, loan_columns, performance_columns
from creditloom.world.risk.default import terms_effect
from creditloom.world.world import log_odds_without_terms

# Days past due that make a short loan bad (S1).
BAD_DPD = 30
# A bad loan is repaid only after so many times the last day that is looked at: out of sight.
NEVER_REPAID_FACTOR = 10


def short_loans(chunk: Chunk, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Return the booked short loans, and their state after each of `observed_days`."""
    # `booked` are places in the chunk, `places` the same people's places in the world.
    booked = np.flatnonzero(chunk.world.booking.is_booked[chunk.rows])
    places = booked + chunk.first
    # Draw order: principal, tenor, time of booking, then how the loan ends.
    terms = _terms(chunk, places, rng)
    tenors = np.array(chunk.nature.short_loan.tenor_days)
    tenor = tenors[rng.integers(0, tenors.size, booked.size)]
    time = booked_times(chunk, booked, rng)
    columns = loan_columns(chunk, booked, time, terms)
    repaid_day = tenor + _days_late(chunk, places, terms, rng)
    return {
        "short_loans": arrow(TABLES["short_loans"], {**columns, "tenor_days": tenor}),
        "short_loan_performance": _performance(chunk, booked, time, tenor, repaid_day),
    }


def pd_short(chunk: Chunk, places: np.ndarray, terms: LoanTerms) -> np.ndarray:
    """Return PD45 under short terms, for the people at `places` of the world."""
    world = chunk.world
    income = world.people.income_cny[places]
    effect = terms_effect(chunk.nature, income, terms) - world.coefficients.terms_mean
    pd_year = expit(log_odds_without_terms(world)[places] + effect)
    # The one repayment falls due in the month after booking, or near it.
    first_month = world.people.vintage[places].astype(np.int64) + 1
    share = chunk.nature.short_loan.hazard_share * world.setting.economy.hazard(first_month)
    # log1p and expm1 keep small PDs exact: 1 - (1 - PD)^share.
    return -np.expm1(np.log1p(-pd_year) * share)


def _terms(chunk: Chunk, places: np.ndarray, rng: np.random.Generator) -> LoanTerms:
    short = chunk.nature.short_loan
    low, high = short.principal_cny
    step_fen = short.principal_step_cny * 100
    principal_cny = low + rng.random(places.size) * (high - low)
    steps = np.floor(principal_cny * 100.0 / step_fen).astype(np.int64)
    daily_rate = np.full(places.size, short.daily_rate)
    return LoanTerms(steps * step_fen, daily_rate)


def _days_late(
    chunk: Chunk, places: np.ndarray, terms: LoanTerms, rng: np.random.Generator
) -> np.ndarray:
    """Return the days after the due date on which each loan is repaid.

    A bad loan is repaid long after the last day that is looked at; some of the rest are a few days
    late.
    """
    short = chunk.nature.short_loan
    is_bad = rng.random(places.size) < _pd_given_loan(chunk, places, terms)
    is_slip = rng.random(places.size) < short.slip_share
    slip = is_slip * rng.integers(1, short.slip_days_max + 1, places.size)
    return np.where(is_bad, NEVER_REPAID_FACTOR * max(short.observed_days), slip)


def _pd_given_loan(chunk: Chunk, places: np.ndarray, terms: LoanTerms) -> np.ndarray:
    """Return PD45 given whether the person defaults on the twelve-month loan of the same month.

    One person has one purse: P(default on the loan | default on the short loan) is q =
    `shared_default` + (1 - shared_default) pd. By Bayes P(short | loan) = q pd_short / pd and
    P(short | no default on the loan) = (1 - q) pd_short / (1 - pd), so that PD45 is kept.
    """
    shared = chunk.nature.short_loan.shared_default
    pd_loan = chunk.world.outcome.pd_true[places]
    pd = pd_short(chunk, places, terms)
    q = shared + (1.0 - shared) * pd_loan
    has_default = chunk.world.outcome.default_month[places] > 0
    # Short terms may be the riskier ones: a probability stays one.
    given = np.where(has_default, q * pd / pd_loan, (1.0 - q) * pd / (1.0 - pd_loan))
    return np.minimum(given, 1.0)


def _performance(
    chunk: Chunk, booked: np.ndarray, time: np.ndarray, tenor: np.ndarray, repaid_day: np.ndarray
) -> pa.Table:
    short = chunk.nature.short_loan
    days = np.array(short.observed_days)
    is_open = days[None, :] < repaid_day[:, None]
    overdue = np.maximum(days[None, :] - tenor[:, None], 0)
    dpd = np.where(is_open, overdue, 0)
    event_time = time[:, None] + days[None, :] * DAY_US
    columns = performance_columns(chunk, booked, event_time, short.reporting_days, dpd)
    columns["day_on_book"] = np.tile(days, booked.size)
    return arrow(TABLES["short_loan_performance"], columns)
