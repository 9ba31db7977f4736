"""What `creditloom fit` learns from: a finished feature table, or a folder of raw tables that becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.errors import DataError
from data.finished import Finished, read_finished
from data.matrix import own_concepts, own_feature
from data.params import SourceParams
from data.schema import missing_column
from data.sources import check_source, now
from data.store import read_frame, table_files, write_table
from models.anytable.bundle import Words
from pipeline import paths
from pipeline.params import section

PARAMS = paths.HOUSE / paths.PARAMS  # `fit` runs from any folder


@dataclass(frozen=True)
class Subject:
    """A checked table with the words for its columns and the sign each one's effect must have."""

    table: Finished
    words: Words
    signs: tuple[int, ...]


def subject(params: SourceParams, folder: Path) -> Subject:
    """Read and check; rows set aside go to `<folder>/quarantine`."""
    if params.kind == "tables":
        return _raw_tables(params, folder / "quarantine")
    table = read_finished(params, now())
    if len(table.bad):
        write_table(pa.Table.from_pandas(table.bad, preserve_index=False), folder / "quarantine" / "rows.parquet")
    names = [str(name) for name in table.features]
    entries = {name: {**own_feature(name, name, name), "special_codes": list(params.special_codes)} for name in names}
    return Subject(table, Words(own_concepts(iter(names)), entries), (0,) * len(names))


def _raw_tables(params: SourceParams, quarantine: Path) -> Subject:
    """Features by the house's engine, with its words and signs; labels from `applications` or from the loans' performance."""
    from features.catalogue import catalogue
    from features.engine import build
    from features.params import FeatureParams
    from features.reader import present

    checked = check_source(params, quarantine, quarantine / "clean")
    words = catalogue(present(checked.files))
    frame = pa.concat_tables(build(checked.files, section("features", FeatureParams, PARAMS))).to_pandas(ignore_metadata=True)
    frame["label"] = frame["application_id"].map(_labels(params, checked.files))
    frame = frame[frame["label"].notna()].reset_index(drop=True)
    _judge_labels(frame["label"], params)
    unknown = [name for name in params.protected if name not in frame]
    if unknown:
        raise missing_column(unknown[0], frame.columns, params.path, "a column of applications named as protected", is_named=True)
    kept = [f for f in words["features"] if f["name"] not in {*params.drop, *params.protected}]
    names = [f["name"] for f in kept]
    bad = pd.DataFrame(index=range(checked.bad))
    table = Finished(
        frame[names].astype(np.float64), frame["label"].to_numpy(np.int8), frame["application_id"].to_numpy(), frame["as_of"].to_numpy(),
        frame[list(params.protected)], bad,
    )  # fmt: skip
    return Subject(table, Words(words["concepts"], {f["name"]: f for f in kept}), tuple(f["direction"] for f in kept))


def _labels(params: SourceParams, files: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """Label by application_id: the column named, or, without one, days past due of the loans."""
    from features.label import labels
    from features.params import LabelParams

    if params.label is None:
        made = labels(files, section("label", LabelParams, PARAMS)).to_pandas()
        return made.set_index("application_id")["label"].astype("float64")
    parts = [read_frame(file) for file in table_files(params.path, "applications")]
    whole = pd.concat(parts, ignore_index=True)
    if params.label not in whole:
        raise missing_column(params.label, whole.columns, Path(params.path) / "applications", "the column named as label", is_named=True)
    return whole.drop_duplicates("application_id", keep=False).set_index("application_id")[params.label]


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
    return SourceParams("tables" if data.is_dir() else "matrix", str(data), max_bad_share=house.max_bad_share, **given)


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
