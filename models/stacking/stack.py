"""The stack: a non-negative logistic sum of the margins of several learners.

It is fitted on held-out margins, so it is the calibration in shape too: where all learners are too
sure of themselves, its weights add up to less than 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import expit

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss

# Significant decimals of a weight: the text of the model must not hang on the last bit of a search.
DECIMALS = 6
# A weight below this is no help worth its leaves.
MIN_WEIGHT = 0.01


@dataclass(frozen=True)
class StackParams:
    """How the weights are found.

    max_leaves: of the served forest; of the learners that hold it together the best serve.
    spread_sd: standard deviation of the prior of each weight around their mean. With few bads
    the learners cannot be told apart, and then they share.
    """

    max_leaves: int = 10_000
    spread_sd: float = 0.2


@dataclass(frozen=True)
class Stack:
    """logit(PD) = intercept + sum of weight margin, by name of the learner; weights above 0."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float

    def margin(self, margins: Floats) -> Floats:
        """Return the log-odds; margins: shape (n, learners)."""
        return self.intercept + margins @ np.array(self.weights)


def fit_stack(
    margins: Floats,
    label: Floats,
    weight: Floats,
    names: Sequence[str],
    leaves: Sequence[int],
    params: StackParams,
) -> Stack:
    """Return the stack on held-out margins, shape (n, learners).

    leaves: of each learner's member. Raise ModelError where no learner ranks bads above goods.
    """
    stacks = [
        _stack(margins, label, weight, names, chosen, params)
        for chosen in _affordable(leaves, params.max_leaves)
    ]
    found = [stack for stack in stacks if stack is not None]
    if not found:
        raise ModelError(
            "No column tells bads from goods: no learner ranks held-out rows better than by "
            "chance. Expected at least one that does; check the label and the columns."
        )
    order = {name: k for k, name in enumerate(names)}

    def loss(stack: Stack) -> float:
        own = margins[:, [order[name] for name in stack.names]]
        return logloss(label, expit(stack.margin(own)), weight)

    # Of equal losses the first: the fewest learners.
    return min(found, key=loss)


def _affordable(leaves: Sequence[int], max_leaves: int) -> list[tuple[int, ...]]:
    """Return the largest sets of learners whose leaves together hold the bound.

    A set within another one that holds it is left out. A learner that alone exceeds the bound is a
    set of its own: some model there must be.
    """
    everyone = range(len(leaves))
    sets = [
        chosen
        for size in range(1, len(leaves) + 1)
        for chosen in combinations(everyone, size)
        if size == 1 or sum(leaves[k] for k in chosen) <= max_leaves
    ]
    return [one for one in sets if not any(set(one) < set(other) for other in sets)]


def _stack(
    margins: Floats,
    label: Floats,
    weight: Floats,
    names: Sequence[str],
    chosen: Sequence[int],
    params: StackParams,
) -> Stack | None:
    """Return the stack of the learners `chosen`; None where none of them gets a weight."""
    kept = list(chosen)
    while kept:
        theta = _weights(margins[:, kept], label, weight, params)
        helping = [k for k, w in zip(kept, theta[:-1], strict=True) if w >= MIN_WEIGHT]
        if len(helping) == len(kept):
            return Stack(
                names=tuple(names[k] for k in kept),
                weights=tuple(np.round(theta[:-1], DECIMALS).tolist()),
                intercept=float(np.round(theta[-1], DECIMALS)),
            )
        kept = helping
    return None


def _weights(margins: Floats, label: Floats, weight: Floats, params: StackParams) -> Floats:
    """Return non-negative weights and the intercept that minimise the penalised log-loss.

    penalty = sum (w_k - mean w)^2 / (2 spread_sd^2): the mean, which is the slope, is free.
    """
    from scipy.optimize import minimize

    n_learners = margins.shape[1]
    stiffness = 1 / params.spread_sd**2

    def loss(theta: Floats) -> tuple[float, Floats]:
        w = theta[:-1]
        logit = margins @ w + theta[-1]
        slope = weight * (expit(logit) - label)
        apart = w - w.mean()
        value = weight @ (np.logaddexp(0.0, logit) - label * logit)
        value += stiffness / 2 * apart @ apart
        return float(value), np.append(slope @ margins + stiffness * apart, slope.sum())

    start = np.append(np.full(n_learners, 1 / n_learners), 0.0)
    bounds = [(0.0, None)] * n_learners + [(None, None)]
    solution = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(solution.x, float)
