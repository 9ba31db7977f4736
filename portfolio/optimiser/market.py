"""What can be chosen and what it is worth: applicants with their caps, the rates open to each tier, and how many take an offer up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from creditloom.decision.pricing.table import annuity
from creditloom.models.sample.errors import ModelError

PER_POINT = 100.0  # percentage points in a rate of 1


@dataclass(frozen=True)
class TakeUp:
    """Share of offers taken: base x exp(-elasticity x (APR - reference) in percentage points), at most 1 (domain 6 pricing).

    `best` and `worst` are the elasticities of the best and the worst tier, between them evenly: the worst risks are the least elastic
    (S4-R46: good risks mind the rate; S4-R48: others bear it).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    base: float
    reference_apr: float
    best: float
    worst: float

    def table(self, aprs: np.ndarray, tiers: int) -> np.ndarray:
        """Share taken, tiers x rates."""
        slope = np.linspace(self.best, self.worst, tiers)[:, None]
        found: np.ndarray = np.minimum(
            self.base * np.exp(-slope * PER_POINT * (aprs - self.reference_apr)), 1.0
        )
        return found


@dataclass(frozen=True)
class Costs:
    """Shares a year, and CNY a year per account (N24)."""

    lgd: float
    cost_of_funds: float
    account_cost: float


@dataclass(frozen=True)
class Market:
    """Applicants in order of PD, and per tier the rates that product and law allow.

    pd: ascending, fractions; tier: non-decreasing, 0 = best; cap: highest limit of a person in CNY, affordability apart (0 = none may be
    lent); capacity: CNY a month that debt service leaves (F15). rates: the product's grid, fractions a day; apr: IRR x 12 of each;
    is_allowed: tiers x rates, at least the minimum price, at most the cap. step, minimum: of a limit, CNY.
    """

    pd: np.ndarray
    tier: np.ndarray
    cap: np.ndarray
    capacity: np.ndarray
    rates: np.ndarray
    apr: np.ndarray
    is_allowed: np.ndarray
    take_up: np.ndarray
    costs: Costs
    tenor: int
    month_days: int = 30
    step: float = 100.0
    minimum: float = 500.0

    def __post_init__(self) -> None:
        for name, values in (("pd", self.pd), ("tier", self.tier)):
            if np.any(np.diff(values) < 0):
                raise ModelError(
                    f"Market: expected applicants in order of {name}, got a fall; sort them by PD before the market is made"
                )
        if not (self.is_allowed.shape == self.take_up.shape == (self.tiers, len(self.rates))):
            raise ModelError(
                f"Market: expected is_allowed and take_up as tiers x rates {self.tiers, len(self.rates)}, got {self.is_allowed.shape} and "
                f"{self.take_up.shape}"
            )

    @property
    def tiers(self) -> int:
        """Number of tiers."""
        return len(self.is_allowed)

    @cached_property
    def annuity(self) -> np.ndarray:
        """Principal per CNY a month, per rate (F15)."""
        return annuity(self.month_days * self.rates, self.tenor)

    @cached_property
    def edges(self) -> np.ndarray:
        """Where each tier begins among the applicants, and the end."""
        return np.searchsorted(self.tier, np.arange(self.tiers + 1))

    def highest(self, rate: np.ndarray) -> np.ndarray:
        """Highest limit of each person, CNY, at the `rate` of each tier (index, -1 = not lent to); 0 under the minimum."""
        affordable = np.where(rate < 0, 0.0, self.annuity[rate])[self.tier] * self.capacity
        found = np.floor(np.minimum(self.cap, affordable) / self.step) * self.step
        return np.where(found < self.minimum, 0.0, found)


@dataclass(frozen=True)
class Budget:
    """What a policy may use: expected loss and funding in CNY a year, and the least share of applicants that is offered credit."""

    expected_loss: float
    funding: float
    approval_share: float = 0.0
