"""Run `creditloom fit`: read, warn, judge on held-out rows, fit on all, write and check the bundle.

What is found is told on standard error as it is found, on a terminal and off it.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.progress import Progress
from rich.table import Table

import creditloom
from creditloom.decision.base.layout import Layout
from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.score.tiers import Tiers
from creditloom.models.fit import bundle
from creditloom.models.fit.column_strength import luck_of_auc, strongest_column
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.judgement import FittedTable, content, held_out_decisions, validation
from creditloom.models.fit.leak_checks import (
    CheckedTable,
    ProxyFigure,
    TableWarning,
    accepted,
    proxies,
    proxy_warnings,
    row_codes,
    table_warnings,
)
from creditloom.models.fit.learner import (
    CalibratedModel,
    TrainingTable,
    fit_calibrated,
    fold_masks,
    latest,
)
from creditloom.models.fit.sign_suggestions import SignSuggestions, suggested_signs
from creditloom.models.fit.validation import OutOfTime, cross_validate, out_of_time
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.shape_search import ShapeSearch, require_search
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import FIT, MARK, PARAMS, RunChoices
from creditloom.pipeline.commands.model.fit_subject import Subject, subject
from creditloom.report import fit_page
from creditloom.report.page.render import render
from creditloom.storage.files.errors import StatedError
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.outputs import new_folder
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_table, write_text
from creditloom.storage.finished import Finished

# Libraries whose versions stand in metrics.json, as figures may move with them.
LIBRARIES = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
# A PD of the written bundle may differ from the fitted one by the rounding of sums, and no more.
SAME_PD = 1e-9
# Notes on columns that the console shows; metrics.json has all.
SHOWN_NOTES = 40
# Columns that an error names.
SHOWN_COLUMNS = 8


class GraveWarningError(StatedError):
    """The fit was written, but something grave was found that nobody accepted."""

    exit_code = 3


class SelfCheckError(StatedError):
    """The written bundle does not give the training table the PDs that were fitted."""


class Steps:
    """Tells each step on standard error, and keeps the seconds that it took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = clock.perf_counter()

    def say(self, text: str) -> None:
        """Write one line."""
        sys.stderr.write(f"creditloom fit: {text}\n")
        sys.stderr.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = clock.perf_counter()
        yield
        self.seconds[name] = round(clock.perf_counter() - start, 3)

    def all_seconds(self) -> dict[str, float]:
        """Return the seconds per step, and of all so far."""
        return {**self.seconds, "all": round(clock.perf_counter() - self._start, 3)}


@dataclass(frozen=True)
class FitOutcome:
    """What a run found: the fitted table, the frame it decided, warnings and proxies.

    suggestions: signs that nobody stated. search: with the record of each fit; None = no budget.
    """

    fitted: FittedTable
    frame: pd.DataFrame
    warnings: tuple[TableWarning, ...]
    proxies: tuple[ProxyFigure, ...]
    suggestions: SignSuggestions
    search: ShapeSearch | None

    @property
    def grave(self) -> tuple[TableWarning, ...]:
        """The grave warnings that nobody accepted."""
        return tuple(w for w in self.warnings if w.level == "grave" and not w.is_accepted)


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
        _tell_read(steps, source, read.table)
        search = _search(read.table, params, choices, out, folder, steps)
        outcome = outcome_of(read, folder / "bundle", params, choices, steps, search)
        decider = Decider.load(folder / "bundle")
        write_table(_decisions(outcome.fitted), folder / "decisions.parquet")
        with steps.step("report"):
            title = f"Fit of {Path(source.path).stem}"
            write_text(page_of(outcome, decider, title), folder / "index.html")
        document = _document(outcome, read.table, choices, steps)
        write_document(document, folder / MARK, RESULTS)
        # Remove the copy of the raw tables without bad rows: only the features needed it.
        shutil.rmtree(folder / "quarantine" / "clean", ignore_errors=True)
    _show(outcome, out)
    _end(outcome.grave, out)


