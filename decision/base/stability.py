"""The population stability index (PSI), defined once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# Smallest share that enters the logarithm: an empty bin would make the index infinite.
PSI_FLOOR = 1e-4


def psi(expected_share: ArrayLike, actual_share: ArrayLike) -> float:
    """Return the PSI of two distributions over the same bins: sum (a - e) ln(a / e).

    Both arguments hold one share per bin, in [0, 1]. 0 means equal distributions.

    >>> psi([0.5, 0.5], [0.5, 0.5])
    0.0
    >>> round(psi([0.5, 0.5], [0.6, 0.4]), 6)
    0.040547
    """
    e = np.maximum(np.asarray(expected_share, float), PSI_FLOOR)
    a = np.maximum(np.asarray(actual_share, float), PSI_FLOOR)
    return float(np.sum((a - e) * np.log(a / e)))
