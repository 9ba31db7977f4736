"""Customers with a history here: since when, and which of their instalments were late.

Who comes back has been approved before and has not defaulted since, so repeat customers are safer
than new ones, and a better record is safer than a worse one. A fraud's account is young and has no
history.
Sources: domain 0.11, S1-R07.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People
from creditloom.world.risk.arrears import spell_chance

# Months of history at least, so that one instalment has fallen due.
MIN_MONTHS = 2


@dataclass(frozen=True)
class CustomerHistory:
    """One value per applicant.

    `months` since the first loan here, 0 for a new customer; an instalment fell due in each month
    after it. Bit k of `late` is set where the one of k months before the application was late; bit
    0 is never set.
    """

    months: np.ndarray
    late: np.ndarray

    @property
    def is_repeat(self) -> np.ndarray:
        """Whether the applicant had a loan here before."""
        return self.months > 0

    @property
    def months_late(self) -> np.ndarray:
        """Number of instalments that were late."""
        return np.bitwise_count(self.late).astype(np.int64)

    @property
    def on_time_share(self) -> np.ndarray:
        """Share of instalments paid on time; NaN for a new customer."""
        n_instalments = np.where(self.is_repeat, self.months - 1, 1)
        return np.where(self.is_repeat, 1.0 - self.months_late / n_instalments, np.nan)


def draw_history(
    nature: WorldConfig, people: People, log_odds: np.ndarray, rng: np.random.Generator
) -> CustomerHistory:
    """Draw who has a history here and how it went.

    `log_odds` are those of a default within twelve months, luck included, on neutral terms. The
    chance to be a repeat customer falls with them: 2 expit(-slope z) times the share, z
    standardised.
    """
    numbers = nature.history
    z = (log_odds - log_odds.mean()) / log_odds.std()
    chance = 2.0 * numbers.repeat_share * expit(-numbers.repeat_slope * z)
    is_repeat = (rng.random(people.size) < chance) & ~people.is_fraud
    months = np.where(is_repeat, rng.integers(MIN_MONTHS, numbers.max_months + 1, people.size), 0)
    pd = expit(log_odds)
    ones = np.ones(people.size)
    late_chance = np.minimum(
        numbers.late_factor * spell_chance(nature.arrears, pd, ones, 1.0), numbers.max_late_chance
    )
    late = np.zeros(people.size, np.int64)
    for month in range(1, numbers.max_months):
        is_late = (month < months) & (rng.random(people.size) < late_chance)
        late |= is_late.astype(np.int64) << month
    return CustomerHistory(months=months.astype(np.int64), late=late)
