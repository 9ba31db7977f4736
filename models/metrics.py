"""The one definition of each figure of discrimination, accuracy and drift.

Throughout: `y` is the outcome, 1 bad, 0 good, or the true probability of bad (then a row counts y bad and 1 - y good, so that
truth-side figures carry no sampling noise); `score` rises with risk; `weight` defaults to one per row. All arrays are of shape (n,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .decision.stability import psi
from .errors import ModelError

Floats = NDArray[np.float64]


def auc(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """P(score of a bad > score of a good), ties counted half."""
    bad, good = _by_score(y, score, weight)
    below = np.cumsum(good) - good
    return float(np.sum(bad * (below + good / 2)) / (bad.sum() * good.sum()))


def gini(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """2 AUC - 1."""
    return 2 * auc(y, score, weight) - 1


def ks(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Largest distance between the score distributions of bads and goods."""
    bad_share, good_share = ks_curve(y, score, weight)
    return float(np.max(np.abs(good_share - bad_share)))


def ks_curve(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """Cumulative shares (of bads, of goods) over the distinct scores, safest first."""
    bad, good = _by_score(y, score, weight)
    return np.cumsum(bad) / bad.sum(), np.cumsum(good) / good.sum()


def brier(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean squared error of the probability; for a true probability y its expectation over drawn outcomes."""
    y, p, w = _arrays(y, p, weight)
    return float(np.average(y * (1 - p) ** 2 + (1 - y) * p**2, weights=w))


def logloss(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean negative log-likelihood; p is held within 1e-15 of 0 and 1."""
    y, p, w = _arrays(y, p, weight)
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(np.average(-(y * np.log(p) + (1 - y) * np.log1p(-p)), weights=w))


def ece(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None, bins: int = 10) -> float:
    """Expected calibration error over bins of equal weight: sum of share x |mean y - mean p|."""
    share, mean_y, mean_p = reliability(y, p, weight, bins)
    return float(np.sum(share * np.abs(mean_y - mean_p)))


def reliability(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None, bins: int = 10) -> tuple[Floats, Floats, Floats]:
    """Per bin of equal weight, lowest p first: share of weight, mean outcome, mean p. Rows with equal p share a bin."""
    y, p, w = _arrays(y, p, weight)
    order = np.argsort(p, kind="stable")
    position = np.empty(len(p))
    position[order] = (np.cumsum(w[order]) - w[order] / 2) / w.sum()
    level, inverse = np.unique(p, return_inverse=True)
    middle = np.bincount(inverse, w * position, len(level)) / np.bincount(inverse, w, len(level))
    code = np.minimum((middle[inverse] * bins).astype(int), bins - 1)
    total, sum_y, sum_p = (np.bincount(code, v, bins) for v in (w, w * y, w * p))
    filled = total > 0
    return total[filled] / w.sum(), sum_y[filled] / total[filled], sum_p[filled] / total[filled]


def psi_of(expected: ArrayLike, actual: ArrayLike, bins: int = 10) -> float:
    """PSI of two samples over quantile bins of `expected`; null is a bin of its own."""
    expected, actual = np.asarray(expected, float), np.asarray(actual, float)
    known = expected[~np.isnan(expected)]
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins)) if len(known) else np.empty(0)
    return psi(_bin_shares(expected, edges), _bin_shares(actual, edges))


def logit(p: ArrayLike) -> Floats:
    """ln(p / (1 - p)); p is held within 1e-15 of 0 and 1."""
    share = np.clip(np.asarray(p, float), 1e-15, 1 - 1e-15)
    return np.asarray(np.log(share) - np.log1p(-share))


def expit(x: ArrayLike) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    value = np.asarray(x, float)
    small = np.exp(-np.abs(value))
    return np.asarray(np.where(value >= 0, 1.0, small) / (1.0 + small))


def _bin_shares(values: Floats, edges: Floats) -> Floats:
    null = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~null], side="left"), minlength=len(edges) + 1)
    return np.append(counts, null.sum()) / max(len(values), 1)


def _arrays(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    y, p = np.asarray(y, float), np.asarray(p, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    if not len(y) == len(p) == len(w) or not len(y):
        raise ModelError(f"A figure needs outcome, score and weight of one length above 0; got {len(y)}, {len(p)}, {len(w)}.")
    return y, p, w


def _by_score(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats]:
    """Weight of bads and of goods per distinct score, ascending."""
    y, score, w = _arrays(y, score, weight)
    if np.isnan(score).any() or np.isnan(y).any():
        raise ModelError("A figure got null outcomes or scores; expected none: leave out the rows without an outcome first.")
    level, inverse = np.unique(score, return_inverse=True)
    bad, good = (np.bincount(inverse, mass, len(level)).astype(np.float64) for mass in (w * y, w * (1 - y)))
    if not bad.sum() > 0 or not good.sum() > 0:
        raise ModelError(f"Discrimination needs bads and goods; got {bad.sum():g} bads and {good.sum():g} goods. Use more rows or months.")
    return bad, good
