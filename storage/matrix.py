"""Turn a finished feature table into the outputs of featurize: matrix, labels and catalogue.

Every feature is a float64 column, so that the stages after featurize need not know where a matrix
came from: a category becomes one flag per frequent level. All flags of a column explain it
together: a column is its own reason concept. The catalogue says how each feature is read of the
user's own table, so that the bundle decides that table as it is: the matrix holds its categories as
text too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import VERSION as CATALOGUE_VERSION
from creditloom.decision.base.readings.moments import DAYS
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import ColumnWords, SourceParams
from creditloom.storage.files.store import write_table
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.own.exact_ids import Ids
from creditloom.storage.sources import now

# The one family of columns that we did not make.
FAMILY = "own"
# A category keeps its most frequent levels, at most so many and none rarer; the rest share one
# flag. A flag that is 1 in fewer rows gives trees nothing to split by.
MAX_LEVELS = 20
MIN_SHARE = 0.005


class MatrixFeature(NamedTuple):
    """One feature of the matrix: its name, its column (float64) and its text in the catalogue.

    `reads` are the fields of the catalogue that say how it is read of the user's own column.
    """

    name: str
    column: np.ndarray
    text: str
    reads: Mapping[str, Any]


def to_matrix(params: SourceParams, quarantine: Path) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Return (matrix, labels, catalogue) of a `matrix` source, sorted by application_id.

    Bad rows go to `<quarantine>/matrix.parquet`. application_id is the id column as it is, int64 or
    text; without one the row's number in the file. Raises DataError as `read_finished`, where no
    time column is named (the pipeline's split needs dates), and for a feature under a name of ours.
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
        write_table(finished.bad, quarantine / "matrix.parquet")
    ids = finished.ids
    # Ids are unique, so the order is one; stable all the same, as every sort of a table here is.
    order = pa.array(np.argsort(ids, kind="stable"))
    keys = {
        "application_id": pa.array(ids),
        # Each row stands for an applicant of its own: the table knows no others. A number, as of
        # all applicants, also where the application's id is text.
        "applicant_id": _numbers_of(ids),
        "as_of": pa.array(finished.time, pa.timestamp("us")),
    }
    frame = finished.known_features
    _refuse_ours(keys, frame, params)
    by_column = _all_expanded(frame, finished, taken=set(keys))
    columns = {
        feature.name: feature.column for features in by_column.values() for feature in features
    }
    matrix = pa.table({**keys, **columns, **_texts(frame)})
    stated = {name: finished.words_of(name, _stated(params, name)) for name in by_column}
    words = {**_catalogue(by_column, stated), "layout": finished.layout()}
    return matrix.take(order), _labels(finished, keys["application_id"]).take(order), words


def _texts(frame: pd.DataFrame) -> dict[str, pa.Array]:
    """Return the categories as they are, by their names."""
    names = [name for name in frame if frame[name].dtype == object]
    return {str(name): pa.array(frame[name], pa.string()) for name in names}


def _numbers_of(ids: Ids) -> NDArray[np.int64]:
    """Return the ids, or their position where they are text."""
    is_whole = np.issubdtype(ids.dtype, np.integer)
    return ids.astype(np.int64) if is_whole else np.arange(len(ids))


def _refuse_ours(keys: Iterable[str], frame: pd.DataFrame, params: SourceParams) -> None:
    """Raise DataError for a feature under the name of a key of the matrix."""
    for name in keys:
        if name in frame:
            raise DataError.of(
                f"Column `{name}` bears a name that the matrix uses for something else",
                where=params.path,
                expected=f"no feature of the names {', '.join(keys)}",
                got=f"a column `{name}`",
                next_step=f"rename it, or name it in source.drop: {name}",
            )


def _stated(params: SourceParams, name: str) -> ColumnWords:
    return params.columns.get(name, ColumnWords())


def _all_expanded(
    frame: pd.DataFrame, finished: Finished, taken: set[str]
) -> dict[str, list[MatrixFeature]]:
    """Return the features of each column; a flag whose name a column has gets an underscore."""
    # Categories keep their names too: their texts stand beside the flags.
    taken = taken | set(map(str, frame))
    by_column = {}
    for name in frame:
        codes = finished.codes.get(str(name), ())
        features = _expanded(frame[name], codes, is_date=str(name) in finished.days)
        if frame[name].dtype == object:
            features = [feature._replace(name=_free(feature.name, taken)) for feature in features]
            taken |= {feature.name for feature in features}
        by_column[str(name)] = features
    return by_column


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


NO_WORDS: Mapping[str, ColumnWords] = {}


def own_concepts(
    names: Iterable[str], words: Mapping[str, ColumnWords] = NO_WORDS
) -> list[dict[str, str]]:
    """Return the concepts of columns: each explains itself, or shares the concept stated for it.

    Of columns that share one, the first that states texts words it.
    """
    concepts: dict[str, dict[str, str]] = {}
    for name in map(str, names):
        stated = words.get(name, ColumnWords())
        concept = stated.concept or name
        known = concepts.setdefault(concept, {"text_en": "", "text_zh": ""})
        known["text_en"] = known["text_en"] or stated.text_en
        known["text_zh"] = known["text_zh"] or stated.text_zh
    return [
        {
            "id": concept,
            "family": FAMILY,
            "text_en": known["text_en"] or spelled(concept),
            "text_zh": known["text_zh"] or known["text_en"] or spelled(concept),
            "hint_en": "",
            "hint_zh": "",
        }
        for concept, known in concepts.items()
    ]


def spelled(name: str) -> str:
    """Return the name of a column as words: what a person reads who has never seen the table.

    >>> spelled("duration_in_month"), spelled("_")
    ('duration in month', '_')
    """
    return " ".join(name.replace("_", " ").split()) or name


def own_feature(
    name: str,
    text: str,
    words: ColumnWords = ColumnWords(),  # noqa: B008, it is frozen
    measure: str | None = None,
) -> dict[str, Any]:
    """Return the catalogue entry of a column, or of a flag made of the column `measure`."""
    column = measure or name
    en = words.text_en or spelled(text)
    zh = words.text_zh or words.text_en or spelled(text)
    # table: the entry of a column
    return {
        "name": name,
        "family": FAMILY,
        "concept": words.concept or column,
        "measure": column,
        "slice": "",
        "aggregate": "",
        "window": "",
        "unit": words.unit,
        # 0 where nobody said which way it goes: no monotone constraint.
        "direction": words.sign,
        "null_meaning": "not known",
        "text_en": en,
        "text_zh": zh,
        "source": "your table",
        # Nobody knows what the column means, so no more is said than how it compares.
        "high_en": f"{en} is {{value}}, more than is usual among people we approve ({{typical}})",
        "high_zh": f"{zh}为{{value}}，高于获批客户的常见水平（{{typical}}）",
        "low_en": f"{en} is {{value}}, less than is usual among people we approve ({{typical}})",
        "low_zh": f"{zh}为{{value}}，低于获批客户的常见水平（{{typical}}）",
    }


def _expanded(column: pd.Series, codes: tuple[float, ...], *, is_date: bool) -> list[MatrixFeature]:
    """Return the features that a column becomes: itself, or one flag per level."""
    name = str(column.name)
    if column.dtype == object:
        return _flags(column)
    # Days are named as a decision names them: a number under the name of a date is none.
    at = DAYS.format(name) if is_date else name
    reads: dict[str, Any] = {"column": name} if is_date else {}
    if codes:
        reads["special_codes"] = list(codes)
    return [MatrixFeature(at, column.to_numpy(np.float64), name, reads)]


def _flags(column: pd.Series) -> list[MatrixFeature]:
    """Return a flag per frequent level and one for the rest; all are null where the level is."""
    name = str(column.name)
    # By name: the flag of the rest takes the place of a level that is spelt "(other)".
    features: dict[str, MatrixFeature] = {}
    shares = column.value_counts(normalize=True, sort=True)
    known = sorted(map(str, shares.index))
    frequent = [level for level in shares.index[:MAX_LEVELS] if shares[level] >= MIN_SHARE]
    # By name, so that a level keeps its place when shares change a little.
    levels = sorted(str(level) for level in frequent)
    sets = [(f"{name}={spelt}", {one}) for one, spelt in zip(levels, _spelt(levels), strict=True)]
    rest = set(known) - set(levels)
    if rest:
        sets.append((f"{name}=(other)", rest))
    for flag, of_flag in sets:
        values = column.isin(of_flag).to_numpy(np.float64)
        values[column.isna().to_numpy()] = np.nan
        codes = [float(level in of_flag) for level in known]
        # Until a model tells which level is a cautious one, an unseen level is one of the rest.
        unseen = float(of_flag is rest)
        reads = {"column": name, "categories": known, "codes": codes, "unseen": unseen}
        features[flag] = MatrixFeature(flag, values, name, reads)
    return list(features.values())


def _spelt(levels: list[str]) -> list[str]:
    """Return levels as LightGBM accepts them in a name.

    JSON signs and blanks become `_`; two that then agree get their number.

    >>> _spelt(["own home", "own:home", "rent"])
    ['own_home#0', 'own_home#1', 'rent']
    """
    spelt = [re.sub(r'[",:\[\]{}\s]+', "_", level) for level in levels]
    return [f"{text}#{k}" if spelt.count(text) > 1 else text for k, text in enumerate(spelt)]


def _labels(finished: Finished, ids: pa.Array) -> pa.Table:
    """Return the labels in the columns that `featurize` writes.

    Every row is booked and complete: the table says no more than good or bad.
    """
    n = len(ids)
    is_true = np.ones(n, bool)
    is_false = np.zeros(n, bool)
    identity = {"application_id": ids}
    outcome = {
        "is_booked": is_true,
        "is_complete": is_true,
        "label": pa.array(finished.label, pa.int8()),
        "is_indeterminate": is_false,
        "max_dpd_days": pa.nulls(n, pa.int16()),
    }
    weighting = {
        "is_control": is_false,
        "weight": np.ones(n) if finished.weight is None else finished.weight,
        "default_known_time": pa.nulls(n, pa.timestamp("us")),
    }
    short = {
        "short_label": pa.nulls(n, pa.int8()),
        "short_known_time": pa.nulls(n, pa.timestamp("us")),
    }
    return pa.table({**identity, **outcome, **weighting, **short})


def _catalogue(
    by_column: dict[str, list[MatrixFeature]], words: Mapping[str, ColumnWords]
) -> dict[str, Any]:
    features = []
    for column, of_column in by_column.items():
        stated = words[column]
        for feature in of_column:
            entry = own_feature(feature.name, feature.text, stated, column)
            features.append({**entry, **feature.reads})
    concepts = own_concepts(by_column, words)
    return {"version": CATALOGUE_VERSION, "concepts": concepts, "features": features}
