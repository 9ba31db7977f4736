"""The file of an application: the columns on which the incumbent decides (domain 7.1).

All of them are observable: they stand in the raw table `applications`. No latent state is among
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.history import CustomerHistory
from creditloom.world.people.people import LEV, People


@dataclass(frozen=True)
class ApplicationFile:
    """One value per applicant; money is yuan a month, NaN where it is not on file.

    - `verified_income_cny` and `declared_income_cny`: a verified income is declared too.
    - `debt_service_cny`: what the applicant pays for debts, as declared.
    - `bureau_score`: points as pulled on the day; NaN where the bureau has none or may not say.
    """

    age_years: np.ndarray
    occupation: np.ndarray
    region_tier: np.ndarray
    verified_income_cny: np.ndarray
    declared_income_cny: np.ndarray
    debt_service_cny: np.ndarray
    bureau_score: np.ndarray
    history: CustomerHistory

    @property
    def income_cny(self) -> np.ndarray:
        """The verified income, or else the declared one."""
        is_verified = ~np.isnan(self.verified_income_cny)
        return np.where(is_verified, self.verified_income_cny, self.declared_income_cny)


def draw_file(
    nature: WorldConfig, people: People, history: CustomerHistory, rng: np.random.Generator
) -> ApplicationFile:
    """Draw the file of every applicant."""
    numbers = nature.applications
    n = people.size
    # Draw order: income as it can be verified, what is declared, which of them are on file, debts,
    # the bureau's score.
    verified = people.income_cny * np.exp(numbers.verified_income_noise * rng.standard_normal(n))
    stated_log = np.log(numbers.declared_over_true) + numbers.declared_noise * (
        rng.standard_normal(n)
    )
    declared = people.income_cny * np.exp(stated_log)
    which = rng.random(n)
    is_missing = which < numbers.income_missing_share
    is_verified = which >= numbers.income_missing_share + numbers.income_declared_share
    debt_log = numbers.debt_service_slope * people.traits[:, LEV]
    debt_log = debt_log + numbers.debt_service_noise * rng.standard_normal(n)
    debt_service = people.income_cny * numbers.debt_service_factor * np.exp(debt_log)
    tier = np.array(nature.places.tier_of_region)[people.region]
    # table: the columns of the file
    return ApplicationFile(
        age_years=people.age_years,
        occupation=people.segment,
        region_tier=tier,
        verified_income_cny=np.where(is_verified, verified, np.nan),
        # Who proves an income states what the proof says.
        declared_income_cny=np.where(is_missing, np.nan, np.where(is_verified, verified, declared)),
        debt_service_cny=debt_service,
        bureau_score=_bureau_score(nature, people, rng),
        history=history,
    )


def _bureau_score(nature: WorldConfig, people: People, rng: np.random.Generator) -> np.ndarray:
    """Return the score that the bureau reports on the day, whole points; NaN where it has none."""
    stream = nature.stream("bureau_score")
    state = people.families[:, FAMILIES.index("bureau")]
    points = stream.level + stream.slope * state + stream.noise * rng.standard_normal(people.size)
    # The bureau's scores have a fixed range.
    points = np.clip(np.rint(points), *nature.bureau.score_range)
    has_score = rng.random(people.size) >= nature.bureau.no_score_share
    return np.where(people.has_bureau & people.consent_bureau & has_score, points, np.nan)
