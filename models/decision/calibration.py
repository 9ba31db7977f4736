"""From the model's margin to PD and score: one affine map on the logit, so that points add up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .errors import DecisionError

SCORE_LOW, SCORE_HIGH = 300, 850


@dataclass(frozen=True)
class Calibration:
    """logit(PD) = a m + b, and the scale of the score (F17: `base_score` points at `base_odds`, `pdo` to double)."""

    a: float
    b: float
    pd_decimals: int = 12
    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0

    def __post_init__(self) -> None:
        if not self.a > 0:
            raise DecisionError(
                "the calibration slope must be positive",
                where="calibration.json a",
                expected="a > 0",
                got=repr(self.a),
                next_step="calibrate again; a slope that is not positive would reverse the ranking",
            )

    @property
    def factor(self) -> float:
        """Points per unit of log-odds: PDO / ln 2 (F17)."""
        return self.pdo / math.log(2.0)

    @property
    def offset(self) -> float:
        """Points at even odds (F17): 487.1229 with the default scale."""
        return self.base_score - self.factor * math.log(self.base_odds)

    def logit(self, margin: np.ndarray) -> np.ndarray:
        """log(PD / (1 - PD)) = a m + b."""
        return self.a * margin + self.b

    def pd(self, margin: np.ndarray) -> np.ndarray:
        """Probability of default in twelve months, rounded to `pd_decimals` before anything uses it."""
        with np.errstate(over="ignore"):  # exp overflows to inf for a PD that rounds to zero
            return np.round(1.0 / (1.0 + np.exp(-self.logit(margin))), self.pd_decimals)

    def score_raw(self, margin: np.ndarray) -> np.ndarray:
        """offset - factor logit(PD): unrounded and unclipped, the sum of all points (F17)."""
        return self.offset - self.factor * self.logit(margin)


def score(score_raw: np.ndarray) -> pd.arrays.IntegerArray:
    """The printed score: half-up to an integer, clipped to 300-850; null where there is none."""
    is_null = np.isnan(score_raw)
    shown = np.clip(np.floor(np.where(is_null, 0.0, score_raw) + 0.5), SCORE_LOW, SCORE_HIGH)
    return pd.arrays.IntegerArray(shown.astype(np.int64), is_null)
