"""`creditloom fit`: trains, calibrates, tiers, explains and reports on any table with a label.

The table is a Parquet file of finished features, or a folder of the user's own raw tables. One new
folder receives everything: bundle, decisions, metrics and report.
"""

from __future__ import annotations

import math
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
from rich.progress import Progress
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.features.contract.tables import APPLICATIONS
from creditloom.models.fit import bundle
from creditloom.models.fit.bundle import ColumnTexts
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.judgement import FittedTable, content, validation
from creditloom.models.fit.learner import TrainingTable, fit_calibrated
from creditloom.models.fit.validation import cross_validate, out_of_time
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.report import fit_page
from creditloom.report.page.render import render
from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.contract.stored_types import converted
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.outputs import (
    FolderKind,
    new_folder,
    require_apart,
    require_local,
)
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import (
    read_table,
    write_table,
    write_text,
)
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.folders.raw_folder import table_files
from creditloom.storage.matrix import own_concepts, own_feature
from creditloom.storage.own.text_ids import with_texts
from creditloom.storage.sources import check_source, now

# Reads the table for `creditloom fit`: a finished feature table, or raw tables made into one.

# `fit` runs from any folder, even without a params.yaml. It always uses the committed parameters.
PARAMS = paths.DEFAULTS
MAX_NAMED = 5  # wrong label values that a refusal shows


@dataclass(frozen=True)
class Subject:
    """A checked table with the texts of its columns and the sign of the effect of each column.

    `signs`: one per column, +1 or -1 for a monotone effect on the log-odds of default; 0 = free.
    """

    table: Finished
    words: ColumnTexts
    signs: tuple[int, ...]


def source_of(data: Path, **given: Any) -> SourceParams:
    """Return the source that the command line describes; `given` are fields of SourceParams.

    A folder holds raw tables, a file is a finished feature table.
    """
    committed = section("source", SourceParams, PARAMS)
    return SourceParams(
        "tables" if data.is_dir() else "matrix",
        str(data),
        max_bad_share=committed.max_bad_share,
        **given,
    )


def subject(params: SourceParams, folder: Path) -> Subject:
    """Read and check the source; rows set aside go to `<folder>/quarantine`.

    Raises DataError for a table that cannot be learnt from.
    """
    if params.kind == "tables":
        return _raw_tables(params, folder / "quarantine")
    table = read_finished(params, now())
    if len(table.bad):
        rows = pa.Table.from_pandas(table.bad, preserve_index=False)
        write_table(rows, folder / "quarantine" / "rows.parquet")
    names = [str(name) for name in table.features]
    codes = {"special_codes": list(params.special_codes)}
    entries = {name: {**own_feature(name, name, name), **codes} for name in names}
    # Nothing is known about a user's columns. So each column is a concept of its own and its sign
    # is free.
    return Subject(table, ColumnTexts(own_concepts(iter(names)), entries), (0,) * len(names))


def _raw_tables(params: SourceParams, quarantine: Path) -> Subject:
    """Build features by the house's engine, with its texts and signs, and join the labels."""
    # Imported here, so that `fit` on a finished table does not load the feature engine.
    from creditloom.features.declare.registry import catalogue
    from creditloom.features.engine.engine import build
    from creditloom.features.engine.raw_reader import present
    from creditloom.features.feature_params import FeatureParams

    checked = check_source(params, quarantine, quarantine / "clean")
    sys.stderr.writelines(f"creditloom: {note}\n" for note in checked.notes)
    words = catalogue(present(checked.files))
    blocks = build(checked.files, section("features", FeatureParams, PARAMS))
    frame = pa.concat_tables(blocks).to_pandas(ignore_metadata=True)
    frame["label"] = frame["application_id"].map(_labels(params, checked.files))
    frame = frame[frame["label"].notna()].reset_index(drop=True)
    _check_labels(frame["label"], params)
    _check_protected(frame, params)
    left_out = {*params.drop, *params.protected}
    features = [feature for feature in words["features"] if feature["name"] not in left_out]
    entries = {feature["name"]: feature for feature in features}
    matrix = frame[list(entries)].astype(np.float64)
    label = frame["label"].to_numpy(np.int8)
    # Ids that were text and got numbers by a mapping are texts again.
    ids = with_texts(params.path, pa.array(frame["application_id"])).to_pandas().to_numpy()
    table = Finished(
        features=matrix,
        label=label,
        ids=ids,
        time=frame["as_of"].to_numpy(),
        protected=frame[list(params.protected)],
        # The contract has already written the bad rows. Here only their number is needed.
        bad=_rows_without_columns(checked.bad),
    )
    signs = tuple(feature["direction"] for feature in features)
    return Subject(table, ColumnTexts(words["concepts"], entries), signs)


