"""Coefficients such that family shares of what events tell of default equal a weight table (domain 7.6, 0.5, 0.14).

share_f = Cov(what the columns of family f tell, all that is told) / Var(all that is told); fixed point
beta_f <- beta_f (w_f / share_f)^0.5. nu, the strength of the bends, is such that what no straight line in the states explains is
`nonlinear_share` of the variance of the log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri

from creditloom.features.contract.tables import FAMILIES
from creditloom.world.config.config_types import WorldError, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People, concept_weights, family_rows
from creditloom.world.risk.default import oracle_pd, solve_alpha

# From concept states to what they do to the log-odds: straight lines, saturation, thresholds and interactions (domain 0.3, 0.14).

THIN_FILE = "thin_file"


@dataclass(frozen=True)
class ConceptEffects:
    """Straight and bent effect of each concept, n x concepts."""

    lines: np.ndarray
    bends: np.ndarray


def effects(nature: WorldConfig, people: People) -> ConceptEffects:
    """Effects of every concept of every applicant."""
    weights = concept_weights(nature).sum(axis=1)
    raw = people.concepts @ concept_weights(nature)
    scale = weights / raw.std(axis=0)[family_rows(nature)]
    bends = scale * (_saturation(nature, people.concepts) + _steps(nature, people.concepts))
    return ConceptEffects(
        lines=people.concepts * scale, bends=bends + _interactions(nature, people)
    )


def _saturation(nature: WorldConfig, states: np.ndarray) -> np.ndarray:
    """Beyond one SD on either side a state does less; `nu x saturation` stays below one, so that better never turns into worse."""
    return -nature.effects.saturation * (
        np.maximum(states - 1.0, 0.0) - np.maximum(-states - 1.0, 0.0)
    )


def _steps(nature: WorldConfig, states: np.ndarray) -> np.ndarray:
    """A source's threshold: below it the worst share of people lose `step_size`, or above it the best share gain it."""
    steps = np.zeros_like(states)
    for column, concept in enumerate(nature.concepts):
        if concept.step_size > 0:
            steps[:, column] = -concept.step_size * (states[:, column] < ndtri(concept.step_share))
        elif concept.step_size < 0:
            steps[:, column] = -concept.step_size * (
                states[:, column] > ndtri(1.0 - concept.step_share)
            )
    return steps


def _interactions(nature: WorldConfig, people: People) -> np.ndarray:
    """The weak halves of two states multiply; each of the two concepts carries half, a thin file leaves all to the other.

    A half counts up to `weak_limit` SD: without it the product's tail, not the states, made the oracle's AUC (.83 for .79).
    """
    out = np.zeros_like(people.concepts)
    columns = {concept.id: column for column, concept in enumerate(nature.concepts)}
    for pair in nature.effects.interactions:
        unknown = {pair.first, pair.second} - set(columns) - {THIN_FILE}
        if unknown:
            raise WorldError.of("Unknown concept in an interaction", where="world.yaml effects.interactions", expected=", ".join(columns),
                                got=", ".join(sorted(unknown)), next_step="name concepts of world.yaml")  # fmt: skip
        weak = np.clip(-people.concepts[:, columns[pair.first]], 0.0, nature.effects.weak_limit)
        if pair.second == THIN_FILE:
            out[:, columns[pair.first]] -= pair.size * weak * people.is_thin
            continue
        both = (
            pair.size
            * weak
            * np.clip(-people.concepts[:, columns[pair.second]], 0.0, nature.effects.weak_limit)
        )
        out[:, columns[pair.first]] -= both / 2.0
        out[:, columns[pair.second]] -= both / 2.0
    return out


# What events tell of default, and by which family's columns they tell it: logit P(default | events) (domain 0.5).

KNOTS = (-1.0, 0.0, 1.0)
RIDGE = 1e-4  # of the mean curvature: columns that say the same share alike
NEWTON, STILL = 20, 1e-3  # steps at most; the last one's size in log-odds per column


@dataclass(frozen=True)
class FamilyColumns:
    """`values` n x columns, float32, centred; `owner` the family of each column by its index."""

    values: np.ndarray
    owner: np.ndarray


def columns_of(nature: WorldConfig, people: People, rng: np.random.Generator) -> FamilyColumns:
    """What is seen of `people`: zero, the mean of those who have it, where a family is not there."""
    rows = family_rows(nature)
    noise = np.sqrt(1.0 / np.array(nature.effects.reliability) - 1.0)[rows]
    there = people.present[:, rows]
    seen = people.concepts + noise * rng.standard_normal(people.concepts.shape)
    missing = np.flatnonzero(people.present.std(axis=0))
    blocks = (
        _states(seen if knot is None else np.maximum(seen - knot, 0.0), there)
        for knot in (None, *KNOTS)
    )
    parts = [_centred(block) for block in blocks] + [_centred(people.present[:, missing])]
    return FamilyColumns(np.hstack(parts), np.concatenate([np.tile(rows, 1 + len(KNOTS)), missing]))


