"""The population stability index, defined once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

PSI_FLOOR = 1e-4  # of a share, so that an empty bin does not make the index infinite


def psi(expected_share: ArrayLike, actual_share: ArrayLike) -> float:
    """Population stability index of two distributions over the same bins: sum (a - e) ln(a / e)."""
    e = np.maximum(np.asarray(expected_share, float), PSI_FLOOR)
    a = np.maximum(np.asarray(actual_share, float), PSI_FLOOR)
    return float(np.sum((a - e) * np.log(a / e)))
