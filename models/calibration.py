"""From margin to PD: logit(PD) = a * margin + b with a > 0, fitted on the calibration months (design 5, domain 0.6).

A quarter's bads say little: a hundred of them, some weighted 1 / propensity, leave the level uncertain by an eighth and the slope by a
sixth. The slope is therefore drawn to 1, since a margin is a log-odds already, and the intercept moved until the mean PD is the level that
all months with labels let expect (`level.py`; domain 6: Platt, then the anchor).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .calibration_tests import fit_affine
from .errors import ModelError
from .level import Level, LevelParams, effective, expected
from .metrics import expit

NEWTON_STEPS = 50  # far more than the dozen it takes


@dataclass(frozen=True)
class CalibrationParams:
    """Numbers of the calibration block.

    min_bads: refused under so many bads; max_weight: clip of 1 / propensity; slope_sd: of the slope's prior around 1, null = none;
    level: how the level follows the economy; pdo, base_score, base_odds: scale of the score (F17); pd_decimals: decimals a PD keeps.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    min_bads: int = 20
    max_weight: float = 20.0
    slope_sd: float | None = None
    level: LevelParams = field(default_factory=LevelParams)
    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0
    pd_decimals: int = 12


@dataclass(frozen=True)
class Calibration:
    """A fitted line on the logit: slope `a` > 0, intercept `b`, and the rows and bads it was fitted on.

    `level_bads` are the bads behind the level: those of all months with labels, or of the fit where no level is given.
    """

    a: float
    b: float
    n_rows: int
    n_bads: int
    mean_pd: float
    effective_bads: float
    level_bads: int

    def pd(self, margin: ArrayLike) -> NDArray[np.float64]:
        """PD of each margin, not rounded."""
        return expit(self.a * np.asarray(margin, float) + self.b)


def level_of(is_bad: ArrayLike, weight: ArrayLike, month: ArrayLike, params: CalibrationParams) -> Level:
    """Level of the loans given, weighted 1 / propensity clipped: those of the training and calibration months, never later ones."""
    return expected(is_bad, np.minimum(np.asarray(weight, float), params.max_weight), month, params.level)


def fit(margin: ArrayLike, is_bad: ArrayLike, weight: ArrayLike, params: CalibrationParams, level: Level | None = None) -> Calibration:
    """Fits the line on loans with a complete window, indeterminates counted as good, weighted by 1 / propensity clipped.

    With a `level`, b is then moved until the weighted mean PD of these loans is its rate. Raises ModelError under `min_bads` bads,
    without goods, or when the slope is not positive.
    """
    m, y = np.asarray(margin, float), np.asarray(is_bad, float)
    w = np.minimum(np.asarray(weight, float), params.max_weight)
    bads = int(y.sum())
    if bads < params.min_bads or bads == len(y):
        raise ModelError(
            f"Calibration refused: the calibration months hold {bads} bads among {len(y)} labelled loans; expected at least "
            f"{params.min_bads} bads and some goods. Lengthen split.calibration_months or use more applicants."
        )
    a, b = fit_affine(m, y, w, slope_sd=params.slope_sd)
    if not a > 0:
        raise ModelError(
            f"Calibration refused: slope {a:.4f} on {bads} bads; expected above 0 (the margin does not rank). Check the model."
        )
    if level is not None:
        b = _anchored(a * m, b, w, level.rate)
    mean_pd = float(np.average(expit(a * m + b), weights=w))
    return Calibration(a, b, len(y), bads, mean_pd, effective(w[y == 1]), level.n_bads if level else bads)


def _anchored(line: NDArray[np.float64], b: float, w: NDArray[np.float64], rate: float) -> float:
    """The intercept at which the weighted mean of expit(line + b) is `rate`: Newton, which the mean's slope keeps from running away."""
    for _ in range(NEWTON_STEPS):
        p = expit(line + b)
        b -= float((np.average(p, weights=w) - rate) / np.average(p * (1 - p), weights=w))
    return b


def to_json(calibration: Calibration, params: CalibrationParams) -> dict[str, Any]:
    """The content of calibration.json: the line, the score scale and what the line was fitted on."""
    scale = {k: v for k, v in asdict(params).items() if k in ("pdo", "base_score", "base_odds", "pd_decimals", "max_weight")}
    return {**asdict(calibration), **scale, "method": "affine on the logit, weighted by 1 / propensity, anchored to the expected level"}
