"""The level of the PD: the bad rate through the door that the months to come can expect, from those that have an outcome.

Bad rates of blocks of months are seen through the luck of few bads and move slowly with the economy. With r_q the log rate of block q,

    r = mu + s + e,   cov(s_q, s_p) = macro_sd^2 rho^|months between|,   var(e_q) = 1 / effective bads of q,

mu is the generalised mean of r and the level is exp(mu + E[s of the months ahead | r]): the long run where the blocks are noisy, the last
ones where they are not (domain 6, 7.5). With macro_sd = 0 it is the mean over all blocks, the central tendency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    to_inverse = np.asarray(np.linalg.inv(_covariance(ago, params) + np.diag(1.0 / (bads + HALF))), np.float64)
    mu = float(to_inverse.sum(axis=0) @ r / to_inverse.sum())
    moved = params.macro_sd**2 * params.rho**ahead @ to_inverse @ (r - mu)
    return Level(float(np.exp(mu + moved)), float(np.exp(mu)), int(y.sum()), effective(w[y == 1]))


def effective(weight: Floats) -> float:
    """Rows of equal weight that would be as good: (sum w)^2 / sum w^2; 0 for no rows."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _covariance(ago: Floats, params: LevelParams) -> Floats:
    return np.asarray(params.macro_sd**2 * params.rho ** np.abs(ago[:, None] - ago[None, :]))


def _effective_counts(y: Floats, w: Floats, block: NDArray[np.int64], there: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Effective bads and rows of each block: their ratio is the weighted bad rate. Without bads a block counts by its own rows' weights."""
    bads, exposed = np.empty(len(there)), np.empty(len(there))
    for i, one in enumerate(there):
        mine, bad = w[block == one], w[(block == one) & (y == 1)]
        per_weight = bad.sum() / (bad**2).sum() if len(bad) else mine.sum() / (mine**2).sum()
        bads[i], exposed[i] = per_weight * bad.sum(), per_weight * mine.sum()
    return bads, exposed
