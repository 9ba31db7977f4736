"""From margin to PD: logit(PD) = a * margin + b with a > 0 (design 5, domain 0.6).

The line is fitted on held-out margins of the training months. They have few bads. With a hundred of
them, some weighted 1 / propensity, the level is uncertain by an eighth and the slope by a sixth.
Two corrections follow (domain 6: Platt, then the anchor):
- The slope is pulled towards 1, because a margin is already a log-odds.
- The intercept is moved until the mean PD of everyone who applied in the last months equals the
  level, forecast from all labelled months (`level.py`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from creditloom.models.calibration.level import Level, LevelParams, effective, expected
from creditloom.models.sample.affine import fit_affine
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError

# --- The calibration line ---

# Newton converges in about a dozen steps. More steps cost almost nothing, and no stopping rule is
# needed.
NEWTON_STEPS = 50
# Largest step towards the level, in log-odds, and the least slope of the mean.
MAX_ANCHOR_STEP = 1.0
FLAT = 1e-12
# Fields of `CalibrationParams` that calibration.json holds for the runtime.
SCALE_FIELDS = ("pdo", "base_score", "base_odds", "pd_decimals", "max_weight")
METHOD = "affine on the logit, weighted by 1 / propensity, anchored to the expected level"


@dataclass(frozen=True)
class CalibrationParams:
    """The `calibration` block.

    min_bads: with fewer bads calibration is refused.
    max_weight: clip of 1 / propensity.
    slope_sd: standard deviation of the slope's prior around 1; null means no prior.
    level: how the level follows the economy.
    pdo, base_score, base_odds: the scale of the score (F17).
    pd_decimals: decimals that a PD keeps.
    """

    min_bads: int = 20
    max_weight: float = 20.0
    slope_sd: float | None = None
    level: LevelParams = field(default_factory=LevelParams)
    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0
    pd_decimals: int = 12


@dataclass(frozen=True)
class CalibrationLine:
    """A fitted line on the logit: slope `a` > 0, intercept `b`, and what it was fitted on.

    mean_pd: weighted mean over the fitted rows; with a level, mean of the door.
    level_bads: number of bads from which the level was estimated, in all months with labels.
    Without a level it is the number of bads of the fit.
    """

    a: float
    b: float
    n_rows: int
    n_bads: int
    mean_pd: float
    effective_bads: float
    level_bads: int

    def pd(self, margin: ArrayLike) -> Floats:
        """Return the PD of each margin, not rounded."""
        # By hand: scipy's last bit is another one, and a stored line must give the PDs it gave.
        value = self.a * np.asarray(margin, float) + self.b
        # exp of a number that is never positive cannot overflow.
        small = np.exp(-np.abs(value))
        return np.asarray(np.where(value >= 0, 1.0, small) / (1.0 + small))


def level_of(rows: Dataset, params: CalibrationParams) -> Level:
    """Return the level of these loans; their weights are 1 / propensity, clipped.

    Give it the loans of the training and calibration months, never later ones.
    """
    clipped = np.minimum(rows.weight, params.max_weight)
    return expected(rows.outcome, clipped, rows.month, params.level, rows.exposures)


def fit_held_out(
    judged: Dataset, margin: Floats, door: Floats, level: Level, params: CalibrationParams
) -> CalibrationLine:
    """Fit the line on held-out margins, and anchor the mean PD of the door at the level.

    judged, margin: loans of the judged months and what a model says that has not learnt from them.
    door: margins of everyone who applied in the last months, booked or not, by the final model.
    """
    is_bad = judged.outcome == 1
    # A young loan without a default counts by its exposure, after the clip as in training.
    weight = np.minimum(judged.weight, params.max_weight)
    weight = weight * np.where(is_bad, 1.0, judged.exposures)
    line = fit(margin, judged.outcome, weight, params)
    everyone = np.ones(len(door))
    b = anchored(line.a * door, line.b, everyone, level.rate)
    mean_pd = float(expit(line.a * door + b).mean())
    return replace(line, b=b, mean_pd=mean_pd, level_bads=level.n_bads)


def fit(
    margin: ArrayLike, is_bad: ArrayLike, weight: ArrayLike, params: CalibrationParams
) -> CalibrationLine:
    """Fit the line on loans with an outcome; their weights are 1 / propensity, clipped.

    Indeterminates count as good.
    Raise ModelError under `min_bads` bads, without goods, or when the slope is not positive.
    """
    m = np.asarray(margin, float)
    y = np.asarray(is_bad, float)
    w = np.minimum(np.asarray(weight, float), params.max_weight)
    bads = int(y.sum())
    _check_bads(bads, len(y), params)
    a, b = fit_affine(m, y, w, slope_sd=params.slope_sd)
    if not a > 0:
        raise ModelError(
            f"Calibration refused: slope {a:.4f} on {bads} bads; "
            "expected above 0 (the margin does not rank). Check the model."
        )
    mean_pd = float(np.average(expit(a * m + b), weights=w))
    return CalibrationLine(
        a=a,
        b=b,
        n_rows=len(y),
        n_bads=bads,
        mean_pd=mean_pd,
        effective_bads=effective(w[y == 1]),
        level_bads=bads,
    )


def _check_bads(bads: int, rows: int, params: CalibrationParams) -> None:
    """Raise ModelError under `min_bads` bads or without goods."""
    if bads < params.min_bads or bads == rows:
        raise ModelError(
            f"Calibration refused: the calibration months hold {bads} bads "
            f"among {rows} labelled loans; expected at least "
            f"{params.min_bads} bads and some goods. "
            "Lengthen split.calibration_months or use more applicants."
        )


def anchored(line: Floats, b: float, w: Floats, rate: float) -> float:
    """Return the intercept at which the weighted mean of expit(line + b) is `rate`.

    The method is Newton's, with the derivative of the mean in b.
    """
    for _ in range(NEWTON_STEPS):
        p = expit(line + b)
        # Where all PDs are near 0 or 1 the mean is flat, and a full step would never come back.
        flat = max(float(np.average(p * (1 - p), weights=w)), FLAT)
        step = float((np.average(p, weights=w) - rate) / flat)
        b -= min(max(step, -MAX_ANCHOR_STEP), MAX_ANCHOR_STEP)
    return b


def to_json(
    calibration: CalibrationLine, params: CalibrationParams, level: Level | None = None
) -> dict[str, Any]:
    """Return the content of calibration.json: line, score scale, method, and level if forecast."""
    scale = {key: value for key, value in asdict(params).items() if key in SCALE_FIELDS}
    content = {**asdict(calibration), **scale, "method": METHOD}
    if level is None:
        return content
    return {**content, "level": {**asdict(level), "interval": params.level.interval}}
