"""Coefficients such that family shares of the log-odds equal a weight table (domain 7.6, 0.5, 0.14).

share_f = beta_f (S beta)_f / (beta' S beta), S being the covariance of the families' effects as far as their events show them;
fixed point beta_f <- beta_f (w_f / share_f)^0.5. nu, the strength of the bends, is found by bisection so that what no straight line in
the states explains is `nonlinear_share` of the variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.world.effects import Effects
from data.world.nature import Nature
from data.world.params import WorldError
from data.world.people import People, family_rows

STEPS = 400
BISECTIONS = 40
NU_MAX = 8.0


@dataclass(frozen=True)
class Coefficients:
    """What the world's log-odds are made of; `means` and `terms_mean` centre what they name; shares sum to one."""

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
    """Covariances of 12 family effects (6 lines, 6 bends): true, as observed, and of bends beyond a straight line."""

    true: np.ndarray
    observed: np.ndarray
    beyond: np.ndarray


def solve(nature: Nature, people: People, parts: Effects, weights: tuple[float, ...], *, nonlinear: bool) -> Coefficients:
    """Betas and nu for the family shares `weights` over the probe population `people`."""
    moments = _moments(nature, people, parts)
    nu = _strength(nature, moments, weights) if nonlinear else 0.0
    betas = _betas(nature, moments, weights, nu)
    return Coefficients(
        betas=tuple(betas.tolist()),
        nu=nu,
        means=tuple((parts.lines + nu * parts.bends).mean(axis=0).tolist()),
        shares_observed=tuple(_share(betas, _joined(moments.observed, nu)).tolist()),
        shares_true=tuple(_share(betas, _joined(moments.true, nu)).tolist()),
        nonlinear_share=_beyond(betas, moments, nu),
    )


def log_odds_parts(coefficients: Coefficients, nature: Nature, parts: Effects) -> np.ndarray:
    """Contribution of each concept to the log-odds of default, n x concepts, + is riskier, mean zero over the probe."""
    effect = parts.lines + coefficients.nu * parts.bends - np.array(coefficients.means)
    return -effect * np.array(coefficients.betas)[family_rows(nature)]


def _moments(nature: Nature, people: People, parts: Effects) -> _Moments:
    rows = family_rows(nature)
    select = (rows[:, None] == np.arange(people.families.shape[1])).astype(float)
    both = np.column_stack([parts.lines @ select, parts.bends @ select])
    both = both - both.mean(axis=0)
    straight = people.concepts - people.concepts.mean(axis=0)
    along = straight.T @ both[:, 6:]
    bent = both[:, 6:].T @ both[:, 6:] - along.T @ np.linalg.solve(straight.T @ straight, along)
    observed = _observed(both, people.present, np.array(nature.effects.reliability))
    return _Moments(np.cov(both.T), observed, bent / (people.size - 1))


def _observed(both: np.ndarray, present: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """Covariance of E[effect | events]: r of the effect where the family is present, its variance being r of the whole."""
    seen = both * np.tile(present * reliability, 2)
    covariance = np.cov(seen.T)
    for family, r in enumerate(reliability):
        block = np.ix_([family, family + 6], [family, family + 6])
        own = seen[:, [family, family + 6]]
        covariance[block] += (1.0 - r) / r * (own.T @ own) / len(own)
    return covariance


def _joined(covariance: np.ndarray, nu: float) -> np.ndarray:
    """6 x 6 covariance of lines + nu * bends."""
    mix = np.vstack([np.eye(6), nu * np.eye(6)])
    return mix.T @ covariance @ mix


def _share(betas: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return betas * (covariance @ betas) / (betas @ covariance @ betas)


def _betas(nature: Nature, moments: _Moments, weights: tuple[float, ...], nu: float) -> np.ndarray:
    """The fixed point of domain 7.6, scaled to the explained variance of the true log-odds."""
    target, observed = np.array(weights), _joined(moments.observed, nu)
    betas = np.sqrt(target)
    for _ in range(STEPS):
        share = _share(betas, observed)
        betas = betas * np.sqrt(np.divide(target, share, out=np.zeros(6), where=(target > 0) & (share > 0)))
    if np.abs(_share(betas, observed) - target).max() > 1e-6:
        got = str(_share(betas, observed).round(4))
        raise WorldError.of(
            "Weights out of reach", where="world.profile", expected=str(weights), got=got, next_step="choose another profile"
        )
    return betas * np.sqrt(nature.effects.explained_variance / (betas @ _joined(moments.true, nu) @ betas))


def _beyond(betas: np.ndarray, moments: _Moments, nu: float) -> float:
    return float(nu**2 * (betas @ moments.beyond @ betas) / (betas @ _joined(moments.true, nu) @ betas))


def _strength(nature: Nature, moments: _Moments, weights: tuple[float, ...]) -> float:
    """nu at which `nonlinear_share` of the variance lies beyond straight lines."""
    low, high = 0.0, NU_MAX
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        short = _beyond(_betas(nature, moments, weights, middle), moments, middle) < nature.effects.nonlinear_share
        low, high = (middle, high) if short else (low, middle)
    return low
