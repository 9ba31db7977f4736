"""What a lending product is: one dated version, whose parts must not contradict each other (domain 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from .condition import Criterion
from .errors import DecisionError
from .figure import Figure, value
from .terms import STRICT, Affordability, Charge, Choice, Lender, Licence, LimitRules, PriceRules, Repayment, TierTerms

VERDICTS = ("approve", "refer", "decline")
TIGHTER_OR_EQUAL = ("limit_low", "limit", "initial_limit", "new_user_limit", "volume_credit")  # never higher in a worse tier
DEARER_OR_EQUAL = ("daily_rate", "daily_high")  # never lower in a worse tier
ROUNDING = 1e-9


@dataclass(frozen=True)
class Product:
    """One dated version of a product. Better tiers come first and never have worse terms.

    `horizon`: days of outcome that the PD of its model must look at (domain 0.12). `source_rows`: the rules it is made of.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    id: str
    name_en: str
    name_zh: str
    lender: Lender
    licences: tuple[Licence, ...]
    source_rows: tuple[str, ...]
    effective_from: dt.date
    effective_to: dt.date | None
    horizon: Figure
    choices: tuple[Choice, ...]
    admission: tuple[Criterion, ...]
    limit: LimitRules
    affordability: Affordability
    price: PriceRules
    repayment: Repayment
    charges: tuple[Charge, ...]
    banned_purposes: tuple[str, ...]
    tiers: tuple[TierTerms, ...]

    def __post_init__(self) -> None:
        self._check_dates()
        self._check_price()
        for name in TIGHTER_OR_EQUAL:
            self._check_order(name, sign=-1)
        for name in DEARER_OR_EQUAL:
            self._check_order(name, sign=1)
        self._check_tiers()
        for tier in self.tiers:
            self._check_tier(tier)

    def _check_dates(self) -> None:
        if self.effective_to and self.effective_to < self.effective_from:
            raise self._refusal("effective_to", f"a day from {self.effective_from} on", str(self.effective_to), "its dates are wrong")

    def _check_price(self) -> None:
        price = self.price
        if price.daily_low.value > price.daily_high.value:
            raise self._refusal("price.daily_high", f"at least {price.daily_low.value}", str(price.daily_high.value), "its band is empty")
        yearly = price.daily_high.value / 100.0 * price.seed_basis.value
        if yearly > value(price.all_in_cap) + ROUNDING:
            cap = f"at most {value(price.all_in_cap):g} a year, on {price.seed_basis.value:g} days"
            raise self._refusal("price.daily_high", cap, f"{yearly:g}", "a rate is over the product's own cap")

    def _check_order(self, name: str, sign: int) -> None:
        known = [value(getattr(t, name)) for t in self.tiers if getattr(t, name) is not None]
        if any(sign * later < sign * earlier for earlier, later in pairwise(known)):
            raise self._refusal(f"tiers.{name}", "terms that never improve as risk grows", ", ".join(map(str, known)))

    def _check_tiers(self) -> None:
        """Better verdicts first; bands of limits and of grades that do not overlap; each tier within reach."""
        verdicts = [VERDICTS.index(t.decision) for t in self.tiers]
        if verdicts != sorted(verdicts):
            raise self._refusal("tiers.decision", "approve before refer before decline", "a worse tier with a better decision")
        for better, worse in pairwise(self.tiers):
            if value(better.limit_low) < value(worse.limit):
                got = f"{better.tier} from {value(better.limit_low):g}, {worse.tier} to {value(worse.limit):g}"
                raise self._refusal("tiers.limit_low", "limit bands that do not overlap", got)
        reach = [t.worst_grade for t in self.tiers if not t.conditions]
        if [*map(_rank, reach)] != sorted({*map(_rank, reach)}):
            raise self._refusal("tiers.worst_grade", "grades G1, G2, ... that rise from tier to tier", ", ".join(reach), "tiers overlap")

    def _check_tier(self, tier: TierTerms) -> None:
        if tier.decision == "decline":
            return
        if tier.limit is None or tier.daily_rate is None:
            raise self._refusal(f"tiers.{tier.tier}", "limit and rate of a tier that is lent to", "a null")
        low, high = self.price.daily_low.value, self.price.daily_high.value
        band = (tier.daily_rate.value, tier.daily_rate.value if tier.daily_high is None else tier.daily_high.value)
        if not low <= band[0] <= band[1] <= high:
            raise self._refusal(f"tiers.{tier.tier}.daily_rate", f"within the product's {low}-{high} % a day", f"{band[0]}-{band[1]}")

    def _refusal(self, where: str, expected: str, got: str, what: str = "the tiers contradict each other") -> DecisionError:
        said = f"a product cannot be used: {what}"
        return DecisionError(said, where=f"{self.id} {where}", expected=expected, got=got, next_step="correct the product file")


def _rank(grade: str) -> int:
    """G1 is 1; what is no grade is refused as such by being last and equal."""
    return int(grade[1:]) if grade[:1] == "G" and grade[1:].isdigit() else 0
