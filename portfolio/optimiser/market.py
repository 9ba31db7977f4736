"""Describe what can be chosen and what it is worth.

That is: applicants with their caps, the rates open to each tier, and the share that takes an offer
up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from creditloom.decision.pricing.table import annuity
from creditloom.models.sample.errors import ModelError

# Percentage points in a rate of 1.
PER_POINT = 100.0


@dataclass(frozen=True)
class TakeUp:
    """Share of offers taken (domain 6 pricing).

    share = base x exp(-elasticity x (APR - reference) in percentage points), at most 1. `best` and
    `worst` are the elasticities of the best and the worst tier, the others lie evenly between: the
    worst risks are the least elastic (S4-R46: good risks mind the rate; S4-R48: others bear it).
    """

    base: float
    reference_apr: float
    best: float
    worst: float

    def table(self, aprs: np.ndarray, tiers: int) -> np.ndarray:
        """Return the share taken, tiers x rates."""
        slope = np.linspace(self.best, self.worst, tiers)[:, None]
        taken = self.base * np.exp(-slope * PER_POINT * (aprs - self.reference_apr))
        # A rate far below the reference would give more than everybody.
        share: np.ndarray = np.minimum(taken, 1.0)
        return share


@dataclass(frozen=True)
class Costs:
    """Shares a year, and CNY a year per account (N24)."""

    lgd: float
    cost_of_funds: float
    account_cost: float


@dataclass(frozen=True)
class Market:
    """Applicants in order of PD, and per tier the rates that product and law allow.

    pd: ascending, fractions. tier: non-decreasing, 0 = best. cap: highest limit of a person in CNY,
    affordability apart (0 = none may be lent). capacity: CNY a month that debt service leaves
    (F15). rates: the product's grid, fractions a day; apr: IRR x 12 of each. is_allowed: tiers x
    rates, at least the minimum price, at most the cap. take_up: share of offers taken, tiers x
    rates. step, minimum: of a limit, CNY. exposure_share: what is owed on average over a year as a
    share of the limit, per rate; 1 is a limit drawn in full for the whole year.
    Raises ModelError for applicants out of order, and for tables of another shape.
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
    exposure_share: np.ndarray | float = 1.0

    def __post_init__(self) -> None:
        # The order is what lets `priced_choice` stop at the first person not worth lending to.
        for name, values in (("pd", self.pd), ("tier", self.tier)):
            if np.any(np.diff(values) < 0):
                raise ModelError(
                    f"Market: expected applicants in order of {name}, got a fall; "
                    "sort them by PD before the market is made"
                )
        shape = (self.tiers, len(self.rates))
        if not (self.is_allowed.shape == self.take_up.shape == shape):
            raise ModelError(
                f"Market: expected is_allowed and take_up as tiers x rates {shape}, "
                f"got {self.is_allowed.shape} and {self.take_up.shape}"
            )

    @property
    def tiers(self) -> int:
        """The number of tiers."""
        return len(self.is_allowed)

    @cached_property
    def annuity(self) -> np.ndarray:
        """Principal per CNY a month, per rate (F15)."""
        return annuity(self.month_days * self.rates, self.tenor)

    @cached_property
    def exposure(self) -> np.ndarray:
        """What is owed on average over a year as a share of the limit, one per rate."""
        return np.broadcast_to(self.exposure_share, self.rates.shape).astype(float)

    @cached_property
    def edges(self) -> np.ndarray:
        """The place of each tier's first applicant, and the end: tiers + 1 values."""
        return np.searchsorted(self.tier, np.arange(self.tiers + 1))

    def highest(self, rate: np.ndarray) -> np.ndarray:
        """Return the highest limit of each person, CNY, at the `rate` of each tier; 0 for none.

        `rate` is an index into the grid, -1 = not lent to.
        """
        affordable = np.where(rate < 0, 0.0, self.annuity[rate])[self.tier] * self.capacity
        # Limits are multiples of the step, rounded down: never above what is affordable.
        limit = np.floor(np.minimum(self.cap, affordable) / self.step) * self.step
        return np.where(limit < self.minimum, 0.0, limit)


@dataclass(frozen=True)
class Budget:
    """What a policy may use.

    Expected loss and funding in CNY a year, both on what is owed on average and not on limits, and
    the least share of applicants that is offered credit.
    """

    expected_loss: float
    funding: float
    approval_share: float = 0.0
