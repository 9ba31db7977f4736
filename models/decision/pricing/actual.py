"""Level payments on actual days: the schedule that contractual months of 30 days approximate (N15)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def level_payment(principal: float, daily_rate: float, days: Sequence[int]) -> float:
    """Payment that repays `principal` on each of `days` since the value date; unrounded.

    Interest is simple on the actual days inside a period and is compounded at payment dates.
    """
    growth = np.cumprod(1.0 + daily_rate * np.diff([0, *days]))
    return float(principal / np.sum(1.0 / growth))
