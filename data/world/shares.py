"""Coefficients such that family shares of what events tell of default equal a weight table (domain 7.6, 0.5, 0.14).

share_f = Cov(what the columns of family f tell, all that is told) / Var(all that is told); fixed point
beta_f <- beta_f (w_f / share_f)^0.5. nu, the strength of the bends, is such that what no straight line in the states explains is
`nonlinear_share` of the variance of the log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.carried import Columns, columns_of, told, told_shares
from data.world.default import oracle_pd, solve_alpha
from data.world.effects import Effects
from data.world.nature import Nature
from data.world.params import WorldError, WorldParams
from data.world.people import People, family_rows

STEPS = 60
NEAR = 2e-5
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
class _Probe:
    """Whom betas are solved on: `effects` n x 12, centred (6 lines, 6 bends), their covariance `true`, that of bends `beyond` a straight
    line, and what is seen of everyone."""

    nature: Nature
    base_rate: float
    effects: np.ndarray
    true: np.ndarray
    beyond: np.ndarray
    columns: Columns

    def scaled(self, betas: np.ndarray, share: float) -> tuple[np.ndarray, float]:
        """Betas at the declared variance, and nu at which `share` of it lies beyond straight lines: the positive root of a quadratic."""
        line, cross, bend = (betas @ block @ betas for block in (self.true[:6, :6], self.true[:6, 6:], self.true[6:, 6:]))
        a, half_b, c = betas @ self.beyond @ betas - share * bend, -share * cross, -share * line
        nu = float((np.sqrt(half_b**2 - a * c) - half_b) / a) if share else 0.0
        return betas * np.sqrt(self.nature.effects.explained_variance / (line + 2.0 * nu * cross + nu**2 * bend)), nu

    def pd(self, betas: np.ndarray, nu: float) -> np.ndarray:
        """PD of everyone, u integrated out, at the base rate."""
        log_odds = -self.effects @ np.concatenate([betas, nu * betas])
        return oracle_pd(self.nature, log_odds + solve_alpha(self.nature, log_odds, self.base_rate))


def solve(nature: Nature, people: People, parts: Effects, params: WorldParams, rng: np.random.Generator) -> Coefficients:
    """Betas and nu for the profile of `params` over the probe population `people`; `rng` draws the noise of its events."""
    probe = _probe(nature, people, parts, params.base_rate, rng)
    betas, nu, shares = _fixed_point(probe, np.array(nature.shares(params.profile)), nature.effects.nonlinear_share * params.nonlinear)
    covariance = np.hstack([ONE, nu * ONE]) @ probe.true @ np.vstack([ONE, nu * ONE])
    variance = nature.effects.explained_variance
    return Coefficients(
        betas=tuple(betas.tolist()),
        nu=nu,
        means=tuple((parts.lines + nu * parts.bends).mean(axis=0).tolist()),
        shares_observed=tuple(shares.tolist()),
        shares_true=tuple((betas * (covariance @ betas) / variance).tolist()),
        nonlinear_share=float(nu**2 * (betas @ probe.beyond @ betas) / variance),
    )


def log_odds_parts(coefficients: Coefficients, nature: Nature, parts: Effects) -> np.ndarray:
    """Contribution of each concept to the log-odds of default, n x concepts, + is riskier, mean zero over the probe."""
    effect = parts.lines + coefficients.nu * parts.bends - np.array(coefficients.means)
    return -effect * np.array(coefficients.betas)[family_rows(nature)]


def _probe(nature: Nature, people: People, parts: Effects, base_rate: float, rng: np.random.Generator) -> _Probe:
    select = (family_rows(nature)[:, None] == np.arange(people.families.shape[1])).astype(float)
    both = np.column_stack([parts.lines @ select, parts.bends @ select])
    both = both - both.mean(axis=0)
    straight = people.concepts - people.concepts.mean(axis=0)
    along = straight.T @ both[:, 6:]
    bent = both[:, 6:].T @ both[:, 6:] - along.T @ np.linalg.solve(straight.T @ straight, along)
    return _Probe(nature, base_rate, both, np.cov(both.T), bent / (people.size - 1), columns_of(nature, people, rng))


def _fixed_point(probe: _Probe, target: np.ndarray, nonlinear_share: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Betas, nu and shares as told. What the columns of families without weight tell is taken from the others in equal parts."""
    betas, weighted, fit = np.sqrt(target), target > 0, None
    for _ in range(STEPS):
        betas, nu = probe.scaled(betas, nonlinear_share)
        fit = told(probe.columns, probe.pd(betas, nu), fit)
        shares = told_shares(probe.columns, fit)
        goal = np.where(weighted, target - shares[~weighted].sum() / weighted.sum(), shares)
        if np.abs(shares - goal).max() < NEAR:
            return betas, nu, shares
        betas = betas * np.sqrt(np.divide(goal, shares, out=np.zeros(6), where=weighted & (shares > 0)))
    raise WorldError.of(
        "Weights out of reach", where="world.profile", expected=str(target.round(4)), got=str(shares.round(4)),
        next_step="choose another profile",
    )  # fmt: skip
