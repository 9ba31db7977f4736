"""Which family carries how much of the model: covariance shares of its contributions (domain 7.6, 0.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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
    missed = [(abs(row.share - row.target) / row.tolerance, row.family) for row in rows if row.target is not None]
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
    phi: Floats, families: Sequence[str], targets: dict[str, float] | None, training_bads: float, draws: int, seed: int
) -> tuple[Share, ...]:
    """One Share per family; the interval resamples applicants with replacement, the model stays as it is."""
    rng = np.random.default_rng(seed)
    resampled = [covariance_shares(phi[rng.integers(0, len(phi), len(phi))]) for _ in range(draws)]
    low, high = np.quantile(resampled, [0.05, 0.95], axis=0)
    shares, width = covariance_shares(phi), tolerance(training_bads)
    goals = [None if targets is None else targets.get(family, 0.0) for family in families]
    rows = zip(families, shares, low, high, goals, strict=True)
    return tuple(Share(family, float(share), float(a), float(b), goal, width) for family, share, a, b, goal in rows)
