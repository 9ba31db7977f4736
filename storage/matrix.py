"""Turn a finished feature table into the outputs of featurize: matrix, labels and catalogue.

Every feature is a float64 column, so that the stages after featurize need not know where a matrix
came from: a category becomes one flag per frequent level. All flags of a column explain it
together: a column is its own reason concept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import write_table
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.sources import now

# The one family of columns that we did not make.
FAMILY = "own"
# A category keeps its most frequent levels, at most so many and none rarer; the rest share one
# flag. A flag that is 1 in fewer rows gives trees nothing to split by.
MAX_LEVELS = 20
MIN_SHARE = 0.005


class MatrixFeature(NamedTuple):
    """One feature of the matrix: its name, its column (float64) and its text in the catalogue."""

    name: str
    column: np.ndarray
    text: str


def to_matrix(params: SourceParams, quarantine: Path) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Return (matrix, labels, catalogue) of a `matrix` source, sorted by application_id.

    Bad rows go to `<quarantine>/matrix.parquet`. application_id is the id column where it holds
    whole numbers, else the row's number. Raises DataError as `read_finished`, and where no time
    column is named: the pipeline's split needs dates.
    """
    if params.time is None:
        raise DataError.of(
            "The pipeline splits by months and needs a date",
            where="source.time in params.yaml",
            expected="a date column",
            got="nothing",
            next_step="name it, or run `creditloom fit`, which validates by folds",
        )
    finished = read_finished(params, now())
    if len(finished.bad):
        bad = pa.Table.from_pandas(finished.bad, preserve_index=False)
        write_table(bad, quarantine / "matrix.parquet")
    is_whole = np.issubdtype(finished.ids.dtype, np.integer)
    ids = finished.ids if is_whole else np.arange(len(finished.ids))
    # Ids are unique, so the order is one; stable all the same, as every sort of a table here is.
    order = pa.array(np.argsort(ids, kind="stable"))
    by_column = {str(name): _expanded(finished.features[name]) for name in finished.features}
    columns = {
        feature.name: feature.column for features in by_column.values() for feature in features
    }
    keys = {
        "application_id": ids.astype(np.int64),
        # Each row stands for an applicant of its own: the table knows no others.
        "applicant_id": ids.astype(np.int64),
        "as_of": pa.array(finished.time, pa.timestamp("us")),
    }
    matrix = pa.table({**keys, **columns})
    return matrix.take(order), _labels(finished, ids).take(order), _catalogue(by_column)


def own_concepts(names: Iterator[str] | pd.Index) -> list[dict[str, str]]:
    """Return concept entries of columns that explain themselves."""
    return [
        {
            "id": str(name),
            "family": FAMILY,
            "text_en": str(name),
            "text_zh": str(name),
            "hint_en": "",
            "hint_zh": "",
        }
        for name in names
    ]


def own_feature(
    name: str, concept: str, text: str, null_meaning: str = "not known"
) -> dict[str, Any]:
    """Return the catalogue entry of a column, or of a flag made of one."""
    return {
        "name": name,
        "family": FAMILY,
        "concept": concept,
        "measure": concept,
        "slice": "",
        "aggregate": "",
        "window": "",
        "unit": "",
        # Nobody said which way it goes: no monotone constraint.
        "direction": 0,
        "null_meaning": null_meaning,
        "text_en": text,
        "text_zh": text,
        "source": "your table",
    }


def _expanded(column: pd.Series) -> list[MatrixFeature]:
    """Return the features that a column becomes: itself, or one flag per level."""
    name = str(column.name)
    if column.dtype != object:
        return [MatrixFeature(name, column.to_numpy(np.float64), name)]
    # By name: the flag of the rest takes the place of a level that is spelt "(other)".
    features: dict[str, MatrixFeature] = {}
    shares = column.value_counts(normalize=True, sort=True)
    frequent = [level for level in shares.index[:MAX_LEVELS] if shares[level] >= MIN_SHARE]
    # By name, so that a level keeps its place when shares change a little.
    levels = sorted(str(level) for level in frequent)
    for level, spelt in zip(levels, _spelt(levels), strict=True):
        flag = (column == level).to_numpy(np.float64)
        feature = MatrixFeature(f"{name}={spelt}", flag, f"{name} is {level}")
        features[feature.name] = feature
    # Null is no level: all flags of the column are 0.
    is_other = column.notna() & ~column.isin(levels)
    if is_other.any():
        flag = is_other.to_numpy(np.float64)
        feature = MatrixFeature(f"{name}=(other)", flag, f"{name} is something else")
        features[feature.name] = feature
    return list(features.values())


def _spelt(levels: list[str]) -> list[str]:
    """Return levels as LightGBM accepts them in a name.

    JSON signs and blanks become `_`; two that then agree get their number.

    >>> _spelt(["own home", "own:home", "rent"])
    ['own_home#0', 'own_home#1', 'rent']
    """
    spelt = [re.sub(r'[",:\[\]{}\s]+', "_", level) for level in levels]
    return [f"{text}#{k}" if spelt.count(text) > 1 else text for k, text in enumerate(spelt)]


def _labels(finished: Finished, ids: np.ndarray) -> pa.Table:
    """Return the labels in the columns that `featurize` writes.

    Every row is booked and complete: the table says no more than good or bad.
    """
    n = len(ids)
    is_true = np.ones(n, bool)
    is_false = np.zeros(n, bool)
    identity = {"application_id": pa.array(ids, pa.int64())}
    outcome = {
        "is_booked": is_true,
        "is_complete": is_true,
        "label": pa.array(finished.label, pa.int8()),
        "is_indeterminate": is_false,
        "max_dpd_days": pa.nulls(n, pa.int16()),
    }
    weighting = {
        "is_control": is_false,
        "weight": np.ones(n),
        "default_known_time": pa.nulls(n, pa.timestamp("us")),
    }
    return pa.table({**identity, **outcome, **weighting})


def _catalogue(by_column: dict[str, list[MatrixFeature]]) -> dict[str, Any]:
    features = [
        own_feature(feature.name, concept, feature.text)
        for concept, of_column in by_column.items()
        for feature in of_column
    ]
    return {"version": 1, "concepts": own_concepts(iter(by_column)), "features": features}
