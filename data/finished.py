"""Read and check a finished feature table: one row per application, made elsewhere, in one Parquet file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import feature_of, label_of, time_of
from data.errors import DataError
from data.params import SourceParams
from data.schema import missing_column
from data.store import open_parquet

JSON_SIGNS = frozenset('",:[]{}')  # LightGBM refuses them in names
SAID = {"finite": "is infinite", "duplicate": "is not unique: all copies are set aside", "null": "is null"}


@dataclass(frozen=True)
class Finished:
    """A checked table, row by row.

    `features`: float64 columns (null = NaN) and text columns (null = None) in file order; `label` 1 bad, 0 good; `ids` int64 or
    text, unique; `time` naive UTC or None; `protected`: columns never to be modelled; `bad`: rows set aside, with `rule` and `reason`.
    """

    features: pd.DataFrame
    label: NDArray[np.int8]
    ids: NDArray[np.int64] | NDArray[np.object_]
    time: NDArray[np.datetime64] | None
    protected: pd.DataFrame
    bad: pd.DataFrame


def read_finished(params: SourceParams, latest: dt.datetime) -> Finished:
    """Read the `matrix` source. All copies of a repeated id and rows with an infinite number are set aside.

    Raises DataError for a column that is not there, a label that is not 0 or 1 in every row or has one class only, a date
    that is none or lies after `latest`, a column that can be no feature, and too large a share of bad rows.
    """
    where = Path(params.path)
    with open_parquet(where) as file:
        table = file.read()
    label = _declared(params, table, where)
    label_of(table, label, where)  # before rows are set aside, so that a null label is never taken for a bad row
    kept, bad = _set_aside(table, params, where)
    rows = np.arange(kept.num_rows) if params.id is None else kept[params.id].to_numpy()
    time = time_of(kept, params.time, latest, where) if params.time else None
    return Finished(
        _features(kept, params, where), label_of(kept, label, where), rows, time,
        kept.select(list(params.protected)).to_pandas(ignore_metadata=True), bad,
    )  # fmt: skip


def _declared(params: SourceParams, table: pa.Table, where: Path) -> str:
    """The label's name, once every named column is there once and plays one part."""
    names = table.column_names
    roles = {"label": [params.label], "id": [params.id], "time": [params.time], "protected": params.protected,
             "categorical": params.categorical, "drop": params.drop}  # fmt: skip
    for role, wanted in roles.items():
        for name in wanted:
            if name and name not in names:
                raise missing_column(name, names, where, f"the column named as `{role}`", is_named=True)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError.of(
            f"Column `{twice[0]}` stands twice", where=where, expected="one", got="two", next_step="rename or drop one of them"
        )
    if not params.label or params.label in {params.id, params.time, *params.protected, *params.drop}:
        raise DataError.of(
            "The label is not declared", where=where, expected="a column that is label and nothing else", got=str(params.label),
            next_step="name the column that holds 1 for bad and 0 for good as the label, and nowhere else",
        )  # fmt: skip
    if table.num_rows == 0:
        raise DataError.of("Empty table", where=where, expected="at least one row", got="0 rows", next_step="write its rows")
    return params.label


def _set_aside(table: pa.Table, params: SourceParams, where: Path) -> tuple[pa.Table, pd.DataFrame]:
    """Good rows, and bad rows with `rule` and `reason`."""
    rule = np.full(table.num_rows, "", dtype=object)
    for name in table.column_names:
        if pa.types.is_floating(table[name].type) and name not in params.drop:
            rule[np.isinf(table[name].to_numpy())] = f"{name}.finite"
    if params.id:
        ids = pd.Series(table[params.id].to_pylist(), dtype=object)
        rule[ids.duplicated(keep=False).to_numpy()] = f"{params.id}.duplicate"
        rule[ids.isna().to_numpy()] = f"{params.id}.null"
    is_bad = rule != ""
    if is_bad.sum() > params.max_bad_share * table.num_rows:
        names, counts = np.unique(rule[is_bad].astype(str), return_counts=True)
        got = f"{is_bad.sum():,} of {table.num_rows:,}: " + ", ".join(f"{n} {c:,}" for n, c in zip(names, counts, strict=True))
        expected = f"at most {params.max_bad_share:.1%} of rows"
        raise DataError.of(
            "Too many bad rows", where=where, expected=expected, got=got, next_step="mend the file: one row per id, finite numbers"
        )
    reason = [f"{name.rpartition('.')[0]} {SAID[name.rpartition('.')[2]]}" for name in rule[is_bad]]
    bad = table.filter(pa.array(is_bad)).to_pandas(ignore_metadata=True).assign(rule=rule[is_bad], reason=reason)
    return table.filter(pa.array(~is_bad)), bad


def _features(table: pa.Table, params: SourceParams, where: Path) -> pd.DataFrame:
    aside = {params.label, params.id, params.time, *params.protected, *params.drop}
    names = [name for name in table.column_names if name not in aside]
    odd = [name for name in names if JSON_SIGNS & set(name)]
    if not names or odd:
        raise DataError.of(
            f"Column name `{odd[0]}` cannot be used" if odd else "No feature is left", where=where,
            expected="columns besides label, id, time, protected and dropped ones, named without any of " + " ".join(sorted(JSON_SIGNS)),
            got=", ".join(odd or ["none"]), next_step="rename these columns" if odd else "drop or protect fewer columns",
        )  # fmt: skip
    codes = params.special_codes
    return pd.DataFrame({n: feature_of(table, n, is_category=n in params.categorical, special_codes=codes, where=where) for n in names})
