"""The one procedure behind every door: choose complexities, stack the learners, fit on all rows.

It is given folds: by chance, by group or by time. Rows of a table come encoded anew in each fold,
rows of the world as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.models.sample.affine import fit_affine
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.stacking.learner import Member, NamedLearner
from creditloom.models.stacking.stack import Stack, StackParams, fit_stack
from creditloom.models.stacking.tree_text import ModelTree


@dataclass(frozen=True)
class Fold:
    """Rows to learn from, and the features of the rows that are held out.

    signs: per feature of the rows. is_judged: which of all training rows are held out.
    """

    rows: Dataset
    signs: tuple[int, ...]
    held_out: Floats
    is_judged: Mask


@dataclass(frozen=True)
class StackChoice:
    """What the folds have chosen.

    steps: complexity by learner. margins: at that complexity, of the judged rows, shape
    (judged, learners) in the order of `steps`. label, weight: of the judged rows.
    losses: by learner, the log-loss at each complexity.
    """

    steps: Mapping[str, int]
    margins: Floats
    is_judged: Mask
    label: Floats
    weight: Floats
    losses: Mapping[str, tuple[float, ...]]

    def of(self, names: Sequence[str]) -> Floats:
        """Return the margins of these learners, shape (judged, learners)."""
        order = list(self.steps)
        return self.margins[:, [order.index(name) for name in names]]


@dataclass(frozen=True)
class HeldOutPaths:
    """Margins of held-out rows at each complexity: by learner, shape (n, steps); else NaN."""

    paths: Mapping[str, Floats]
    is_judged: Mask

    def where(self, mask: Mask) -> HeldOutPaths:
        """Return the same paths with only the rows of `mask` judged."""
        return HeldOutPaths(self.paths, self.is_judged & mask)

    def part(self, start: int, stop: int | None = None) -> HeldOutPaths:
        """Return the paths of the rows from `start` to `stop`."""
        paths = {name: path[start:stop] for name, path in self.paths.items()}
        return HeldOutPaths(paths, self.is_judged[start:stop])


def held_out_paths(
    folds: Iterable[Fold], learners: Sequence[NamedLearner], n_rows: int
) -> HeldOutPaths:
    """Return what each learner says of the held-out rows of each fold. n_rows: of all rows."""
    paths = {named.name: np.full((n_rows, named.learner.steps), np.nan) for named in learners}
    is_judged = np.zeros(n_rows, bool)
    for fold in folds:
        for named in learners:
            path = named.learner.path(fold.rows, fold.signs, fold.held_out)
            paths[named.name][fold.is_judged] = path
        is_judged |= fold.is_judged
    return HeldOutPaths(paths, is_judged)


def choose(
    folds: Iterable[Fold], learners: Sequence[NamedLearner], label: Floats, weight: Floats
) -> StackChoice:
    """Return for each learner the complexity with the least log-loss on held-out rows.

    label, weight: of all training rows.
    """
    return chosen(held_out_paths(folds, learners, len(label)), label, weight)


def chosen(held_out: HeldOutPaths, label: Floats, weight: Floats) -> StackChoice:
    """Return for each learner the complexity with the least log-loss on the judged rows."""
    is_judged = held_out.is_judged
    y = label[is_judged]
    w = weight[is_judged]
    losses = {
        name: tuple(scaled_loss(margin, y, w) for margin in path[is_judged].T)
        for name, path in held_out.paths.items()
    }
    # Of equal losses the first is taken: the simplest.
    steps = {name: int(np.argmin(values)) for name, values in losses.items()}
    best = [held_out.paths[name][is_judged, step] for name, step in steps.items()]
    return StackChoice(
        steps=steps,
        margins=np.stack(best, axis=1),
        is_judged=is_judged,
        label=y,
        weight=w,
        losses=losses,
    )


def scaled_loss(margin: Floats, label: Floats, weight: Floats) -> float:
    """Return the log-loss of the margins after the best line through them.

    The stack scales each margin. So a learner must not stop early because its margins are too sure
    of themselves: what counts is how well they rank and how straight they are.
    """
    try:
        a, b = fit_affine(margin, label, weight)
    except ModelError:
        # No line can be fitted where bads and goods are apart or all margins are equal.
        return logloss(label, expit(margin), weight)
    # The stack gives no negative weight: a learner that ranks the wrong way tells the base rate.
    rate = np.average(label, weights=weight)
    told = expit(a * margin + b) if a > 0 else np.full(len(margin), rate)
    return logloss(label, told, weight)


def members(
    rows: Dataset, signs: Sequence[int], learners: Sequence[NamedLearner], choice: StackChoice
) -> dict[str, Member]:
    """Return each learner's member on all rows, at the complexity chosen."""
    return {
        named.name: named.learner.fit(rows, signs, choice.steps[named.name]) for named in learners
    }


def stack_of(
    choice: StackChoice, names: Sequence[str], grown: Mapping[str, Member], params: StackParams
) -> Stack:
    """Return the stack of the learners `names` on the judged rows."""
    leaves = [leaves_of(grown[name]) for name in names]
    return fit_stack(choice.of(names), choice.label, choice.weight, names, leaves, params)


def leaves_of(member: Member) -> int:
    """Return the leaves of a member's trees; 0 for one that cannot be written."""
    try:
        return sum(tree.leaves for tree in member.trees())
    except ModelError:
        # It may be compared. The text of the stack refuses it when a bundle is made.
        return 0


def stacked_trees(grown: Sequence[Member], stack: Stack, stand_in: Floats) -> list[ModelTree]:
    """Return the trees of the whole stack: scaled leaves, the intercept in the first tree.

    grown: the members in the order of the stack. stand_in: see `ModelTree.with_nulls_of`.
    Raise ModelError where a member cannot be written.
    """
    trees = [
        tree.scaled(weight).with_nulls_of(stand_in)
        for member, weight in zip(grown, stack.weights, strict=True)
        for tree in member.trees()
    ]
    trees[0] = trees[0].scaled(1.0, stack.intercept)
    return trees