def _search(
    found: Finished,
    params: FitParams,
    choices: RunChoices,
    out: Path,
    folder: Path,
    steps: Steps,
) -> ShapeSearch | None:
    """Return the search that every fit of this run gets its share of; None without a budget."""
    if choices.budget is None:
        return None
    require_search()
    # Each training set is searched on its own: the folds, the early rows, and all rows.
    fits = params.times(len(found.label)) * params.folds + (found.time is not None) + 1
    seconds = choices.budget * 60 / fits
    journals = choices.search or folder / "search"
    if not choices.search and (out / "search").is_dir():
        # The new folder takes the place of the old one: the journals of the old one go on in it.
        shutil.copytree(out / "search", journals)
    steps.say(
        f"search: {fits} fits of {seconds:.0f} s each, journals in {choices.search or 'search'}"
    )
    return ShapeSearch(seconds, journals, steps.say)


def outcome_of(
    read: Subject,
    folder: Path,
    params: FitParams,
    choices: RunChoices,
    steps: Steps,
    search: ShapeSearch | None = None,
) -> FitOutcome:
    """Warn, judge on held-out rows, then fit on all rows; write the bundle into `folder`."""
    found = read.table
    with steps.step("warnings"):
        warnings = warnings_of(found, params, choices)
    _tell_warnings(steps, warnings)
    table = training_table(read)
    refuse_constant(table.frame)
    with luck_told(table):
        cross_validation = _cross_validated(table, params, search, steps)
        with steps.step("out of time"):
            oot = None if found.time is None else _out_of_time(table, found.time, params, search)
        steps.say(f"final model on all {len(table.label):,} rows")
        with steps.step("final model"):
            final = fit_calibrated(table, params, search)
        # Signs of raw tables are declared by the house.
        suggestions = _suggested(table, params, steps) if found.columns else SignSuggestions()
    tiers = write_bundle(folder, final, read, choices)
    frame = frame_of(found)
    # By the written bundle, so that the report shows what a user of the bundle gets.
    decisions = Decider.load(folder).decide(frame)
    check_bundle(decisions["pd"].to_numpy(float), final.pd(table.frame), folder)
    steps.say("the written bundle gives the training table the PDs that were fitted")
    fitted = FittedTable(
        table.label, found.protected, final, cross_validation, oot, tiers, decisions, len(found.bad)
    )
    more, figures = _proxies(fitted, table.frame, choices, steps)
    return FitOutcome(fitted, frame, (*warnings, *more), figures, suggestions, search)


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


def write_bundle(folder: Path, final: CalibratedModel, read: Subject, choices: RunChoices) -> Tiers:
    """Write the bundle of a model of `read` into the new `folder`; return its tiers."""
    policy = _policy(choices)
    tiers = bundle.tiers_around(float(read.table.label.mean()), policy.tier_edges)
    # Features of raw tables are the house's own: they have no layout.
    has_layout = bool(read.table.columns)
    layout = Layout.from_json(json.dumps(read.table.layout())) if has_layout else None
    scale = section("fit", FitParams, PARAMS).calibration
    table = training_table(read)
    bundle.write(folder, final, table, tiers, read.words, scale, policy, layout)
    return tiers


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
    _tell_warnings(steps, warnings)
    return warnings, tuple(figures)


def training_table(read: Subject) -> TrainingTable:
    """Return the rows to learn from; codes of missing stand in them, as in what is decided."""
    found = read.table
    return TrainingTable(
        frame=found.features,
        label=found.label,
        signs=read.signs,
        special_codes=found.codes,
        weight=found.weight,
        group=found.group,
        time=found.time,
    )


def warnings_of(
    found: Finished, params: FitParams, choices: RunChoices
) -> tuple[TableWarning, ...]:
    """Return what is to be said of the table, the grave first; what is accepted is marked so."""
    folds = _folds(found, params)
    checked = CheckedTable(found.known_features, found.label, found.time, found.group, folds)
    return accepted(table_warnings(checked), choices.accept)


def _folds(found: Finished, params: FitParams) -> tuple[Mask, ...]:
    """Return the held-out rows of each fold; rows of one borrower are in one fold."""
    try:
        return tuple(fold_masks(found.label, params.folds, params.seed, found.group))
    except ValueError:
        # Fewer rows of a class than folds: the judgement refuses the table in words.
        return ()


