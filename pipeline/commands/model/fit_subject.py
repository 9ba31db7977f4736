"""Read the table for `creditloom fit`: a finished feature table, or raw tables made into one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.models.fit.bundle import ColumnTexts
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import PARAMS
from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.contract.stored_types import converted
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import ColumnWords, SourceParams
from creditloom.storage.files.store import read_table, write_table
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.folders.raw_folder import table_files
from creditloom.storage.mapped.mapped_folder import keep_aside
from creditloom.storage.mapped.text_ids import with_texts
from creditloom.storage.matrix import own_concepts, own_feature
from creditloom.storage.sources import check_source, now

MAX_NAMED = 5  # wrong label values that a refusal shows


@dataclass(frozen=True)
class Subject:
    """A checked table with the texts of its columns and the sign of the effect of each column.

    `signs`: one per column, +1 or -1 for a monotone effect on the log-odds of default; 0 = free.
    """

    table: Finished
    words: ColumnTexts
    signs: tuple[int, ...]


def subject(params: SourceParams, folder: Path) -> Subject:
    """Read and check the source; rows set aside go to `<folder>/quarantine`.

    Raises DataError for a table that cannot be learnt from.
    """
    if params.kind == "tables":
        return _raw_tables(params, folder / "quarantine")
    table = read_finished(params, now())
    if len(table.bad):
        write_table(table.bad, folder / "quarantine" / "rows.parquet")
    return worded(table, params)


def worded(table: Finished, params: SourceParams) -> Subject:
    """Return a finished table with its words: what a person stated, else the column's name."""
    entries = {}
    signs = []
    for name in map(str, table.features):
        words = table.words_of(name, params.columns.get(name, ColumnWords()))
        codes = {"special_codes": list(table.codes.get(name, ()))}
        entries[name] = {**own_feature(name, name, words), **codes}
        signs.append(words.sign)
    concepts = own_concepts(map(str, table.features), params.columns)
    return Subject(table, ColumnTexts(concepts, entries), tuple(signs))


def _raw_tables(params: SourceParams, quarantine: Path) -> Subject:
    """Build features by the house's engine, with its texts and signs, and join the labels."""
    # Imported here, so that `fit` on a finished table does not load the feature engine.
    from creditloom.features.declare.registry import catalogue
    from creditloom.features.engine.engine import build
    from creditloom.features.engine.raw_reader import present
    from creditloom.features.feature_params import FeatureParams

    checked = check_source(params, quarantine, quarantine / "clean")
    sys.stderr.writelines(f"creditloom: {note}\n" for note in checked.notes)
    keep_aside(Path(params.path), quarantine)
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
        group=_people(frame["applicant_id"]),
    )
    signs = tuple(feature["direction"] for feature in features)
    return Subject(table, ColumnTexts(words["concepts"], entries), signs)


def _people(applicants: pd.Series) -> np.ndarray | None:
    """Return a number per applicant where one has several applications; else None."""
    return pd.factorize(applicants)[0] if applicants.duplicated().any() else None


def _rows_without_columns(count: int) -> pa.Table:
    return pa.table({"row": pa.nulls(count)})


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
