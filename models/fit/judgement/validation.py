"""Judge a model of a user's table: by cross-validation, and out-of-time if the table has dates.

The ridge logit is judged on the same folds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.judgement.intervals import (
    FIGURES,
    Evidence,
    Figure,
    Outcomes,
    figures_of_models,
    plain_figures,
)
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.training_table import TrainingTable, fold_masks, latest
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.search_budget import SearchBudget

# A figure is null where it is not defined: a fold may hold one class, or PDs that separate.
FoldFigures = dict[str, float | None]
# By model, ridge and difference (model less ridge): the figures of a sample.
JudgedFigures = Mapping[str, Mapping[str, Figure]]
MODEL = "model"
RIDGE = "ridge"
# The fits that a budget is shared among: the folds, the early rows that late ones are judged by,
# and the model of all rows. That one is used, and so gets twice the time.
LATE = "the late rows"
FINAL = "the final model"
FINAL_SHARE = 2.0


def fold_names(params: FitParams) -> list[str]:
    """Return a name of the fit of each fold."""
    return [f"fold {k} of {params.folds}" for k in range(1, params.folds + 1)]


def search_shares(params: FitParams, *, is_dated: bool, has_final: bool = True) -> dict[str, float]:
    """Return how much of a budget each fit of a run gets beside the others, in their order."""
    names = [*fold_names(params), *([LATE] if is_dated else [])]
    return dict.fromkeys(names, 1.0) | ({FINAL: FINAL_SHARE} if has_final else {})


@dataclass(frozen=True)
class CrossValidation:
    """Figures of model and ridge per fold, and of all held-out rows together.

    model_pd, ridge_pd: PD of each row by models that did not learn from it, mean over the repeats.
    figures: with intervals; each is the mean over the repeats.
    """

    model: tuple[FoldFigures, ...]
    ridge: tuple[FoldFigures, ...]
    model_pd: Floats
    ridge_pd: Floats
    folds: int
    repeats: int
    figures: JudgedFigures
    evidence: Evidence


@dataclass(frozen=True)
class OutOfTime:
    """Figures on the latest rows, from a model that learnt only from the earlier rows.

    cut: the earliest date of the latest rows.
    figures, evidence: null where there are none; refused: the reason of that, "" without one.
    """

    cut: str
    rows: int
    bads: int
    figures: JudgedFigures | None = None
    evidence: Evidence | None = None
    refused: str = ""


def plain_values(figures: Mapping[str, Figure]) -> FoldFigures:
    """Return the figures without their intervals."""
    return {name: figure.value for name, figure in figures.items()}


def summary(folds: tuple[FoldFigures, ...]) -> dict[str, dict[str, float | None]]:
    """Return mean and standard deviation (n - 1) per figure, over the folds that have it."""
    return {name: _mean_and_sd([fold[name] for fold in folds]) for name in FIGURES}


def _mean_and_sd(values: list[float | None]) -> dict[str, float | None]:
    known = np.array([value for value in values if value is not None], float)
    return {
        "mean": float(known.mean()) if len(known) else None,
        "sd": float(known.std(ddof=1)) if len(known) > 1 else None,
    }


def cross_validate(
    table: TrainingTable,
    params: FitParams,
    step: Callable[[], None],
    budget: SearchBudget | None = None,
) -> CrossValidation:
    """Judge model and ridge on stratified folds, which are repeated on small tables.

    Selection, encoding, search and calibration are repeated inside each training set. `step` is
    called after each fold. With a budget the folds are not repeated: searching five times as many
    training sets would leave each a fifth of the time.
    Raise ModelError when a training set would be too small to calibrate on.
    """
    _check_enough(table, params)
    # Folds by chance hold all dates: the level of the coming months is no matter of theirs.
    table = replace(table, time=None)
    repeats = params.times(len(table.label)) if budget is None else 1
    fold_figures: dict[str, list[FoldFigures]] = {MODEL: [], RIDGE: []}
    pds = {name: np.zeros((repeats, len(table.label))) for name in fold_figures}
    for repeat in range(repeats):
        # Each repeat uses the next seed, and so other folds.
        masks = fold_masks(table.label, params.folds, params.seed + repeat, table.group)
        for fit, mask in zip(fold_names(params), masks, strict=True):
            judged = table.where(mask)
            for name, pd in _held_out(table, mask, params, budget, fit).items():
                fold_figures[name].append(plain_figures(judged.label, pd, judged.weight))
                pds[name][repeat, mask] = pd
            step()
    outcomes = Outcomes(np.asarray(table.label), table.weight, table.group)
    mean_pd = {name: drawn.mean(axis=0) for name, drawn in pds.items()}
    return CrossValidation(
        model=tuple(fold_figures[MODEL]),
        ridge=tuple(fold_figures[RIDGE]),
        model_pd=mean_pd[MODEL],
        ridge_pd=mean_pd[RIDGE],
        folds=params.folds,
        repeats=repeats,
        figures=figures_of_models(outcomes, pds, params.seed),
        evidence=outcomes.evidence,
    )


def out_of_time(
    table: TrainingTable,
    time: NDArray[np.datetime64],
    params: FitParams,
    budget: SearchBudget | None = None,
) -> OutOfTime:
    """Learn from the earlier rows and judge on the latest `oot_share`.

    Without enough rows of both classes on both sides it has no figures, but the reason (`refused`).
    """
    mask = latest(time, params.oot_share)
    late = table.where(mask)
    bads = int(late.label.sum())
    none = OutOfTime(str(time[mask].min()), len(late.label), bads)
    if bads in (0, none.rows):
        refused = f"one class only among the {none.rows} rows from {none.cut} on"
        return replace(none, refused=refused)
    try:
        held_out = _held_out(table, mask, params, budget, LATE)
    except ModelError as error:
        return replace(none, refused=str(error))
    outcomes = Outcomes(late.label, late.weight, late.group)
    pds = {name: pd[None] for name, pd in held_out.items()}
    figures = figures_of_models(outcomes, pds, params.seed)
    return replace(none, figures=figures, evidence=outcomes.evidence)


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
    table: TrainingTable, mask: Mask, params: FitParams, budget: SearchBudget | None, fit: str
) -> dict[str, Floats]:
    """Return PDs of the rows of `mask` by model and ridge that learnt only from the others.

    fit: under which the search of these others is known.
    """
    search = budget.of(fit) if budget else None
    fitted = fit_calibrated(table.where(~mask), params, search)
    frame = table.frame[mask]
    return {MODEL: fitted.pd(frame), RIDGE: fitted.challenger_pd(frame)}
