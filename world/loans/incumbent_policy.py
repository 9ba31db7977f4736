"""The old policy and the random control band: who was booked, on what terms (domain 7.8, 0.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import Calendar, OldPolicy
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People

ROUND_FEN = 10_000  # principal in steps of 100 yuan
MIN_FEN = 50_000
RATE_LOW, RATE_HIGH = 0.0002, 0.0006


@dataclass(frozen=True)
class LoanTerms:
    """What everyone was or would have been lent: principal and daily rate."""

    principal_fen: np.ndarray
    daily_rate: np.ndarray


@dataclass(frozen=True)
class Booking:
    """Whose loan was booked, by which door, and with what probability."""

    is_approved: np.ndarray
    is_control: np.ndarray
    propensity: np.ndarray

    @property
    def is_booked(self) -> np.ndarray:
        return self.is_approved | self.is_control


def old_score(policy: OldPolicy, contributions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The old score: the true systematic goodness in SD, with noise; + is safer."""
    goodness = -contributions.sum(axis=1)
    return (goodness - goodness.mean()) / goodness.std() + policy.noise_sd * rng.standard_normal(
        goodness.size
    )


def terms(
    nature: WorldConfig, people: People, score: np.ndarray, rng: np.random.Generator
) -> LoanTerms:
    """Principal from income, rate from the old score."""
    policy = nature.old_policy
    ratio = policy.principal_to_income * np.exp(
        policy.principal_sigma * rng.standard_normal(people.size)
    )
    principal = np.maximum(
        np.rint(people.income_cny * 100.0 * ratio / ROUND_FEN) * ROUND_FEN, MIN_FEN
    ).astype(np.int64)
    rate = np.clip(policy.daily_rate - policy.daily_rate_slope * score, RATE_LOW, RATE_HIGH)
    return LoanTerms(principal, np.round(rate, 6))


def book(
    nature: WorldConfig,
    calendar: Calendar,
    people: People,
    score: np.ndarray,
    rng: np.random.Generator,
) -> Booking:
    """Approve the best share of each vintage; of the rest, book a random band, larger in the calibration months."""
    policy = nature.old_policy
    approved = np.zeros(people.size, dtype=bool)
    for vintage in range(calendar.n_vintages):
        rows = np.flatnonzero(people.vintage == vintage)
        best = np.argsort(-score[rows], kind="stable")[: round(policy.approved_share * rows.size)]
        approved[rows[best]] = True
    from_month, to_month = (
        calendar.train_months,
        calendar.train_months + calendar.calibration_months,
    )
    in_calibration = (people.vintage >= from_month) & (people.vintage < to_month)
    band = np.where(in_calibration, policy.control_share_calibration, policy.control_share)
    control = ~approved & (rng.random(people.size) < band)
    return Booking(approved, control, np.where(approved, 1.0, band))
