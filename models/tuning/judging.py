"""Judge one trial: the whole stack on the rolling origins inside the training months.

Each origin has the columns that were chosen before it. Its stack comes from the origins before it;
only the first one, which has none before it, takes that of its own months. So a later origin is
never judged by a choice that it has made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.learners.booster import signs_of, weights
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.sample.split import SplitParams
from creditloom.models.stacking.procedure import Fold, HeldOutPaths, chosen
from creditloom.models.stacking.stack import StackParams, fit_stack
from creditloom.models.training.held_out import judged_origins, nested_margins, origin_folds
from creditloom.models.training.training import TrainParams


@dataclass(frozen=True)
class JudgedTrial:
    """What the origins say of one trial.

    losses: mean weighted log-loss of all judged rows after each origin, oldest first; fewer than
    the origins where the trial was given up as it was behind. margins: of the judged rows, NaN for
    the others, shape (n,).
    """

    losses: tuple[float, ...]
    margins: Floats
    is_given_up: bool


@dataclass(frozen=True)
class TrialJudge:
    """What every trial is judged on: labelled training rows, and the columns of each origin."""

    rows: Dataset
    catalogue: Catalogue
    split: SplitParams
    features: ChosenFeatures

    @property
    def origins(self) -> list[Mask]:
        """Return the judged rows of each origin, oldest first."""
        return judged_origins(self.rows, self.split)

    def judge(self, params: TrainParams, limits: Sequence[float] = ()) -> JudgedTrial:
        """Return the losses of the parameters.

        limits: after each origin, the loss above which the trial is given up; none = never.
        """
        learners = params.named_learners()
        n_rows = len(self.rows.label)
        paths = {one.name: np.full((n_rows, one.learner.steps), np.nan) for one in learners}
        seen = np.zeros(n_rows, bool)
        margin = np.full(n_rows, np.nan)
        losses: list[float] = []
        for fold in self._folds():
            for one in learners:
                path = one.learner.path(fold.rows, fold.signs, fold.held_out)
                paths[one.name][fold.is_judged] = path
            seen = seen | fold.is_judged
            margin = self._margin(HeldOutPaths(paths, seen), params)
            losses.append(self._loss(margin, seen, params))
            # The last origin has nothing left to be saved.
            is_last = len(losses) == self.split.origins
            if not is_last and len(limits) >= len(losses) and losses[-1] > limits[len(losses) - 1]:
                return JudgedTrial(tuple(losses), margin, is_given_up=True)
        return JudgedTrial(tuple(losses), margin, is_given_up=False)

    def weight(self, params: TrainParams) -> Floats:
        """Return the weight of each row, as training takes it."""
        return weights(self.rows, params.booster.max_weight)

    def _folds(self) -> Iterator[Fold]:
        names = self.features.names
        sign_of = dict(zip(names, signs_of(self.catalogue, names), strict=True))
        return origin_folds(self.rows, sign_of, self.split, self.features)

    def _margin(self, held_out: HeldOutPaths, params: TrainParams) -> Floats:
        """Return the margins of the origins so far."""
        label = self.rows.label
        weight = self.weight(params)
        origins = [judged for judged in self.origins if held_out.is_judged[judged].all()]
        margin = nested_margins(held_out, origins, label, weight, params.stack)
        first = origins[0]
        own = _own_margin(held_out.where(first), label, weight, params.stack)
        # Where no learner tells anything, the margin without a choice stays.
        if own is not None:
            margin[first] = own
        return margin

    def _loss(self, margin: Floats, seen: Mask, params: TrainParams) -> float:
        weight = self.weight(params)
        return logloss(self.rows.label[seen], expit(margin[seen]), weight[seen])


def _own_margin(
    held_out: HeldOutPaths, label: Floats, weight: Floats, params: StackParams
) -> Floats | None:
    """Return the margins of the judged rows by the stack that fits them best; None = no stack."""
    choice = chosen(held_out, label, weight)
    names = list(choice.steps)
    # Leaves do not count: which learners are served is no question of the search.
    leaves = [0] * len(names)
    try:
        stack = fit_stack(choice.margins, choice.label, choice.weight, names, leaves, params)
    except ModelError:
        return None
    return stack.margin(choice.of(stack.names))
