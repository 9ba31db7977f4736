"""A finished feature table as the three outputs of featurize: matrix, labels and catalogue.

Every feature is a float64 column, so that the stages after featurize need not know where a matrix came from: a category becomes one flag
per frequent level. All flags of a column explain it together: a column is its own reason concept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_table
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.sources import now

FAMILY = "own"  # the one family of columns that we did not make
MAX_LEVELS, MIN_SHARE = (
    20,
    0.005,
)  # a category keeps its most frequent levels; the rest share one flag
MatrixColumns = dict[str, np.ndarray]


def to_matrix(params: SourceParams, quarantine: Path) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """(matrix, labels, catalogue) of a `matrix` source, sorted by application_id; bad rows go to `<quarantine>/matrix.parquet`.

    application_id is the id column where it holds whole numbers, else the row's number. Raises DataError as `read_finished`, and
    where no time column is named: the pipeline's split needs dates.
    """
    if params.time is None:
        raise DataError.of(
            "The pipeline splits by months and needs a date",
            where="source.time in params.yaml",
            expected="a date column",
            got="nothing",
            next_step="name it, or run `creditloom fit`, which validates by folds",
        )
    found = read_finished(params, now())
    if len(found.bad):
        write_table(
            pa.Table.from_pandas(found.bad, preserve_index=False), quarantine / "matrix.parquet"
        )
    ids = found.ids if np.issubdtype(found.ids.dtype, np.integer) else np.arange(len(found.ids))
    order = np.argsort(ids, kind="stable")
    flags = {str(name): dict(_expanded(found.features[name])) for name in found.features}
    columns = {name: values for own in flags.values() for name, (values, _) in own.items()}
    head = {
        "application_id": ids.astype(np.int64),
        "applicant_id": ids.astype(np.int64),
        "as_of": pa.array(found.time, pa.timestamp("us")),
    }
    matrix = pa.table({**head, **columns}).take(pa.array(order))
    return matrix, _labels(found, ids).take(pa.array(order)), _catalogue(flags)


def own_concepts(names: Iterator[str] | pd.Index) -> list[dict[str, str]]:
    """Concept entries of columns that explain themselves."""
    return [
        {
            "id": str(n),
            "family": FAMILY,
            "text_en": str(n),
            "text_zh": str(n),
            "hint_en": "",
            "hint_zh": "",
        }
        for n in names
    ]


def own_feature(
    name: str, concept: str, text: str, null_meaning: str = "not known"
) -> dict[str, Any]:
    """Catalogue entry of a column, or of a flag made of one."""
    return {
        "name": name,
        "family": FAMILY,
        "concept": concept,
        "measure": concept,
        "slice": "",
        "aggregate": "",
        "window": "",
        "unit": "",
        "direction": 0,
        "null_meaning": null_meaning,
        "text_en": text,
        "text_zh": text,
        "source": "your table",
    }


def _expanded(column: pd.Series) -> Iterator[tuple[str, tuple[np.ndarray, str]]]:
    """(feature name, (values, text)) of each feature that a column becomes."""
    name = str(column.name)
    if column.dtype != object:
        yield name, (column.to_numpy(np.float64), name)
        return
    shares = column.value_counts(normalize=True, sort=True)
    levels = sorted(str(level) for level in shares.index[:MAX_LEVELS] if shares[level] >= MIN_SHARE)
    for level, spelt in zip(levels, _spelt(levels), strict=True):
        yield f"{name}={spelt}", ((column == level).to_numpy(np.float64), f"{name} is {level}")
    rest = column.notna() & ~column.isin(levels)
    if rest.any():
        yield f"{name}=(other)", (rest.to_numpy(np.float64), f"{name} is something else")


def _spelt(levels: list[str]) -> list[str]:
    """Levels as LightGBM lets them stand in a name: JSON signs and blanks become `_`; two that then agree get their number."""
    spelt = [re.sub(r'[",:\[\]{}\s]+', "_", level) for level in levels]
    return [f"{text}#{k}" if spelt.count(text) > 1 else text for k, text in enumerate(spelt)]


def _labels(found: Finished, ids: np.ndarray) -> pa.Table:
    n = len(ids)
    return pa.table(
        {
            "application_id": pa.array(ids, pa.int64()),
            "is_booked": np.ones(n, bool),
            "is_complete": np.ones(n, bool),
            "label": pa.array(found.label, pa.int8()),
            "is_indeterminate": np.zeros(n, bool),
            "max_dpd_days": pa.nulls(n, pa.int16()),
            "is_control": np.zeros(n, bool),
            "weight": np.ones(n),
            "default_known_time": pa.nulls(n, pa.timestamp("us")),
        }
    )


def _catalogue(flags: dict[str, dict[str, tuple[np.ndarray, str]]]) -> dict[str, Any]:
    features = [
        own_feature(name, concept, text)
        for concept, own in flags.items()
        for name, (_, text) in own.items()
    ]
    return {"version": 1, "concepts": own_concepts(iter(flags)), "features": features}
