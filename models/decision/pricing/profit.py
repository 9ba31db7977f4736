"""What one account is expected to earn (domain 6 profit, N24)."""

from __future__ import annotations

import numpy as np


def expected_profit(
    ead: np.ndarray, apr: np.ndarray, pd: np.ndarray, *, lgd: float, cost_of_funds: float, account_cost: float
) -> np.ndarray:
    """EAD (APR (1 - PD/2) - CoF) - EAD PD LGD - cost, in CNY a year; acquisition cost 0 (N24)."""
    return ead * (apr * (1.0 - pd / 2.0) - cost_of_funds) - ead * pd * lgd - account_cost
