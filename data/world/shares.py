"""Coefficients such that family shares of what events tell of the log-odds equal a weight table (domain 7.6, 0.5, 0.14).

share_f = Cov(what the columns of family f tell, all that is told) / Var(all that is told); fixed point
beta_f <- beta_f (w_f / share_f)^0.5. nu, the strength of the bends, is such that what no straight line in the states explains is
`nonlinear_share` of the variance of the log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.carried import carried, columns_of
from data.world.effects import Effects
from data.world.nature import Nature
from data.world.params import WorldError
from data.world.people import People, family_rows

STEPS = 400
NEAR = 1e-6
ONE = np.eye(6)


@dataclass(frozen=True)
class Coefficients:
    """What the world's log-odds are made of; `means` and `terms_mean` centre what they name; shares sum to one.

    A family without weight has beta 0, yet its columns know about the others: its `shares_observed` is what they tell.
    """

    betas: tuple[float, ...]
    nu: float
    means: tuple[float, ...]
    shares_observed: tuple[float, ...]
    shares_true: tuple[float, ...]
    nonlinear_share: float
    alpha: float = 0.0
    terms_mean: float = 0.0


@dataclass(frozen=True)
class _Moments:
    """Covariances of 12 family effects (6 lines, 6 bends): true, as told by each family's columns, and of bends beyond a straight line."""

    true: np.ndarray
    told: np.ndarray
    beyond: np.ndarray

    def variance(self, betas: np.ndarray, nu: float) -> float:
        """Of the log-odds."""
        mixed = np.concatenate([betas, nu * betas])
        return float(mixed @ self.true @ mixed)

    def strength(self, betas: np.ndarray, share: float) -> float:
        """nu at which `share` of the variance lies beyond straight lines: the positive root of a quadratic."""
        line, cross, bend = (betas @ block @ betas for block in (self.true[:6, :6], self.true[:6, 6:], self.true[6:, 6:]))
        a, half_b, c = betas @ self.beyond @ betas - share * bend, -share * cross, -share * line
        return float((np.sqrt(half_b**2 - a * c) - half_b) / a)

    def shares(self, betas: np.ndarray, nu: float) -> np.ndarray:
        """Of each family's columns in all that is told."""
        mixed = np.concatenate([betas, nu * betas])
        parts = self.told @ mixed @ mixed
        return np.asarray(parts / parts.sum())


def solve(
    nature: Nature, people: People, parts: Effects, weights: tuple[float, ...], rng: np.random.Generator, *, nonlinear: bool
) -> Coefficients:
    """Betas and nu for the family shares `weights` over the probe population `people`; `rng` draws the noise of its events."""
    moments = _moments(nature, people, parts, rng)
    betas, nu = _fixed_point(moments, np.array(weights), nature.effects.nonlinear_share if nonlinear else 0.0)
    betas = betas * np.sqrt(nature.effects.explained_variance / moments.variance(betas, nu))
    covariance = np.hstack([ONE, nu * ONE]) @ moments.true @ np.vstack([ONE, nu * ONE])
    return Coefficients(
        betas=tuple(betas.tolist()),
        nu=nu,
        means=tuple((parts.lines + nu * parts.bends).mean(axis=0).tolist()),
        shares_observed=tuple(moments.shares(betas, nu).tolist()),
        shares_true=tuple((betas * (covariance @ betas) / moments.variance(betas, nu)).tolist()),
        nonlinear_share=float(nu**2 * (betas @ moments.beyond @ betas) / moments.variance(betas, nu)),
    )


def log_odds_parts(coefficients: Coefficients, nature: Nature, parts: Effects) -> np.ndarray:
    """Contribution of each concept to the log-odds of default, n x concepts, + is riskier, mean zero over the probe."""
    effect = parts.lines + coefficients.nu * parts.bends - np.array(coefficients.means)
    return -effect * np.array(coefficients.betas)[family_rows(nature)]


def _moments(nature: Nature, people: People, parts: Effects, rng: np.random.Generator) -> _Moments:
    select = (family_rows(nature)[:, None] == np.arange(people.families.shape[1])).astype(float)
    both = np.column_stack([parts.lines @ select, parts.bends @ select])
    both = both - both.mean(axis=0)
    straight = people.concepts - people.concepts.mean(axis=0)
    along = straight.T @ both[:, 6:]
    bent = both[:, 6:].T @ both[:, 6:] - along.T @ np.linalg.solve(straight.T @ straight, along)
    return _Moments(np.cov(both.T), carried(columns_of(nature, people, rng), both), bent / (people.size - 1))


def _fixed_point(moments: _Moments, target: np.ndarray, nonlinear_share: float) -> tuple[np.ndarray, float]:
    """Betas up to their scale, and nu. What the columns of families without weight tell is taken from the others in equal parts."""
    betas, weighted = np.sqrt(target), target > 0
    for _ in range(STEPS):
        nu = moments.strength(betas, nonlinear_share) if nonlinear_share else 0.0
        shares = moments.shares(betas, nu)
        goal = np.where(weighted, target - shares[~weighted].sum() / weighted.sum(), shares)
        if np.abs(shares - goal).max() < NEAR:
            return betas, nu
        betas = betas * np.sqrt(np.divide(goal, shares, out=np.zeros(6), where=weighted & (shares > 0)))
    raise WorldError.of(
        "Weights out of reach", where="world.profile", expected=str(target.round(4)), got=str(shares.round(4)),
        next_step="choose another profile",
    )  # fmt: skip
