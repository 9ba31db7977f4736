"""`creditloom fit`: train, calibrate, tier, explain and report on any table with a label, or on raw tables of one's own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Shown

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.models.fit import bundle
from creditloom.models.fit.bundle import ColumnTexts
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.judgement import Fitted, content, validation
from creditloom.models.fit.learner import TrainingTable, fit_calibrated
from creditloom.models.fit.validation import cross_validate, out_of_time
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.report import fit_page
from creditloom.report.page.render import render
from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import (
    read_frame,
    table_files,
    whole_folder,
    write_table,
    write_text,
)
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.matrix import own_concepts, own_feature
from creditloom.storage.sources import check_source, now

# What `creditloom fit` learns from: a finished feature table, or a folder of raw tables that becomes one.

PARAMS = paths.DEFAULTS  # `fit` runs from any folder


@dataclass(frozen=True)
class Subject:
    """A checked table with the words for its columns and the sign each one's effect must have."""

    table: Finished
    words: ColumnTexts
    signs: tuple[int, ...]


def subject(params: SourceParams, folder: Path) -> Subject:
    """Read and check; rows set aside go to `<folder>/quarantine`."""
    if params.kind == "tables":
        return _raw_tables(params, folder / "quarantine")
    table = read_finished(params, now())
    if len(table.bad):
        write_table(
            pa.Table.from_pandas(table.bad, preserve_index=False),
            folder / "quarantine" / "rows.parquet",
        )
    names = [str(name) for name in table.features]
    entries = {
        name: {**own_feature(name, name, name), "special_codes": list(params.special_codes)}
        for name in names
    }
    return Subject(table, ColumnTexts(own_concepts(iter(names)), entries), (0,) * len(names))


def _raw_tables(params: SourceParams, quarantine: Path) -> Subject:
    """Features by the house's engine, with its words and signs; labels from `applications` or from the loans' performance."""
    from creditloom.features.engine.engine import build
    from creditloom.features.engine.raw_reader import present
    from creditloom.features.families.registry import catalogue
    from creditloom.features.feature_params import FeatureParams

    checked = check_source(params, quarantine, quarantine / "clean")
    words = catalogue(present(checked.files))
    frame = pa.concat_tables(
        build(checked.files, section("features", FeatureParams, PARAMS))
    ).to_pandas(ignore_metadata=True)
    frame["label"] = frame["application_id"].map(_labels(params, checked.files))
    frame = frame[frame["label"].notna()].reset_index(drop=True)
    _judge_labels(frame["label"], params)
    unknown = [name for name in params.protected if name not in frame]
    if unknown:
        raise missing_column(
            unknown[0],
            frame.columns,
            params.path,
            "a column of applications named as protected",
            is_named=True,
        )
    kept = [f for f in words["features"] if f["name"] not in {*params.drop, *params.protected}]
    names = [f["name"] for f in kept]
    bad = pd.DataFrame(index=range(checked.bad))
    table = Finished(
        frame[names].astype(np.float64), frame["label"].to_numpy(np.int8), frame["application_id"].to_numpy(), frame["as_of"].to_numpy(),
        frame[list(params.protected)], bad,
    )  # fmt: skip
    return Subject(
        table,
        ColumnTexts(words["concepts"], {f["name"]: f for f in kept}),
        tuple(f["direction"] for f in kept),
    )


