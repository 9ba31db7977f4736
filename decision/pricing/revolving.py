"""Interest of revolving credit: by the day on what is owed (F9).

It runs from the value date of the money on (S3-R42, C20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..base.errors import DecisionError
from .money import Number, cents, exact_decimal


@dataclass(frozen=True)
class Statement:
    """Interest to the closing day and the principal owed on it, CNY."""

    interest: Decimal
    balance: Decimal


def statement(events: Sequence[tuple[int, Number]], daily_rate: Number, close: int) -> Statement:
    """Return the sum over days of balance x d, rounded once, and the balance at the close.

    `events` are (day, CNY): drawn positive, repaid negative. The value date counts, the repayment
    date does not, the closing day is not charged (start-of-day rule). Raises `DecisionError` where
    more is repaid than owed, or an event lies after the close.

    >>> statement([(0, 1000), (10, -1000)], 0.0005, close=30).interest
    Decimal('5.00')
    """
    d = exact_decimal(daily_rate)
    balance = Decimal(0)
    owed_days = Decimal(0)  # CNY x days
    last_day = 0
    for day, change in sorted(events, key=lambda event: event[0]):
        owed_days += balance * (day - last_day)
        balance += exact_decimal(change)
        last_day = day
        if balance < 0 or day > close:
            raise DecisionError(
                "a revolving account cannot be settled",
                where=f"day {day}",
                expected=f"a balance of 0 or more, days up to {close}",
                got=f"a balance of {balance}",
                next_step="correct the drawings and repayments",
            )
    return Statement(cents((owed_days + balance * (close - last_day)) * d), balance)
