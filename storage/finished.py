"""Read and check a finished feature table: one row per application, in one Parquet file.

The table was made elsewhere, by other features than ours.
"""

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

# The columns of a finished table, by what they are: label, date, number or category. Each is
# checked as it is read.

# A text column with more levels than both of these names rows rather than groups them: 50 levels,
# and half of the rows.
MAX_CATEGORY_LEVELS = 50
MAX_CATEGORY_LEVEL_SHARE = 0.5


def label_of(table: pa.Table, name: str, where: Path) -> NDArray[np.int8]:
    """Return the label, 1 = bad and 0 = good.

    Raises DataError unless every row has one of the two, and both occur.
    """
    kind = table[name].type
    if not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)):
        raise _bad_label(name, where, f"type {kind}", "map it to 0 and 1")
    values = table[name].cast(pa.float64()).to_numpy()
    is_null = np.isnan(values)
    if is_null.any():
        first = int(np.argmax(is_null))
        count = f"{int(is_null.sum()):,} null of {len(values):,} rows"
        got = f"{count}, the first in row {first}"
        raise _bad_label(name, where, got, "leave rows without a label out of the file")
    is_other = (values != 0) & (values != 1)
    if is_other.any():
        got = f"{int(is_other.sum()):,} other values, the first {values[is_other][0]:g}"
        raise _bad_label(name, where, got, "map it to 0 and 1")
    if len(np.unique(values)) < 2:
        got = f"{values[0]:g} in all {len(values):,} rows: one class only"
        raise _bad_label(name, where, got, "give rows of both classes")
    return values.astype(np.int8)


def time_of(table: pa.Table, name: str, latest: dt.datetime, where: Path) -> NDArray[np.datetime64]:
    """Return naive UTC microseconds from a date, a timestamp or ISO text.

    Raises DataError for null, for a date after `latest`, and for anything else.
    """
    kind = table[name].type
    try:
        if not (kinds.is_temporal(kind) or _is_text(kind)):
            raise pa.ArrowInvalid(f"type {kind}")
        values = np.asarray(table[name].cast(pa.timestamp("us")).to_numpy())
    except pa.ArrowInvalid as error:
        raise _bad_time(name, where, str(error), "convert it with pandas.to_datetime") from error
    is_null = np.isnat(values)
    if is_null.any():
        got = f"{int(is_null.sum()):,} null, the first in row {int(np.argmax(is_null))}"
        raise _bad_time(name, where, got, "fill it, or leave the rows out")
    is_late = values > np.datetime64(latest)
    if is_late.any():
        first = int(np.argmax(is_late))
        place = f"the first in row {first}: {values[first]} (now is {latest})"
        got = f"{int(is_late.sum()):,} in the future, {place}"
        raise _bad_time(name, where, got, "correct the dates")
    return values


def feature_of(
    table: pa.Table, name: str, *, is_category: bool, special_codes: tuple[float, ...], where: Path
) -> pd.Series:
    """Return one feature: numbers as float64, a category as text.

    Special codes become null. A text is an object, null is None; a number of a category is written
    1 or 2.5. Raises DataError for a column that can be no feature.
    """
    column = table[name].combine_chunks()
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_category or _is_text(kind):
        return _category(column.cast(kind), name, is_named=is_category, where=where)
    is_real = kinds.is_floating(kind) or kinds.is_decimal(kind)
    is_whole = kinds.is_integer(kind) or kinds.is_boolean(kind)
    if not (is_real or is_whole or kinds.is_null(kind)):
        raise DataError.of(
            f"Column `{name}` can be no feature",
            where=where,
            expected="number, truth value or text",
            got=str(kind),
            next_step=f"leave `{name}` out (drop), or name it as the time column",
        )
    # A copy, as Arrow's memory may not be written to.
    values = column.cast(kind).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    values[np.isin(values, np.array(special_codes, float))] = np.nan
    return pd.Series(values)


def _category(column: pa.Array, name: str, *, is_named: bool, where: Path) -> pd.Series:
    texts = pd.Series([_level(value) for value in column.to_pylist()], dtype=object)
    levels = texts.nunique()
    # A column that a person named as a category is one, however many levels it has.
    max_levels = max(MAX_CATEGORY_LEVELS, MAX_CATEGORY_LEVEL_SHARE * len(texts))
    if not is_named and levels > max_levels:
        raise DataError.of(
            f"Column `{name}` names rows rather than groups",
            where=where,
            expected="a text column with repeated values",
            got=f"{levels:,} different texts in {len(texts):,} rows",
            next_step=f"use `{name}` as id, or leave it out (drop)",
        )
    return texts.where(texts.notna(), None)


def _level(value: object) -> str | None:
    # 15 digits: 1.0 and 1 are one level, and every decimal number that people write stays itself.
    return value if value is None or isinstance(value, str) else f"{value:.15g}"


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def _bad_label(name: str, where: Path, got: str, step: str) -> DataError:
    return DataError.of(
        f"Label `{name}` cannot be learnt from",
        where=where,
        expected="1 (bad) or 0 (good) in every row, both present",
        got=got,
        next_step=step,
    )


def _bad_time(name: str, where: Path, got: str, step: str) -> DataError:
    return DataError.of(
        f"Column `{name}` is no usable date",
        where=where,
        expected="a date or timestamp in every row, none after now",
        got=got,
        next_step=step,
    )


# The table as a whole: which column is what, and which rows are set aside.

# LightGBM refuses them in names.
JSON_SIGNS = frozenset('",:[]{}')
# What a rule says of its column, by the rule's kind.
REASONS = {
    "finite": "is infinite",
    "duplicate": "is not unique: all copies are set aside",
    "null": "is null",
}


