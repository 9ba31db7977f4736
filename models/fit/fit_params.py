"""Numbers of `creditloom fit`: one fixed configuration, chosen before any figure of a user's table is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.selection.feature_choice import SelectionParams


@dataclass(frozen=True)
class FitParams:
    """How a user's table is learnt from and judged.

    folds: stratified folds of the reported figures, `repeats` times under `small_rows` rows; inner_folds: folds inside a training
    set whose held-out margins fit its calibration; oot_share: share of rows with the latest dates; few_bads: with fewer bads than
    this `few` is used, else `many`, each with its number of trees; smoothing: rows of the mean put to each level of a category;
    min_level_rows: rarer levels count as not known; columns_per_bad: at most so many columns per bad of a training set enter a model,
    the strongest by their own AUC in it, but never fewer than `least_columns` where there are as many.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

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
        """The booster's parameters and number of trees for a training set with so many bads."""
        return (self.few, self.few_trees) if bads < self.few_bads else (self.many, self.many_trees)

    def times(self, rows: int) -> int:
        """How often cross-validation is repeated on a table of so many rows."""
        return self.repeats if rows < self.small_rows else 1
