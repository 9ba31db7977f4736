"""Encode, select, boost and calibrate on one set of training rows; the ridge logit beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.learners import ridge
from creditloom.models.learners.booster import boost
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc, expit, logloss
from creditloom.models.selection.feature_choice import Fallen, select

if TYPE_CHECKING:
    import lightgbm


# Columns to numbers: a category becomes the rank of its level by bad rate in the training rows, so that a tree cuts it in order.

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Encoding:
    """Column names in model order, and the known levels of each category, safest first (level k becomes the number k)."""

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    def apply(self, frame: pd.DataFrame) -> Floats:
        """float64 of shape (rows, columns); null, rare and never seen levels are NaN."""
        out = np.empty((len(frame), len(self.names)))
        for k, name in enumerate(self.names):
            out[:, k] = (
                self._codes(frame[name], self.categories[name])
                if name in self.categories
                else frame[name].to_numpy(np.float64)
            )
        return out

    @staticmethod
    def _codes(texts: pd.Series, levels: tuple[str, ...]) -> Floats:
        codes = pd.Categorical(texts, categories=list(levels)).codes.astype(np.float64)
        return np.where(codes < 0, np.nan, codes)


def learn(
    frame: pd.DataFrame, label: NDArray[np.int8], smoothing: float, min_level_rows: int
) -> Encoding:
    """Order the levels of every text column by smoothed bad rate: (bads + smoothing p) / (n + smoothing), ties by text.

    Give it training rows only: the order holds their labels. Levels with fewer than `min_level_rows` rows are left out.
    """
    texts = [name for name in frame.columns if frame[name].dtype == object]
    return Encoding(
        tuple(frame.columns),
        {name: _levels(frame[name], label, smoothing, min_level_rows) for name in texts},
    )


def _levels(
    texts: pd.Series, label: NDArray[np.int8], smoothing: float, min_level_rows: int
) -> tuple[str, ...]:
    seen = (
        pd.DataFrame({"level": texts.to_numpy(), "bad": label})
        .groupby("level", sort=True)["bad"]
        .agg(["sum", "size"])
    )
    seen = seen[seen["size"] >= min_level_rows]
    rate = (seen["sum"] + smoothing * label.mean()) / (seen["size"] + smoothing)
    return tuple(str(level) for level in rate.sort_values(kind="stable").index)


# With few bads, few columns: chance finds a pattern in any of hundreds of columns, so only the strongest may enter.

MIN_KNOWN = 20  # rows with a value, below which a column's own power is not believed


def strongest(rows: Dataset, most: int) -> tuple[tuple[str, ...], tuple[Fallen, ...]]:
    """(names of at most `most` columns in their order, what fell as `weak`), by each column's own power among the rows.

    power = |AUC - 1/2| x sqrt(share of rows with a value): an AUC is worth less on fewer rows. Ties go to the earlier column.
    Give it training rows only.
    """
    if len(rows.names) <= most:
        return rows.names, ()
    power = np.array([_power(rows.features[:, k], rows.label) for k in range(len(rows.names))])
    kept = set(np.argsort(-power, kind="stable")[:most].tolist())
    fallen = tuple(
        Fallen(name, "weak", float(power[k])) for k, name in enumerate(rows.names) if k not in kept
    )
    return tuple(name for k, name in enumerate(rows.names) if k in kept), fallen


def _power(values: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    known = ~np.isnan(values)
    if known.sum() < MIN_KNOWN or len(np.unique(label[known])) < 2:
        return 0.0
    return abs(auc(label[known], values[known]) - 0.5) * float(np.sqrt(known.mean()))


# Stratified folds and the out-of-time cut.

Mask = NDArray[np.bool_]


def stratified(label: NDArray[np.int8], folds: int, seed: int) -> Iterator[Mask]:
    """Yield the mask of the held-out rows, fold by fold; every fold holds its share of bads and of goods."""
    fold = np.empty(len(label), dtype=np.int64)
    rng = np.random.default_rng(seed)
    start = 0  # goods go on counting where bads stop, so that fold sizes differ by one at most
    for value in (1, 0):
        rows = rng.permutation(np.flatnonzero(label == value))
        fold[rows] = (start + np.arange(len(rows))) % folds
        start += len(rows)
    for k in range(folds):
        yield fold == k


def latest(time: NDArray[np.datetime64], share: float) -> Mask:
    """Mask of the rows with the latest dates, about `share` of all; rows of one moment stay together, on the later side."""
    ordered = np.sort(time)
    cut = ordered[min(len(ordered) - 1, int(np.ceil(len(ordered) * (1 - share))))]
    return np.asarray(time >= cut)


Labels = NDArray[np.int8]


@dataclass(frozen=True)
class TrainingTable:
    """Training rows: feature columns (float64 or text), labels, and the sign each column's effect must have (0 = free)."""

    frame: pd.DataFrame
    label: Labels
    signs: tuple[int, ...]

    def where(self, mask: NDArray[np.bool_]) -> TrainingTable:
        """The rows of `mask`."""
        return TrainingTable(self.frame[mask].reset_index(drop=True), self.label[mask], self.signs)


