"""Encode, select, boost and calibrate on one set of training rows; the ridge logit beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models import calibration, ridge
from models.booster import boost
from models.calibration import Calibration
from models.dataset import Dataset
from models.errors import ModelError
from models.metrics import expit, logloss
from models.selection import Fallen, select

from .encoding import Encoding, learn
from .folds import stratified
from .params import FitParams
from .screen import strongest

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]


@dataclass(frozen=True)
class Table:
    """Training rows: feature columns (float64 or text), labels, and the sign each column's effect must have (0 = free)."""

    frame: pd.DataFrame
    label: Labels
    signs: tuple[int, ...]

    def where(self, mask: NDArray[np.bool_]) -> Table:
        """The rows of `mask`."""
        return Table(self.frame[mask].reset_index(drop=True), self.label[mask], self.signs)


@dataclass(frozen=True)
class Model:
    """A booster on encoded columns, not calibrated."""

    encoding: Encoding
    booster: lightgbm.Booster
    fallen: tuple[Fallen, ...]

    def margin(self, frame: pd.DataFrame) -> Floats:
        """Log-odds of default as the booster sees them, shape (rows,)."""
        return np.asarray(self.booster.predict(self.encoding.apply(frame), raw_score=True))


@dataclass(frozen=True)
class Calibrated:
    """A model, its calibration, and the held-out margins (one per training row) on which that was fitted."""

    model: Model
    calibration: Calibration
    held_out: Floats

    def pd(self, frame: pd.DataFrame) -> Floats:
        """Calibrated probability of default, shape (rows,)."""
        return self.calibration.pd(self.model.margin(frame))


def fit_model(table: Table, params: FitParams) -> Model:
    """Booster on the columns that are neither empty, constant, doubles nor too many for the bads among these rows."""
    kept, rows, fallen = _prepared(table, params)
    sign = dict(zip(table.frame.columns, table.signs, strict=True))
    shape, trees = params.shape(int(table.label.sum()))
    return Model(kept, boost(rows, [sign[name] for name in kept.names], replace(shape, seed=params.seed), trees), fallen)


def fit_calibrated(table: Table, params: FitParams, folds: int) -> Calibrated:
    """Model on all rows, calibrated on the margins of `folds` models that did not see the row.

    Raises ModelError when the rows hold too few bads to calibrate on, or the columns hold the answer.
    """
    held_out = np.empty(len(table.label))
    for mask in stratified(table.label, folds, params.seed):
        held_out[mask] = fit_model(table.where(~mask), params).margin(table.frame[mask])
    model = fit_model(table, params)
    _refuse_answer(table.label, held_out, model)
    line = calibration.fit(held_out, table.label, np.ones(len(table.label)), params.calibration)
    return Calibrated(model, line, held_out)


def _refuse_answer(label: Labels, held_out: Floats, model: Model) -> None:
    """No honest column tells every bad from every good: such a margin cannot be calibrated, and should not be believed."""
    if held_out[label == 1].min() > held_out[label == 0].max():
        strongest = model.encoding.names[int(np.argmax(model.booster.feature_importance("gain")))]
        raise ModelError(
            f"The columns tell all {int(label.sum())} bads from all goods without error: expected some overlap. "
            f"A column that knows the outcome, probably `{strongest}`, must be left out (drop)."
        )


def ridge_pd(train: Table, frame: pd.DataFrame, params: FitParams) -> Floats:
    """PD of the rows of `frame` by the ridge logit fitted on `train`, its penalty chosen by folds inside `train`."""
    kept, rows, _ = _prepared(train, params)
    design = ridge.design_of(rows, params.ridge)
    x, weight = design.columns(rows.features), np.ones(len(rows.label))
    losses = dict.fromkeys(params.ridge.penalties, 0.0)
    for mask in stratified(train.label, params.inner_folds, params.seed):
        theta = None
        for penalty in sorted(losses, reverse=True):
            theta = ridge.solve(x[~mask], rows.label[~mask], weight[~mask], penalty, theta)
            losses[penalty] += logloss(rows.label[mask], expit(x[mask] @ theta[:-1] + theta[-1]))
    best = min(losses, key=lambda penalty: (losses[penalty], -penalty))
    theta = ridge.solve(x, rows.label, weight, best)
    return expit(design.columns(kept.apply(frame)) @ theta[:-1] + theta[-1])


def _prepared(table: Table, params: FitParams) -> tuple[Encoding, Dataset, tuple[Fallen, ...]]:
    """Encoding of the columns that stay, the encoded rows, and what fell: all learnt from these rows alone."""
    encoding = learn(table.frame, table.label, params.smoothing, params.min_level_rows)
    rows = _dataset(encoding.apply(table.frame), encoding.names, table.label)
    names, unfit = select(rows.features, rows.names, rows.month, params.selection)
    names, weak = strongest(rows.with_features(names), max(params.least_columns, int(params.columns_per_bad * table.label.sum())))
    kept = Encoding(names, {name: levels for name, levels in encoding.categories.items() if name in names})
    return kept, rows.with_features(names), (*unfit, *weak)


def _dataset(features: Floats, names: tuple[str, ...], label: Labels) -> Dataset:
    n, y = len(label), label.astype(float)
    return Dataset(np.arange(n), features, names, y, y, np.ones(n), np.zeros(n, np.int64), np.full(n, "train"))
