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

    def refits(self, params: RefitParams) -> Iterator[Refit]:
        """Yield the refits, one by one: each holds the trees of a whole stack."""
        rng = np.random.default_rng(params.seed)
        named = {one.name: one for one in self.learners}
        n = len(self.rows.label)
        for _ in range(params.draws):
            # Sorted, as the learners take the loans in the order of time.
            rows = self.rows.where(np.sort(rng.integers(0, n, n)))
            members = tuple(
                named[name].learner.fit(rows, self.signs, self.steps[name])
                for name in self.stack.names
            )
            yield Refit(self, members)


@dataclass(frozen=True)
class Refit:
    """A stack on drawn loans; members: in the order of the stack, with its weights."""

    recipe: Recipe
    members: tuple[Member, ...]

    def contributions(self, asked: Floats) -> Floats:
        """Return the contributions to the margin, as log-odds; shape of `asked`."""
        total = np.zeros(asked.shape)
        for member, weight in zip(self.members, self.recipe.stack.weights, strict=True):
            total += weight * member.contributions(asked)[1]
        return total

    def text(self) -> str:
        """Return the stack as LightGBM reads it."""
        rows = self.recipe.rows
        trees = stacked_trees(self.members, self.recipe.stack, stand_ins(rows.features))
        return model_text(trees, rows.names, feature_infos(rows.features), self.recipe.signs)
