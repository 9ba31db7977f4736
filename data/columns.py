"""The columns of a finished feature table, one by one: label, date, number or category, each checked as it is read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from data.errors import DataError

MANY_LEVELS, ID_LIKE_SHARE = 50, 0.5  # a text column with more levels than both names rows rather than groups them


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
        raise _bad_label(name, where, f"{int(odd.sum()):,} other values, the first {values[odd][0]:g}", "map it to 0 and 1")
    if len(np.unique(values)) < 2:
        raise _bad_label(name, where, f"{values[0]:g} in all {len(values):,} rows: one class only", "give rows of both classes")
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
        raise _bad_time(name, where, f"{int(null.sum()):,} null, the first in row {int(np.argmax(null))}", "fill it, or leave the rows out")
    if late.any():
        first = int(np.argmax(late))
        got = f"{int(late.sum()):,} in the future, the first in row {first}: {values[first]} (now is {latest})"
        raise _bad_time(name, where, got, "correct the dates")
    return values


def feature_of(table: pa.Table, name: str, *, is_category: bool, special_codes: tuple[float, ...], where: Path) -> pd.Series:
    """One feature: float64 with special codes as null, or text (object, null = None) for a category; a number's text is 1 or 2.5."""
    column = table[name].combine_chunks()
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if is_category or _is_text(kind):
        return _category(column.cast(kind), name, is_named=is_category, where=where)
    if not any(test(kind) for test in (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal, kinds.is_null)):
        raise DataError.of(
            f"Column `{name}` can be no feature", where=where, expected="number, truth value or text", got=str(kind),
            next_step=f"leave `{name}` out (drop), or name it as the time column",
        )  # fmt: skip
    values = column.cast(kind).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    values[np.isin(values, np.array(special_codes, float))] = np.nan
    return pd.Series(values)


def _category(column: pa.Array, name: str, *, is_named: bool, where: Path) -> pd.Series:
    values = column.to_pylist()
    texts = pd.Series([v if v is None or isinstance(v, str) else f"{v:.15g}" for v in values], dtype=object)
    levels = texts.nunique()
    if not is_named and levels > max(MANY_LEVELS, ID_LIKE_SHARE * len(texts)):
        raise DataError.of(
            f"Column `{name}` names rows rather than groups", where=where, expected="a text column with repeated values",
            got=f"{levels:,} different texts in {len(texts):,} rows", next_step=f"use `{name}` as id, or leave it out (drop)",
        )  # fmt: skip
    return texts.where(texts.notna(), None)


def _is_text(kind: pa.DataType) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def _bad_label(name: str, where: Path, got: str, step: str) -> DataError:
    expected = "1 (bad) or 0 (good) in every row, both present"
    return DataError.of(f"Label `{name}` cannot be learnt from", where=where, expected=expected, got=got, next_step=step)


def _bad_time(name: str, where: Path, got: str, step: str) -> DataError:
    expected = "a date or timestamp in every row, none after now"
    return DataError.of(f"Column `{name}` is no usable date", where=where, expected=expected, got=got, next_step=step)
