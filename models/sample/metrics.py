"""The one definition of each figure of discrimination, accuracy and drift.

Throughout: `y` is the outcome, 1 bad, 0 good, or the true probability of bad (then a row counts y bad and 1 - y good, so that
truth-side figures carry no sampling noise); `score` rises with risk; `weight` defaults to one per row. All arrays are of shape (n,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.decision.base.stability import psi
from creditloom.models.sample.errors import ModelError

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


def ks_curve(
    y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> tuple[Floats, Floats]:
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


def reliability(
    y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None, bins: int = 10
) -> tuple[Floats, Floats, Floats]:
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
    counts = np.bincount(
        np.searchsorted(edges, values[~null], side="left"), minlength=len(edges) + 1
    )
    return np.append(counts, null.sum()) / max(len(values), 1)


def _arrays(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    y, p = np.asarray(y, float), np.asarray(p, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    if not len(y) == len(p) == len(w) or not len(y):
        raise ModelError(
            f"A figure needs outcome, score and weight of one length above 0; got {len(y)}, {len(p)}, {len(w)}."
        )
    return y, p, w


def _by_score(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats]:
    """Weight of bads and of goods per distinct score, ascending."""
    y, score, w = _arrays(y, score, weight)
    if np.isnan(score).any() or np.isnan(y).any():
        raise ModelError(
            "A figure got null outcomes or scores; expected none: leave out the rows without an outcome first."
        )
    level, inverse = np.unique(score, return_inverse=True)
    bad, good = (
        np.bincount(inverse, mass, len(level)).astype(np.float64) for mass in (w * y, w * (1 - y))
    )
    if not bad.sum() > 0 or not good.sum() > 0:
        raise ModelError(
            f"Discrimination needs bads and goods; got {bad.sum():g} bads and {good.sum():g} goods. Use more rows or months."
        )
    return bad, good


# Which family carries how much of the model: covariance shares of its contributions (domain 7.6, 0.5).


@dataclass(frozen=True)
class Share:
    """A family's share of the margin's variance with its 90 % bootstrap interval, the target and the tolerance, all as shares of 1.

    target is None where the world has none (real data).
    """

    family: str
    share: float
    low: float
    high: float
    target: float | None
    tolerance: float


def tolerance(training_bads: float) -> float:
    """max(4, 350 / sqrt(bads)) percentage points, as a share of 1 (domain 0.5)."""
    return max(4.0, 350.0 / np.sqrt(max(training_bads, 1.0))) / 100.0


def worst(rows: Sequence[Share]) -> dict[str, str | float | None]:
    """The family farthest from its target: `of_tolerance` is its distance over the tolerance, 1 at its edge; None without targets."""
    missed = [
        (abs(row.share - row.target) / row.tolerance, row.family)
        for row in rows
        if row.target is not None
    ]
    ratio, family = max(missed) if missed else (None, None)
    return {"family": family, "of_tolerance": ratio}


def by_family(contributions: Floats, family_of: Sequence[str], families: Sequence[str]) -> Floats:
    """Contributions per feature (n, p) summed per family (n, f)."""
    member = np.array([[family == name for name in families] for family in family_of], float)
    return contributions @ member


def covariance_shares(phi: Floats) -> Floats:
    """Cov(Phi_f, F) / Var(F) with F = sum of the families; sums to 1."""
    total = phi.sum(axis=1)
    centred = total - total.mean()
    return np.asarray(centred @ (phi - phi.mean(axis=0)) / (centred @ centred))


def table(
    phi: Floats,
    families: Sequence[str],
    targets: dict[str, float] | None,
    training_bads: float,
    draws: int,
    seed: int,
) -> tuple[Share, ...]:
    """One Share per family; the interval resamples applicants with replacement, the model stays as it is."""
    rng = np.random.default_rng(seed)
    resampled = [covariance_shares(phi[rng.integers(0, len(phi), len(phi))]) for _ in range(draws)]
    low, high = np.quantile(resampled, [0.05, 0.95], axis=0)
    shares, width = covariance_shares(phi), tolerance(training_bads)
    goals = [None if targets is None else targets.get(family, 0.0) for family in families]
    rows = zip(families, shares, low, high, goals, strict=True)
    return tuple(
        Share(family, float(share), float(a), float(b), goal, width)
        for family, share, a, b, goal in rows
    )
