"""The parts of a product: frozen types that every product file fills alike (domain 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .condition import Condition
from .figure import Figure

Verdict = Literal["approve", "refer", "decline"]
Lender = Literal["bank", "micro_loan_company", "licensed_institution"]
Method = Literal["equal_instalment", "equal_principal", "interest_first", "bullet", "revolving_daily"]
Taken = Literal["upfront", "per_period", "at_end", "early_settlement", "extension"]
IN_COST: tuple[Taken, ...] = ("upfront", "per_period", "at_end")
"""Charges that every borrower pays, part of the price like interest (S1-R28, S4-R03); the others only on an event, so they are told but
stand outside the all-in cost (C25)."""
STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True)
class Choice:
    """Something that is not a number and that the source does not say: what was chosen, and why."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    key: str
    chosen: str
    reason: str


@dataclass(frozen=True)
class Licence:
    """A licence that must be published with the product (S2-R11, S2-R49); without its number nothing is lent."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    kind: Literal["lending", "guarantee"]
    number: str | None
    source: str
    note: str = ""


@dataclass(frozen=True)
class TierTerms:
    """Terms of one tier: the first tier in the file whose `worst_grade` is not better than the person's and whose conditions all hold.

    Limits in CNY (`limit_low` is the lower end of the band, to which the formula is raised), `volume_credit` in CNY of limit per 10,000
    CNY of volume (S3-R33), rates in per cent a day: offered is `daily_rate`, or the minimum price up to `daily_high`.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    tier: str
    worst_grade: str
    decision: Verdict
    conditions: tuple[Condition, ...] = ()
    limit_low: Figure | None = None
    limit: Figure | None = None
    initial_limit: Figure | None = None
    new_user_limit: Figure | None = None
    volume_credit: Figure | None = None
    daily_rate: Figure | None = None
    daily_high: Figure | None = None


@dataclass(frozen=True)
class Bonus:
    """S1-R50: the limit times factors[k - 1] where k of the facts hold, never above the tier's maximum."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    facts: tuple[str, ...]
    factors: tuple[Figure, ...]


@dataclass(frozen=True)
class LimitRules:
    """Caps and factors that hold for every tier; null = the product has no such rule.

    `maximum` holds for consumption, `business_maximum` for a business purpose with a licence (C01, S3-R22); `customer_total` bounds what a
    person owes over all products (S2-R03); without `card_share` there is no formula F16.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    minimum: Figure
    maximum: Figure
    business_maximum: Figure | None
    step: Figure
    customer_total: Figure
    student: Figure | None
    card_share: Figure | None
    wealth_from: Figure | None
    wealth_factor: Figure | None
    enquiries_over: Figure | None
    enquiry_factor: Figure | None
    bonus: Bonus | None


@dataclass(frozen=True)
class Affordability:
    """Share of verified monthly income that debt service may take (F15, S3-R55); lower under the median wage."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    dti: Figure
    dti_low_income: Figure
    median_wage: Figure


@dataclass(frozen=True)
class PriceRules:
    """Band and grid of the daily rate, what a price must cover (F18), and the product's own bound on the all-in cost.

    `covers_risk` false: the source sets one flat price for all, F18 is not asked. `seed_basis`: days of the year in the source's figures.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    daily_low: Figure
    daily_high: Figure
    grid: Figure
    seed_basis: Figure
    covers_risk: bool
    cost_of_funds: Figure
    operating_cost: Figure
    margin: Figure
    lgd: Figure
    pd_floor: Figure
    all_in_cap: Figure | None


@dataclass(frozen=True)
class PenaltyTerms:
    """Cost of being overdue: `uplift` is a share of the contract rate, `per_day` a daily rate, `once` a share of principal at day 1.

    `replaces`: on overdue principal it stands in place of interest; else beside it (domain 0.10).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    kind: Literal["uplift", "per_day", "once"]
    rate: Figure
    replaces: bool


@dataclass(frozen=True)
class Repayment:
    """How the money comes back. `method` and `tenor` are what a decision offers; the others can be quoted.

    Grace delays penalty and report only: DPD counts from the contractual due date (C09).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    method: Method
    other_methods: tuple[Method, ...]
    tenor: Figure
    other_tenors: tuple[Figure, ...]
    month_days: Figure
    grace: Figure
    penalty: PenaltyTerms
    report_dpd: Figure
    cooling_off: Figure | None


@dataclass(frozen=True)
class Charge:
    """A fee beside interest, with who receives it; a share of principal, taken when `taken` says."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    name: str
    taken: Taken
    rate: Figure
    receiver: str