def _policy(choices: RunChoices) -> PolicyParams:
    """Return the committed policy, with what a person chose for values beyond training."""
    policy = section("policy", PolicyParams, PARAMS)
    if choices.beyond is None:
        return policy
    return replace(
        policy, beyond_training=replace(policy.beyond_training, treatment=choices.beyond)
    )


def refuse_constant(frame: pd.DataFrame) -> None:
    """Raise ModelError where every column has one value in all rows; null is a value too."""
    # By the first value, null or not: counting all values of all columns would take seconds.
    if any((row_codes(frame[[name]]) != 0).any() for name in frame):
        return
    raise ModelError(
        f"No column tells one row from another: all {frame.shape[1]} hold one value in every row "
        f"({', '.join(map(str, frame.columns[:SHOWN_COLUMNS]))}). "
        "Expected a column with two values at least; add one."
    )


@contextmanager
def luck_told(table: TrainingTable) -> Iterator[None]:
    """Say that no column tells bads from goods, where that is why nothing could be fitted."""
    try:
        yield
    except ModelError as error:
        best, figure = strongest_column(table.frame, table.label)
        if figure >= luck_of_auc(table.label, table.frame.shape[1]):
            raise
        raise ModelError(
            f"No column tells bads from goods: the best of {table.frame.shape[1]}, `{best}`, has "
            f"AUC {figure:.3f}, which is luck. Expected one that "
            f"tells more; add columns that know the applicant. ({error})"
        ) from error


def _out_of_time(
    table: TrainingTable, time: np.ndarray, params: FitParams, search: ShapeSearch | None
) -> OutOfTime:
    """Judge on the latest rows; without any earlier row there are no figures, but the reason."""
    mask = latest(time, params.oot_share)
    if not mask.all():
        return out_of_time(table, time, params, search)
    first = str(time.min())
    why = f"no earlier rows: {first[:10]} is the date of so many rows that none come before"
    return OutOfTime(None, None, first, len(time), int(table.label.sum()), why)


def frame_of(found: Finished) -> pd.DataFrame:
    """Return the table as a decision reads it."""
    frame = found.decided_features.assign(application_id=found.ids)
    return frame if found.time is None else frame.assign(as_of=found.time)


def _cross_validated(
    table: TrainingTable, params: FitParams, search: ShapeSearch | None, steps: Steps
) -> Any:
    """Judge on folds, with a bar on a terminal and a line per round of folds off it."""
    total = params.times(len(table.label)) * params.folds
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

        return cross_validate(table, params, advance, search)


def check_bundle(decided: np.ndarray, fitted: np.ndarray, folder: Path) -> None:
    """Raise SelfCheckError where the bundle gives a training row another PD than was fitted."""
    gap = np.abs(decided - fitted)
    is_other = ~(gap <= SAME_PD)
    if is_other.any():
        first = int(np.argmax(is_other))
        rows = int(is_other.sum())
        raise SelfCheckError.of(
            "The written bundle does not give the training table the PDs that were fitted",
            where=f"{folder.name}, row {first}",
            expected=f"PD {fitted[first]:.9f}",
            got=f"PD {decided[first]:.9f}; {rows:,} rows differ",
            next_step="do not use the bundle; report the table's column names and types as a bug",
        )


def _decisions(fitted: FittedTable) -> pa.Table:
    """Return the decisions of the final model, with what held-out models say beside them.

    The final model has learnt from the label of the row, so its PD is not what is judged.
    """
    judged = held_out_decisions(fitted)
    table = decisions_table(fitted.decisions.assign(pd_held_out=fitted.cv.model_pd))
    for name in ("tier", "decision"):
        table = table.append_column(f"{name}_held_out", pa.array(judged[name], pa.string()))
    return table


