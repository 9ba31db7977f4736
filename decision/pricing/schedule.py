"""Repayment schedules to the cent (F5-F8), for the five repayment methods (C10).

Interest is rounded half-up each period on the rounded balance; the last payment absorbs what
rounding left. Where that would be more than an instalment, each instalment is worked out anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import pandas as pd

from ..base.errors import DecisionError
from .annual import effective, irr, xirr
from .money import Number, cents, exact_decimal
from .table import Loan

# Days: when an instalment is due, and how many days lie between (ACT/365 for F11).


def due_dates(start: dt.date, months: int) -> tuple[dt.date, ...]:
    """Return the day of `start` in each of the following months.

    A month that is too short has it on its last day (N14: 31 January, 28 February).

    >>> [str(day) for day in due_dates(dt.date(2023, 1, 31), 3)]
    ['2023-02-28', '2023-03-31', '2023-04-30']
    """
    first = pd.Timestamp(start)
    # Each date counts from the start, so that a short month does not move the later ones.
    return tuple((first + pd.DateOffset(months=k)).date() for k in range(1, months + 1))


def days_since(start: dt.date, dates: tuple[dt.date, ...]) -> tuple[int, ...]:
    """Return the actual days from `start` to each date."""
    return tuple((date - start).days for date in dates)


ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Payment:
    """One payment in CNY.

    `balance` is the principal still owed after it, `day` counts from the value date.
    """

    number: int
    due: dt.date | None
    day: int
    principal: Decimal
    interest: Decimal
    charges: Decimal
    balance: Decimal

    @property
    def total(self) -> Decimal:
        """What the borrower pays that day."""
        return self.principal + self.interest + self.charges


@dataclass(frozen=True)
class Schedule:
    """All payments of one loan.

    `received` is the principal less what is kept back upfront; without a start the payments have no
    dates.
    """

    loan: Loan
    principal: Decimal
    daily_rate: Decimal
    received: Decimal
    payments: tuple[Payment, ...]

    @property
    def interest(self) -> Decimal:
        """Sum of all interest, CNY."""
        return sum((p.interest for p in self.payments), ZERO)

    @property
    def charges(self) -> Decimal:
        """Everything beside interest, the part kept back upfront included, CNY."""
        return self.principal - self.received + sum((p.charges for p in self.payments), ZERO)

    @cached_property
    def flows(self) -> tuple[float, ...]:
        """Flows to the borrower per period from the value date: received positive, paid negative.

        Only here cents become floats.
        """
        return (float(self.received), *(-float(p.total) for p in self.payments))

    @property
    def apr_irr12(self) -> float | None:
        """12 x the monthly IRR of the cent flows (F10); null for a loan of one payment."""
        return None if self.loan.is_single else 12.0 * float(irr(self.flows))

    @property
    def eff_annual(self) -> float:
        """(1 + m)^12 - 1 of the cent flows (F10).

        For a loan of one payment the compound rate on 365 days (F3).
        """
        if self.loan.is_single:
            return xirr(self.flows, (0, self.payments[0].day))
        return float(effective(irr(self.flows)))

    @property
    def xirr(self) -> float:
        """Effective yearly rate on actual days (F11); on contractual ones without a start."""
        return xirr(self.flows, (0, *(p.day for p in self.payments)))


def schedule(
    loan: Loan, principal: Number, daily_rate: Number, start: dt.date | None = None
) -> Schedule:
    """Return the schedule of `principal` CNY (whole cents) at `daily_rate` (a fraction).

    `start` is the value date. Interest runs on contractual months of `month_days` (F4) or, for one
    payment, on the days of the tenor. Raises `DecisionError` for an amount that is not positive, a
    negative rate or a tenor under one period.

    >>> plan = schedule(Loan("equal_instalment", 3), 1000, 0.0005)
    >>> [str(payment.total) for payment in plan.payments]
    ['343.38', '343.38', '343.38']
    """
    amount = exact_decimal(principal)
    d = exact_decimal(daily_rate)
    _check(loan, amount, d)
    amount = cents(amount)
    dates = _dates(loan, start)
    days = _days(loan, start, dates)
    payments = []
    balance = amount
    for k, (part, interest) in enumerate(_parts(loan, amount, d), start=1):
        balance -= part
        due = dates[k - 1] if dates else None
        payment = Payment(
            number=k,
            due=due,
            day=days[k - 1],
            principal=part,
            interest=interest,
            charges=_charges(loan, amount, is_last=k == len(days)),
            balance=balance,
        )
        payments.append(payment)
    received = amount - cents(amount * exact_decimal(loan.upfront))
    return Schedule(loan, amount, d, received, tuple(payments))


def _parts(loan: Loan, amount: Decimal, d: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield principal and interest of each payment, in cents."""
    if loan.is_single:
        yield amount, cents(amount * d * loan.days)
        return
    i = d * loan.month_days
    parts = list(_level_parts(loan, amount, i))
    level = parts[0][0] + parts[0][1]
    last = parts[-1][0] + parts[-1][1]
    # At 1 % a day over 36 months half a cent of the instalment grows to hundreds of yuan by the
    # last payment, which it may turn negative. Then no single instalment to the cent fits.
    if loan.method == "equal_instalment" and not 0 < last <= 2 * level:
        parts = list(_relevelled_parts(amount, i, loan.tenor))
    yield from parts


