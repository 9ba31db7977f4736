"""From margin to PD: logit(PD) = a * margin + b with a > 0 (design 5, domain 0.6).

The line is fitted on the calibration months. One quarter has few bads. With a hundred of them, some
weighted 1 / propensity, the level is uncertain by an eighth and the slope by a sixth. Two
corrections follow (domain 6: Platt, then the anchor):
- The slope is pulled towards 1, because a margin is already a log-odds.
- The intercept is moved until the mean PD equals the level, estimated from all labelled months.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from creditloom.models.calibration.calibration_tests import fit_affine
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

# --- The level of the PD ---
# Estimates the bad rate through the door (of everyone who applies) of the coming months. The
# estimate uses the months that have an outcome.

# Added to the bads of each block. A block without bads then has a rate above 0, which has a
# logarithm.
ADDED_BADS = 0.5


@dataclass(frozen=True)
class LevelParams:
    """How the level follows the economy.

    macro_sd: standard deviation of the log bad rate between months.
    rho: correlation of the log bad rate from one month to the next.
    block_months: months whose bads are counted together.
    ahead_months: number of coming months that the level is for.
    """

    macro_sd: float = 0.25
    rho: float = 0.95
    block_months: int = 3
    ahead_months: int = 6


@dataclass(frozen=True)
class Level:
    """The expected bad rate, and how many bads it was estimated from.

    long_run: the rate of the long run, exp(mu).
    n_bads: number of bads. effective_bads: number of bads of equal weight that would give the same
    precision.
    """

    rate: float
    long_run: float
    n_bads: int
    effective_bads: float


def expected(is_bad: ArrayLike, weight: ArrayLike, month: ArrayLike, params: LevelParams) -> Level:
    """Return the level, estimated from loans with an outcome; at least one must be bad.

    weight: 1 / propensity, clipped by the caller. month: calendar months, counted from any month.
    """
    y = np.asarray(is_bad, float)
    w = np.asarray(weight, float)
    # Blocks are counted backwards from the last month, so that the latest block is always complete.
    months_back = int(np.max(month)) - np.asarray(month, np.int64)
    block = months_back // params.block_months
    blocks = np.unique(block)
    bads, exposed = _effective_counts(y, w, block, blocks)
    log_rate = np.log((bads + ADDED_BADS) / exposed)
    # ago: months from the middle of each block to the last month. ahead: months from the middle of
    # each block to the middle of the months ahead.
    ago = params.block_months * blocks.astype(np.float64) + (params.block_months - 1) / 2
    ahead = ago + (params.ahead_months + 1) / 2
    # Generalised least squares. The economy moves all blocks together. Chance moves each block on
    # its own (variance 1 / bads).
    covariance = _covariance(ago, params) + np.diag(1.0 / (bads + ADDED_BADS))
    inverse = np.asarray(np.linalg.inv(covariance), np.float64)
    mu = float(inverse.sum(axis=0) @ log_rate / inverse.sum())
    # Kriging: the latest blocks move the forecast away from the long-run rate, by `moved`.
    moved = params.macro_sd**2 * params.rho**ahead @ inverse @ (log_rate - mu)
    return Level(
        rate=float(np.exp(mu + moved)),
        long_run=float(np.exp(mu)),
        n_bads=int(y.sum()),
        effective_bads=effective(w[y == 1]),
    )


def effective(weight: Floats) -> float:
    """Return the effective number of rows, (sum w)^2 / sum w^2.

    So many rows of equal weight would give the same precision. It is 0 for no rows.

    >>> effective(np.array([1.0, 1.0, 1.0])), effective(np.array([3.0, 1.0]))
    (3.0, 1.6)
    """
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _covariance(ago: Floats, params: LevelParams) -> Floats:
    """Return the covariance of the log rates of blocks; it falls with the months between them."""
    distance = np.abs(ago[:, None] - ago[None, :])
    return np.asarray(params.macro_sd**2 * params.rho**distance)


def _effective_counts(
    y: Floats, w: Floats, block: NDArray[np.int64], blocks: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return effective bads and rows of each block; their ratio is the weighted bad rate."""
    bads = np.empty(len(blocks))
    exposed = np.empty(len(blocks))
    for i, name in enumerate(blocks):
        weights = w[block == name]
        bad_weights = w[(block == name) & (y == 1)]
        # For a block without bads the weights of all its rows are used.
        counted = bad_weights if len(bad_weights) else weights
        per_weight = counted.sum() / (counted**2).sum()
        bads[i] = per_weight * bad_weights.sum()
        exposed[i] = per_weight * weights.sum()
    return bads, exposed


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

    mean_pd: weighted mean over the fitted rows.
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


def level_of(
    is_bad: ArrayLike, weight: ArrayLike, month: ArrayLike, params: CalibrationParams
) -> Level:
    """Return the level of these loans; their weights are 1 / propensity, clipped.

    Give it the loans of the training and calibration months, never later ones.
    """
    clipped = np.minimum(np.asarray(weight, float), params.max_weight)
    return expected(is_bad, clipped, month, params.level)


def fit(
    margin: ArrayLike,
    is_bad: ArrayLike,
    weight: ArrayLike,
    params: CalibrationParams,
    level: Level | None = None,
) -> CalibrationLine:
    """Fit the line on loans with a complete window; their weights are 1 / propensity, clipped.

    Indeterminates count as good. With a `level`, b is then moved until the weighted mean PD of
    these loans equals the rate of the level.
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
    if level is not None:
        b = anchored(a * m, b, w, level.rate)
    mean_pd = float(np.average(expit(a * m + b), weights=w))
    return CalibrationLine(
        a=a,
        b=b,
        n_rows=len(y),
        n_bads=bads,
        mean_pd=mean_pd,
        effective_bads=effective(w[y == 1]),
        level_bads=level.n_bads if level else bads,
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


def to_json(calibration: CalibrationLine, params: CalibrationParams) -> dict[str, Any]:
    """Return the content of calibration.json: the line, the score scale and the method."""
    scale = {key: value for key, value in asdict(params).items() if key in SCALE_FIELDS}
    return {**asdict(calibration), **scale, "method": METHOD}
