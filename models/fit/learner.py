"""Fit one model on one set of training rows: the one procedure behind every door.

Columns, rounds, penalty and stack are all chosen inside these rows, on folds that are held out
again. Whoever judges the model holds out rows of its own first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationLine
from creditloom.models.calibration.level import Level, effective, expected
from creditloom.models.fit.columns import column_power, dataset_of, prepared
from creditloom.models.fit.encoding import EncodingParams, learn_encoding
from creditloom.models.fit.fit_params import CHALLENGER, FitParams
from creditloom.models.fit.fitted_model import CalibratedModel, fitted_model
from creditloom.models.fit.inner_folds import inner_folds
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.sample.arrays import Floats, Mask, one_thread
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.learner import Member, NamedLearner
from creditloom.models.stacking.procedure import Fold, StackChoice, choose, members, stack_of
from creditloom.models.stacking.refits import Recipe
from creditloom.models.stacking.shape_search import SEARCHED, ShapeSearch
from creditloom.models.stacking.stack import DECIMALS as STACK_DECIMALS
from creditloom.models.stacking.stack import Stack


def fit_calibrated(
    table: TrainingTable,
    params: FitParams,
    search: ShapeSearch | None = None,
    *,
    is_strict: bool = True,
) -> CalibratedModel:
    """Fit the stack on all rows; every choice is made on folds inside them.

    search: looks for one more shape of booster on the same folds, within its share of the time.
    is_strict: refuse a table that tells nothing, or all. Else the first gets its base rate as every
    PD, and the second its PDs next to 0 and 1; whoever asks for that warns of it.
    Raise ModelError when the rows hold too few bads, when a column holds the answer, or when no
    column tells anything.
    """
    if is_strict:
        _refuse_few(table, params)
    # A sum that threads share has another last bit on another machine.
    with one_thread():
        return _fit_calibrated(table, params, search, is_strict)


def _fit_calibrated(
    table: TrainingTable, params: FitParams, search: ShapeSearch | None, is_strict: bool
) -> CalibratedModel:
    learners = params.named_learners()
    names = params.learners
    label = table.label.astype(float)
    folds: Iterable[Fold] = inner_folds(table, params)
    if search:
        # The search comes back to the folds, trial by trial.
        folds = list(folds)
        found = search.best(folds, label, table.weights, params.boosted(params.medium))
        if found:
            learners = (*learners, NamedLearner(SEARCHED, found))
            names = (*names, SEARCHED)
    choice = choose(folds, learners, label, table.weights)
    if is_strict:
        _refuse_answer(table, choice)
    encoded, fallen = prepared(table, params)
    grown = members(dataset_of(encoded, table), encoded.signs, learners, choice)
    stack = _stack(choice, names, grown, params, is_strict)
    # The challenger may tell nothing where the others do, as of columns that act together only.
    alone = _stack(choice, [CHALLENGER], grown, params, is_strict=False)
    logits = _held_out(stack, choice)
    model = fitted_model(encoded, fallen, grown, stack)
    level = _level(table, params)
    judged = choice.is_judged
    calibration_line = _affine(table, logits, judged, params, level)
    alone_line = _affine(table, _held_out(alone, choice), judged, params, level)
    return CalibratedModel(
        model=model,
        # The challenger reads what training has not seen as the model does.
        challenger=replace(model, members=(grown[CHALLENGER],), stack=alone),
        calibration=calibration_line,
        challenger_calibration=alone_line,
        held_out=logits,
        level=level,
        recipe=Recipe(dataset_of(encoded, table), encoded.signs, learners, choice.steps, stack),
    )


def _held_out(stack: Stack, choice: StackChoice) -> Floats:
    """Return the held-out logits of a stack, one per training row; NaN where none judged it."""
    logits = np.full(len(choice.is_judged), np.nan)
    logits[choice.is_judged] = stack.margin(choice.of(stack.names))
    return logits


def _refuse_few(table: TrainingTable, params: FitParams) -> None:
    """Raise ModelError where the rows hold fewer bads or goods than a model can be chosen on."""
    bads = int(table.label.sum())
    least = params.calibration.min_bads
    if min(bads, len(table.label) - bads) < least:
        raise ModelError(
            f"Too few outcomes among the rows to learn from: expected at least {least} bads and "
            f"{least} goods, got {bads} bads among {len(table.label)} rows. Give more labelled "
            "rows; of a cut by date, more that are early."
        )


def _stack(
    choice: StackChoice,
    names: Sequence[str],
    grown: Mapping[str, Member],
    params: FitParams,
    is_strict: bool,
) -> Stack:
    """Return the stack; where no learner tells anything, the base rate alone, unless refused."""
    try:
        return stack_of(choice, names, grown, params.stack)
    except ModelError:
        if is_strict:
            raise
        rate = float(np.average(choice.label, weights=choice.weight))
        return Stack((CHALLENGER,), (0.0,), round(float(logit(rate)), STACK_DECIMALS))


def _level(table: TrainingTable, params: FitParams) -> Level | None:
    """Return the level of the months after the last row; None without dates."""
    if table.time is None:
        return None
    month = table.time.astype("datetime64[M]").astype(np.int64)
    # Not clipped: a weight says how often a row counts, and is no inverse of a probability.
    return expected(table.label.astype(float), table.weights, month, params.calibration.level)


def _affine(
    table: TrainingTable, logits: Floats, judged: Mask, params: FitParams, level: Level | None
) -> CalibrationLine:
    """Return the step after the stack: slope 1, and with dates the level of the coming months."""
    label = table.label[judged].astype(float)
    weight = table.weights[judged]
    b = 0.0
    if level is not None and table.time is not None:
        month = table.time.astype("datetime64[M]").astype(np.int64)[judged]
        is_late = month > month.max() - params.level_months
        b = calibration.anchored(logits[judged][is_late], 0.0, weight[is_late], level.rate)
    mean_pd = np.average(expit(logits[judged] + b), weights=weight)
    bads = int(label.sum())
    return CalibrationLine(
        a=1.0,
        b=round(b, 9),
        n_rows=len(label),
        n_bads=bads,
        mean_pd=float(mean_pd),
        effective_bads=effective(weight[label == 1]),
        level_bads=level.n_bads if level else bads,
    )


def _refuse_answer(table: TrainingTable, choice: StackChoice) -> None:
    """Raise ModelError where held-out margins separate all bads from all goods.

    No honest column separates them: one probably holds the label.
    """
    is_bad = choice.label == 1
    for margin in choice.margins.T:
        if margin[is_bad].min() > margin[~is_bad].max():
            raise ModelError(
                f"The columns tell all {int(is_bad.sum())} bads from all goods without error: "
                "expected some overlap. "
                f"A column that knows the outcome, probably `{_suspect(table)}`, must be left out "
                "(drop)."
            )


def _suspect(table: TrainingTable) -> str:
    """Return the column that tells the outcome best."""
    codes = table.special_codes
    encoded = learn_encoding(
        table.frame, table.label, table.sign_of, codes, EncodingParams(), seed=1
    )
    label = table.label.astype(float)
    powers = [column_power(values, label) for values in encoded.features.T]
    return encoded.encoding.columns[int(np.argmax(powers))].column
