"""The incumbent policy and its random control band: who was booked, and on what terms.

Sources: domain 7.8, 0.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import Calendar, OldPolicy
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People

# Rates are quoted with this many decimals: 0.0001 % a day.
RATE_DECIMALS = 6


@dataclass(frozen=True)
class LoanTerms:
    """Principal and daily rate (a fraction) that everyone was or would have been lent at."""

    principal_fen: np.ndarray
    daily_rate: np.ndarray


@dataclass(frozen=True)
class Booking:
    """Whose loan was booked, by which door, and with what probability.

    `propensity` is 1 for the approved and the share of the control band for all others.
    """

    is_approved: np.ndarray
    is_control: np.ndarray
    propensity: np.ndarray

    @property
    def is_booked(self) -> np.ndarray:
        """Approved or in the control band."""
        return self.is_approved | self.is_control


def old_score(policy: OldPolicy, contributions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the score of the old policy, in SD, + is safer.

    It is the systematic goodness (minus the sum of all `contributions`), standardised, plus noise.
    """
    goodness = -contributions.sum(axis=1)
    standardised = (goodness - goodness.mean()) / goodness.std()
    return standardised + policy.noise_sd * rng.standard_normal(goodness.size)


def terms(
    nature: WorldConfig, people: People, score: np.ndarray, rng: np.random.Generator
) -> LoanTerms:
    """Return the terms for everyone: the principal follows income, the rate the old score."""
    policy = nature.old_policy
    ratio = policy.principal_to_income * np.exp(
        policy.principal_sigma * rng.standard_normal(people.size)
    )
    step_fen = policy.principal_step_cny * 100
    principal = np.rint(people.income_cny * 100.0 * ratio / step_fen) * step_fen
    principal_fen = np.maximum(principal, policy.principal_min_cny * 100).astype(np.int64)
    rate = policy.daily_rate - policy.daily_rate_slope * score
    # The price band of the incumbent: a very good or bad score moves the rate no further.
    rate = np.clip(rate, *policy.daily_rate_range)
    return LoanTerms(principal_fen, np.round(rate, RATE_DECIMALS))


def book(
    nature: WorldConfig,
    calendar: Calendar,
    people: People,
    score: np.ndarray,
    rng: np.random.Generator,
) -> Booking:
    """Approve the best share of each vintage and book a random band of the rest.

    The band is larger in the calibration months, whose labels set the level of the PD.
    """
    policy = nature.old_policy
    approved = np.zeros(people.size, dtype=bool)
    for vintage in range(calendar.n_vintages):
        rows = np.flatnonzero(people.vintage == vintage)
        n_approved = round(policy.approved_share * rows.size)
        # A stable sort: of equal scores the lower applicant_id goes first.
        best = np.argsort(-score[rows], kind="stable")[:n_approved]
        approved[rows[best]] = True
    first = calendar.train_months
    end = calendar.train_months + calendar.calibration_months
    in_calibration = (people.vintage >= first) & (people.vintage < end)
    band = np.where(in_calibration, policy.control_share_calibration, policy.control_share)
    control = ~approved & (rng.random(people.size) < band)
    return Booking(
        is_approved=approved,
        is_control=control,
        propensity=np.where(approved, 1.0, band),
    )
