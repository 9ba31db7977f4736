"""Ending a loan otherwise than planned: early settlement, extension, withdrawal.

Early settlement F13, fee instalments T19 and S5-R50, extension T12 and T13, cooling-off T25.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .annual import effective, irr
from .money import Number, cents, exact_decimal
from .schedule import ZERO, Schedule


@dataclass(frozen=True)
class Settlement:
    """What is due, in CNY, when a loan ends `days` after payment `after` (0 = before the first).

    `accrued` is the interest of those days, `paid_before` the payments made until then.
    """

    after: int
    balance: Decimal
    accrued: Decimal
    fee: Decimal
    paid_before: tuple[Decimal, ...]
    received: Decimal

    @property
    def total(self) -> Decimal:
        """Balance, interest since the last payment, and the fee (F13)."""
        return self.balance + self.accrued + self.fee

    @property
    def apr_irr12(self) -> float:
        """12 x IRR of the loan as it ended.

        The settlement falls on the day of payment `after`, which is the first or a later one (N16).
        """
        return 12.0 * self._monthly

    @property
    def eff_annual(self) -> float:
        """(1 + m)^12 - 1 of the same flows."""
        return float(effective(self._monthly))

    @property
    def _monthly(self) -> float:
        flows = [float(self.received), *(-float(paid) for paid in self.paid_before)]
        flows[-1] -= float(self.total)
        return float(irr(flows))


def settle(plan: Schedule, after: int, fee: Number = 0, days: int = 0) -> Settlement:
    """Return the early settlement `days` after payment `after` (F13).

    Due are outstanding balance + accrued interest + fee x balance. `fee` is a share of the
    outstanding principal alone (T15). Charges of later periods are not due.
    """
    balance = plan.payments[after - 1].balance if after else plan.principal
    accrued = cents(balance * plan.daily_rate * days)
    return _settlement(plan, after, balance, accrued, cents(balance * exact_decimal(fee)))


def settle_instalment_fee(plan: Schedule, after: int, saved: Number) -> Settlement:
    """Return the settlement of a loan with fee instalments, together with payment `after`.

    Each later period still owes its fee less `saved`, a share of the original principal (S5-R50).
    Reading A of T19: saved 0.5 % of a fee of 2.5 %; reading B: the whole fee is saved, so only the
    balance is due. `after` 0 is before the first payment.
    """
    balance = plan.payments[after - 1].balance if after else plan.principal
    owed = (exact_decimal(plan.loan.per_period) - exact_decimal(saved)) * (
        len(plan.payments) - after
    )
    return _settlement(plan, after, balance, ZERO, cents(plan.principal * owed))


def extension_fee(principal: Number, share: Number) -> Decimal:
    """Return what one more tenor costs: a share of principal, CNY (S1, T12).

    `annual.fee_simple` gives its yearly rate.

    >>> extension_fee(1000, "0.06")
    Decimal('60.00')
    """
    return cents(exact_decimal(principal) * exact_decimal(share))


def cooling_off(principal: Number, daily_rate: Number, days: int = 1) -> Decimal:
    """Return the amount in CNY that ends the contract within the cooling-off time.

    It is principal and accrued interest, without a fee (S2-R44, T25).

    >>> cooling_off(10000, 0.0004)
    Decimal('10004.00')
    """
    return exact_decimal(principal) + cents(
        exact_decimal(principal) * exact_decimal(daily_rate) * days
    )


def _settlement(
    plan: Schedule, after: int, balance: Decimal, accrued: Decimal, fee: Decimal
) -> Settlement:
    return Settlement(
        after=after,
        balance=balance,
        accrued=accrued,
        fee=fee,
        paid_before=tuple(payment.total for payment in plan.payments[:after]),
        received=plan.received,
    )
