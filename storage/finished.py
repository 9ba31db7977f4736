"""Read and check a finished feature table: one row per application, made elsewhere, in one Parquet file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from creditloom.storage.contract.row_rules import missing_column
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import open_parquet

# The columns of a finished feature table, one by one: label, date, number or category, each checked as it is read.

MANY_LEVELS, ID_LIKE_SHARE = (
    50,
    0.5,
)  # a text column with more levels than both names rows rather than groups them


def label_of(table: pa.Table, name: str, where: Path) -> NDArray[np.int8]:
    """1 = bad, 0 = good, in every row and both present; DataError otherwise."""
    kind = table[name].type
    if not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)):
        raise _bad_label(name, where, f"type {kind}", "map it to 0 and 1")
    values = table[name].cast(pa.float64()).to_numpy()
    null = np.isnan(values)
    if null.any():
        got = f"{int(null.sum()):,} null of {len(values):,} rows, the first in row {int(np.argmax(null))}"
        raise _bad_label(name, where, got, "leave rows without a label out of the file")
    odd = (values != 0) & (values != 1)
    if odd.any():
        raise _bad_label(
            name,
            where,
            f"{int(odd.sum()):,} other values, the first {values[odd][0]:g}",
            "map it to 0 and 1",
        )
    if len(np.unique(values)) < 2:
        raise _bad_label(
            name,
            where,
            f"{values[0]:g} in all {len(values):,} rows: one class only",
            "give rows of both classes",
        )
    return values.astype(np.int8)


def time_of(table: pa.Table, name: str, latest: dt.datetime, where: Path) -> NDArray[np.datetime64]:
    """Naive UTC microseconds from a date, a timestamp or ISO text; DataError for null, a date after `latest`, anything else."""
    kind = table[name].type
    try:
        if not (kinds.is_temporal(kind) or _is_text(kind)):
            raise pa.ArrowInvalid(f"type {kind}")
        values = np.asarray(table[name].cast(pa.timestamp("us")).to_numpy())
    except pa.ArrowInvalid as error:
        raise _bad_time(name, where, str(error), "convert it with pandas.to_datetime") from error
    null, late = np.isnat(values), values > np.datetime64(latest)
    if null.any():
        raise _bad_time(
            name,
            where,
            f"{int(null.sum()):,} null, the first in row {int(np.argmax(null))}",
            "fill it, or leave the rows out",
        )
    if late.any():
        first = int(np.argmax(late))
        got = f"{int(late.sum()):,} in the future, the first in row {first}: {values[first]} (now is {latest})"
        raise _bad_time(name, where, got, "correct the dates")
    return values


def feature_of(
    table: pa.Table, name: str, *, is_category: bool, special_codes: tuple[float, ...], where: Path
) -> pd.Series:
    """One feature: float64 with special codes as null, or text (object, null = None) for a category; a number's text is 1 or 2.5."""
    column = table[name].combine_chunks()
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_category or _is_text(kind):
        return _category(column.cast(kind), name, is_named=is_category, where=where)
    if not any(
        test(kind)
        for test in (
            kinds.is_integer,
            kinds.is_floating,
            kinds.is_boolean,
            kinds.is_decimal,
            kinds.is_null,
        )
    ):
        raise DataError.of(
            f"Column `{name}` can be no feature",
            where=where,
            expected="number, truth value or text",
            got=str(kind),
            next_step=f"leave `{name}` out (drop), or name it as the time column",
        )
    values = column.cast(kind).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    values[np.isin(values, np.array(special_codes, float))] = np.nan
    return pd.Series(values)


def _category(column: pa.Array, name: str, *, is_named: bool, where: Path) -> pd.Series:
    values = column.to_pylist()
    texts = pd.Series(
        [v if v is None or isinstance(v, str) else f"{v:.15g}" for v in values], dtype=object
    )
    levels = texts.nunique()
    if not is_named and levels > max(MANY_LEVELS, ID_LIKE_SHARE * len(texts)):
        raise DataError.of(
            f"Column `{name}` names rows rather than groups",
            where=where,
            expected="a text column with repeated values",
            got=f"{levels:,} different texts in {len(texts):,} rows",
            next_step=f"use `{name}` as id, or leave it out (drop)",
        )
    return texts.where(texts.notna(), None)


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def _bad_label(name: str, where: Path, got: str, step: str) -> DataError:
    expected = "1 (bad) or 0 (good) in every row, both present"
    return DataError.of(
        f"Label `{name}` cannot be learnt from",
        where=where,
        expected=expected,
        got=got,
        next_step=step,
    )


