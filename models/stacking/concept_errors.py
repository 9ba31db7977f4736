"""How far the points of a concept move when the same procedure learns from other loans.

The error of a concept is the standard deviation of its loss against safe applicants over refits on
drawn loans. It is measured once at training: a reason must exceed it, and serving refits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.stacking.stack import Stack

# Of the applicants asked the riskiest tenth stands for those who are declined, and the safer half
# for those who are approved: about the shares of a lender's grades.
RISKY_SHARE = 0.1
SAFE_SHARE = 0.5
# Decimals of an error, so that it does not hang on the last bit of a sum.
DECIMALS = 6


@dataclass(frozen=True)
class RefitParams:
    """The `refits` block.

    draws: refits on drawn loans; 0 measures nothing. rows: applicants of each kind, at even steps.
    """

    draws: int = 4
    rows: int = 1000
    seed: int = 1


@dataclass(frozen=True)
class Recipe:
    """What a training has chosen, so that it can be repeated on other loans.

    steps: complexity by learner. signs: per feature of the rows.
    """

    rows: Dataset
    signs: tuple[int, ...]
    learners: tuple[NamedLearner, ...]
    steps: Mapping[str, int]
    stack: Stack

    def contributions(self, rows: Dataset, asked: Floats) -> Floats:
        """Return the contributions of a stack taught by `rows`, as log-odds; shape of `asked`."""
        total = np.zeros(asked.shape)
        weights = dict(zip(self.stack.names, self.stack.weights, strict=True))
        for named in self.learners:
            if weights.get(named.name, 0.0) > 0:
                member = named.learner.fit(rows, self.signs, self.steps[named.name])
                total += weights[named.name] * member.contributions(asked)[1]
        return total


def concept_errors(
    recipe: Recipe, concepts: Sequence[str], asked: Floats, margin: Floats, params: RefitParams
) -> dict[str, float]:
    """Return the error of each concept, in log-odds of the margin.

    concepts: of each feature. asked: features of applicants, shape (n, p); margin: of each of them,
    by the model. Empty where nothing is drawn, or nobody is there to be asked.
    """
    risky = _at_even_steps(asked[margin >= np.quantile(margin, 1 - RISKY_SHARE)], params.rows)
    safe = _at_even_steps(asked[margin <= np.quantile(margin, SAFE_SHARE)], params.rows)
    if params.draws < 2 or not len(asked):
        return {}
    ids = tuple(dict.fromkeys(concepts))
    member = np.array([[concept == one for one in ids] for concept in concepts], float)
    rng = np.random.default_rng(params.seed)
    losses = []
    for _ in range(params.draws):
        # Sorted, as the learners take the loans in the order of time.
        drawn = np.sort(rng.integers(0, len(recipe.rows.label), len(recipe.rows.label)))
        phi = recipe.contributions(recipe.rows.where(drawn), np.concatenate([risky, safe]))
        by_concept = phi @ member
        losses.append(by_concept[: len(risky)] - by_concept[len(risky) :].mean(axis=0))
    variance = np.stack(losses).var(axis=0, ddof=1).mean(axis=0)
    return dict(zip(ids, np.round(np.sqrt(variance), DECIMALS).tolist(), strict=True))


def _at_even_steps(rows: Floats, most: int) -> Floats:
    """Return at most `most` of the rows; even steps need no seed."""
    positions = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64)
    return rows[np.unique(positions)]
