"""From margin to PD: logit(PD) = a * margin + b with a > 0, fitted on the calibration months (design 5, domain 0.6).

A quarter's bads say little: a hundred of them, some weighted 1 / propensity, leave the level uncertain by an eighth and the slope by a
sixth. The slope is therefore drawn to 1, since a margin is a log-odds already, and the intercept moved until the mean PD is the level that
all months with labels let expect (the level, below; domain 6: Platt, then the anchor).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.models.calibration.calibration_tests import fit_affine
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import expit

# The level of the PD: the bad rate through the door that the months to come can expect, from those that have an outcome.

Floats = NDArray[np.float64]
HALF = 0.5  # of a bad, added to each block, so that one without bads has a rate


@dataclass(frozen=True)
class LevelParams:
    """macro_sd: SD of the log bad rate between months; rho: its correlation from one month to the next.

    block_months: months whose bads are counted together; ahead_months: months that the level is meant for.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    macro_sd: float = 0.25
    rho: float = 0.95
    block_months: int = 3
    ahead_months: int = 6


@dataclass(frozen=True)
class Level:
    """The rate expected, that of the long run (exp mu), and the bads they stand on: as counted, and of equal weight."""

    rate: float
    long_run: float
    n_bads: int
    effective_bads: float


def expected(is_bad: ArrayLike, weight: ArrayLike, month: ArrayLike, params: LevelParams) -> Level:
    """Level of loans with an outcome; `weight` is 1 / propensity as it shall count, `month` counts calendar months.

    Blocks are laid back from the last month, so that it is never in a block of few months. Some bads are expected.
    """
    y, w = np.asarray(is_bad, float), np.asarray(weight, float)
    back = int(np.max(month)) - np.asarray(month, np.int64)
    block = back // params.block_months
    there = np.unique(block)
    bads, exposed = _effective_counts(y, w, block, there)
    r = np.log((bads + HALF) / exposed)
    ago = params.block_months * there.astype(np.float64) + (params.block_months - 1) / 2
    ahead = ago + (params.ahead_months + 1) / 2
    to_inverse = np.asarray(
        np.linalg.inv(_covariance(ago, params) + np.diag(1.0 / (bads + HALF))), np.float64
    )
    mu = float(to_inverse.sum(axis=0) @ r / to_inverse.sum())
    moved = params.macro_sd**2 * params.rho**ahead @ to_inverse @ (r - mu)
    return Level(float(np.exp(mu + moved)), float(np.exp(mu)), int(y.sum()), effective(w[y == 1]))


def effective(weight: Floats) -> float:
    """Rows of equal weight that would be as good: (sum w)^2 / sum w^2; 0 for no rows."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _covariance(ago: Floats, params: LevelParams) -> Floats:
    return np.asarray(params.macro_sd**2 * params.rho ** np.abs(ago[:, None] - ago[None, :]))


def _effective_counts(
    y: Floats, w: Floats, block: NDArray[np.int64], there: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Effective bads and rows of each block: their ratio is the weighted bad rate. Without bads a block counts by its own rows' weights."""
    bads, exposed = np.empty(len(there)), np.empty(len(there))
    for i, one in enumerate(there):
        mine, bad = w[block == one], w[(block == one) & (y == 1)]
        per_weight = bad.sum() / (bad**2).sum() if len(bad) else mine.sum() / (mine**2).sum()
        bads[i], exposed[i] = per_weight * bad.sum(), per_weight * mine.sum()
    return bads, exposed


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
class CalibrationLine:
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


def level_of(
    is_bad: ArrayLike, weight: ArrayLike, month: ArrayLike, params: CalibrationParams
) -> Level:
    """Level of the loans given, weighted 1 / propensity clipped: those of the training and calibration months, never later ones."""
    return expected(
        is_bad, np.minimum(np.asarray(weight, float), params.max_weight), month, params.level
    )


def fit(
    margin: ArrayLike,
    is_bad: ArrayLike,
    weight: ArrayLike,
    params: CalibrationParams,
    level: Level | None = None,
) -> CalibrationLine:
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
    return CalibrationLine(
        a, b, len(y), bads, mean_pd, effective(w[y == 1]), level.n_bads if level else bads
    )


def _anchored(line: NDArray[np.float64], b: float, w: NDArray[np.float64], rate: float) -> float:
    """The intercept at which the weighted mean of expit(line + b) is `rate`: Newton, which the mean's slope keeps from running away."""
    for _ in range(NEWTON_STEPS):
        p = expit(line + b)
        b -= float((np.average(p, weights=w) - rate) / np.average(p * (1 - p), weights=w))
    return b


def to_json(calibration: CalibrationLine, params: CalibrationParams) -> dict[str, Any]:
    """The content of calibration.json: the line, the score scale and what the line was fitted on."""
    scale = {
        k: v
        for k, v in asdict(params).items()
        if k in ("pdo", "base_score", "base_odds", "pd_decimals", "max_weight")
    }
    return {
        **asdict(calibration),
        **scale,
        "method": "affine on the logit, weighted by 1 / propensity, anchored to the expected level",
    }
