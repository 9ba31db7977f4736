"""Tests of a calibrated PD: whole portfolio and per grade (domain 5.2, 0.7).

`y` is the drawn outcome (1 bad, 0 good), `p` the PD, `weight` one per row by default.
Each test returns a p-value in [0, 1]; all assume independent rows, which a common macro factor breaks (0.7).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import expit, logit


@dataclass(frozen=True)
class Large:
    """Calibration in the large: expected and observed bads, z and its two-sided p-value."""

    expected: float
    observed: float
    z: float
    p_value: float


def in_the_large(
    y: ArrayLike,
    p: ArrayLike,
    calibration_bads: float,
    macro_sd: float,
    weight: ArrayLike | None = None,
) -> Large:
    """z of observed minus expected bads; variance = binomial + (sum PD)^2 / calibration bads + (macro_sd sum PD)^2 (domain 0.7).

    `macro_sd` is 0.18 with the macro path on, 0 with it off. `calibration_bads` are the bads the calibration was fitted on.
    """
    from scipy.stats import norm

    y, p = np.asarray(y, float), np.asarray(p, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    expected, observed = float(w @ p), float(w @ y)
    variance = w**2 @ (p * (1 - p)) + expected**2 / calibration_bads + (macro_sd * expected) ** 2
    z = float((observed - expected) / np.sqrt(variance))
    return Large(expected, observed, z, float(2 * norm.sf(abs(z))))


def spiegelhalter(y: ArrayLike, p: ArrayLike) -> tuple[float, float]:
    """Z = sum (y-p)(1-2p) / sqrt(sum (1-2p)^2 p(1-p)) and its two-sided p-value."""
    from scipy.stats import norm

    y, p = np.asarray(y, float), np.asarray(p, float)
    z = float(np.sum((y - p) * (1 - 2 * p)) / np.sqrt(np.sum((1 - 2 * p) ** 2 * p * (1 - p))))
    return z, float(2 * norm.sf(abs(z)))


def hosmer_lemeshow(
    n: ArrayLike, defaults: ArrayLike, pd: ArrayLike, *, fitted: bool = False
) -> tuple[float, float]:
    """sum (D - n PD)^2 / (n PD (1-PD)) over groups and its p-value; df = groups, or groups - 2 on the sample it was fitted on."""
    from scipy.stats import chi2

    n, d, pd = (np.asarray(v, float) for v in (n, defaults, pd))
    statistic = float(np.sum((d - n * pd) ** 2 / (n * pd * (1 - pd))))
    return statistic, float(chi2.sf(statistic, len(n) - 2 * fitted))


def jeffreys(n: float, defaults: float, pd: float) -> float:
    """Beta(D + 1/2, N - D + 1/2) distribution function at PD; small = the PD is too low (ECB 2019)."""
    from scipy.stats import beta

    return float(beta.cdf(pd, defaults + 0.5, n - defaults + 0.5))


def binomial(n: int, defaults: int, pd: float) -> float:
    """One-sided P(X >= D | n, PD)."""
    from scipy.stats import binom

    return float(binom.sf(defaults - 1, n, pd))


def normal(n: float, defaults: float, pd: float) -> float:
    """One-sided normal approximation of `binomial`."""
    from scipy.stats import norm

    return float(norm.sf((defaults - n * pd) / np.sqrt(n * pd * (1 - pd))))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given."""
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(float(v) for v in adjusted)


