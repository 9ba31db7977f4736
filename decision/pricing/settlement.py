"""Ending a loan otherwise than planned: early settlement (F13), fee instalments (T19, S5-R50), extension (T12, T13), cooling-off (T25)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .annual import effective, irr
from .money import Number, cents, exact
from .schedule import ZERO, Schedule


@dataclass(frozen=True)
class Settlement:
    """What is due, in CNY, when a loan ends together with payment `after` (0 = before the first), `accrued` days later."""

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
        """12 x IRR of the loan as it ended: the settlement falls on the day of payment `after`, from the first on (N16)."""
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
    """Early settlement `days` after payment `after`: outstanding balance + accrued interest + fee x balance (F13).

    `fee` is a share of the outstanding principal alone (T15). Charges of later periods are not due.
    """
    balance = plan.payments[after - 1].balance if after else plan.principal
    return _settlement(
        plan, after, balance, cents(balance * plan.daily_rate * days), cents(balance * exact(fee))
    )


def settle_instalment_fee(plan: Schedule, after: int, saved: Number) -> Settlement:
    """A fee loan settled together with payment `after`: each later period still owes its fee less `saved` of the original principal.

    Reading A of T19: saved 0.5 % of a fee of 2.5 %; reading B: the whole fee is saved, so only the balance is due.
    """
    balance = plan.payments[after - 1].balance
    owed = (exact(plan.loan.per_period) - exact(saved)) * (plan.loan.tenor - after)
    return _settlement(plan, after, balance, ZERO, cents(plan.principal * owed))


def extension_fee(principal: Number, share: Number) -> Decimal:
    """What one more tenor costs: a share of principal, CNY (S1, T12); `fee_simple` annualises it."""
    return cents(exact(principal) * exact(share))


def cooling_off(principal: Number, daily_rate: Number, days: int = 1) -> Decimal:
    """Amount that ends the contract within the cooling-off time: principal and accrued interest, no fee (S2-R44, T25), CNY."""
    return exact(principal) + cents(exact(principal) * exact(daily_rate) * days)


def _settlement(
    plan: Schedule, after: int, balance: Decimal, accrued: Decimal, fee: Decimal
) -> Settlement:
    return Settlement(
        after, balance, accrued, fee, tuple(p.total for p in plan.payments[:after]), plan.received
    )
