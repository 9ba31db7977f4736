"""What a rule looks at: one batch of applications with their tier and the law of their day, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .figure import Figure, value
from .frame import Frame
from .law import Law, index_of
from .offer import Offers
from .policy import Policy
from .product import Product
from .tiers import Tiers

FEN = 100.0  # fen in a yuan


@dataclass(frozen=True)
class Case:
    """Arrays run over applications. `tier` is the index of the tier, 0 = best; `has_unconsented` marks families sent without consent."""

    frame: Frame
    policy: Policy
    product: Product
    tiers: Tiers
    offers: Offers
    tier: np.ndarray
    has_unconsented: np.ndarray

    @cached_property
    def law(self) -> np.ndarray:
        """Index of the law profile in force on the day of as_of; -1 where none is."""
        return index_of(self.policy.laws, self.frame.as_of)

    def number(self, name: str) -> np.ndarray:
        """A count or flag, NaN = not known."""
        return self.frame.numbers[name]

    def yuan(self, name: str) -> np.ndarray:
        """An amount in CNY, NaN = not known."""
        return self.frame.numbers[f"{name}_fen"] / FEN

    def is_true(self, name: str) -> np.ndarray:
        """Flag known to be true."""
        return self.frame.numbers[name] == 1

    def by_law(self, name: str) -> np.ndarray:
        """A law's figure per application; NaN where the law sets none."""
        return self._lawful([value(_figure(law, name)) for law in self.policy.laws], np.nan)

    def is_by_law(self, held: list[bool]) -> np.ndarray:
        """A property of each law, per application; false where no law is in force."""
        return self._lawful(held, False)

    def _lawful(self, per_law: list[float] | list[bool], absent: float | bool) -> np.ndarray:
        return np.array([*per_law, absent])[self.law]  # index -1 is the last


def _figure(law: Law, name: str) -> Figure | None:
    found: Figure | None = getattr(law, name)
    return found