def _labels(params: SourceParams, files: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """Label by application_id: the column named, or, without one, days past due of the loans."""
    from creditloom.features.feature_params import LabelParams
    from creditloom.features.label import labels

    if params.label is None:
        made = labels(files, section("label", LabelParams, PARAMS)).to_pandas()
        return made.set_index("application_id")["label"].astype("float64")
    parts = [read_frame(file) for file in table_files(params.path, "applications")]
    whole = pd.concat(parts, ignore_index=True)
    if params.label not in whole:
        raise missing_column(
            params.label,
            whole.columns,
            Path(params.path) / "applications",
            "the column named as label",
            is_named=True,
        )
    return whole.drop_duplicates("application_id", keep=False).set_index("application_id")[
        params.label
    ]


def _judge_labels(label: pd.Series, params: SourceParams) -> None:
    values = sorted(pd.unique(label))
    if values != [0, 1]:
        raise DataError.of(
            "The labels cannot be learnt from", where=params.path, expected="1 (bad) and 0 (good), both present",
            got=f"{len(label):,} labelled applications with {values[:5]}",
            next_step="name a label column of applications with --label, or give loans and loan_performance with complete windows",
        )  # fmt: skip


def source_of(data: Path, **given: Any) -> SourceParams:
    """The source that the command line describes: a folder holds raw tables, a file is a finished feature table."""
    house = section("source", SourceParams, PARAMS)
    return SourceParams(
        "tables" if data.is_dir() else "matrix",
        str(data),
        max_bad_share=house.max_bad_share,
        **given,
    )


def names_of(text: str | None) -> tuple[str, ...]:
    """Column names from a comma-separated option; () when not given."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def codes_of(text: str | None) -> tuple[float, ...]:
    """Special codes from a comma-separated option; DataError when one is no number."""
    try:
        return tuple(float(part) for part in names_of(text))
    except ValueError as error:
        raise DataError.of(
            "A special code is no number", where="--special-codes", expected="numbers, as -9,-8,-7", got=str(text),
            next_step="list numbers, separated by commas",
        ) from error  # fmt: skip


# From a checked table to a judged model: validation, final model, bundle, decisions, metrics and report, in one new folder.

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
        write_table(
            decisions_table(fitted.decisions.assign(pd_held_out=fitted.cv.model_pd)),
            folder / "decisions.parquet",
        )
        write_document(content(fitted), folder / MARK, RESULTS)
        write_text(
            render(fit_page.report(fitted, decider, frame, f"Fit of {Path(source.path).stem}")),
            folder / "index.html",
        )
        shutil.rmtree(folder / "quarantine" / "clean", ignore_errors=True)
    _show(fitted, out)


def _fitted(
    read: Subject, folder: Path, params: FitParams, step: Callable[[], None]
) -> tuple[Fitted, pd.DataFrame]:
    """Judge first, then fit on all rows; the frame is what the bundle decided."""
    table, house = (
        TrainingTable(read.table.features, read.table.label, read.signs),
        section("policy", PolicyParams, PARAMS),
    )
    judged = cross_validate(table, params, step)
    late = None if read.table.time is None else out_of_time(table, read.table.time, params)
    final = fit_calibrated(table, params, params.folds)
    tiers = bundle.tiers_around(float(table.label.mean()), house.tier_edges)
    bundle.write(
        folder,
        final,
        final.model.encoding.apply(table.frame),
        tiers,
        read.words,
        params.calibration,
        house,
    )
    frame = table.frame.assign(application_id=read.table.ids)
    if read.table.time is not None:
        frame = frame.assign(as_of=read.table.time)
    decisions = Decider.load(folder).decide(frame)
    return Fitted(
        table.label,
        read.table.protected,
        final,
        judged,
        late,
        tiers,
        decisions,
        len(read.table.bad),
    ), frame


def _show(fitted: Fitted, out: Path) -> None:
    console, counts = Console(), fitted.decisions["decision"].value_counts()
    shown = Shown(
        "sample",
        "figure",
        "model",
        "sd",
        "ridge logit",
        "sd",
        title=f"fit: {len(fitted.label):,} rows, {int(fitted.label.sum()):,} bad",
    )
    for row in validation(fitted).to_dict("records"):
        cells = (
            f"{row[name]:.4f}" if pd.notna(row[name]) else ""
            for name in ("mean", "sd", "ridge_mean", "ridge_sd")
        )
        shown.add_row(str(row["sample"]), str(row["metric"]), *cells)
    console.print(shown)
    if fitted.oot:
        said = (
            fitted.oot.refused
            or f"{fitted.oot.rows:,} rows from {fitted.oot.cut[:10]} on, {fitted.oot.bads:,} bad"
        )
        console.print(f"out of time: {said}")
    if fitted.bad_rows:
        console.print(
            f"{fitted.bad_rows:,} bad rows set aside with reasons in {out / 'quarantine'}"
        )
    console.print(
        ", ".join(f"{name} {n:,}" for name, n in counts.items())
        + f"; {out / 'index.html'} reports, {out / 'bundle'} decides"
    )


def fit(
    data: Annotated[
        Path,
        typer.Option(help="a Parquet file with one row per application, or a folder of raw tables"),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="the folder to write: metrics.json, index.html, decisions.parquet, bundle/"
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="column with 1 = bad, 0 = good (a folder may carry loans instead)"),
    ] = None,
    row_id: Annotated[str | None, typer.Option("--id", help="column that names a row")] = None,
    time: Annotated[
        str | None,
        typer.Option(help="column with the date of application: adds out-of-time figures"),
    ] = None,
    drop: Annotated[str | None, typer.Option(help="columns to leave out: A,B")] = None,
    categorical: Annotated[
        str | None,
        typer.Option(help="columns that are categories although numbers: A,B (texts always are)"),
    ] = None,
    protected: Annotated[
        str | None, typer.Option(help="columns reported on and never modelled: A,B")
    ] = None,
    special_codes: Annotated[
        str | None, typer.Option(help="numbers that mean missing: --special-codes=-9,-8,-7")
    ] = None,
    force: Annotated[
        bool, typer.Option(help="replace the output folder whatever it holds")
    ] = False,
) -> None:
    """Train, calibrate, tier, explain and report on a table of your own."""

    source = source_of(
        data, label=label, id=row_id, time=time, drop=names_of(drop), categorical=names_of(categorical),
        protected=names_of(protected), special_codes=codes_of(special_codes),
    )  # fmt: skip
    run(source, out, force=force)
