"""How good is it? Cross-validation, and out-of-time where there are dates; the ridge logit in the same folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.learner import (
    TrainingTable,
    fit_calibrated,
    latest,
    ridge_pd,
    stratified,
)
from creditloom.models.sample import metrics
from creditloom.models.sample.errors import ModelError

Floats = NDArray[np.float64]
FoldFigures = dict[str, float]
FIGURES = ("auc", "ks", "brier", "logloss", "mean_pd", "bad_rate")


@dataclass(frozen=True)
class CrossValidation:
    """Figures per fold of model and ridge, and each row's PD by models that did not see it (mean over the repeats)."""

    model: tuple[FoldFigures, ...]
    ridge: tuple[FoldFigures, ...]
    model_pd: Floats
    ridge_pd: Floats
    folds: int
    repeats: int


@dataclass(frozen=True)
class OutOfTime:
    """Figures on the latest rows of a model that saw only the earlier ones; `refused` says why there are none."""

    model: FoldFigures | None
    ridge: FoldFigures | None
    cut: str
    rows: int
    bads: int
    refused: str = ""


def figures(label: ArrayLike, pd: Floats) -> FoldFigures:
    """AUC, KS, Brier, log-loss, mean PD and bad rate of one sample."""
    y = np.asarray(label, float)
    values = (
        metrics.auc(y, pd),
        metrics.ks(y, pd),
        metrics.brier(y, pd),
        metrics.logloss(y, pd),
        pd.mean(),
        y.mean(),
    )
    return {name: float(value) for name, value in zip(FIGURES, values, strict=True)}


def summary(folds: tuple[FoldFigures, ...]) -> dict[str, Mapping[str, float]]:
    """Mean and standard deviation (n - 1) over the folds, per figure."""
    columns = {name: np.array([fold[name] for fold in folds]) for name in FIGURES}
    return {
        name: {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
        for name, values in columns.items()
    }


def cross_validate(
    table: TrainingTable, params: FitParams, step: Callable[[], None]
) -> CrossValidation:
    """Stratified folds, repeated on small tables; selection, encoding and calibration happen anew inside each training set.

    `step` is called after each fold. Raises ModelError when a training set would be too small to calibrate on.
    """
    _check_enough(table, params)
    repeats = params.times(len(table.label))
    found: tuple[list[FoldFigures], list[FoldFigures]] = ([], [])
    total = np.zeros((2, len(table.label)))
    for repeat in range(repeats):
        for mask in stratified(table.label, params.folds, params.seed + repeat):
            for k, pd in enumerate(_held_out(table, mask, params)):
                found[k].append(figures(table.label[mask], pd))
                total[k, mask] += pd / repeats
            step()
    return CrossValidation(
        tuple(found[0]), tuple(found[1]), total[0], total[1], params.folds, repeats
    )


def out_of_time(table: TrainingTable, time: NDArray[np.datetime64], params: FitParams) -> OutOfTime:
    """Learn on the earlier rows, judge on the latest `oot_share`; refused where either side holds too little."""
    mask = latest(time, params.oot_share)
    late = table.label[mask]
    cut, rows, bads = str(time[mask].min()), len(late), int(late.sum())
    if bads in (0, rows):
        return OutOfTime(
            None, None, cut, rows, bads, f"one class only among the {rows} rows from {cut} on"
        )
    try:
        model, ridge = (figures(late, pd) for pd in _held_out(table, mask, params))
    except ModelError as error:
        return OutOfTime(None, None, cut, rows, bads, str(error))
    return OutOfTime(model, ridge, cut, rows, bads)


def _check_enough(table: TrainingTable, params: FitParams) -> None:
    """Every training set needs `calibration.min_bads` bads and as many goods."""
    least = math.ceil(params.calibration.min_bads * params.folds / (params.folds - 1))
    bads = int(table.label.sum())
    if min(bads, len(table.label) - bads) < least:
        raise ModelError(
            f"Too few outcomes to fit and judge a model: expected at least {least} bads and {least} goods, "
            f"got {bads} bads among {len(table.label)} rows. Give more labelled rows."
        )


def _held_out(
    table: TrainingTable, mask: NDArray[np.bool_], params: FitParams
) -> tuple[Floats, Floats]:
    """PDs of the rows of `mask` by model and ridge that saw only the others."""
    train, frame = table.where(~mask), table.frame[mask]
    return fit_calibrated(train, params, params.inner_folds).pd(frame), ridge_pd(
        train, frame, params
    )
