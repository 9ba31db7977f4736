"""Money to the cent: decimal arithmetic, rounded half-up, never a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

from ..base.errors import DecisionError

CENT = Decimal("0.01")
Number = Decimal | float | int | str


def exact_decimal(number: Number) -> Decimal:
    """Return the decimal number as it is written.

    0.0005 is 0.0005 and not the binary fraction next to it. Raises `DecisionError` for anything
    that is not a finite number.

    >>> exact_decimal(0.0005)
    Decimal('0.0005')
    """
    try:
        decimal = Decimal(str(number))
    except InvalidOperation:
        decimal = Decimal("NaN")
    # True and False are whole numbers in Python, yet no amounts.
    if isinstance(number, bool) or not decimal.is_finite():
        raise DecisionError(
            "an amount or rate is not a number",
            where="pricing",
            expected="a finite number",
            got=repr(number),
            next_step="write it in digits, as 1000.00 or 0.0005",
        )
    return decimal


def cents(amount: Decimal) -> Decimal:
    """Return the amount half-up to 0.01 (domain 3 common_defaults); ties move away from zero.

    >>> cents(Decimal("2.345")), cents(Decimal("-2.345"))
    (Decimal('2.35'), Decimal('-2.35'))
    """
    return amount.quantize(CENT, ROUND_HALF_UP)


def down(amount: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of `step` that is not above the amount.

    What is derived from a cap never exceeds it (domain 4.1).

    >>> down(Decimal("0.000986"), Decimal("0.00001"))
    Decimal('0.00098')
    """
    return (amount / step).to_integral_value(ROUND_FLOOR) * step


def up(amount: Decimal, step: Decimal) -> Decimal:
    """Return the smallest multiple of `step` that is not below: what must be covered is covered.

    >>> up(Decimal("0.000986"), Decimal("0.00001"))
    Decimal('0.00099')
    """
    return (amount / step).to_integral_value(ROUND_CEILING) * step


# What an offer must show, and how far the shown rate may lie from the true one
# (S2-R43, S4-R40, R10).

ELEMENTS = ("annualised_rate", "repayment_method", "overdue_cost")
# Half a percentage point, the bound of S2 (T26).
TOLERANCE = "0.005"


def is_within(shown: Number, recomputed: Number, tolerance: Number = TOLERANCE) -> bool:
    """Return whether |shown - recomputed| is at most `tolerance`, the bound included (T26).

    All three are fractions.

    >>> is_within(0.175, "0.18"), is_within(0.1749, "0.18")
    (True, False)
    """
    return abs(exact_decimal(shown) - exact_decimal(recomputed)) <= exact_decimal(tolerance)


def missing_elements(offer: Mapping[str, object]) -> tuple[str, ...]:
    """Return which of yearly rate, repayment method and overdue cost an offer lacks.

    Any one that is missing refuses the offer (T27, R10).

    >>> missing_elements({"annualised_rate": 0.18, "repayment_method": "bullet"})
    ('overdue_cost',)
    """
    return tuple(name for name in ELEMENTS if offer.get(name) is None)
