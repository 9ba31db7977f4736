"""Fit the model of an estimator on one table, and write its bundle: what the command does, alone.

Nothing is judged here but inside the fit; `CreditScorer.report` judges as the command does.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.inner_folds import folds_allowed
from creditloom.models.fit.judgement.validation import FINAL, search_shares
from creditloom.models.fit.leaks.nothing_told import refuse_constant
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats
from creditloom.models.stacking.search_budget import SearchBudget
from creditloom.models.stacking.shape_search import require_search
from creditloom.pipeline.commands.model import fit_run
from creditloom.pipeline.commands.model.fit_options import RunChoices
from creditloom.pipeline.commands.model.fit_subject import Subject, worded
from creditloom.pipeline.commands.model.fit_told import Steps
from creditloom.pipeline.commands.model.fit_written import (
    check_bundle,
    frame_of,
    training_table,
    write_bundle,
)
from creditloom.pipeline.scorer.held_bundle import HeldBundle
from creditloom.storage.files.outputs import FileKind, require_ours
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_text
from creditloom.storage.finished import finished_of

# A sign of our own page, in its first part: another file is not replaced by a report.
SECONDS_PER_MINUTE = 60
PAGE_SIGN = b'<a class="skip" href="#main">Skip to the report</a>'
PAGE = FileKind("a report", lambda path: PAGE_SIGN in path.read_bytes())


class CreditWarning(UserWarning):
    """Something about the table that a person should know; the fit went on."""


@dataclass(frozen=True)
class FittedRows:
    """A fitted table.

    held_out_pd: PD of each row by models that did not learn from it; NaN where no model held the
    row out. final, read, params, choices: what a report is made of.
    """

    bundle: HeldBundle
    held_out_pd: Floats
    final: CalibratedModel
    read: Subject
    params: FitParams
    choices: RunChoices


def fit_rows(
    table: pa.Table, source: SourceParams, params: FitParams, choices: RunChoices
) -> FittedRows:
    """Fit the table that `source` describes. Raises ValueError for one that cannot be learnt from.

    Warns of rows set aside, of grave warnings that are not accepted, of folds that the few bads
    allow, and of columns that tell nothing, or all.
    """
    read = worded(finished_of(table, source), source)
    params = params.judged_on(len(read.table.label), int(read.table.label.sum()))
    _tell(read, params, choices)
    refuse_constant(read.table.features)
    # Not strict: a search over folds goes on where one of them tells nothing.
    with tempfile.TemporaryDirectory() as place:
        budget = _budget({FINAL: 1.0}, choices, Path(place))
        search = budget.of(FINAL) if budget else None
        final = fit_calibrated(training_table(read), params, search, is_strict=False)
        _tell_model(final, read.table.label)
        folder = Path(place) / "bundle"
        write_bundle(folder, final, read, choices)
        held = HeldBundle.read(folder)
    margin = held.decider.margins(frame_of(read.table))
    decided = held.decider.bundle.scorer.calibration.pd(margin)
    check_bundle(decided, final.pd(read.table.features), folder)
    return FittedRows(held, _held_out(final, read, table), final, read, params, choices)


def _budget(shares: Mapping[str, float], choices: RunChoices, folder: Path) -> SearchBudget | None:
    """Return the minutes of a search, shared among these fits; None without a budget."""
    if choices.budget is None:
        return None
    require_search()
    journals = choices.search or folder / "search"
    return SearchBudget(choices.budget * SECONDS_PER_MINUTE, shares, journals)


def _held_out(final: CalibratedModel, read: Subject, table: pa.Table) -> Floats:
    """Return the held-out PD per row of the table as given; NaN for a row set aside."""
    out = np.full(table.num_rows, np.nan)
    is_good = np.ones(table.num_rows, bool)
    # After the table's own columns stands the number of the row, whatever it is called.
    is_good[read.table.bad.column(table.num_columns).to_numpy()] = False
    out[is_good] = final.calibration.pd(final.held_out)
    return out


def _tell(read: Subject, params: FitParams, choices: RunChoices) -> None:
    """Warn of what is found in the table."""
    found = read.table
    if len(found.bad):
        reasons = pd.Series(found.bad.column(found.bad.num_columns - 1).to_pylist()).value_counts()
        said = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.items())
        _warn(f"{len(found.bad):,} rows set aside: {said}")
    for note in found.notes:
        if note.text.startswith("left out"):
            _warn(f"`{note.column}`: {note.text}")
    bads = int(found.label.sum())
    folds, _ = params.folds_inside(len(found.label), bads)
    used, _ = folds_allowed(training_table(read), params)
    if used < folds:
        _warn(f"{used} folds inside the fit, not {folds}: {bads} bads of {len(found.label)} rows")
    for warning in fit_run.warnings_of(found, params, choices):
        if warning.level == "grave" and not warning.is_accepted:
            _warn(f"grave: {warning.text}; {warning.next_step} (accept={warning.name!r})")


def _tell_model(final: CalibratedModel, label: Labels) -> None:
    """Warn where the columns tell nothing, or all."""
    if not any(final.model.stack.weights):
        _warn("no column tells bads from goods: every row gets the base rate as its PD")
    is_judged = ~np.isnan(final.held_out)
    bads = final.held_out[is_judged & (label == 1)]
    goods = final.held_out[is_judged & (label == 0)]
    if len(bads) and len(goods) and bads.min() > goods.max():
        _warn("the columns tell bads from goods without error: one may hold the outcome (drop)")


def _warn(text: str) -> None:
    warnings.warn(text, CreditWarning, stacklevel=5)


def write_report(fitted: FittedRows, path: Path, title: str) -> None:
    """Write the page of `creditloom fit` to `path`: judged by folds, and by time with dates.

    The model is the fitted one; what judges it is fitted anew on the folds, which costs as much as
    the command: with a budget, the same minutes again. Raises DataError where `path` holds
    something else than a report, and ModelError for a table that cannot be judged.
    """
    require_ours(path, PAGE)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bundle"
        steps = Steps()
        is_dated = fitted.read.table.time is not None
        shares = search_shares(fitted.params, is_dated=is_dated, has_final=False)
        budget = _budget(shares, fitted.choices, Path(place))
        outcome = fit_run.outcome_of(
            fitted.read, folder, fitted.params, fitted.choices, steps, budget, fitted.final
        )
        page = fit_run.page_of(outcome, Decider.load(folder), title)
    write_text(page, path)


def with_seed(params: FitParams, seed: int | None) -> FitParams:
    """Return the parameters with another seed; None keeps the committed one."""
    return params if seed is None else replace(params, seed=int(seed))
