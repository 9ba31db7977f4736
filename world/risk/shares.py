"""Coefficients that give the events of each family their share of the profile.

Sources: domain 7.6, 0.5, 0.14. The share of a family is what its events tell of default: share_f =
Cov(prediction from the columns of family f, whole prediction) / Var(whole prediction), under the
logistic regression of PD on the columns of all families. A fixed point solves beta_f <- beta_f (w_f
/ share_f)^0.5. nu, the strength of the bends, is such that `nonlinear_share` of the variance of the
log-odds lies beyond any straight line in the states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit, ndtri
from threadpoolctl import threadpool_limits

from creditloom.world.config.config_types import FAMILIES, Interaction, WorldError, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.incumbent_policy import Scorecard
from creditloom.world.people.people import People, concept_weights, family_rows
from creditloom.world.risk.default import oracle_pd, solve_alpha

# From concept states to log-odds: straight lines, saturation, thresholds and interactions
# (domain 0.3, 0.14).

# Name in world.yaml of the second partner of an interaction that is not a concept.
THIN_FILE = "thin_file"


@dataclass(frozen=True)
class ConceptEffects:
    """Straight and bent effect of each concept, n x concepts, + is safer."""

    lines: np.ndarray
    bends: np.ndarray


def effects(nature: WorldConfig, people: People) -> ConceptEffects:
    """Return the effects of every concept of every applicant.

    They are scaled so that the straight effects of a family sum to a state of variance 1.
    """
    family_weights = concept_weights(nature)
    weights = family_weights.sum(axis=1)
    family_states = people.concepts @ family_weights
    scale = weights / family_states.std(axis=0)[family_rows(nature)]
    bends = scale * (_saturation(nature, people.concepts) + _steps(nature, people.concepts))
    return ConceptEffects(
        lines=people.concepts * scale,
        bends=bends + _interactions(nature, people),
    )


def _saturation(nature: WorldConfig, states: np.ndarray) -> np.ndarray:
    """Return what is lost of a state beyond one SD on either side.

    `nu x saturation` stays below one, so that better never turns into worse.
    """
    begins = nature.effects.saturation_from
    above = np.maximum(states - begins, 0.0)
    below = np.maximum(-states - begins, 0.0)
    return -nature.effects.saturation * (above - below)


def _steps(nature: WorldConfig, states: np.ndarray) -> np.ndarray:
    """Return the effect of each source's threshold.

    The worst share of people lose `step_size`; with a negative size the best share gain it.
    """
    steps = np.zeros_like(states)
    for column, concept in enumerate(nature.concepts):
        # States are standardised, so a share of people is a normal quantile.
        if concept.step_size > 0:
            is_beyond = states[:, column] < ndtri(concept.step_share)
        elif concept.step_size < 0:
            is_beyond = states[:, column] > ndtri(1.0 - concept.step_share)
        else:
            continue
        steps[:, column] = -concept.step_size * is_beyond
    return steps


def _interactions(nature: WorldConfig, people: People) -> np.ndarray:
    """Return the effect of weak halves that multiply, n x concepts.

    Each of the two concepts carries half of it; a thin file leaves all to the other one. Raises
    WorldError for an unknown concept.
    """
    out = np.zeros_like(people.concepts)
    columns = {concept.id: column for column, concept in enumerate(nature.concepts)}

    def weak(name: str) -> np.ndarray:
        # Without a limit the tail of the product, not the states, made the AUC of the oracle (.83
        # for .79).
        return np.clip(-people.concepts[:, columns[name]], 0.0, nature.effects.weak_limit)

    for pair in nature.effects.interactions:
        _check_pair(pair, columns)
        if pair.second == THIN_FILE:
            out[:, columns[pair.first]] -= pair.size * weak(pair.first) * people.is_thin
            continue
        both = pair.size * weak(pair.first) * weak(pair.second)
        out[:, columns[pair.first]] -= both / 2.0
        out[:, columns[pair.second]] -= both / 2.0
    return out


def _check_pair(pair: Interaction, columns: Mapping[str, int]) -> None:
    unknown = {pair.first, pair.second} - set(columns) - {THIN_FILE}
    if unknown:
        raise WorldError.of(
            "Unknown concept in an interaction",
            where="world.yaml effects.interactions",
            expected=", ".join(columns),
            got=", ".join(sorted(unknown)),
            next_step="name concepts of world.yaml",
        )


# What events tell of default, and by the columns of which family: logit P(default | events)
# (domain 0.5).

# Each visible state enters straight and with a bend at each of these points, SD (choice).
KNOTS = (-1.0, 0.0, 1.0)
# Ridge as a share of the mean curvature. Two columns that say the same then share their slope
# instead of making the equations singular.
RIDGE = 1e-4
# Newton's steps at most, and the largest change of a coefficient at which they stop.
MAX_NEWTON_STEPS = 20
NEWTON_TOLERANCE = 1e-3


@dataclass(frozen=True)
class FamilyColumns:
    """What a model can see of a population.

    `values` is n x columns, float32, centred; `owner` is the index of the family of each column.
    """

    values: np.ndarray
    owner: np.ndarray

    @cached_property
    def design(self) -> np.ndarray:
        """The columns and, last, a column of ones for the intercept."""
        return np.hstack([self.values, np.ones((len(self.values), 1), dtype=np.float32)])

    @cached_property
    def workspace(self) -> np.ndarray:
        """Room for the weighted design: new memory for each step costs as much as to fill it."""
        return np.empty_like(self.design)


def columns_of(nature: WorldConfig, people: People, rng: np.random.Generator) -> FamilyColumns:
    """Return the visible states of `people`, bent and straight, and which families are there.

    Where a family is not there its columns are 0, the mean of those who have it. `rng` draws the
    noise with which events show the states.
    """
    rows = family_rows(nature)
    reliability = np.array(nature.effects.reliability)
    # Noise of a standardised state whose share of true variance is its reliability.
    noise = np.sqrt(1.0 / reliability - 1.0)[rows]
    is_there = people.present[:, rows]
    visible = people.concepts + noise * rng.standard_normal(people.concepts.shape)
    # Being missing tells something too, but only in families that somebody lacks.
    sometimes_missing = np.flatnonzero(people.present.std(axis=0))
    blocks = [_centred(_masked(visible, is_there))]
    for knot in KNOTS:
        bent = np.maximum(visible - knot, 0.0)
        blocks.append(_centred(_masked(bent, is_there)))
    blocks.append(_centred(people.present[:, sometimes_missing]))
    owner = np.concatenate([np.tile(rows, 1 + len(KNOTS)), sometimes_missing])
    return FamilyColumns(np.hstack(blocks), owner)


def _masked(visible: np.ndarray, is_there: np.ndarray) -> np.ndarray:
    """Return the columns less the mean of those who have them, and 0 for the others."""
    mean = (visible * is_there).sum(axis=0) / is_there.sum(axis=0)
    return np.asarray((visible - mean) * is_there)


def _centred(block: np.ndarray) -> np.ndarray:
    # float32 halves the memory: the probe population is large.
    return np.asarray((block - block.mean(axis=0)).astype(np.float32))


def logistic_coefficients(
    columns: FamilyColumns, pd: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Return the logistic regression of `pd` (n, 0-1) on all columns: slopes, then the intercept.

    Newton's method goes from `start`, else from the mean. The result is what a model would learn
    from infinitely many labels of these people. It is written here because `pd` is no label:
    scikit-learn takes such a target only with everyone twice and weights, as the test does.
    """
    coefficients = start
    if coefficients is None:
        coefficients = np.append(np.zeros(columns.owner.size), logit(pd.mean()))
    for _ in range(MAX_NEWTON_STEPS):
        step = _newton_step(columns, pd, coefficients)
        coefficients = coefficients + step
        if np.abs(step).max() < NEWTON_TOLERANCE:
            break
    return coefficients


