"""The same procedure on drawn loans: how far a model moves by the luck of who taught it.

A refit learns from loans drawn with replacement, with the features, complexities and stack that
were chosen. It is made at training, and serving refits nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.boosted import stand_ins
from creditloom.models.stacking.learner import Member, NamedLearner
from creditloom.models.stacking.procedure import stacked_trees
from creditloom.models.stacking.stack import Stack
from creditloom.models.stacking.tree_text import feature_infos, model_text


@dataclass(frozen=True)
class RefitParams:
    """The `refits` block.

    draws: refits on drawn loans; 0 measures nothing. rows: applicants of each kind, at even steps.
    most_loans: of a refit; null = as many as there are. Errors of fewer are larger by the root of
    the ratio, and are brought back.
    """

    draws: int = 4
    rows: int = 1000
    seed: int = 1
    most_loans: int | None = None


@dataclass(frozen=True)
class Recipe:
    """What a training has chosen, so that it can be repeated on other loans.

    steps: complexity by learner. signs: per feature of the rows. null_readings: see
    `ModelTree.with_nulls_of`; None = `stand_ins` of the rows.
    """

    rows: Dataset
    signs: tuple[int, ...]
    learners: tuple[NamedLearner, ...]
    steps: Mapping[str, int]
    stack: Stack
    null_readings: Floats | None = None

    def refits(self, params: RefitParams) -> Iterator[Refit]:
        """Yield the refits, one by one: each holds the trees of a whole stack."""
        rng = np.random.default_rng(params.seed)
        for _ in range(params.draws):
            yield self.refit(rng, params.most_loans)

    def refit(self, rng: np.random.Generator, most_loans: int | None = None) -> Refit:
        """Return the stack on loans that `rng` draws with replacement, as many as there are.

        most_loans: at most so many.
        """
        n = len(self.rows.label)
        drawn = n if most_loans is None else min(n, most_loans)
        # Sorted, as the learners take the loans in the order of time.
        rows = self.rows.where(np.sort(rng.integers(0, n, drawn)))
        named = {one.name: one for one in self.learners}
        members = tuple(
            named[name].learner.fit(rows, self.signs, self.steps[name]) for name in self.stack.names
        )
        return Refit(self, members, float(np.sqrt(drawn / n)))


@dataclass(frozen=True)
class Refit:
    """A stack on drawn loans; members: in the order of the stack, with its weights.

    scale: of its deviations, where fewer loans were drawn than there are.
    """

    recipe: Recipe
    members: tuple[Member, ...]
    scale: float = 1.0

    def contributions(self, asked: Floats) -> Floats:
        """Return the contributions to the margin, as log-odds; shape of `asked`."""
        total = np.zeros(asked.shape)
        for member, weight in zip(self.members, self.recipe.stack.weights, strict=True):
            total += weight * member.contributions(asked)[1]
        return total

    def text(self) -> str:
        """Return the stack as LightGBM reads it."""
        rows = self.recipe.rows
        nulls = self.recipe.null_readings
        nulls = stand_ins(rows.features) if nulls is None else nulls
        trees = stacked_trees(self.members, self.recipe.stack, nulls)
        return model_text(trees, rows.names, feature_infos(rows.features), self.recipe.signs)
