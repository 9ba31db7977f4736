"""Statistical tests of a calibrated PD: for the portfolio, per grade, and for the order of tiers.

Sources: domain 5.2, 0.7. In all functions `y` is the drawn outcome (1 bad, 0 good), `p` or `pd` is
the PD, and `weight` is one per row by default. Each test returns a p-value in [0, 1]. All tests
assume independent rows. With a common macro factor rows are not independent (0.7).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from creditloom.models.sample.affine import DIAGONAL_RIDGE, fit_affine
from creditloom.models.sample.metrics import logit

# Jeffreys' prior of a rate is Beta(1/2, 1/2): half a bad and half a good.
JEFFREYS_PRIOR = 0.5
# A p-value below this says that two tiers are reversed.
REVERSAL_LEVEL = 0.05


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
    level_sd: float,
    weight: ArrayLike | None = None,
) -> Large:
    """Return the test of observed minus expected bads (domain 0.7).

    variance = binomial + (level_sd sum PD)^2

    level_sd: relative standard deviation of the level as it was forecast (`level.relative_sd`). It
    holds the error of the estimate and the economy of the months ahead. The test sees only what
    is larger: at 1 % a miss of about 2.6 times level_sd.
    """
    from scipy.stats import norm

    y = np.asarray(y, float)
    p = np.asarray(p, float)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    expected = float(w @ p)
    observed = float(w @ y)
    variance = w**2 @ (p * (1 - p)) + (level_sd * expected) ** 2
    z = float((observed - expected) / np.sqrt(variance))
    return Large(expected=expected, observed=observed, z=z, p_value=float(2 * norm.sf(abs(z))))


def spiegelhalter(y: ArrayLike, p: ArrayLike) -> tuple[float, float]:
    """Return Z = sum (y-p)(1-2p) / sqrt(sum (1-2p)^2 p(1-p)) and its two-sided p-value."""
    from scipy.stats import norm

    y = np.asarray(y, float)
    p = np.asarray(p, float)
    excess = np.sum((y - p) * (1 - 2 * p))
    variance = np.sum((1 - 2 * p) ** 2 * p * (1 - p))
    z = float(excess / np.sqrt(variance))
    return z, float(2 * norm.sf(abs(z)))


def hosmer_lemeshow(
    n: ArrayLike, defaults: ArrayLike, pd: ArrayLike, *, fitted: bool = False
) -> tuple[float, float]:
    """Return sum (D - n PD)^2 / (n PD (1-PD)) over groups, and its p-value.

    fitted: whether these are the rows that the model was fitted on. The degrees of freedom are
    then the number of groups less 2, else the number of groups.
    """
    from scipy.stats import chi2

    n = np.asarray(n, float)
    d = np.asarray(defaults, float)
    pd = np.asarray(pd, float)
    statistic = float(np.sum((d - n * pd) ** 2 / (n * pd * (1 - pd))))
    return statistic, float(chi2.sf(statistic, len(n) - 2 * fitted))


def jeffreys(n: float, defaults: float, pd: float) -> float:
    """Return the distribution function of Beta(D + 1/2, N - D + 1/2) at PD (ECB 2019).

    A small value says that the PD is too low.

    >>> round(jeffreys(100, 50, 0.5), 6)
    0.5
    """
    from scipy.stats import beta

    return float(beta.cdf(pd, defaults + JEFFREYS_PRIOR, n - defaults + JEFFREYS_PRIOR))


def binomial(n: float, defaults: float, pd: float) -> float:
    """Return the one-sided P(X >= D | n, PD).

    It is the distribution function of Beta(D, n - D + 1) at PD, so that weighted counts, which are
    no whole numbers, have a value too.

    >>> round(binomial(2, 1, 0.5), 6)
    0.75
    """
    from scipy.stats import beta

    # A Beta distribution with parameter 0 does not exist; at least no default is certain.
    return float(beta.cdf(pd, defaults, n - defaults + 1)) if defaults > 0 else 1.0


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values adjusted by Holm, in the order given.

    >>> holm([0.5, 0.125, 0.25])
    (0.5, 0.375, 0.5)
    """
    p = np.asarray(p_values, float)
    # A stable sort, so that equal p-values keep their order.
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    # A product may exceed 1, a p-value may not.
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(float(v) for v in adjusted)


