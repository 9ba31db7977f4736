"""Fit one model on one set of training rows: encode, select columns, boost and calibrate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.learners import ridge
from creditloom.models.learners.booster import boost
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc, logloss
from creditloom.models.sample.split import TRAIN
from creditloom.models.selection.feature_choice import WEAK, DroppedFeature, select

if TYPE_CHECKING:
    import lightgbm

# 1 bad, 0 good, one per row.
Labels = NDArray[np.int8]


# --- Encoding ---
# Turns columns into numbers. A level of a category becomes its rank by bad rate in the training
# rows, so that one split of a tree separates safe from risky levels.


@dataclass(frozen=True)
class Encoding:
    """Column names in model order, and the known levels of each category.

    The levels stand safest first; level k becomes the number k.
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    def apply(self, frame: pd.DataFrame) -> Floats:
        """Return float64 of shape (rows, columns); null, rare and unknown levels are NaN."""
        out = np.empty((len(frame), len(self.names)))
        for k, name in enumerate(self.names):
            if name in self.categories:
                out[:, k] = self._codes(frame[name], self.categories[name])
            else:
                out[:, k] = frame[name].to_numpy(np.float64)
        return out

    @staticmethod
    def _codes(texts: pd.Series, levels: tuple[str, ...]) -> Floats:
        """Return the number of each level."""
        codes = pd.Categorical(texts, categories=list(levels)).codes.astype(np.float64)
        # pandas says -1 for a level that is not among the categories.
        return np.where(codes < 0, np.nan, codes)


def learn(frame: pd.DataFrame, label: Labels, smoothing: float, min_level_rows: int) -> Encoding:
    """Return the encoding: the levels of every text column ordered by smoothed bad rate.

    rate = (bads + smoothing p) / (n + smoothing), with p the bad rate of all rows; ties by text.
    Levels with fewer than `min_level_rows` rows are left out.
    Pass training rows only, because the order is learnt from the labels.
    """
    texts = [name for name in frame.columns if frame[name].dtype == object]
    categories = {name: _levels(frame[name], label, smoothing, min_level_rows) for name in texts}
    return Encoding(names=tuple(frame.columns), categories=categories)


def _levels(
    texts: pd.Series, label: Labels, smoothing: float, min_level_rows: int
) -> tuple[str, ...]:
    """Return the levels of one column, safest first."""
    frame = pd.DataFrame({"level": texts.to_numpy(), "bad": label})
    counts = frame.groupby("level", sort=True)["bad"].agg(["sum", "size"])
    counts = counts[counts["size"] >= min_level_rows]
    rate = (counts["sum"] + smoothing * label.mean()) / (counts["size"] + smoothing)
    # Levels are sorted by text already, and a stable sort keeps that order among equal rates.
    return tuple(str(level) for level in rate.sort_values(kind="stable").index)


# --- The strongest columns ---
# With few bads, some of hundreds of columns look predictive by chance. So only the strongest
# columns may enter the model.

# A column with fewer values than this has power 0: its AUC would be noise.
MIN_KNOWN_ROWS = 20


def strongest_columns(
    rows: Dataset, max_columns: int
) -> tuple[tuple[str, ...], tuple[DroppedFeature, ...]]:
    """Return (names of at most `max_columns` columns in their order, those dropped as `weak`).

    power = |AUC - 1/2| x sqrt(share of rows with a value). An AUC on fewer rows counts less.
    Give it training rows only.
    """
    if len(rows.names) <= max_columns:
        return rows.names, ()
    power = np.array([_power(rows.features[:, k], rows.label) for k in range(len(rows.names))])
    # A stable sort: of two equal columns the earlier one is kept.
    stays = set(np.argsort(-power, kind="stable")[:max_columns].tolist())
    names = tuple(name for k, name in enumerate(rows.names) if k in stays)
    dropped = tuple(
        DroppedFeature(name, WEAK, float(power[k]))
        for k, name in enumerate(rows.names)
        if k not in stays
    )
    return names, dropped


def _power(values: Floats, label: Floats) -> float:
    """Return the power of one column; 0 with too few rows or one class."""
    known = ~np.isnan(values)
    if known.sum() < MIN_KNOWN_ROWS or len(np.unique(label[known])) < 2:
        return 0.0
    return abs(auc(label[known], values[known]) - 0.5) * float(np.sqrt(known.mean()))


# --- Stratified folds and the out-of-time cut ---


def fold_masks(label: Labels, folds: int, seed: int) -> Iterator[Mask]:
    """Yield the mask of the held-out rows, fold by fold.

    Every fold holds its share of bads and of goods.

    >>> [int(mask.sum()) for mask in fold_masks(np.array([1, 1, 0, 0, 0], np.int8), 2, seed=1)]
    [3, 2]
    """
    # Loaded here: what scores and decides never cuts folds.
    from sklearn.model_selection import StratifiedKFold

    # The seed shuffles the rows of each class before they are dealt out.
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for _, rows in splitter.split(np.empty((len(label), 0)), label):
        held_out = np.zeros(len(label), dtype=bool)
        held_out[rows] = True
        yield held_out


def latest(time: NDArray[np.datetime64], share: float) -> Mask:
    """Return the mask of the rows with the latest dates, about `share` of all.

    Rows of one moment stay together, on the later side.
    """
    ordered = np.sort(time)
    position = int(np.ceil(len(ordered) * (1 - share)))
    cut = ordered[min(len(ordered) - 1, position)]
    return np.asarray(time >= cut)


