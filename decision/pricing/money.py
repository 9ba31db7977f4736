"""Money to the cent: decimal arithmetic, half-up, never a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

from ..base.errors import DecisionError

CENT = Decimal("0.01")
Number = Decimal | float | int | str


def exact(number: Number) -> Decimal:
    """The decimal number as it is written: 0.0005 is 0.0005, not the binary fraction next to it.

    Raises `DecisionError` for anything that is not a finite number.
    """
    try:
        found = Decimal(str(number))
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(number, bool) or not found.is_finite():
        raise DecisionError(
            "an amount or rate is not a number",
            where="pricing",
            expected="a finite number",
            got=repr(number),
            next_step="write it in digits, as 1000.00 or 0.0005",
        )
    return found


def cents(amount: Decimal) -> Decimal:
    """Half-up to 0.01 (domain 3 common_defaults); away from zero for a negative tie."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def down(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above: what is derived from a cap never exceeds it (domain 4.1)."""
    return (amount / step).to_integral_value(ROUND_FLOOR) * step


def up(amount: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below: what must be covered stays covered."""
    return (amount / step).to_integral_value(ROUND_CEILING) * step


# What an offer must show, and how far the shown rate may lie from the true one (S2-R43, S4-R40, R10).

ELEMENTS = ("annualised_rate", "repayment_method", "overdue_cost")
TOLERANCE = "0.005"  # 0.5 percentage points, S2 (T26)


def is_within(shown: Number, recomputed: Number, tolerance: Number = TOLERANCE) -> bool:
    """Whether |shown - recomputed| is at most `tolerance`, all fractions, the bound included (T26)."""
    return abs(exact(shown) - exact(recomputed)) <= exact(tolerance)


def missing_elements(offer: Mapping[str, object]) -> tuple[str, ...]:
    """Which of annualised rate, repayment method and overdue cost an offer lacks; any one refuses it (T27, R10)."""
    return tuple(name for name in ELEMENTS if offer.get(name) is None)
