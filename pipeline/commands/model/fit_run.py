"""Run `creditloom fit`: read, warn, judge on held-out rows, fit on all, write and check the bundle.

What is found is told on standard error as it is found, on a terminal and off it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import Progress

from creditloom.decision.decide import Decider
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.judgement.intervals import Outcomes
from creditloom.models.fit.judgement.reported import FittedTable
from creditloom.models.fit.judgement.validation import (
    FINAL,
    FINAL_SHARE,
    OutOfTime,
    cross_validate,
    out_of_time,
    search_shares,
)
from creditloom.models.fit.leaks.checks import table_warnings
from creditloom.models.fit.leaks.nothing_told import luck_told, refuse_constant
from creditloom.models.fit.leaks.proxies import ProxyFigure, proxies, proxy_warnings
from creditloom.models.fit.leaks.table_warning import CheckedTable, TableWarning, accepted
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.sign_suggestions import SignSuggestions, suggested_signs
from creditloom.models.fit.training_table import TrainingTable, fold_masks, latest
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.search_budget import SearchBudget
from creditloom.models.stacking.shape_search import require_search
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import FIT, MARK, PARAMS, RunChoices
from creditloom.pipeline.commands.model.fit_subject import Subject, subject
from creditloom.pipeline.commands.model.fit_told import Steps, show, tell_read, tell_warnings
from creditloom.pipeline.commands.model.fit_written import (
    FitOutcome,
    check_bundle,
    decisions_of,
    frame_of,
    metrics_of,
    training_table,
    write_bundle,
)
from creditloom.report import fit_page
from creditloom.report.page.render import render
from creditloom.storage.files.errors import StatedError
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.outputs import new_folder
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_table, write_text
from creditloom.storage.finished import Finished

SECONDS_PER_MINUTE = 60


class GraveWarningError(StatedError):
    """The fit was written, but something grave was found that nobody accepted."""

    exit_code = 3


def run(source: SourceParams, out: Path, choices: RunChoices) -> None:
    """Fit `source` and write the folder `out`, whole or not at all.

    Raises GraveWarningError (exit code 3) after everything is written, where something grave was
    found and not accepted. Errors of the rooms are not caught here.
    """
    params = section("fit", FitParams, PARAMS)
    steps = Steps()
    with new_folder(out, FIT) as folder:
        with steps.step("read"):
            read = subject(source, folder)
        tell_read(steps, source, read.table)
        params = params.judged_on(len(read.table.label), int(read.table.label.sum()))
        journals = _journals(choices, out, folder)
        shares = search_shares(params, is_dated=read.table.time is not None)
        budget = budget_of_run(shares, choices, journals, steps)
        outcome = outcome_of(read, folder / "bundle", params, choices, steps, budget)
        decider = Decider.load(folder / "bundle")
        write_table(decisions_of(outcome.fitted), folder / "decisions.parquet")
        with steps.step("report"):
            title = f"Fit of {Path(source.path).stem}"
            write_text(page_of(outcome, decider, title), folder / "index.html")
        metrics = metrics_of(outcome, read.table, choices, steps.all_seconds())
        write_document(metrics, folder / MARK, RESULTS)
        # Remove the copy of the raw tables without bad rows: only the features needed it.
        shutil.rmtree(folder / "quarantine" / "clean", ignore_errors=True)
    show(outcome, out)
    _end(outcome.grave, out)


def budget_of_run(
    shares: Mapping[str, float], choices: RunChoices, journals: Path, steps: Steps
) -> SearchBudget | None:
    """Return the minutes of a search, shared among the fits of this run; None without a budget."""
    if choices.budget is None:
        return None
    require_search()
    seconds = choices.budget * SECONDS_PER_MINUTE
    a_fit = seconds / sum(shares.values())
    more = f", {FINAL} {FINAL_SHARE:g} times that" if FINAL in shares else ""
    steps.say(
        f"search: about {a_fit:.0f} s for each of {len(shares)} fits{more}; journals in "
        f"{choices.search or 'search'}; the cross-validation is not repeated"
    )
    return SearchBudget(seconds, shares, journals, steps.say)


def _journals(choices: RunChoices, out: Path, folder: Path) -> Path:
    """Return where the journals of a search lie; those of an earlier run in `out` go on there."""
    journals = choices.search or folder / "search"
    if choices.budget is not None and not choices.search and (out / "search").is_dir():
        # The new folder takes the place of the old one: the journals of the old one go on in it.
        shutil.copytree(out / "search", journals)
    return journals


def outcome_of(
    read: Subject,
    folder: Path,
    params: FitParams,
    choices: RunChoices,
    steps: Steps,
    budget: SearchBudget | None = None,
    final: CalibratedModel | None = None,
) -> FitOutcome:
    """Warn, judge on held-out rows, then fit on all rows; write the bundle into `folder`.

    final: the model of all rows, where it is there already.
    """
    found = read.table
    warnings = _warned(found, params, choices, steps)
    table = training_table(read)
    refuse_constant(table.frame)
    with luck_told(table):
        cross_validation = _cross_validated(table, params, budget, steps)
        with steps.step("out of time"):
            oot = None if found.time is None else _out_of_time(table, found.time, params, budget)
        final = final or _final(table, params, budget, steps)
        # Signs of raw tables are declared by the house.
        suggestions = _suggested(table, params, steps) if found.columns else SignSuggestions()
    tiers = write_bundle(folder, final, read, choices)
    frame = frame_of(found)
    decisions = _decided(frame, final.pd(table.frame), folder, steps)
    fitted = FittedTable(
        outcomes=Outcomes(table.label, table.weight, table.group),
        protected=found.protected,
        final=final,
        cv=cross_validation,
        oot=oot,
        tiers=tiers,
        decisions=decisions,
        bad_rows=len(found.bad),
    )
    more, figures = _proxies(fitted, table.frame, choices, steps)
    return FitOutcome(fitted, frame, (*warnings, *more), figures, suggestions, budget)


def _warned(
    table: Finished, params: FitParams, choices: RunChoices, steps: Steps
) -> tuple[TableWarning, ...]:
    """Return what is suspicious about the table, and tell it."""
    with steps.step("warnings"):
        warnings = warnings_of(table, params, choices)
    tell_warnings(steps, warnings)
    return warnings


def _final(
    table: TrainingTable, params: FitParams, budget: SearchBudget | None, steps: Steps
) -> CalibratedModel:
    """Return the model of all rows."""
    steps.say(f"final model on all {len(table.label):,} rows")
    with steps.step("final model"):
        return fit_calibrated(table, params, budget.of(FINAL) if budget else None)


def _decided(frame: pd.DataFrame, fitted_pd: Floats, folder: Path, steps: Steps) -> pd.DataFrame:
    """Return the decisions of the written bundle, whose PDs must be the fitted ones."""
    # By the written bundle, so that the report shows what a user of the bundle gets.
    decisions = Decider.load(folder).decide(frame)
    check_bundle(decisions["pd"].to_numpy(float), fitted_pd, folder)
    steps.say("the written bundle gives the training table the PDs that were fitted")
    return decisions


def _suggested(table: TrainingTable, params: FitParams, steps: Steps) -> SignSuggestions:
    """Return signs that the data suggest, and tell them."""
    with steps.step("signs"):
        try:
            found = suggested_signs(table, params)
        except ModelError as error:
            # The model is there: too few rows to suggest on are no reason to refuse it.
            steps.say(f"no signs suggested: {error}")
            return SignSuggestions()
    if found.signs:
        steps.say(
            f"signs that the data suggest, not imposed: {found.options} "
            f"(AUC {-found.cost:+.4f} on the inner folds with all of them)"
        )
    return found


def page_of(outcome: FitOutcome, decider: Decider, title: str) -> str:
    """Return the page of a fit, as HTML."""
    page = fit_page.report(outcome.fitted, decider, outcome.frame, title)
    return render(fit_page.with_warnings(page, outcome.warnings, outcome.proxies))


def _proxies(
    fitted: FittedTable, frame: pd.DataFrame, choices: RunChoices, steps: Steps
) -> tuple[tuple[TableWarning, ...], tuple[ProxyFigure, ...]]:
    """Return the warnings about proxies of protected columns, and their figures."""
    with steps.step("proxies"):
        figures = proxies(frame, fitted.protected, fitted.cv.model_pd)
    warnings = accepted(proxy_warnings(figures), choices.accept)
    tell_warnings(steps, warnings)
    return warnings, tuple(figures)


def warnings_of(
    found: Finished, params: FitParams, choices: RunChoices
) -> tuple[TableWarning, ...]:
    """Return what is to be said of the table, the grave first; what is accepted is marked so."""
    folds = _folds(found, params)
    checked = CheckedTable(
        frame=found.known_features,
        label=found.label,
        time=found.time,
        group=found.group,
        folds=folds,
        time_name=found.read_as.get("time") or "as_of",
    )
    return accepted(table_warnings(checked), choices.accept)


def _folds(found: Finished, params: FitParams) -> tuple[Mask, ...]:
    """Return the held-out rows of each fold; rows of one borrower are in one fold."""
    try:
        return tuple(fold_masks(found.label, params.folds, params.seed, found.group))
    except ValueError:
        # Fewer rows of a class than folds: the judgement refuses the table in words.
        return ()


def _out_of_time(
    table: TrainingTable, time: np.ndarray, params: FitParams, budget: SearchBudget | None
) -> OutOfTime:
    """Judge on the latest rows; without any earlier row there are no figures, but the reason."""
    mask = latest(time, params.oot_share)
    if not mask.all():
        return out_of_time(table, time, params, budget)
    first = str(time.min())
    why = f"no earlier rows: {first[:10]} is the date of so many rows that none come before"
    return OutOfTime(first, len(time), int(table.label.sum()), refused=why)


def _cross_validated(
    table: TrainingTable, params: FitParams, budget: SearchBudget | None, steps: Steps
) -> Any:
    """Judge on folds, with a bar on a terminal and a line per round of folds off it."""
    total = params.folds * (params.times(len(table.label)) if budget is None else 1)
    steps.say(f"cross-validation: {total} folds")
    is_terminal = sys.stderr.isatty()
    done = 0
    console = Console(stderr=True)
    with (
        steps.step("cross-validation"),
        Progress(console=console, disable=not is_terminal) as bar,
    ):
        task = bar.add_task("cross-validation", total=total)

        def advance() -> None:
            nonlocal done
            done += 1
            bar.advance(task)
            if not is_terminal and done % params.folds == 0:
                steps.say(f"{done} of {total} folds")

        return cross_validate(table, params, advance, budget)


def _end(grave: Sequence[TableWarning], out: Path) -> None:
    """Raise GraveWarningError where something grave is left."""
    if not grave:
        return
    names = " ".join(f"--accept {_quoted(name)}" for name in dict.fromkeys(w.name for w in grave))
    raise GraveWarningError.of(
        "Something grave was found in the table",
        where=f"{out / MARK}, warnings",
        expected="nothing grave, or each accepted by its name",
        got="; ".join(warning.text for warning in grave),
        next_step=f"mend the table, or run again with {names}; all files are written and marked",
    )


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'
