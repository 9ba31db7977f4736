"""What an offer must show, and how far the shown rate may lie from the true one (S2-R43, S4-R40, R10)."""

from __future__ import annotations

from collections.abc import Mapping

from .money import Number, exact

ELEMENTS = ("annualised_rate", "repayment_method", "overdue_cost")
TOLERANCE = "0.005"  # 0.5 percentage points, S2 (T26)


def is_within(shown: Number, recomputed: Number, tolerance: Number = TOLERANCE) -> bool:
    """Whether |shown - recomputed| is at most `tolerance`, all fractions, the bound included (T26)."""
    return abs(exact(shown) - exact(recomputed)) <= exact(tolerance)


def missing_elements(offer: Mapping[str, object]) -> tuple[str, ...]:
    """Which of annualised rate, repayment method and overdue cost an offer lacks; any one refuses it (T27, R10)."""
    return tuple(name for name in ELEMENTS if offer.get(name) is None)