def _document(
    outcome: FitOutcome, found: Finished, choices: RunChoices, steps: Steps
) -> dict[str, Any]:
    """Return metrics.json."""
    cv = outcome.fitted.cv
    # table: metrics.json
    return {
        **content(outcome.fitted),
        "warnings": [warning.to_json() for warning in outcome.warnings],
        "grave": [warning.name for warning in outcome.grave],
        "proxies": [vars(figure) for figure in outcome.proxies],
        "suggested_signs": asdict(outcome.suggestions),
        "search": _searched(outcome.search, choices),
        "notes": [note._asdict() for note in found.notes],
        "special_codes": _coded(found.code_counts),
        "cv_folds": {"model": list(cv.model), "ridge": list(cv.ridge)},
        "arguments": dict(choices.arguments),
        "versions": _versions(),
        "seconds": steps.all_seconds(),
    }


def _searched(search: ShapeSearch | None, choices: RunChoices) -> dict[str, Any] | None:
    """Return trials and seconds of the search, per fit; the last one is that of the final model."""
    if search is None:
        return None
    return {
        "minutes": choices.budget,
        "trials": sum(record.trials for record in search.records),
        "seconds": round(sum(record.seconds for record in search.records), 3),
        "fits": [asdict(record) for record in search.records],
    }


def _coded(counts: Mapping[str, Mapping[float, int]]) -> dict[str, dict[str, int]]:
    return {name: {f"{code:g}": n for code, n in one.items()} for name, one in counts.items()}


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "python": platform.python_version(),
        "creditloom": creditloom.__version__,
        **libraries,
    }


# What is told.


def _tell_read(steps: Steps, source: SourceParams, found: Finished) -> None:
    rows = len(found.label)
    bads = int(found.label.sum())
    categories = sum(found.features[name].dtype == object for name in found.features)
    features = f"{found.features.shape[1]:,} features, {categories:,} of them categories"
    counted = f"{rows:,} rows, {bads:,} bad ({bads / rows:.1%})"
    steps.say(f"read {Path(source.path).name}: {counted}, {features}")
    for sentence in found.said:
        steps.say(sentence)
    for note in found.notes[:SHOWN_NOTES]:
        steps.say(f"`{note.column}`: {note.text}")
    more = len(found.notes) - SHOWN_NOTES
    if more > 0:
        steps.say(f"and {more} more notes on columns in {MARK}")
    for name, counts in found.code_counts.items():
        seen = ", ".join(f"{code:g} in {n:,} rows" for code, n in counts.items() if n)
        if seen:
            steps.say(f"`{name}`: special code {seen}")


def _tell_warnings(steps: Steps, warnings: Sequence[TableWarning]) -> None:
    for warning in warnings:
        word = "accepted" if warning.is_accepted else warning.level
        steps.say(f"{word}: {warning.text}; {warning.next_step}")


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


def _show(outcome: FitOutcome, out: Path) -> None:
    fitted = outcome.fitted
    console = Console()
    console.print(_table(fitted))
    if fitted.oot:
        figures = f"{fitted.oot.rows:,} rows from {fitted.oot.cut[:10]} on, {fitted.oot.bads:,} bad"
        console.print(f"out of time: {fitted.oot.refused or figures}")
    if fitted.bad_rows:
        console.print(
            f"{fitted.bad_rows:,} bad rows set aside with reasons in {out / 'quarantine'}"
        )
    for warning in outcome.warnings:
        word = "accepted" if warning.is_accepted else warning.level
        console.print(f"{word}: {warning.text}")
    counts = held_out_decisions(fitted)["decision"].value_counts()
    decisions = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    console.print(
        f"{decisions} (by held-out PDs); {out / 'index.html'} reports, {out / 'bundle'} decides"
    )


def _table(fitted: FittedTable) -> Table:
    title = f"fit: {len(fitted.label):,} rows, {int(fitted.label.sum()):,} bad"
    table = Table("sample", "figure", "model", "sd", "ridge logit", "sd", title=title)
    for row in validation(fitted).to_dict("records"):
        figures = [row[name] for name in ("mean", "sd", "ridge_mean", "ridge_sd")]
        cells = (f"{figure:.4f}" if pd.notna(figure) else "" for figure in figures)
        table.add_row(str(row["sample"]), str(row["metric"]), *cells)
    return table