def _level_parts(loan: Loan, amount: Decimal, i: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield principal and interest of each payment by one instalment."""
    n = loan.tenor
    balance = amount
    level = cents(_level(amount, i, n))
    for k in range(1, n + 1):
        interest = cents(balance * i)
        # The last payment takes all that is left, the rounding of the earlier ones included.
        part = balance if k == n else _principal(loan, amount, level - interest)
        yield part, interest
        balance -= part


def _relevelled_parts(amount: Decimal, i: Decimal, n: int) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield principal and interest of each payment, the instalment worked out anew each month.

    It is that of the balance over the months that are left, so that rounding never adds up.
    """
    balance = amount
    for k in range(n):
        interest = cents(balance * i)
        part = balance if k == n - 1 else cents(_level(balance, i, n - k)) - interest
        yield part, interest
        balance -= part


def _principal(loan: Loan, amount: Decimal, rest_of_level: Decimal) -> Decimal:
    if loan.method == "equal_instalment":
        return rest_of_level
    return cents(amount / loan.tenor) if loan.method == "equal_principal" else ZERO


def _level(amount: Decimal, i: Decimal, n: int) -> Decimal:
    """Return P i / (1 - (1+i)^-n), P/n without interest (F5)."""
    return amount / n if i == 0 else amount * i / (1 - (1 + i) ** -n)


def _charges(loan: Loan, amount: Decimal, *, is_last: bool) -> Decimal:
    share = exact_decimal(loan.per_period) + (exact_decimal(loan.at_end) if is_last else 0)
    return cents(amount * share)


def _dates(loan: Loan, start: dt.date | None) -> tuple[dt.date, ...]:
    if start is None:
        return ()
    if loan.is_single:
        return (start + dt.timedelta(days=loan.days),)
    return due_dates(start, loan.tenor)


def _days(loan: Loan, start: dt.date | None, dates: tuple[dt.date, ...]) -> tuple[int, ...]:
    """Return the days of all payments: actual ones, or contractual ones without a start."""
    if start is not None:
        return days_since(start, dates)
    if loan.is_single:
        return (loan.days,)
    return tuple(loan.month_days * k for k in range(1, loan.tenor + 1))


def _check(loan: Loan, amount: Decimal, d: Decimal) -> None:
    is_amount = amount > 0 and amount == cents(amount)
    is_periodic = loan.is_single or loan.unit == "months"
    checks = [
        ("amount", "more than 0.00 CNY, in whole cents", amount, is_amount),
        ("daily rate", "0 or more", d, d >= 0),
        ("tenor", "at least 1", loan.tenor, loan.tenor >= 1),
        ("method", "instalments by months", loan.unit, is_periodic),
    ]
    for name, expected, got, is_right in checks:
        if not is_right:
            raise DecisionError(
                "a schedule cannot be drawn",
                where=name,
                expected=expected,
                got=str(got),
                next_step="correct the amount, rate or tenor",
            )
