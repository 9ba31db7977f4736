"""The `fit` block of params.yaml: what is tried on every table, and how much of it.

The candidates were fixed on generated tables before any user's table was fitted. Which of them
serve is chosen inside the training rows of each fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.fit.encoding import EncodingParams
from creditloom.models.selection.feature_choice import SelectionParams
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.boosted import BoostedLearner, Capacity
from creditloom.models.stacking.learner import Learner, NamedLearner, named_learners
from creditloom.models.stacking.refits import RefitParams
from creditloom.models.stacking.stack import StackParams

# The learner whose own figures stand beside those of the stack.
CHALLENGER = "additive"


@dataclass(frozen=True)
class FitParams:
    """How a model is learnt from a user's table, and judged.

    learners: names of the learners whose margins are stacked. small, medium, large: sizes of
    boosters. additive: the penalised additive logit.
    least_columns_per_tree: columns that a tree may look at, at least, however small the share.
    folds: stratified folds of the reported figures. few_folds: as many on a table of `split_rows`
    rows and `split_bads` bads or more.
    repeats: how often these are repeated on a table under `small_rows` rows, without a search.
    inner_folds: folds inside a training set, from which rounds, penalty and stack are chosen.
    few_inner_folds: as many on a training set of `many_rows` rows or more; from `split_rows` rows
    and `split_bads` bads on a single fold of these is held out.
    oot_share: share of rows with the latest dates.
    level_months: the last months with rows whose mean PD is brought to the expected level.
    columns_per_bad: largest number of columns per bad of the training set. The columns with the
    best AUC of their own enter the model. At least `least_columns` enter, if there are as many.
    refits: how the error of a concept is measured.
    """

    learners: tuple[str, ...]
    small: Capacity
    medium: Capacity
    large: Capacity
    additive: AdditiveParams
    encoding: EncodingParams
    stack: StackParams
    selection: SelectionParams
    calibration: CalibrationParams
    least_columns_per_tree: int
    folds: int
    few_folds: int
    repeats: int
    small_rows: int
    inner_folds: int
    few_inner_folds: int
    many_rows: int
    split_rows: int
    split_bads: int
    oot_share: float
    level_months: int
    columns_per_bad: float
    least_columns: int
    seed: int
    refits: RefitParams = field(default_factory=RefitParams)

    def times(self, rows: int) -> int:
        """Return how often cross-validation is repeated on a table of so many rows."""
        return self.repeats if rows < self.small_rows else 1

    def judged_on(self, rows: int, bads: int) -> FitParams:
        """Return these parameters with the folds that a table of this size is judged on."""
        return replace(self, folds=self.few_folds) if self.is_large(rows, bads) else self

    def is_large(self, rows: int, bads: int) -> bool:
        """Return whether one part of a table of this size says enough of all."""
        # Many rows with few bads: a third of these is too few to choose everything on.
        return rows >= self.split_rows and bads >= self.split_bads

    def max_columns(self, bads: int) -> int:
        """Return how many columns may enter a model of a training set with so many bads."""
        return max(self.least_columns, int(self.columns_per_bad * bads))

    def folds_inside(self, rows: int, bads: int) -> tuple[int, int]:
        """Return (folds inside a training set of this size, how many of them are held out)."""
        if rows < self.many_rows:
            return self.inner_folds, self.inner_folds
        return self.few_inner_folds, 1 if self.is_large(rows, bads) else self.few_inner_folds

    def named_learners(self) -> tuple[NamedLearner, ...]:
        """Return the learners of the stack, and the challenger."""
        own: dict[str, Learner] = {
            "small": self.boosted(self.small),
            "medium": self.boosted(self.medium),
            "large": self.boosted(self.large),
            CHALLENGER: AdditiveLearner(self.additive),
        }
        names = dict.fromkeys([*self.learners, CHALLENGER])
        return named_learners(tuple(names), own)

    def boosted(self, capacity: Capacity) -> BoostedLearner:
        """Return the learner of one size of booster."""
        # The seed of the block replaces the seeds of its boosters.
        booster = replace(capacity.booster, seed=self.seed)
        return BoostedLearner(booster, capacity.rounds, self.least_columns_per_tree)
