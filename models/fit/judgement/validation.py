"""Judge a model of a user's table: by cross-validation, and out-of-time if the table has dates.

The ridge logit is judged on the same folds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.models.evaluation.figures import JudgedSample, figures_of, keys_of
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.training_table import TrainingTable, fold_masks, latest
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.shape_search import ShapeSearch

FoldFigures = dict[str, float]
FIGURES = keys_of("fit")


@dataclass(frozen=True)
class CrossValidation:
    """Figures of model and ridge per fold.

    model_pd, ridge_pd: PD of each row by models that did not learn from it, mean over the repeats.
    """

    model: tuple[FoldFigures, ...]
    ridge: tuple[FoldFigures, ...]
    model_pd: Floats
    ridge_pd: Floats
    folds: int
    repeats: int


@dataclass(frozen=True)
class OutOfTime:
    """Figures on the latest rows, from a model that learnt only from the earlier rows.

    cut: the earliest date of the latest rows.
    refused: the reason why there are no figures; "" if there are figures.
    """

    model: FoldFigures | None
    ridge: FoldFigures | None
    cut: str
    rows: int
    bads: int
    refused: str = ""


def figures(label: ArrayLike, pd: Floats) -> FoldFigures:
    """Return AUC, KS, Brier, log-loss, mean PD and bad rate of one sample.

    >>> figures([0, 1], np.array([0.25, 0.75]))["brier"]
    0.0625
    """
    sample = JudgedSample(y=np.asarray(label, float), pd=pd)
    # All these figures need only outcome and PD, so none of them is null.
    return {
        name: float(value) for name, value in figures_of("fit", sample).items() if value is not None
    }


def summary(folds: tuple[FoldFigures, ...]) -> dict[str, Mapping[str, float]]:
    """Return mean and standard deviation (n - 1) over the folds, per figure."""
    columns = {name: np.array([fold[name] for fold in folds]) for name in FIGURES}
    return {
        name: {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
        for name, values in columns.items()
    }


def cross_validate(
    table: TrainingTable,
    params: FitParams,
    step: Callable[[], None],
    search: ShapeSearch | None = None,
) -> CrossValidation:
    """Judge model and ridge on stratified folds, which are repeated on small tables.

    Selection, encoding, search and calibration are repeated inside each training set. `step` is
    called after each fold.
    Raise ModelError when a training set would be too small to calibrate on.
    """
    _check_enough(table, params)
    # Folds by chance hold all dates: the level of the coming months is no matter of theirs.
    table = replace(table, time=None)
    repeats = params.times(len(table.label))
    # Position 0 holds the model, position 1 the ridge logit.
    fold_figures: tuple[list[FoldFigures], list[FoldFigures]] = ([], [])
    mean_pd = np.zeros((2, len(table.label)))
    for repeat in range(repeats):
        # Each repeat uses the next seed, and so other folds.
        for mask in fold_masks(table.label, params.folds, params.seed + repeat, table.group):
            for k, pd in enumerate(_held_out(table, mask, params, search)):
                fold_figures[k].append(figures(table.label[mask], pd))
                mean_pd[k, mask] += pd / repeats
            step()
    return CrossValidation(
        model=tuple(fold_figures[0]),
        ridge=tuple(fold_figures[1]),
        model_pd=mean_pd[0],
        ridge_pd=mean_pd[1],
        folds=params.folds,
        repeats=repeats,
    )


def out_of_time(
    table: TrainingTable,
    time: NDArray[np.datetime64],
    params: FitParams,
    search: ShapeSearch | None = None,
) -> OutOfTime:
    """Learn from the earlier rows and judge on the latest `oot_share`.

    Without enough rows of both classes on both sides it has no figures, but the reason (`refused`).
    """
    mask = latest(time, params.oot_share)
    label = table.label[mask]
    cut = str(time[mask].min())
    rows = len(label)
    bads = int(label.sum())
    if bads in (0, rows):
        refused = f"one class only among the {rows} rows from {cut} on"
        return OutOfTime(None, None, cut, rows, bads, refused)
    try:
        pds = _held_out(table, mask, params, search)
        model, ridge = (figures(label, pd) for pd in pds)
    except ModelError as error:
        return OutOfTime(None, None, cut, rows, bads, str(error))
    return OutOfTime(model, ridge, cut, rows, bads)


def _check_enough(table: TrainingTable, params: FitParams) -> None:
    """Raise ModelError unless every training set has `calibration.min_bads` bads and goods."""
    # A training set holds all folds but one.
    least = math.ceil(params.calibration.min_bads * params.folds / (params.folds - 1))
    bads = int(table.label.sum())
    if min(bads, len(table.label) - bads) < least:
        raise ModelError(
            "Too few outcomes to fit and judge a model: "
            f"expected at least {least} bads and {least} goods, "
            f"got {bads} bads among {len(table.label)} rows. Give more labelled rows."
        )


def _held_out(
    table: TrainingTable, mask: Mask, params: FitParams, search: ShapeSearch | None
) -> tuple[Floats, Floats]:
    """Return PDs of the rows of `mask` by model and challenger that learnt only from the others."""
    fitted = fit_calibrated(table.where(~mask), params, search)
    frame = table.frame[mask]
    return fitted.pd(frame), fitted.challenger_pd(frame)
