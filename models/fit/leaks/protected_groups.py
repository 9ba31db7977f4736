"""The groups of a protected column: every type has a grouping, and every row is in one group."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A protected number with more values than this is shown by quarters, of texts only the most
# frequent so many have a group of their own.
MAX_GROUPS = 20
QUARTERS = 4
# Rates of groups with fewer rows are noise.
MIN_GROUP_ROWS = 30
NULL_GROUP = "not known"
OTHER_GROUP = "all other values"


def groups_of(column: pd.Series) -> NDArray[np.object_]:
    """Return the group of each row.

    A number, date or decimal with many values is grouped by quarters, anything else by value; of
    many texts the rare ones are one group. Null is a group of its own.

    >>> groups_of(pd.Series([1.0, None, 2.0])).tolist()
    ['1.0', 'not known', '2.0']
    """
    values = _plain(column)
    is_known = values.notna()
    if values.nunique() > MAX_GROUPS:
        values = _quarters(values) if _is_ordered(values) else _frequent(values)
    return values.astype(object).where(is_known, NULL_GROUP).astype(str).to_numpy()


def _plain(column: pd.Series) -> pd.Series:
    """Return decimals as floats and lists as their text, which pandas can count."""
    values = column.reset_index(drop=True)
    if isinstance(values.dtype, pd.StringDtype):
        return values.astype(object)
    if values.dtype != object:
        return values
    known = values.dropna()
    if len(known) and known.map(lambda value: isinstance(value, decimal.Decimal)).all():
        return values.astype(float)
    return values.map(str).where(values.notna(), None).astype(object)


def _is_ordered(values: pd.Series) -> bool:
    is_number = pd.api.types.is_numeric_dtype(values)
    return bool(is_number or pd.api.types.is_datetime64_any_dtype(values))


def _quarters(values: pd.Series) -> pd.Series:
    return pd.qcut(values, QUARTERS, duplicates="drop").astype(str)


def _frequent(values: pd.Series) -> pd.Series:
    kept = values.value_counts().index[: MAX_GROUPS - 1]
    return values.where(values.isin(kept), OTHER_GROUP)