@dataclass(frozen=True)
class Finished:
    """A checked table, row by row.

    `features` are float64 columns (null = NaN) and text columns (null = None) in file order.
    `label` is 1 for bad, 0 for good. `ids` are int64 or text, unique. `time` is naive UTC, or None.
    `protected` are the columns never to be modelled. `bad` are the rows set aside, with `rule` and
    `reason`.
    """

    features: pd.DataFrame
    label: NDArray[np.int8]
    ids: NDArray[np.int64] | NDArray[np.object_]
    time: NDArray[np.datetime64] | None
    protected: pd.DataFrame
    bad: pd.DataFrame


def read_finished(params: SourceParams, latest: dt.datetime) -> Finished:
    """Read the `matrix` source. All copies of a repeated id and rows with an infinite number go.

    They are set aside as `bad`. Raises DataError for a column that is not there, a label that is
    not 0 or 1 in every row or has one class only, a date that is none or lies after `latest`, a
    column that can be no feature, and too large a share of bad rows.
    """
    where = Path(params.path)
    with open_parquet(where) as file:
        table = file.read()
    label = _declared(params, table, where)
    # Before rows are set aside, so that a null label is never taken for a bad row.
    label_of(table, label, where)
    good, bad = _set_aside(table, params, where)
    ids = np.arange(good.num_rows) if params.id is None else good[params.id].to_numpy()
    time = time_of(good, params.time, latest, where) if params.time else None
    protected = good.select(list(params.protected))
    return Finished(
        features=_features(good, params, where),
        # Again, of the good rows: both classes must be left.
        label=label_of(good, label, where),
        ids=ids,
        time=time,
        protected=protected.to_pandas(ignore_metadata=True),
        bad=bad,
    )


def _declared(params: SourceParams, table: pa.Table, where: Path) -> str:
    """Return the label's name, once every named column is there once and plays one part."""
    names = table.column_names
    _check_named(params, names, where)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError.of(
            f"Column `{repeated[0]}` stands twice",
            where=where,
            expected="one",
            got="two",
            next_step="rename or drop one of them",
        )
    other_roles = {params.id, params.time, *params.protected, *params.drop}
    if not params.label or params.label in other_roles:
        raise DataError.of(
            "The label is not declared",
            where=where,
            expected="a column that is label and nothing else",
            got=str(params.label),
            next_step="name the column that holds 1 for bad and 0 for good as the label, "
            "and nowhere else",
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


def _check_named(params: SourceParams, names: list[str], where: Path) -> None:
    """Raise DataError for the first column that the parameters name and the table lacks."""
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
                part = f"the column named as `{role}`"
                raise missing_column(name, names, where, part, is_named=True)


def _set_aside(table: pa.Table, params: SourceParams, where: Path) -> tuple[pa.Table, pd.DataFrame]:
    """Return the good rows, and the bad rows with `rule` and `reason`."""
    rule = _broken_rules(table, params)
    is_bad = rule != ""
    if is_bad.sum() > params.max_bad_share * table.num_rows:
        names, counts = np.unique(rule[is_bad].astype(str), return_counts=True)
        by_rule = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
        raise DataError.of(
            "Too many bad rows",
            where=where,
            expected=f"at most {params.max_bad_share:.1%} of rows",
            got=f"{is_bad.sum():,} of {table.num_rows:,}: {by_rule}",
            next_step="mend the file: one row per id, finite numbers",
        )
    rows = table.filter(pa.array(is_bad)).to_pandas(ignore_metadata=True)
    bad = rows.assign(rule=rule[is_bad], reason=[_reason(name) for name in rule[is_bad]])
    return table.filter(pa.array(~is_bad)), bad


def _broken_rules(table: pa.Table, params: SourceParams) -> NDArray[np.object_]:
    """Return the rule that each row breaks, as `<column>.<kind>`; "" for none.

    A later rule takes the place of an earlier one: what is wrong with the id matters most.
    """
    rule = np.full(table.num_rows, "", dtype=object)
    for name in table.column_names:
        if pa.types.is_floating(table[name].type) and name not in params.drop:
            rule[np.isinf(table[name].to_numpy())] = f"{name}.finite"
    if params.id:
        ids = pd.Series(table[params.id].to_pylist(), dtype=object)
        # All copies: nobody knows which row is the true one.
        rule[ids.duplicated(keep=False).to_numpy()] = f"{params.id}.duplicate"
        rule[ids.isna().to_numpy()] = f"{params.id}.null"
    return rule


def _reason(rule: str) -> str:
    # A column's name may hold a dot: the kind is what follows the last one.
    column, _, kind = rule.rpartition(".")
    return f"{column} {REASONS[kind]}"


def _features(table: pa.Table, params: SourceParams, where: Path) -> pd.DataFrame:
    others = {params.label, params.id, params.time, *params.protected, *params.drop}
    names = [name for name in table.column_names if name not in others]
    refused = [name for name in names if JSON_SIGNS & set(name)]
    if not names or refused:
        raise _no_features(refused, where)
    features = {
        name: feature_of(
            table,
            name,
            is_category=name in params.categorical,
            special_codes=params.special_codes,
            where=where,
        )
        for name in names
    }
    return pd.DataFrame(features)


def _no_features(refused: list[str], where: Path) -> DataError:
    """Return the error for names that cannot be used, or for no feature at all."""
    signs = " ".join(sorted(JSON_SIGNS))
    expected = (
        f"columns besides label, id, time, protected and dropped ones, named without any of {signs}"
    )
    if refused:
        return DataError.of(
            f"Column name `{refused[0]}` cannot be used",
            where=where,
            expected=expected,
            got=", ".join(refused),
            next_step="rename these columns",
        )
    return DataError.of(
        "No feature is left",
        where=where,
        expected=expected,
        got="none",
        next_step="drop or protect fewer columns",
    )