def _bad_time(name: str, where: Path, got: str, step: str) -> DataError:
    expected = "a date or timestamp in every row, none after now"
    return DataError.of(
        f"Column `{name}` is no usable date",
        where=where,
        expected=expected,
        got=got,
        next_step=step,
    )


JSON_SIGNS = frozenset('",:[]{}')  # LightGBM refuses them in names
SAID = {
    "finite": "is infinite",
    "duplicate": "is not unique: all copies are set aside",
    "null": "is null",
}


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
    label_of(
        table, label, where
    )  # before rows are set aside, so that a null label is never taken for a bad row
    kept, bad = _set_aside(table, params, where)
    rows = np.arange(kept.num_rows) if params.id is None else kept[params.id].to_numpy()
    time = time_of(kept, params.time, latest, where) if params.time else None
    return Finished(
        _features(kept, params, where),
        label_of(kept, label, where),
        rows,
        time,
        kept.select(list(params.protected)).to_pandas(ignore_metadata=True),
        bad,
    )


def _declared(params: SourceParams, table: pa.Table, where: Path) -> str:
    """The label's name, once every named column is there once and plays one part."""
    names = table.column_names
    roles = {
        "label": [params.label],
        "id": [params.id],
        "time": [params.time],
        "protected": params.protected,
        "categorical": params.categorical,
        "drop": params.drop,
    }
    for role, wanted in roles.items():
        for name in wanted:
            if name and name not in names:
                raise missing_column(
                    name, names, where, f"the column named as `{role}`", is_named=True
                )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError.of(
            f"Column `{twice[0]}` stands twice",
            where=where,
            expected="one",
            got="two",
            next_step="rename or drop one of them",
        )
    if not params.label or params.label in {
        params.id,
        params.time,
        *params.protected,
        *params.drop,
    }:
        raise DataError.of(
            "The label is not declared",
            where=where,
            expected="a column that is label and nothing else",
            got=str(params.label),
            next_step="name the column that holds 1 for bad and 0 for good as the label, and nowhere else",
        )
    if table.num_rows == 0:
        raise DataError.of(
            "Empty table",
            where=where,
            expected="at least one row",
            got="0 rows",
            next_step="write its rows",
        )
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
        got = f"{is_bad.sum():,} of {table.num_rows:,}: " + ", ".join(
            f"{n} {c:,}" for n, c in zip(names, counts, strict=True)
        )
        expected = f"at most {params.max_bad_share:.1%} of rows"
        raise DataError.of(
            "Too many bad rows",
            where=where,
            expected=expected,
            got=got,
            next_step="mend the file: one row per id, finite numbers",
        )
    reason = [f"{name.rpartition('.')[0]} {SAID[name.rpartition('.')[2]]}" for name in rule[is_bad]]
    bad = (
        table.filter(pa.array(is_bad))
        .to_pandas(ignore_metadata=True)
        .assign(rule=rule[is_bad], reason=reason)
    )
    return table.filter(pa.array(~is_bad)), bad


def _features(table: pa.Table, params: SourceParams, where: Path) -> pd.DataFrame:
    aside = {params.label, params.id, params.time, *params.protected, *params.drop}
    names = [name for name in table.column_names if name not in aside]
    odd = [name for name in names if JSON_SIGNS & set(name)]
    if not names or odd:
        raise DataError.of(
            f"Column name `{odd[0]}` cannot be used" if odd else "No feature is left",
            where=where,
            expected="columns besides label, id, time, protected and dropped ones, named without any of "
            + " ".join(sorted(JSON_SIGNS)),
            got=", ".join(odd or ["none"]),
            next_step="rename these columns" if odd else "drop or protect fewer columns",
        )
    codes = params.special_codes
    return pd.DataFrame(
        {
            n: feature_of(
                table, n, is_category=n in params.categorical, special_codes=codes, where=where
            )
            for n in names
        }
    )
