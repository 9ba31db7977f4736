"""The `fit` block of params.yaml: one fixed configuration for every user's table.

It was chosen before any figure of such a table was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.selection.feature_choice import SelectionParams


@dataclass(frozen=True)
class FitParams:
    """How a model is learnt from a user's table, and judged.

    few, many: boosters with their number of trees; `few` is used under `few_bads` bads.
    folds: stratified folds of the reported figures.
    repeats: how often these are repeated on a table under `small_rows` rows.
    inner_folds: folds inside a training set; their held-out margins fit its calibration.
    oot_share: share of rows with the latest dates.
    smoothing: rows with the mean bad rate that are added to each level of a category.
    min_level_rows: rarer levels count as not known.
    columns_per_bad: at most so many columns per bad of a training set enter a model, the strongest
    by their own AUC in it; but never fewer than `least_columns` where there are as many.
    """

    few: BoosterParams
    few_trees: int
    many: BoosterParams
    many_trees: int
    few_bads: int
    ridge: RidgeParams
    selection: SelectionParams
    calibration: CalibrationParams
    folds: int
    repeats: int
    small_rows: int
    inner_folds: int
    oot_share: float
    smoothing: float
    min_level_rows: int
    columns_per_bad: float
    least_columns: int
    seed: int

    def shape(self, bads: int) -> tuple[BoosterParams, int]:
        """Return the booster's parameters and trees for a training set with so many bads."""
        return (self.few, self.few_trees) if bads < self.few_bads else (self.many, self.many_trees)

    def times(self, rows: int) -> int:
        """Return how often cross-validation is repeated on a table of so many rows."""
        return self.repeats if rows < self.small_rows else 1

    def max_columns(self, bads: int) -> int:
        """Return how many columns may enter a model of a training set with so many bads."""
        return max(self.least_columns, int(self.columns_per_bad * bads))
