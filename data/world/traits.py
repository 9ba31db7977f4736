"""The latent traits by their column, and the one curve between a number and a probability."""

from __future__ import annotations

import numpy as np

from data.world.nature import TRAITS

INC, DISC, STAB, SOC, LEV, DIG = range(len(TRAITS))


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Log-odds to probability."""
    return 1.0 / (1.0 + np.exp(-x))
