"""From a checked table to a judged model: validation, final model, bundle, decisions, metrics and report, in one new folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Shown

from data.folder import whole_folder
from data.params import SourceParams
from data.store import write_json, write_table, write_text
from models.anytable import bundle, page
from models.anytable.judgement import Fitted, content, validation
from models.anytable.learner import Table, fit_calibrated
from models.anytable.params import FitParams
from models.anytable.validation import cross_validate, out_of_time
from models.decision.arrow import decisions_table
from models.decision.decide import Decider
from models.policy import PolicyParams
from models.report import render
from pipeline.fit_source import PARAMS, Subject, subject
from pipeline.params import section

MARK = "metrics.json"  # a folder that holds it is ours to replace


def run(source: SourceParams, out: Path, *, force: bool = False) -> None:
    """Fit `source` and write `out`, whole or not at all. Refusals of the rooms pass through."""
    params = section("fit", FitParams, PARAMS)
    with whole_folder(out, MARK, force=force) as folder:
        read = subject(source, folder)
        repeats = params.times(len(read.table.label))
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("cross-validation", total=repeats * params.folds)
            fitted, frame = _fitted(read, folder / "bundle", params, lambda: progress.advance(task))
        decider = Decider.load(folder / "bundle")
        write_table(decisions_table(fitted.decisions.assign(pd_held_out=fitted.cv.model_pd)), folder / "decisions.parquet")
        write_json(content(fitted), folder / MARK)
        write_text(render(page.report(fitted, decider, frame, f"Fit of {Path(source.path).stem}")), folder / "index.html")
        shutil.rmtree(folder / "quarantine" / "clean", ignore_errors=True)
    _show(fitted, out)


def _fitted(read: Subject, folder: Path, params: FitParams, step: Callable[[], None]) -> tuple[Fitted, pd.DataFrame]:
    """Judge first, then fit on all rows; the frame is what the bundle decided."""
    table, house = Table(read.table.features, read.table.label, read.signs), section("policy", PolicyParams, PARAMS)
    judged = cross_validate(table, params, step)
    late = None if read.table.time is None else out_of_time(table, read.table.time, params)
    final = fit_calibrated(table, params, params.folds)
    tiers = bundle.tiers_around(float(table.label.mean()), house.tier_edges)
    bundle.write(folder, final, final.model.encoding.apply(table.frame), tiers, read.words, params.calibration, house)
    frame = table.frame.assign(application_id=read.table.ids)
    if read.table.time is not None:
        frame = frame.assign(as_of=read.table.time)
    decisions = Decider.load(folder).decide(frame)
    return Fitted(table.label, read.table.protected, final, judged, late, tiers, decisions, len(read.table.bad)), frame


def _show(fitted: Fitted, out: Path) -> None:
    console, counts = Console(), fitted.decisions["decision"].value_counts()
    shown = Shown(
        "sample", "figure", "model", "sd", "ridge logit", "sd", title=f"fit: {len(fitted.label):,} rows, {int(fitted.label.sum()):,} bad"
    )
    for row in validation(fitted).to_dict("records"):
        cells = (f"{row[name]:.4f}" if pd.notna(row[name]) else "" for name in ("mean", "sd", "ridge_mean", "ridge_sd"))
        shown.add_row(str(row["sample"]), str(row["metric"]), *cells)
    console.print(shown)
    if fitted.oot:
        said = fitted.oot.refused or f"{fitted.oot.rows:,} rows from {fitted.oot.cut[:10]} on, {fitted.oot.bads:,} bad"
        console.print(f"out of time: {said}")
    if fitted.bad_rows:
        console.print(f"{fitted.bad_rows:,} bad rows set aside with reasons in {out / 'quarantine'}")
    console.print(", ".join(f"{name} {n:,}" for name, n in counts.items()) + f"; {out / 'index.html'} reports, {out / 'bundle'} decides")