def slope_intercept(
    y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None
) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of y on logit(p).

    They are (1, 0) for a PD that is perfectly calibrated.
    """
    return fit_affine(logit(p), y, weight)


@dataclass(frozen=True)
class SlopeTest:
    """Slope and intercept of the outcome on logit(PD), and whether the slope can be 1.

    se: standard error of the slope, by the sandwich, so that weights are allowed for.
    p_value: two-sided, of slope 1.
    """

    slope: float
    intercept: float
    se: float
    p_value: float


def slope_test(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> SlopeTest:
    """Return the test that the slope of the outcome on logit(p) is 1."""
    from scipy.stats import norm

    slope, intercept = slope_intercept(y, p, weight)
    outcome = np.asarray(y, float)
    w = np.ones(len(outcome)) if weight is None else np.asarray(weight, float)
    x = np.column_stack([logit(p), np.ones(len(outcome))])
    q = expit(x @ np.array([slope, intercept]))
    information = (x * (w * q * (1 - q))[:, None]).T @ x
    # The scores of the rows, squared: with unequal weights the information alone is too sure.
    scores = x * (w * (outcome - q))[:, None]
    bread = np.linalg.inv(information + np.diag([DIAGONAL_RIDGE, DIAGONAL_RIDGE]))
    se = float(np.sqrt((bread @ (scores.T @ scores) @ bread)[0, 0]))
    p_value = float(2 * norm.sf(abs(slope - 1) / se)) if se > 0 else 1.0
    return SlopeTest(slope, intercept, se, p_value)


# --- The order of the tiers ---
# Tests whether a riskier tier also has a higher bad rate (domain 0.8). All out-of-time months are
# taken together. Adjacent tiers are pooled until each band has enough bads. No adjacent pair of
# bands may be reversed by more than chance explains.


@dataclass(frozen=True)
class PooledTier:
    """A tier, or several adjacent ones pooled.

    n, bads: weighted rows and bads. mean_pd: as a share of 1. jeffreys_p: p-value of this PD.
    """

    tiers: tuple[str, ...]
    n: float
    bads: float
    mean_pd: float
    jeffreys_p: float

    @property
    def rate(self) -> float:
        """Return the bad rate."""
        return self.bads / self.n


@dataclass(frozen=True)
class Order:
    """Pooled bands, safest first, and whether adjacent ones are reversed.

    reversal_p: per adjacent pair, adjusted by Holm. reversed_pairs: pairs under 5 %.
    """

    bands: tuple[PooledTier, ...]
    reversal_p: tuple[float, ...]
    reversed_pairs: int


def pooled_tiers(
    tier: ArrayLike, y: ArrayLike, pd: ArrayLike, order: Sequence[str], min_bads: float
) -> tuple[PooledTier, ...]:
    """Return adjacent tiers pooled, safest first, until each band holds `min_bads` bads.

    tier: the tier's name of each row. order: all names, safest first.
    """
    tier_of = np.asarray(tier)
    bad = np.asarray(y, float)
    risk = np.asarray(pd, float)
    groups: list[list[str]] = [[]]
    for name in order:
        if not np.any(tier_of == name):
            continue
        groups[-1].append(name)
        if bad[np.isin(tier_of, groups[-1])].sum() >= min_bads:
            groups.append([])
    # The riskiest tiers may be left with too few bads: they join the band before them.
    rest = groups.pop()
    if rest and groups:
        groups[-1] += rest
    return tuple(_band(tuple(group), tier_of, bad, risk) for group in groups or [rest] if group)


def tier_order(bands: Sequence[PooledTier], level: float = REVERSAL_LEVEL) -> Order:
    """Return the bands and, for each adjacent pair, the test whether the safer rate is higher.

    The p-values are one-sided and adjusted by Holm.
    """
    pairs = itertools.pairwise(bands)
    reversal_p = holm([_reversal_p(safer, riskier) for safer, riskier in pairs])
    return Order(
        bands=tuple(bands),
        reversal_p=reversal_p,
        reversed_pairs=sum(p < level for p in reversal_p),
    )


def _band(names: tuple[str, ...], tier: np.ndarray, y: np.ndarray, pd: np.ndarray) -> PooledTier:
    """Return the band of the tiers `names`."""
    inside = np.isin(tier, names)
    n = float(inside.sum())
    bads = float(y[inside].sum())
    mean_pd = float(pd[inside].mean())
    return PooledTier(
        tiers=names, n=n, bads=bads, mean_pd=mean_pd, jeffreys_p=jeffreys(n, bads, mean_pd)
    )


def _reversal_p(safer: PooledTier, riskier: PooledTier) -> float:
    """Return the p-value of the two-proportion z test; small when the safer band defaults more."""
    from scipy.stats import norm

    rate = (safer.bads + riskier.bads) / (safer.n + riskier.n)
    error = np.sqrt(rate * (1 - rate) * (1 / safer.n + 1 / riskier.n))
    # Without any bads, or with bads only, there is nothing to compare.
    return float(norm.sf((safer.rate - riskier.rate) / error)) if error > 0 else 1.0