def _newton_step(columns: FamilyColumns, pd: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the change of the coefficients of a regression of `pd` on all columns."""
    # Products of n rows are done in float32, the small system in float64.
    x = columns.design
    expected = expit(x @ coefficients.astype(np.float32))
    weighted = np.multiply(x.T, expected * (1.0 - expected), out=columns.workspace.T)
    curvature = (weighted @ x).astype(float)
    ridge = RIDGE * np.diag(curvature).mean() * np.eye(len(coefficients))
    gradient = x.T @ (pd - expected).astype(np.float32)
    return np.asarray(np.linalg.solve(curvature + ridge, gradient))


def prediction_shares(columns: FamilyColumns, fit: np.ndarray) -> np.ndarray:
    """Return the share of each family in what the regression `fit` predicts.

    Cov(prediction from the columns of family f, whole prediction) / Var(whole prediction).
    """
    is_owner = columns.owner[:, None] == np.arange(len(FAMILIES))
    slopes = (fit[:-1, None] * is_owner).astype(np.float32)
    predictions = columns.values @ slopes
    # The columns are centred, so sums of products are covariances up to a factor that cancels.
    shared = predictions.T.astype(float) @ predictions.sum(axis=1)
    return np.asarray(shared / shared.sum())


# The fixed point: betas at which the shares are those of the profile.

# Steps at most, and the largest distance from the target shares at which they stop. A profile with
# two families without weight takes some 80 steps, as each step leaves nine tenths of the distance.
MAX_STEPS = 200
SHARE_TOLERANCE = 2e-5
N_FAMILIES = len(FAMILIES)
# The incumbent's scorecard is trained after the betas are solved.
NO_SCORECARD = Scorecard(points=np.zeros((0, 0)), cut=0.0, mean=0.0, sd=1.0)
IDENTITY = np.eye(N_FAMILIES)


@dataclass(frozen=True)
class Coefficients:
    """What the log-odds of the world are made of.

    - `betas`, `shares_observed` and `shares_true` are by family; shares sum to one.
    - `nu` is the strength of the bends, `nonlinear_share` what they explain.
    - `means` (by concept) and `terms_mean` are taken off, so that `alpha` alone sets the level.
    - `scorecard` is the incumbent's, trained on older applicants of this world.

    A family without weight has beta 0. Yet its columns know about the other families, and its
    `shares_observed` is what they tell.
    """

    betas: tuple[float, ...]
    nu: float
    means: tuple[float, ...]
    shares_observed: tuple[float, ...]
    shares_true: tuple[float, ...]
    nonlinear_share: float
    alpha: float = 0.0
    terms_mean: float = 0.0
    scorecard: Scorecard = NO_SCORECARD


@dataclass(frozen=True)
class _Probe:
    """The population on which betas are solved.

    `effects` is n x 12, centred: the lines of 6 families, then their bends. `true` is the
    covariance of these columns. `beyond` is that of the part of the bends beyond straight lines in
    the states. `columns` is what a model can see.
    """

    nature: WorldConfig
    base_rate: float
    effects: np.ndarray
    true: np.ndarray
    beyond: np.ndarray
    columns: FamilyColumns

    def scaled(self, betas: np.ndarray, share: float) -> tuple[np.ndarray, float]:
        """Return betas at the declared variance, and the nu that belongs to them.

        At that nu, `share` of the variance lies beyond straight lines. It is the positive root of
        a quadratic: nu^2 beyond = share (line + 2 nu cross + nu^2 bend).
        """
        n = N_FAMILIES
        line = betas @ self.true[:n, :n] @ betas
        cross = betas @ self.true[:n, n:] @ betas
        bend = betas @ self.true[n:, n:] @ betas
        a = betas @ self.beyond @ betas - share * bend
        half_b = -share * cross
        c = -share * line
        nu = float((np.sqrt(half_b**2 - a * c) - half_b) / a) if share else 0.0
        variance = line + 2.0 * nu * cross + nu**2 * bend
        return betas * np.sqrt(self.nature.effects.explained_variance / variance), nu

    def pd(self, betas: np.ndarray, nu: float) -> np.ndarray:
        """Return the PD of everyone at the base rate, with u integrated out."""
        log_odds = -self.effects @ np.concatenate([betas, nu * betas])
        return oracle_pd(self.nature, log_odds + solve_alpha(self.nature, log_odds, self.base_rate))


def solve(
    nature: WorldConfig,
    people: People,
    parts: ConceptEffects,
    params: WorldParams,
    rng: np.random.Generator,
) -> Coefficients:
    """Return betas and nu for the profile of `params` over the probe population `people`.

    `rng` draws the noise of their events. alpha and `terms_mean` are left at 0. Raises WorldError
    for an unknown profile or weights that cannot be met.
    """
    probe = _probe(nature, people, parts, params.base_rate, rng)
    target = np.array(nature.shares(params.profile))
    nonlinear_share = nature.effects.nonlinear_share * params.nonlinear
    # One thread of the matrix library: a sum of 100,000 products ends in other last digits for
    # every number of threads, and the bytes of a world would depend on the machine's cores. It is
    # cheaper too: threads that wait for each other on a busy machine burn its time.
    with threadpool_limits(limits=1, user_api="blas"):
        betas, nu, shares = _fixed_point(probe, target, nonlinear_share)
    variance = nature.effects.explained_variance
    # Covariance of the families' whole effects, lines plus nu times bends.
    covariance = np.hstack([IDENTITY, nu * IDENTITY]) @ probe.true
    covariance = covariance @ np.vstack([IDENTITY, nu * IDENTITY])
    shares_true = betas * (covariance @ betas) / variance
    means = (parts.lines + nu * parts.bends).mean(axis=0)
    beyond = nu**2 * (betas @ probe.beyond @ betas)
    return Coefficients(
        betas=tuple(betas.tolist()),
        nu=nu,
        means=tuple(means.tolist()),
        shares_observed=tuple(shares.tolist()),
        shares_true=tuple(shares_true.tolist()),
        nonlinear_share=float(beyond / variance),
    )


def log_odds_parts(
    coefficients: Coefficients, nature: WorldConfig, parts: ConceptEffects
) -> np.ndarray:
    """Return the contribution of each concept to the log-odds of default, n x concepts.

    + is riskier; the mean over the probe is zero.
    """
    effect = parts.lines + coefficients.nu * parts.bends - np.array(coefficients.means)
    return -effect * np.array(coefficients.betas)[family_rows(nature)]


def _probe(
    nature: WorldConfig,
    people: People,
    parts: ConceptEffects,
    base_rate: float,
    rng: np.random.Generator,
) -> _Probe:
    is_in_family = (family_rows(nature)[:, None] == np.arange(N_FAMILIES)).astype(float)
    both = np.column_stack([parts.lines @ is_in_family, parts.bends @ is_in_family])
    both = both - both.mean(axis=0)
    bends = both[:, N_FAMILIES:]
    # What no straight line explains: the residual of the bends in a regression on all states.
    states = people.concepts - people.concepts.mean(axis=0)
    along = states.T @ bends
    residual = bends.T @ bends - along.T @ np.linalg.solve(states.T @ states, along)
    return _Probe(
        nature=nature,
        base_rate=base_rate,
        effects=both,
        true=np.cov(both.T),
        beyond=residual / (people.size - 1),
        columns=columns_of(nature, people, rng),
    )


def _fixed_point(
    probe: _Probe, target: np.ndarray, nonlinear_share: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return betas, nu and the shares that they give.

    The columns of families without weight tell something all the same. That is taken from the other
    families in equal parts.
    """
    betas = np.sqrt(target)
    has_weight = target > 0
    fit = None
    for _ in range(MAX_STEPS):
        betas, nu = probe.scaled(betas, nonlinear_share)
        # Each regression starts from the last one: few of Newton's steps are left to do.
        fit = logistic_coefficients(probe.columns, probe.pd(betas, nu), fit)
        shares = prediction_shares(probe.columns, fit)
        excess = shares[~has_weight].sum() / has_weight.sum()
        goal = np.where(has_weight, target - excess, shares)
        if np.abs(shares - goal).max() < SHARE_TOLERANCE:
            return betas, nu, shares
        # A share that is not above 0 has no ratio; its beta becomes 0.
        can_move = has_weight & (shares > 0)
        ratio = np.divide(goal, shares, out=np.zeros(N_FAMILIES), where=can_move)
        # The square root, because a share goes roughly with the square of its beta.
        betas = betas * np.sqrt(ratio)
    raise WorldError.of(
        "Weights out of reach",
        where="world.profile",
        expected=str(target.round(4)),
        got=str(shares.round(4)),
        next_step="choose another profile",
    )