def _rows_without_columns(count: int) -> pd.DataFrame:
    return pd.DataFrame(index=range(count))


def _labels(params: SourceParams, files: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """Return the label by application_id: 1 bad, 0 good, null = not labelled.

    The label is the column named. Without one it is made from the days past due of the loans.
    """
    from creditloom.features.feature_params import LabelParams
    from creditloom.features.label import labels

    if params.label is None:
        made = labels(files, section("label", LabelParams, PARAMS)).to_pandas()
        return made.set_index("application_id")["label"].astype("float64")
    parts = [_with_ids(read_table(file)) for file in table_files(params.path, "applications")]
    applications = pd.concat(parts, ignore_index=True)
    if params.label not in applications:
        raise missing_column(
            params.label,
            applications.columns,
            Path(params.path) / "applications",
            "the column named as label",
            is_named=True,
        )
    # An id that occurs twice is not in the matrix, because the contract set both rows aside. So
    # none of its labels is used.
    unique = applications.drop_duplicates("application_id", keep=False)
    return unique.set_index("application_id")[params.label]


def _with_ids(applications: pa.Table) -> pd.DataFrame:
    """Return applications with the ids that the matrix has, whatever type they are stored in."""
    ids, _ = converted(applications["application_id"], APPLICATIONS.columns[0])
    return applications.to_pandas(ignore_metadata=True).assign(application_id=ids.to_pandas())


def _check_labels(label: pd.Series, params: SourceParams) -> None:
    values = sorted(pd.unique(label))
    if values != [0, 1]:
        raise DataError.of(
            "The labels cannot be learnt from",
            where=params.path,
            expected="1 (bad) and 0 (good), both present",
            got=f"{len(label):,} labelled applications with {values[:MAX_NAMED]}",
            next_step="name a label column of applications with --label, "
            "or give loans and loan_performance with complete windows",
        )


def _check_protected(frame: pd.DataFrame, params: SourceParams) -> None:
    unknown = [name for name in params.protected if name not in frame]
    if unknown:
        raise missing_column(
            unknown[0],
            frame.columns,
            params.path,
            "a column of applications named as protected",
            is_named=True,
        )


# A folder with this file was written by `fit`, so `fit` may replace the folder.
MARK = "metrics.json"
FIT = FolderKind(
    what="a fit",
    mark=MARK,
    keys=frozenset({"format", "cv", "cv_ridge", "sample", "calibration"}),
    names=("decisions.parquet", "index.html", "bundle/**", "quarantine/**"),
)

# The options of the command, each with its help.
DataOption = Annotated[
    Path,
    typer.Option(help="a Parquet file with one row per application, or a folder of raw tables"),
]
OutOption = Annotated[
    Path,
    typer.Option(help="the folder to write: metrics.json, index.html, decisions.parquet, bundle/"),
]
LabelOption = Annotated[
    str | None,
    typer.Option(help="column with 1 = bad, 0 = good (a folder may carry loans instead)"),
]
IdOption = Annotated[str | None, typer.Option("--id", help="column that names a row")]
TimeOption = Annotated[
    str | None,
    typer.Option(help="column with the date of application: adds out-of-time figures"),
]
DropOption = Annotated[str | None, typer.Option(help="columns to leave out: A,B")]
CategoricalOption = Annotated[
    str | None,
    typer.Option(help="columns that are categories although numbers: A,B (texts always are)"),
]
ProtectedOption = Annotated[
    str | None, typer.Option(help="columns reported on and never modelled: A,B")
]
SpecialCodesOption = Annotated[
    str | None, typer.Option(help="numbers that mean missing: --special-codes=-9,-8,-7")
]
ForceOption = Annotated[
    bool, typer.Option(help="has no effect any more: only what creditloom wrote is replaced")
]


def fit(
    data: DataOption,
    out: OutOption,
    label: LabelOption = None,
    row_id: IdOption = None,
    time: TimeOption = None,
    drop: DropOption = None,
    categorical: CategoricalOption = None,
    protected: ProtectedOption = None,
    special_codes: SpecialCodesOption = None,
    force: ForceOption = False,
) -> None:
    """Train, calibrate, tier, explain and report on a table of your own."""
    source = source_of(
        data,
        label=label,
        id=row_id,
        time=time,
        drop=names_of(drop),
        categorical=names_of(categorical),
        protected=names_of(protected),
        special_codes=codes_of(special_codes),
    )
    if force:
        sys.stderr.write("creditloom fit: --force has no effect; a folder of ours is replaced\n")
    run(source, out)


def names_of(text: str | None) -> tuple[str, ...]:
    """Return the column names of a comma-separated option; () when it is absent.

    >>> names_of("income, age,")
    ('income', 'age')
    """
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def codes_of(text: str | None) -> tuple[float, ...]:
    """Return the special codes of a comma-separated option. Raises DataError for no number.

    >>> codes_of("-9,-8")
    (-9.0, -8.0)
    """
    try:
        codes = tuple(float(part) for part in names_of(text))
        if all(map(math.isfinite, codes)):
            return codes
        raise ValueError("not finite")
    except ValueError as error:
        raise DataError.of(
            "A special code is no number",
            where="--special-codes",
            expected="numbers, as -9,-8,-7",
            got=str(text),
            next_step="list numbers, separated by commas",
        ) from error


def run(source: SourceParams, out: Path) -> None:
    """Fit `source` and write the folder `out`, whole or not at all.

    Errors of the rooms are not caught here.
    """
    params = section("fit", FitParams, PARAMS)
    require_local(out, "--out")
    require_apart([out], [Path(source.path)])
    with new_folder(out, FIT) as folder:
        read = subject(source, folder)
        fitted, frame = _with_progress(read, folder / "bundle", params)
        decider = Decider.load(folder / "bundle")
        # The PD of a decision comes from the final model, which has learnt from the label of the
        # row. So the held-out PD is written beside it.
        decisions = fitted.decisions.assign(pd_held_out=fitted.cv.model_pd)
        write_table(decisions_table(decisions), folder / "decisions.parquet")
        write_document(content(fitted), folder / MARK, RESULTS)
        page = fit_page.report(fitted, decider, frame, f"Fit of {Path(source.path).stem}")
        write_text(render(page), folder / "index.html")
        # Remove the copy of the raw tables without bad rows: only the features needed it.
        shutil.rmtree(folder / "quarantine" / "clean", ignore_errors=True)
    _show(fitted, out)


def _with_progress(
    read: Subject, folder: Path, params: FitParams
) -> tuple[FittedTable, pd.DataFrame]:
    repeats = params.times(len(read.table.label))
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("cross-validation", total=repeats * params.folds)
        return _fitted(read, folder, params, lambda: progress.advance(task))


def _fitted(
    read: Subject, folder: Path, params: FitParams, step: Callable[[], None]
) -> tuple[FittedTable, pd.DataFrame]:
    """Judge on held-out rows first, then fit on all rows; write the bundle into `folder`.

    Returns what was fitted, and the frame that the bundle decided.
    """
    table = TrainingTable(read.table.features, read.table.label, read.signs)
    policy = section("policy", PolicyParams, PARAMS)
    time = read.table.time
    cross_validation = cross_validate(table, params, step)
    oot = None if time is None else out_of_time(table, time, params)
    final = fit_calibrated(table, params, params.folds)
    tiers = bundle.tiers_around(float(table.label.mean()), policy.tier_edges)
    encoded = final.model.encoding.apply(table.frame)
    bundle.write(folder, final, encoded, tiers, read.words, params.calibration, policy)
    frame = table.frame.assign(application_id=read.table.ids)
    if time is not None:
        frame = frame.assign(as_of=time)
    fitted = FittedTable(
        label=table.label,
        protected=read.table.protected,
        final=final,
        cv=cross_validation,
        oot=oot,
        tiers=tiers,
        # Decide with the written bundle, so that the report shows what a user of the bundle gets.
        decisions=Decider.load(folder).decide(frame),
        bad_rows=len(read.table.bad),
    )
    return fitted, frame


def _show(fitted: FittedTable, out: Path) -> None:
    console = Console()
    console.print(_table(fitted))
    if fitted.oot:
        figures = f"{fitted.oot.rows:,} rows from {fitted.oot.cut[:10]} on, {fitted.oot.bads:,} bad"
        console.print(f"out of time: {fitted.oot.refused or figures}")
    if fitted.bad_rows:
        console.print(
            f"{fitted.bad_rows:,} bad rows set aside with reasons in {out / 'quarantine'}"
        )
    counts = fitted.decisions["decision"].value_counts()
    decisions = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    console.print(f"{decisions}; {out / 'index.html'} reports, {out / 'bundle'} decides")


def _table(fitted: FittedTable) -> Table:
    title = f"fit: {len(fitted.label):,} rows, {int(fitted.label.sum()):,} bad"
    table = Table("sample", "figure", "model", "sd", "ridge logit", "sd", title=title)
    for row in validation(fitted).to_dict("records"):
        figures = [row[name] for name in ("mean", "sd", "ridge_mean", "ridge_sd")]
        cells = (f"{figure:.4f}" if pd.notna(figure) else "" for figure in figures)
        table.add_row(str(row["sample"]), str(row["metric"]), *cells)
    return table
