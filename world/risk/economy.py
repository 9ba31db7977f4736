"""The economy by calendar month: one path that hazard, incomes and payments feel (domain 7.5, 7.8).

The path acts in the month in which something happens and not in the month of the application. It
is measured in standard deviations of a calm economy; + is worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import EconomyNumbers

# Months of the path before the first vintage: the history of its people, and a year to spare.
MONTHS_BEFORE_VINTAGES = 24
# Months of the path after the last vintage: a year of outcomes, and a book run forward four more.
MONTHS_AFTER_VINTAGES = 60


@dataclass(frozen=True)
class Economy:
    """The path of one world.

    `path` has one value per calendar month, the first one MONTHS_BEFORE_VINTAGES before the first
    vintage. `gamma` is what one standard deviation adds to the log of a month's hazard.
    """

    path: np.ndarray
    gamma: float

    def at(self, month: np.ndarray | int) -> np.ndarray:
        """Return the path in `month`, counted from the first vintage; 0 is its month.

        Before its first and after its last month the path stays as it was there.
        """
        place = np.asarray(month) + MONTHS_BEFORE_VINTAGES
        # Months outside the path are those of its ends: nobody drew any others.
        return self.path[np.clip(place, 0, self.path.size - 1)]

    def hazard(self, month: np.ndarray | int) -> np.ndarray:
        """Return the factor on the hazard of `month`; 1 in a neutral economy."""
        return np.exp(self.gamma * self.at(month))

    def of_vintage(self, n_vintages: int, weights: np.ndarray) -> np.ndarray:
        """Return what each vintage will meet, as one value of the path.

        `weights` are those of its months on book from the first one. It is ln of the mean factor
        over these months, divided by gamma; exactly 0 in a neutral economy.
        """
        month = np.arange(n_vintages)[:, None] + np.arange(1, weights.size + 1)[None, :]
        mean_factor = self.hazard(month) @ (weights / weights.sum())
        # A neutral path gives a mean of 1 but for the last bit; the truth shall say 0.
        is_neutral = not self.path.any()
        return np.zeros(n_vintages) if is_neutral else np.log(mean_factor) / self.gamma


def draw_economy(
    numbers: EconomyNumbers,
    scenario: str,
    n_vintages: int,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Economy:
    """Draw the path of a scenario.

    `off` is 0 in every month. `calm` is an AR(1) with unit variance and one bad half-year
    (domain 7.8), less what makes the mean hazard of all vintages neutral. `recession` is the calm
    path and a year of its own on top, which is not taken off again. `weights` are those of the
    months on book in which a default can begin.
    """
    n_months = MONTHS_BEFORE_VINTAGES + n_vintages + MONTHS_AFTER_VINTAGES
    steps = rng.standard_normal(n_months)
    if scenario == "off":
        return Economy(np.zeros(n_months), numbers.gamma)
    path = np.empty(n_months)
    # The first month is drawn from the stationary law, so that no month is special.
    path[0] = steps[0]
    for step in range(1, n_months):
        path[step] = numbers.rho * path[step - 1] + np.sqrt(1.0 - numbers.rho**2) * steps[step]
    _add(path, numbers.bad_half_year, numbers.bad_half_year_months, numbers.bad_half_year_size)
    calm = Economy(path, numbers.gamma)
    # `base_rate` is the rate of a neutral economy over all vintages: their mean factor becomes 1.
    month = np.arange(n_vintages)[:, None] + np.arange(1, weights.size + 1)[None, :]
    mean_factor = float((calm.hazard(month) @ (weights / weights.sum())).mean())
    path = path - np.log(mean_factor) / numbers.gamma
    if scenario == "recession":
        _add(path, numbers.recession, numbers.recession_months, numbers.recession_size)
    return Economy(path, numbers.gamma)


def _add(path: np.ndarray, first_vintage: int, n_months: int, size: float) -> None:
    """Add `size` to the months from `first_vintage` on, in place."""
    first = MONTHS_BEFORE_VINTAGES + first_vintage
    path[first : first + n_months] += size
