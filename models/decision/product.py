"""What a lending product is: frozen types that every product file fills alike (domain 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

from .errors import DecisionError
from .figure import Figure, value

Verdict = Literal["approve", "refer", "decline"]
Lender = Literal["bank", "micro_loan_company", "licensed_institution"]
Method = Literal["equal_instalment", "equal_principal", "interest_first", "bullet", "revolving_daily"]
STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class TierTerms:
    """Terms of one tier. Limits in CNY, `volume_credit` in CNY of limit per 10,000 CNY of volume (S3-R33), rate in per cent a day."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    tier: str
    decision: Verdict
    limit: Figure | None = None
    new_user_limit: Figure | None = None
    volume_credit: Figure | None = None
    daily_rate: Figure | None = None


@dataclass(frozen=True)
class LimitRules:
    """Caps and factors that hold for every tier; null = the product has no such rule."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    minimum: Figure
    maximum: Figure
    step: Figure
    customer_total: Figure
    student: Figure | None
    card_share: Figure
    wealth_from: Figure
    wealth_factor: Figure
    enquiries_over: Figure | None
    enquiry_factor: Figure | None


@dataclass(frozen=True)
class Affordability:
    """Share of verified monthly income that debt service may take (F15); lower under the median wage."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    dti: Figure
    dti_low_income: Figure
    median_wage: Figure


@dataclass(frozen=True)
class PriceRules:
    """Band and grid of the daily rate, what a price must cover (F18), and the product's own bound on the all-in cost."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    daily_low: Figure
    daily_high: Figure
    grid: Figure
    cost_of_funds: Figure
    operating_cost: Figure
    margin: Figure
    lgd: Figure
    pd_floor: Figure
    all_in_cap: Figure | None


@dataclass(frozen=True)
class Repayment:
    """How the money comes back; `penalty_uplift` is the share added to the contract rate on overdue principal (S5, R15)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    method: Method
    tenor: Figure
    month_days: Figure
    grace: Figure
    penalty_uplift: Figure


@dataclass(frozen=True)
class Charge:
    """A fee beside interest: a share of principal, taken upfront or with every instalment; it enters the all-in cost."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    name: str
    taken: Literal["upfront", "per_period"]
    rate: Figure


@dataclass(frozen=True)
class Product:
    """One dated version of a product. Better tiers come first and never have worse terms: checked here."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    id: str
    name_en: str
    name_zh: str
    lender: Lender
    effective_from: dt.date
    effective_to: dt.date | None
    limit: LimitRules
    affordability: Affordability
    price: PriceRules
    repayment: Repayment
    charges: tuple[Charge, ...]
    banned_purposes: tuple[str, ...]
    tiers: tuple[TierTerms, ...]

    def __post_init__(self) -> None:
        for name in ("limit", "new_user_limit", "volume_credit"):
            self._check_order(name, sign=-1)
        self._check_order("daily_rate", sign=1)
        verdicts = [("approve", "refer", "decline").index(t.decision) for t in self.tiers]
        if verdicts != sorted(verdicts):
            raise self._refusal("decision", "approve before refer before decline", "a worse tier with a better decision")
        lent = [
            t.tier for t in self.tiers if t.decision != "decline" and None in (t.limit, t.new_user_limit, t.volume_credit, t.daily_rate)
        ]
        if lent:
            raise self._refusal(f"{lent[0]}", "limits, volume credit and rate for a tier that is lent to", "a null")

    def _check_order(self, name: str, sign: int) -> None:
        known = [value(getattr(t, name)) for t in self.tiers if getattr(t, name) is not None]
        if any(sign * later < sign * earlier for earlier, later in pairwise(known)):
            raise self._refusal(name, "terms that never improve as risk grows", ", ".join(map(str, known)))

    def _refusal(self, where: str, expected: str, got: str) -> DecisionError:
        return DecisionError(
            "the tiers of a product contradict each other",
            where=f"{self.id} tiers.{where}",
            expected=expected,
            got=got,
            next_step="correct the product file",
        )
