"""Defines each measure of discrimination, accuracy and drift once for the whole project.

In all functions:
- `y` is the outcome, 1 bad and 0 good, or the true probability of bad. A row with a probability
counts as y bad and 1 - y good. Figures on the truth are then free of sampling noise.
- `score` rises with risk; `p` is a probability of bad.
- `weight` is one per row by default.
- All arrays are of shape (n,).
- ModelError is raised for arrays of different lengths or without rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from creditloom.decision.base.stability import psi
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

# Smallest distance of a probability from 0 and 1, so that its logarithm is finite.
PROBABILITY_MARGIN = 1e-15


def auc(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return P(score of a bad > score of a good); ties count half.

    Raise ModelError for nulls, or without bads or goods.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> auc([0, 1], [0.5, 0.5])
    0.5
    """
    bad, good = _by_score(y, score, weight)
    below = np.cumsum(good) - good
    return float(np.sum(bad * (below + good / 2)) / (bad.sum() * good.sum()))


def gini(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return 2 AUC - 1.

    >>> gini([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    return 2 * auc(y, score, weight) - 1


def ks(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the largest distance between the score distributions of bads and goods.

    >>> ks([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    bad_share, good_share = ks_curve(y, score, weight)
    return float(np.max(np.abs(good_share - bad_share)))


def ks_curve(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return cumulative shares (of bads, of goods) over the distinct scores, safest first."""
    bad, good = _by_score(y, score, weight)
    return np.cumsum(bad) / bad.sum(), np.cumsum(good) / good.sum()


def brier(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the mean squared error of the probability.

    If y is a true probability, this is the expected value over drawn outcomes.

    >>> brier([1, 0], [0.5, 0.0])
    0.125
    """
    y, p, w = _arrays(y, p, weight)
    return float(np.average(y * (1 - p) ** 2 + (1 - y) * p**2, weights=w))


def logloss(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Return the mean negative log-likelihood; p is held within 1e-15 of 0 and 1.

    >>> round(logloss([1, 0], [0.5, 0.5]), 6)
    0.693147
    """
    y, p, w = _arrays(y, p, weight)
    # Without the clip a single wrong PD of 0 or 1 would make the mean infinite.
    p = np.clip(p, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return float(np.average(-(y * np.log(p) + (1 - y) * np.log1p(-p)), weights=w))


def ece(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None, bins: int = 10) -> float:
    """Return the expected calibration error: sum of share x |mean y - mean p|.

    The bins are of equal weight.

    >>> ece([0, 1, 0, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    0.25
    """
    share, mean_y, mean_p = reliability(y, p, weight, bins)
    return float(np.sum(share * np.abs(mean_y - mean_p)))


def reliability(
    y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None, bins: int = 10
) -> tuple[Floats, Floats, Floats]:
    """Return share of weight, mean outcome and mean p per bin of equal weight, lowest p first.

    Rows with equal p share a bin, so there may be fewer than `bins`.
    """
    y, p, w = _arrays(y, p, weight)
    # A stable sort, so that the bins do not depend on how numpy breaks ties.
    order = np.argsort(p, kind="stable")
    position = np.empty(len(p))
    # The position of a row is the middle of its own weight, as a share of all weight.
    position[order] = (np.cumsum(w[order]) - w[order] / 2) / w.sum()
    # Rows with equal p get their mean position, which puts them into the same bin.
    level, inverse = np.unique(p, return_inverse=True)
    middle = np.bincount(inverse, w * position, len(level)) / np.bincount(inverse, w, len(level))
    code = np.minimum((middle[inverse] * bins).astype(int), bins - 1)
    total = np.bincount(code, w, bins)
    sum_y = np.bincount(code, w * y, bins)
    sum_p = np.bincount(code, w * p, bins)
    filled = total > 0
    return total[filled] / w.sum(), sum_y[filled] / total[filled], sum_p[filled] / total[filled]


def psi_of(expected: ArrayLike, actual: ArrayLike, bins: int = 10) -> float:
    """Return the PSI of two samples over quantile bins of `expected`.

    Null is a bin of its own.

    >>> psi_of([1, 2, 3, 4], [4, 3, 2, 1], bins=2)
    0.0
    """
    expected = np.asarray(expected, float)
    actual = np.asarray(actual, float)
    known = expected[~np.isnan(expected)]
    quantiles = np.arange(1, bins) / bins
    # Equal quantiles count once: a feature with few values has fewer bins.
    edges = np.unique(np.quantile(known, quantiles)) if len(known) else np.empty(0)
    return psi(_bin_shares(expected, edges), _bin_shares(actual, edges))


def logit(p: ArrayLike) -> Floats:
    """Return ln(p / (1 - p)); p is held within 1e-15 of 0 and 1.

    >>> float(logit(0.5))
    0.0
    """
    # The log-odds of 0 and 1 would be infinite.
    share = np.clip(np.asarray(p, float), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return np.asarray(special.logit(share))


def _bin_shares(values: Floats, edges: Floats) -> Floats:
    """Return the share of rows per bin, the bin of nulls last."""
    null = np.isnan(values)
    codes = np.searchsorted(edges, values[~null], side="left")
    counts = np.bincount(codes, minlength=len(edges) + 1)
    return np.append(counts, null.sum()) / max(len(values), 1)


def _arrays(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Return outcome, score and weight as float64 of one length; raise ModelError otherwise."""
    y = np.asarray(y, float)
    p = np.asarray(p, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    if not len(y) == len(p) == len(w) or not len(y):
        raise ModelError(
            "A figure needs outcome, score and weight of one length above 0; "
            f"got {len(y)}, {len(p)}, {len(w)}."
        )
    return y, p, w


def _by_score(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return the weight of bads and of goods per distinct score, ascending."""
    y, score, w = _arrays(y, score, weight)
    if np.isnan(score).any() or np.isnan(y).any():
        raise ModelError(
            "A figure got null outcomes or scores; expected none: "
            "leave out the rows without an outcome first."
        )
    level, inverse = np.unique(score, return_inverse=True)
    bad = np.bincount(inverse, w * y, len(level)).astype(np.float64)
    good = np.bincount(inverse, w * (1 - y), len(level)).astype(np.float64)
    if not bad.sum() > 0 or not good.sum() > 0:
        raise ModelError(
            f"Discrimination needs bads and goods; got {bad.sum():g} bads "
            f"and {good.sum():g} goods. Use more rows or months."
        )
    return bad, good


# --- Family shares ---
# Measures how much of the model's spread each family explains, by the covariance of its
# contributions (domain 7.6, 0.5).

# The interval of a share leaves out 5 % of the bootstrap draws at each end.
INTERVAL_QUANTILES = [0.05, 0.95]


@dataclass(frozen=True)
class Share:
    """A family's share of the variance of the margin; all numbers are shares of 1.

    low, high: 90 % bootstrap interval. target: None where the world has none (real data).
    """

    family: str
    share: float
    low: float
    high: float
    target: float | None
    tolerance: float


def worst_family(rows: Sequence[Share]) -> dict[str, str | float | None]:
    """Return the family farthest from its target, `family` and `of_tolerance`.

    `of_tolerance` is the distance divided by the tolerance: 1 is just allowed. Both are None
    without targets.
    """
    misses = [
        (abs(row.share - row.target) / row.tolerance, row.family)
        for row in rows
        if row.target is not None
    ]
    # Of equal distances the name that sorts last is taken. Any fixed rule would do.
    ratio, family = max(misses) if misses else (None, None)
    return {"family": family, "of_tolerance": ratio}


def by_family(contributions: Floats, family_of: Sequence[str], families: Sequence[str]) -> Floats:
    """Return contributions per feature (n, p) summed per family (n, f)."""
    member = np.array([[family == name for name in families] for family in family_of], float)
    return contributions @ member


def covariance_shares(phi: Floats) -> Floats:
    """Return Cov(Phi_f, F) / Var(F) of each family f, with F the sum of the families.

    phi: contributions of shape (n, f). The shares sum to 1; one may be negative.
    """
    total = phi.sum(axis=1)
    centred = total - total.mean()
    return np.asarray(centred @ (phi - phi.mean(axis=0)) / (centred @ centred))


def table(
    phi: Floats,
    families: Sequence[str],
    targets: dict[str, float] | None,
    tolerances: Sequence[float],
    draws: int,
    seed: int,
) -> tuple[Share, ...]:
    """Return one Share per family; phi: contributions of shape (n, f).

    tolerances: how far each share may miss its target.
    For the interval, applicants are drawn with replacement; the model is not fitted again.
    """
    # The draws depend on `seed` alone, so a second run gives the same interval.
    rng = np.random.default_rng(seed)
    resampled = [covariance_shares(phi[rng.integers(0, len(phi), len(phi))]) for _ in range(draws)]
    low, high = np.quantile(resampled, INTERVAL_QUANTILES, axis=0)
    shares = covariance_shares(phi)
    # A family without a target should have a share of 0.
    goals = [None if targets is None else targets.get(family, 0.0) for family in families]
    columns = zip(families, shares, low, high, goals, tolerances, strict=True)
    return tuple(
        Share(family, float(share), float(least), float(most), goal, tolerance)
        for family, share, least, most, goal, tolerance in columns
    )