def _states(seen: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Less the mean of those who have it; zero for the others."""
    return np.asarray((seen - (seen * there).sum(axis=0) / there.sum(axis=0)) * there)


def _centred(block: np.ndarray) -> np.ndarray:
    """In half the memory; the probe is large."""
    return np.asarray((block - block.mean(axis=0)).astype(np.float32))


def told(columns: FamilyColumns, pd: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Slopes and, last, the intercept of the logistic regression of `pd` (n, 0-1) on all columns, by Newton's steps from `start`.

    What a model trained on labels of these people would find, but for the luck of the labels. Written here because `pd` is no label:
    scikit-learn takes such only as everyone twice with weights, which the test does.
    """
    x = np.hstack([columns.values, np.ones((len(pd), 1), dtype=np.float32)])
    fit = np.append(np.zeros(x.shape[1] - 1), logit(pd.mean())) if start is None else start
    for _ in range(NEWTON):
        expected = expit(x @ fit.astype(np.float32))
        curve = ((x.T * (expected * (1.0 - expected))) @ x).astype(float)
        step = np.linalg.solve(
            curve + RIDGE * np.diag(curve).mean() * np.eye(len(fit)),
            x.T @ (pd - expected).astype(np.float32),
        )
        fit = fit + step
        if np.abs(step).max() < STILL:
            break
    return fit


def told_shares(columns: FamilyColumns, fit: np.ndarray) -> np.ndarray:
    """Cov(what the columns of family f tell, all that is told) / Var(all that is told) under slopes `fit`."""
    parts = columns.values @ (
        fit[:-1, None] * (columns.owner[:, None] == np.arange(len(FAMILIES)))
    ).astype(np.float32)
    shared = parts.T.astype(float) @ parts.sum(axis=1)
    return np.asarray(shared / shared.sum())


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

    nature: WorldConfig
    base_rate: float
    effects: np.ndarray
    true: np.ndarray
    beyond: np.ndarray
    columns: FamilyColumns

    def scaled(self, betas: np.ndarray, share: float) -> tuple[np.ndarray, float]:
        """Betas at the declared variance, and nu at which `share` of it lies beyond straight lines: the positive root of a quadratic."""
        line, cross, bend = (
            betas @ block @ betas
            for block in (self.true[:6, :6], self.true[:6, 6:], self.true[6:, 6:])
        )
        a, half_b, c = betas @ self.beyond @ betas - share * bend, -share * cross, -share * line
        nu = float((np.sqrt(half_b**2 - a * c) - half_b) / a) if share else 0.0
        return betas * np.sqrt(
            self.nature.effects.explained_variance / (line + 2.0 * nu * cross + nu**2 * bend)
        ), nu

    def pd(self, betas: np.ndarray, nu: float) -> np.ndarray:
        """PD of everyone, u integrated out, at the base rate."""
        log_odds = -self.effects @ np.concatenate([betas, nu * betas])
        return oracle_pd(self.nature, log_odds + solve_alpha(self.nature, log_odds, self.base_rate))


def solve(
    nature: WorldConfig,
    people: People,
    parts: ConceptEffects,
    params: WorldParams,
    rng: np.random.Generator,
) -> Coefficients:
    """Betas and nu for the profile of `params` over the probe population `people`; `rng` draws the noise of its events."""
    probe = _probe(nature, people, parts, params.base_rate, rng)
    betas, nu, shares = _fixed_point(
        probe,
        np.array(nature.shares(params.profile)),
        nature.effects.nonlinear_share * params.nonlinear,
    )
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


def log_odds_parts(
    coefficients: Coefficients, nature: WorldConfig, parts: ConceptEffects
) -> np.ndarray:
    """Contribution of each concept to the log-odds of default, n x concepts, + is riskier, mean zero over the probe."""
    effect = parts.lines + coefficients.nu * parts.bends - np.array(coefficients.means)
    return -effect * np.array(coefficients.betas)[family_rows(nature)]


def _probe(
    nature: WorldConfig,
    people: People,
    parts: ConceptEffects,
    base_rate: float,
    rng: np.random.Generator,
) -> _Probe:
    select = (family_rows(nature)[:, None] == np.arange(people.families.shape[1])).astype(float)
    both = np.column_stack([parts.lines @ select, parts.bends @ select])
    both = both - both.mean(axis=0)
    straight = people.concepts - people.concepts.mean(axis=0)
    along = straight.T @ both[:, 6:]
    bent = both[:, 6:].T @ both[:, 6:] - along.T @ np.linalg.solve(straight.T @ straight, along)
    return _Probe(
        nature,
        base_rate,
        both,
        np.cov(both.T),
        bent / (people.size - 1),
        columns_of(nature, people, rng),
    )


def _fixed_point(
    probe: _Probe, target: np.ndarray, nonlinear_share: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Betas, nu and shares as told. What the columns of families without weight tell is taken from the others in equal parts."""
    betas, weighted, fit = np.sqrt(target), target > 0, None
    for _ in range(STEPS):
        betas, nu = probe.scaled(betas, nonlinear_share)
        fit = told(probe.columns, probe.pd(betas, nu), fit)
        shares = told_shares(probe.columns, fit)
        goal = np.where(weighted, target - shares[~weighted].sum() / weighted.sum(), shares)
        if np.abs(shares - goal).max() < NEAR:
            return betas, nu, shares
        betas = betas * np.sqrt(
            np.divide(goal, shares, out=np.zeros(6), where=weighted & (shares > 0))
        )
    raise WorldError.of(
        "Weights out of reach", where="world.profile", expected=str(target.round(4)), got=str(shares.round(4)),
        next_step="choose another profile",
    )  # fmt: skip
