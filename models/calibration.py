"""From margin to PD: logit(PD) = a * margin + b with a > 0, fitted on the calibration months (design 5, domain 0.6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .calibration_tests import fit_affine
from .errors import ModelError
from .metrics import expit


@dataclass(frozen=True)
class CalibrationParams:
    """Numbers of the calibration block.

    min_bads: refused under so many bads; max_weight: clip of 1 / propensity; pdo, base_score, base_odds: scale of the score (F17);
    pd_decimals: decimals a PD keeps.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    min_bads: int = 20
    max_weight: float = 20.0
    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0
    pd_decimals: int = 12


@dataclass(frozen=True)
class Calibration:
    """A fitted line on the logit: slope `a` > 0, intercept `b`, and the rows and bads it was fitted on."""

    a: float
    b: float
    n_rows: int
    n_bads: int
    mean_pd: float
    effective_bads: float

    def pd(self, margin: ArrayLike) -> NDArray[np.float64]:
        """PD of each margin, not rounded."""
        return expit(self.a * np.asarray(margin, float) + self.b)


def fit(margin: ArrayLike, is_bad: ArrayLike, weight: ArrayLike, params: CalibrationParams) -> Calibration:
    """Fits the line on loans with a complete window, indeterminates counted as good, weighted by 1 / propensity clipped.

    Raises ModelError under `min_bads` bads, without goods, or when the slope is not positive.
    """
    m, y = np.asarray(margin, float), np.asarray(is_bad, float)
    w = np.minimum(np.asarray(weight, float), params.max_weight)
    bads = int(y.sum())
    if bads < params.min_bads or bads == len(y):
        raise ModelError(
            f"Calibration refused: the calibration months hold {bads} bads among {len(y)} labelled loans; expected at least "
            f"{params.min_bads} bads and some goods. Lengthen split.calibration_months or use more applicants."
        )
    a, b = fit_affine(m, y, w)
    if not a > 0:
        raise ModelError(
            f"Calibration refused: slope {a:.4f} on {bads} bads; expected above 0 (the margin does not rank). Check the model."
        )
    in_bads = w[y == 1]
    return Calibration(a, b, len(y), bads, float(np.average(expit(a * m + b), weights=w)), float(in_bads.sum() ** 2 / (in_bads**2).sum()))


def to_json(calibration: Calibration, params: CalibrationParams) -> dict[str, Any]:
    """The content of calibration.json: the line, the score scale and what the line was fitted on."""
    scale = {k: v for k, v in asdict(params).items() if k in ("pdo", "base_score", "base_odds", "pd_decimals", "max_weight")}
    return {**asdict(calibration), **scale, "method": "affine on the logit, weighted by 1 / propensity"}
