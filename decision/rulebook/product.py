"""A lending product: one dated version, whose parts must not contradict each other (domain 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..base.errors import DecisionError
from ..pricing.table import Method
from .condition import Condition, Criterion, SourcedValue, value

# The parts of a product: frozen types that every product file fills in the same way (domain 3).

Verdict = Literal["approve", "refer", "decline"]
Lender = Literal["bank", "micro_loan_company", "licensed_institution"]
Taken = Literal["upfront", "per_period", "at_end", "early_settlement", "extension"]
# Charges that every borrower pays, part of the price like interest (S1-R28, S4-R03). The others
# fall due only on an event, so an offer shows them, but they stand outside the all-in cost (C25).
IN_COST: tuple[Taken, ...] = ("upfront", "per_period", "at_end")


@dataclass(frozen=True)
class Choice:
    """A choice where the source is silent and no number is meant: what was chosen, and why."""

    key: str
    chosen: str
    reason: str


@dataclass(frozen=True)
class Licence:
    """A licence that must be published with the product (S2-R11, S2-R49).

    Without its number nothing is lent.
    """

    kind: Literal["lending", "guarantee"]
    number: str | None
    source: str
    note: str = ""


@dataclass(frozen=True)
class TierTerms:
    """Terms of one tier.

    A person gets the first tier in the file whose `worst_grade` is not better than the person's
    grade and whose conditions all hold. Limits are in CNY (`limit_low` is the lower end of the
    band, to which the formula is raised), `volume_credit` is in CNY of limit per 10,000 CNY of
    volume (S3-R33), rates are in per cent a day: offered is `daily_rate`, or the minimum price up
    to `daily_high`. `penalty` is the rate of the product's penalty in this tier, in its unit; null
    = the product's own (S5-R28).
    """

    tier: str
    worst_grade: str
    decision: Verdict
    conditions: tuple[Condition, ...] = ()
    limit_low: SourcedValue | None = None
    limit: SourcedValue | None = None
    initial_limit: SourcedValue | None = None
    new_user_limit: SourcedValue | None = None
    volume_credit: SourcedValue | None = None
    daily_rate: SourcedValue | None = None
    daily_high: SourcedValue | None = None
    penalty: SourcedValue | None = None


@dataclass(frozen=True)
class Bonus:
    """S1-R50: the limit times factors[k - 1] where k of the facts hold.

    Never above the tier's maximum.
    """

    facts: tuple[str, ...]
    factors: tuple[SourcedValue, ...]


@dataclass(frozen=True)
class LimitRules:
    """Caps and factors that hold for every tier; null = the product has no such rule.

    `maximum` holds for consumption, `business_maximum` for a business purpose with a licence (C01,
    S3-R22); `customer_total` bounds what a person owes over all products (S2-R03); without
    `card_share` there is no formula F16.
    """

    minimum: SourcedValue
    maximum: SourcedValue
    business_maximum: SourcedValue | None
    step: SourcedValue
    customer_total: SourcedValue
    student: SourcedValue | None
    card_share: SourcedValue | None
    wealth_from: SourcedValue | None
    wealth_factor: SourcedValue | None
    enquiries_over: SourcedValue | None
    enquiry_factor: SourcedValue | None
    bonus: Bonus | None


@dataclass(frozen=True)
class Affordability:
    """Share of verified monthly income that debt service may take (F15, S3-R55).

    It is lower for an income under the median wage.
    """

    dti: SourcedValue
    dti_low_income: SourcedValue
    median_wage: SourcedValue


@dataclass(frozen=True)
class PriceRules:
    """Band and grid of the daily rate, what a price must cover (F18), and the product's own cap.

    `covers_risk` false means that the source sets one flat price for all and F18 does not apply.
    `seed_basis` is the days of the year in the source's figures. `all_in_cap` bounds the all-in
    cost a year.
    """

    daily_low: SourcedValue
    daily_high: SourcedValue
    grid: SourcedValue
    seed_basis: SourcedValue
    covers_risk: bool
    cost_of_funds: SourcedValue
    operating_cost: SourcedValue
    margin: SourcedValue
    lgd: SourcedValue
    pd_floor: SourcedValue
    all_in_cap: SourcedValue | None


@dataclass(frozen=True)
class PenaltyTerms:
    """Cost of being overdue.

    `uplift` is a share of the contract rate, `per_day` a daily rate, `once` a share of principal at
    day 1. `replaces`: on overdue principal it stands in place of interest; else beside it
    (domain 0.10).
    """

    kind: Literal["uplift", "per_day", "once"]
    rate: SourcedValue
    replaces: bool


@dataclass(frozen=True)
class Repayment:
    """How the money comes back.

    `method` and `tenor` are what a decision offers; the others can be quoted. Grace delays penalty
    and report only: DPD counts from the contractual due date (C09).
    """

    method: Method
    other_methods: tuple[Method, ...]
    tenor: SourcedValue
    other_tenors: tuple[SourcedValue, ...]
    month_days: SourcedValue
    grace: SourcedValue
    penalty: PenaltyTerms
    report_dpd: SourcedValue
    cooling_off: SourcedValue | None


@dataclass(frozen=True)
class Charge:
    """A fee beside interest: a share of principal, when it is taken, and who receives it."""

    name: str
    taken: Taken
    rate: SourcedValue
    receiver: str


VERDICTS = ("approve", "refer", "decline")
# Terms that are never higher in a worse tier.
TIGHTER_OR_EQUAL = ("limit_low", "limit", "initial_limit", "new_user_limit", "volume_credit")
# Terms that are never lower in a worse tier.
DEARER_OR_EQUAL = ("daily_rate", "daily_high", "penalty")
# How far a yearly rate may lie above its cap and still be the same number as a float.
RATE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Product:
    """One dated version of a product. Better tiers come first and never have worse terms.

    `horizon` is the days of outcome that the PD of its model must cover (domain 0.12).
    `source_rows` are the rules it is made of. Raises `DecisionError` where its parts contradict
    each other.
    """

    id: str
    name_en: str
    name_zh: str
    lender: Lender
    licences: tuple[Licence, ...]
    source_rows: tuple[str, ...]
    effective_from: dt.date
    effective_to: dt.date | None
    horizon: SourcedValue
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
            raise self._refusal(
                "effective_to",
                f"a day from {self.effective_from} on",
                str(self.effective_to),
                "its dates are wrong",
            )

    def _check_price(self) -> None:
        price = self.price
        if price.daily_low.value > price.daily_high.value:
            raise self._refusal(
                "price.daily_high",
                f"at least {price.daily_low.value}",
                str(price.daily_high.value),
                "its band is empty",
            )
        yearly = price.daily_high.value / 100.0 * price.seed_basis.value
        if yearly > value(price.all_in_cap) + RATE_TOLERANCE:
            raise self._refusal(
                "price.daily_high",
                f"at most {value(price.all_in_cap):g} a year, on {price.seed_basis.value:g} days",
                f"{yearly:g}",
                "a rate is over the product's own cap",
            )

    def _check_order(self, name: str, sign: int) -> None:
        terms = [value(getattr(t, name)) for t in self.tiers if getattr(t, name) is not None]
        if any(sign * later < sign * earlier for earlier, later in pairwise(terms)):
            raise self._refusal(
                f"tiers.{name}",
                "terms that never improve as risk grows",
                ", ".join(map(str, terms)),
            )

    def _check_tiers(self) -> None:
        """Raise unless better verdicts come first, bands do not overlap, each tier can be got."""
        verdicts = [VERDICTS.index(t.decision) for t in self.tiers]
        if verdicts != sorted(verdicts):
            raise self._refusal(
                "tiers.decision",
                "approve before refer before decline",
                "a worse tier with a better decision",
            )
        for better, worse in pairwise(self.tiers):
            if value(better.limit_low) < value(worse.limit):
                lower_end = f"{better.tier} from {value(better.limit_low):g}"
                upper_end = f"{worse.tier} to {value(worse.limit):g}"
                raise self._refusal(
                    "tiers.limit_low",
                    "limit bands that do not overlap",
                    f"{lower_end}, {upper_end}",
                )
        # Tiers with conditions may repeat a grade: the conditions tell them apart.
        grades = [t.worst_grade for t in self.tiers if not t.conditions]
        ranks = [_rank(grade) for grade in grades]
        if ranks != sorted(set(ranks)):
            raise self._refusal(
                "tiers.worst_grade",
                "grades G1, G2, ... that rise from tier to tier",
                ", ".join(grades),
                "tiers overlap",
            )

    def _check_tier(self, tier: TierTerms) -> None:
        if tier.decision == "decline":
            return
        if tier.limit is None or tier.daily_rate is None:
            raise self._refusal(
                f"tiers.{tier.tier}", "limit and rate of a tier that is lent to", "a null"
            )
        low = self.price.daily_low.value
        high = self.price.daily_high.value
        tier_low = tier.daily_rate.value
        tier_high = tier_low if tier.daily_high is None else tier.daily_high.value
        if not low <= tier_low <= tier_high <= high:
            raise self._refusal(
                f"tiers.{tier.tier}.daily_rate",
                f"within the product's {low}-{high} % a day",
                f"{tier_low}-{tier_high}",
            )
        self._check_penalty(tier)

    def _check_penalty(self, tier: TierTerms) -> None:
        """Raise where a tier pays a higher penalty than the product states, or in another unit."""
        own = tier.penalty
        stated = self.repayment.penalty.rate
        if own is not None and (own.unit != stated.unit or own.value > stated.value):
            raise self._refusal(
                f"tiers.{tier.tier}.penalty",
                f"at most {stated.value:g} {stated.unit}, the penalty of the product",
                f"{own.value:g} {own.unit}",
            )

    def _refusal(
        self, where: str, expected: str, got: str, what: str = "the tiers contradict each other"
    ) -> DecisionError:
        return DecisionError(
            f"a product cannot be used: {what}",
            where=f"{self.id} {where}",
            expected=expected,
            got=got,
            next_step="correct the product file",
        )


def _rank(grade: str) -> int:
    """Return 1 for G1, 2 for G2, ...; 0 for a text that is no grade.

    Two such texts, or one after a grade, are then out of order and refused.
    """
    return int(grade[1:]) if grade[:1] == "G" and grade[1:].isdigit() else 0