def slope_intercept(
    y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None
) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of y on logit(p); (1, 0) when perfectly calibrated."""
    return fit_affine(logit(p), y, weight)


def fit_affine(
    margin: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike | None = None,
    steps: int = 100,
    slope_sd: float | None = None,
) -> tuple[float, float]:
    """(a, b) of the weighted maximum likelihood of logit P(y = 1) = a margin + b, by damped Newton steps.

    `y` may be a probability. With `slope_sd` the slope has the prior N(1, slope_sd^2) and the rows count as many as they are good for,
    (sum w)^2 / sum w^2. Raises ModelError when it does not converge (separable or constant margin).
    """
    m, y = np.asarray(margin, float), np.asarray(y, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    w = w / w.mean() if slope_sd is None else w * w.sum() / (w**2).sum()
    if not len(m) or np.ptp(m) == 0:
        raise ModelError(
            f"An affine calibration needs margins that differ; got {len(m)} rows with one value. Check the model."
        )
    centre, spread = np.average(m, weights=w), m.std()
    x = np.column_stack([(m - centre) / spread, np.ones(len(m))])
    theta = np.array([spread, float(logit(np.average(y, weights=w)))])
    prior = np.array(
        [0.0 if slope_sd is None else 1.0 / (slope_sd * spread) ** 2, 0.0]
    )  # precision of theta around (spread, -)
    for _ in range(steps):
        q = expit(x @ theta)
        rise = x.T @ (w * (y - q)) - prior * (theta - spread)
        step = np.linalg.solve(
            (x * (w * q * (1 - q))[:, None]).T @ x + np.diag(prior + 1e-12), rise
        )
        theta = theta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            return float(theta[0] / spread), float(theta[1] - theta[0] * centre / spread)
    raise ModelError(
        f"The affine fit did not converge in {steps} steps on {len(y)} rows: bads and goods may be separable. Use more months."
    )


# Are tiers in order? All out-of-time months together, pooled to enough bads, no adjacent reversal beyond chance (domain 0.8).


@dataclass(frozen=True)
class PooledTier:
    """A tier, or several adjacent ones pooled: weighted rows, weighted bads, mean PD, and the Jeffreys p-value of its PD."""

    tiers: tuple[str, ...]
    n: float
    bads: float
    mean_pd: float
    jeffreys_p: float

    @property
    def rate(self) -> float:
        return self.bads / self.n


@dataclass(frozen=True)
class Order:
    """Pooled bands, safest first, Holm-adjusted p-values that an adjacent pair is reversed, and how many pairs are at 5 %."""

    bands: tuple[PooledTier, ...]
    reversal_p: tuple[float, ...]
    reversed_pairs: int


def pooled(
    tier: ArrayLike, y: ArrayLike, pd: ArrayLike, order: Sequence[str], min_bads: float
) -> tuple[PooledTier, ...]:
    """Adjacent tiers pooled, safest first, until each band holds `min_bads` bads; a short rest joins the last band."""
    of, bad, risk = np.asarray(tier), np.asarray(y, float), np.asarray(pd, float)
    groups: list[list[str]] = [[]]
    for name in [t for t in order if np.any(of == t)]:
        groups[-1].append(name)
        if bad[np.isin(of, groups[-1])].sum() >= min_bads:
            groups.append([])
    rest = groups.pop()
    if rest and groups:
        groups[-1] += rest
    return tuple(_band(tuple(group), of, bad, risk) for group in groups or [rest] if group)


def ordered(bands: Sequence[PooledTier], level: float = 0.05) -> Order:
    """One-sided test of each adjacent pair that the safer band has the higher rate, adjusted by Holm."""
    adjusted = holm([_reversal_p(safer, riskier) for safer, riskier in itertools.pairwise(bands)])
    return Order(tuple(bands), adjusted, sum(p < level for p in adjusted))


def _band(names: tuple[str, ...], tier: np.ndarray, y: np.ndarray, pd: np.ndarray) -> PooledTier:
    inside = np.isin(tier, names)
    n, bads, mean = float(inside.sum()), float(y[inside].sum()), float(pd[inside].mean())
    return PooledTier(names, n, bads, mean, jeffreys(n, bads, mean))


def _reversal_p(safer: PooledTier, riskier: PooledTier) -> float:
    """Two-proportion z test; small when the safer band defaults more."""
    from scipy.stats import norm

    rate = (safer.bads + riskier.bads) / (safer.n + riskier.n)
    error = np.sqrt(rate * (1 - rate) * (1 / safer.n + 1 / riskier.n))
    return float(norm.sf((safer.rate - riskier.rate) / error)) if error > 0 else 1.0