@dataclass(frozen=True)
class FittedBooster:
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

    model: FittedBooster
    calibration: CalibrationLine
    held_out: Floats

    def pd(self, frame: pd.DataFrame) -> Floats:
        """Calibrated probability of default, shape (rows,)."""
        return self.calibration.pd(self.model.margin(frame))


def fit_model(table: TrainingTable, params: FitParams) -> FittedBooster:
    """Booster on the columns that are neither empty, constant, doubles nor too many for the bads among these rows."""
    kept, rows, fallen = _prepared(table, params)
    sign = dict(zip(table.frame.columns, table.signs, strict=True))
    shape, trees = params.shape(int(table.label.sum()))
    return FittedBooster(
        kept,
        boost(rows, [sign[name] for name in kept.names], replace(shape, seed=params.seed), trees),
        fallen,
    )


def fit_calibrated(table: TrainingTable, params: FitParams, folds: int) -> Calibrated:
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


def _refuse_answer(label: Labels, held_out: Floats, model: FittedBooster) -> None:
    """No honest column tells every bad from every good: such a margin cannot be calibrated, and should not be believed."""
    if held_out[label == 1].min() > held_out[label == 0].max():
        strongest = model.encoding.names[int(np.argmax(model.booster.feature_importance("gain")))]
        raise ModelError(
            f"The columns tell all {int(label.sum())} bads from all goods without error: expected some overlap. "
            f"A column that knows the outcome, probably `{strongest}`, must be left out (drop)."
        )


def ridge_pd(train: TrainingTable, frame: pd.DataFrame, params: FitParams) -> Floats:
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


def _prepared(
    table: TrainingTable, params: FitParams
) -> tuple[Encoding, Dataset, tuple[Fallen, ...]]:
    """Encoding of the columns that stay, the encoded rows, and what fell: all learnt from these rows alone."""
    encoding = learn(table.frame, table.label, params.smoothing, params.min_level_rows)
    rows = _dataset(encoding.apply(table.frame), encoding.names, table.label)
    names, unfit = select(rows.features, rows.names, rows.month, params.selection)
    names, weak = strongest(
        rows.with_features(names),
        max(params.least_columns, int(params.columns_per_bad * table.label.sum())),
    )
    kept = Encoding(
        names, {name: levels for name, levels in encoding.categories.items() if name in names}
    )
    return kept, rows.with_features(names), (*unfit, *weak)


def _dataset(features: Floats, names: tuple[str, ...], label: Labels) -> Dataset:
    n, y = len(label), label.astype(float)
    return Dataset(
        np.arange(n), features, names, y, y, np.ones(n), np.zeros(n, np.int64), np.full(n, "train")
    )
