"""Are tiers in order? All out-of-time months together, pooled to enough bads, no adjacent reversal beyond chance (domain 0.8)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .calibration_tests import holm, jeffreys


@dataclass(frozen=True)
class Band:
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

    bands: tuple[Band, ...]
    reversal_p: tuple[float, ...]
    reversed_pairs: int


def pooled(tier: ArrayLike, y: ArrayLike, pd: ArrayLike, order: Sequence[str], min_bads: float) -> tuple[Band, ...]:
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


def ordered(bands: Sequence[Band], level: float = 0.05) -> Order:
    """One-sided test of each adjacent pair that the safer band has the higher rate, adjusted by Holm."""
    adjusted = holm([_reversal_p(safer, riskier) for safer, riskier in itertools.pairwise(bands)])
    return Order(tuple(bands), adjusted, sum(p < level for p in adjusted))


def _band(names: tuple[str, ...], tier: np.ndarray, y: np.ndarray, pd: np.ndarray) -> Band:
    inside = np.isin(tier, names)
    n, bads, mean = float(inside.sum()), float(y[inside].sum()), float(pd[inside].mean())
    return Band(names, n, bads, mean, jeffreys(n, bads, mean))


def _reversal_p(safer: Band, riskier: Band) -> float:
    """Two-proportion z test; small when the safer band defaults more."""
    from scipy.stats import norm

    rate = (safer.bads + riskier.bads) / (safer.n + riskier.n)
    error = np.sqrt(rate * (1 - rate) * (1 / safer.n + 1 / riskier.n))
    return float(norm.sf((safer.rate - riskier.rate) / error)) if error > 0 else 1.0
