"""What being late costs (F14): the variants of the sources, and how each compares with the law's bound (R15)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ..base.errors import DecisionError
from .money import Number, cents, exact

PenaltyKind = Literal["uplift", "per_day", "once"]


@dataclass(frozen=True)
class Penalty:
    """One rule of a product.

    kind: `uplift` = `rate` is the share added to the contract rate (S5); `per_day` = `rate` a day on overdue principal (S2-S4);
    `once` = `rate` of overdue principal at the first late day after grace (S1).
    replaces: the penalty takes the place of contract interest on overdue principal; else it adds to it (domain 0.10).
    retroactive: after grace every late day counts, not only those after it.
    """

    kind: PenaltyKind
    rate: Number
    grace_days: int = 0
    replaces: bool = True
    retroactive: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("uplift", "per_day", "once"):
            raise DecisionError(
                "a penalty cannot be read lawfully",
                where="penalty kind",
                expected="uplift, per_day or once",
                got=str(self.kind),
                next_step="read a share of principal that repeats (S5, C13) as an uplift on the contract rate",
            )


@dataclass(frozen=True)
class Overdue:
    """Cost of overdue principal in CNY: contract interest on it, and the penalty."""

    interest: Decimal
    penalty: Decimal

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.interest + self.penalty


def overdue_cost(penalty: Penalty, overdue: Number, daily_rate: Number, dpd: int) -> Overdue:
    """What `overdue` CNY of principal cost after `dpd` days past due.

    uplift: interest overdue x d x DPD, penalty overdue x d x u x DPD, together the uplifted rate (N18).
    per_day: penalty overdue x p x max(0, DPD - grace), with contract interest only where the penalty adds to it (N17).
    once: penalty overdue x p from the first day after grace (T14).
    """
    amount, d, rate = exact(overdue), exact(daily_rate), exact(penalty.rate)
    interest = amount * d * dpd
    if penalty.kind == "uplift":
        total = cents(amount * d * (1 + rate) * dpd)
        return Overdue(cents(interest), total - cents(interest))
    days = _charged_days(penalty, dpd)
    due = amount * rate * (min(days, 1) if penalty.kind == "once" else days)
    return Overdue(cents(Decimal(0) if penalty.replaces else interest), cents(due))


def penalty_daily(penalty: Penalty, daily_rate: Number) -> Decimal | None:
    """Rate a day on overdue principal that is shown beside an offer, a fraction; null for a penalty that is due once (T23)."""
    if penalty.kind == "once":
        return None
    d, rate = exact(daily_rate), exact(penalty.rate)
    if penalty.kind == "uplift":
        return d * (1 + rate)
    return rate if penalty.replaces else d + rate


def implied_uplift(penalty: Penalty, daily_rate: Number) -> float:
    """By what share the penalty raises the contract rate: what R15 compares with the law; inf for a penalty that is due once."""
    d = exact(daily_rate)
    shown = penalty_daily(penalty, d)
    if shown is None or d == 0:
        return math.inf
    return max(0.0, float(shown / d - 1))


def _charged_days(penalty: Penalty, dpd: int) -> int:
    if dpd <= penalty.grace_days:
        return 0
    return dpd if penalty.retroactive else dpd - penalty.grace_days