# --- The model ---


@dataclass(frozen=True)
class TrainingTable:
    """Training rows.

    frame: feature columns, float64 or text.
    signs: the sign that the effect of each column must have; 0 is free.
    """

    frame: pd.DataFrame
    label: Labels
    signs: tuple[int, ...]

    def where(self, mask: Mask) -> TrainingTable:
        """Return the rows of `mask`."""
        return TrainingTable(
            frame=self.frame[mask].reset_index(drop=True),
            label=self.label[mask],
            signs=self.signs,
        )


@dataclass(frozen=True)
class FittedBooster:
    """A booster on encoded columns, not calibrated.

    fallen: columns that were dropped, with the reason.
    """

    encoding: Encoding
    booster: lightgbm.Booster
    fallen: tuple[DroppedFeature, ...]

    def margin(self, frame: pd.DataFrame) -> Floats:
        """Return the log-odds of default before calibration, shape (rows,)."""
        return np.asarray(self.booster.predict(self.encoding.apply(frame), raw_score=True))


@dataclass(frozen=True)
class CalibratedModel:
    """A model and its calibration.

    held_out: the margins, one per training row, on which the calibration was fitted; each comes
    from a model that did not learn from its row.
    """

    model: FittedBooster
    calibration: CalibrationLine
    held_out: Floats

    def pd(self, frame: pd.DataFrame) -> Floats:
        """Return the calibrated PD, shape (rows,)."""
        return self.calibration.pd(self.model.margin(frame))


def fit_model(table: TrainingTable, params: FitParams) -> FittedBooster:
    """Fit a booster on the columns that stay.

    Empty and constant columns and doubles are dropped. If the rows have few bads, weak columns are
    dropped too.
    """
    encoding, rows, dropped = _prepared(table, params)
    sign = dict(zip(table.frame.columns, table.signs, strict=True))
    shape, trees = params.shape(int(table.label.sum()))
    # The seed of the block replaces the seeds of its two boosters.
    shape = replace(shape, seed=params.seed)
    booster = boost(rows, [sign[name] for name in encoding.names], shape, trees)
    return FittedBooster(encoding=encoding, booster=booster, fallen=dropped)


def fit_calibrated(table: TrainingTable, params: FitParams, folds: int) -> CalibratedModel:
    """Fit a model on all rows, and calibrate it on margins of held-out rows.

    The rows are cut into `folds` folds. The margin of a row comes from the model without its fold.

    Raise ModelError when the rows hold too few bads to calibrate on, or a column holds the answer.
    """
    held_out = np.empty(len(table.label))
    for mask in fold_masks(table.label, folds, params.seed):
        held_out[mask] = fit_model(table.where(~mask), params).margin(table.frame[mask])
    model = fit_model(table, params)
    _refuse_answer(table.label, held_out, model)
    line = calibration.fit(held_out, table.label, np.ones(len(table.label)), params.calibration)
    return CalibratedModel(model=model, calibration=line, held_out=held_out)


def _refuse_answer(label: Labels, held_out: Floats, model: FittedBooster) -> None:
    """Raise ModelError where the margins separate all bads from all goods.

    No honest column separates them. Such a margin cannot be calibrated, and a column probably holds
    the label.
    """
    if held_out[label == 1].min() > held_out[label == 0].max():
        gain = model.booster.feature_importance("gain")
        suspect = model.encoding.names[int(np.argmax(gain))]
        raise ModelError(
            f"The columns tell all {int(label.sum())} bads from all goods without error: "
            "expected some overlap. "
            f"A column that knows the outcome, probably `{suspect}`, must be left out (drop)."
        )


def ridge_pd(train: TrainingTable, frame: pd.DataFrame, params: FitParams) -> Floats:
    """Return the PD of the rows of `frame` by the ridge logit fitted on `train`.

    Its penalty is chosen by folds inside `train`.
    """
    encoding, rows, _ = _prepared(train, params)
    design = ridge.design_of(rows, params.ridge)
    x = design.columns(rows.features)
    y = rows.label
    w = np.ones(len(y))
    losses = dict.fromkeys(params.ridge.penalties, 0.0)
    for mask in fold_masks(train.label, params.inner_folds, params.seed):
        for penalty, theta in ridge.penalty_path(x[~mask], y[~mask], w[~mask], losses):
            losses[penalty] += logloss(y[mask], expit(x[mask] @ theta[:-1] + theta[-1]))
    theta = ridge.solve(x, y, w, ridge.best_penalty(losses))
    return expit(design.columns(encoding.apply(frame)) @ theta[:-1] + theta[-1])


def _prepared(
    table: TrainingTable, params: FitParams
) -> tuple[Encoding, Dataset, tuple[DroppedFeature, ...]]:
    """Return the encoding of the columns that stay, the encoded rows, and what was dropped.

    All of it is learnt from these rows alone.
    """
    encoding = learn(table.frame, table.label, params.smoothing, params.min_level_rows)
    features = encoding.apply(table.frame)
    rows = undated_dataset(features, encoding.names, table.label.astype(float), TRAIN)
    names, unfit = select(rows.features, rows.names, rows.month, params.selection)
    max_columns = params.max_columns(int(table.label.sum()))
    names, weak = strongest_columns(rows.with_features(names), max_columns)
    categories = {name: levels for name, levels in encoding.categories.items() if name in names}
    return Encoding(names, categories), rows.with_features(names), (*unfit, *weak)
