"""What being late costs (F14): the penalties of the sources, and the law's bound on them (R15)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from ..base.errors import DecisionError
from .money import Number, cents, exact_decimal

PenaltyKind = Literal["uplift", "per_day", "once"]


@dataclass(frozen=True)
class Penalty:
    """One penalty rule of a product.

    kind: `uplift` = `rate` is the share added to the contract rate (S5); `per_day` = `rate` a day
    on overdue principal (S2-S4); `once` = `rate` of overdue principal at the first late day after
    grace (S1).
    replaces: the penalty takes the place of contract interest on overdue principal; else it adds
    to it (domain 0.10).
    retroactive: after grace every late day counts, not only those after it.
    Raises `DecisionError` for another kind.
    """

    kind: PenaltyKind
    rate: Number
    grace_days: int = 0
    replaces: bool = True
    retroactive: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(PenaltyKind):
            raise DecisionError(
                "a penalty cannot be read lawfully",
                where="penalty kind",
                expected="uplift, per_day or once",
                got=str(self.kind),
                next_step="read a share of principal that repeats (S5, C13) "
                "as an uplift on the contract rate",
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
    """Return what `overdue` CNY of principal cost after `dpd` days past due.

    uplift: interest overdue x d x DPD, penalty overdue x d x u x DPD, together the uplifted rate
    (N18).
    per_day: penalty overdue x p x max(0, DPD - grace), with contract interest only where the
    penalty adds to it (N17).
    once: penalty overdue x p from the first day after grace (T14).

    >>> overdue_cost(Penalty("uplift", 0.5), 1000, 0.0005, 10).total
    Decimal('7.50')
    """
    amount = exact_decimal(overdue)
    d = exact_decimal(daily_rate)
    rate = exact_decimal(penalty.rate)
    interest = amount * d * dpd
    if penalty.kind == "uplift":
        # The total is rounded once; the penalty is what remains, so that both add up to it.
        total = cents(amount * d * (1 + rate) * dpd)
        return Overdue(cents(interest), total - cents(interest))
    days = _charged_days(penalty, dpd)
    due = amount * rate * (min(days, 1) if penalty.kind == "once" else days)
    return Overdue(cents(Decimal(0) if penalty.replaces else interest), cents(due))


def penalty_daily(penalty: Penalty, daily_rate: Number) -> Decimal | None:
    """Return the rate a day on overdue principal that is shown beside an offer, a fraction.

    Null for a penalty that is due once (T23).
    """
    if penalty.kind == "once":
        return None
    d = exact_decimal(daily_rate)
    rate = exact_decimal(penalty.rate)
    if penalty.kind == "uplift":
        return d * (1 + rate)
    return rate if penalty.replaces else d + rate


def implied_uplift(penalty: Penalty, daily_rate: Number) -> float:
    """Return by what share the penalty raises the contract rate: R15 bounds it.

    Infinite for a penalty that is due once, and for a contract rate of 0.
    """
    d = exact_decimal(daily_rate)
    shown = penalty_daily(penalty, d)
    if shown is None or d == 0:
        return math.inf
    # A penalty below the contract rate is a gift and raises nothing.
    return max(0.0, float(shown / d - 1))


def _charged_days(penalty: Penalty, dpd: int) -> int:
    if dpd <= penalty.grace_days:
        return 0
    return dpd if penalty.retroactive else dpd - penalty.grace_days
