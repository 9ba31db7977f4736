"""The groups of the fairness audit: one column per field, none of which a model reads."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from creditloom.models.evaluation.groups.fairness_rules import FIELDS, FairnessRules
from creditloom.models.sample.arrays import Mask

# Columns of the matrix that are a field as they stand.
STATED = ("sex", "region_tier", "occupation", "is_student", "is_repeat")


def audit_groups(audit: pd.DataFrame, is_thin: Mask | None, rules: FairnessRules) -> pd.DataFrame:
    """Return the group of each row by field, in the order of FIELDS; null = not known.

    audit: policy and audit columns of the matrix. is_thin: None where files are not known.
    A field that the columns do not tell is left out, and so is one that nobody has stated.
    """
    columns = {name: _stated(audit[name]) for name in STATED if name in audit}
    if "age_years" in audit:
        columns["age_band"] = age_bands(audit["age_years"], rules.age_edges)
    if set(rules.columns) <= set(audit.columns):
        columns["segment"] = segments(audit, rules)
    if is_thin is not None:
        columns["thin_file"] = pd.Series(np.where(is_thin, "thin", "thick"))
    told = {name: columns[name] for name in FIELDS if name in columns}
    return pd.DataFrame({name: one for name, one in told.items() if one.notna().any()})


def _stated(column: pd.Series) -> pd.Series:
    """Return a column as groups: whole numbers that a null has made floats are whole again."""
    values = column.reset_index(drop=True)
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        return values.astype("Int64")
    return values


def age_bands(age_years: pd.Series, edges: tuple[int, ...]) -> pd.Series:
    """Return the age band of each row in words; null where the age is.

    >>> age_bands(pd.Series([19, 40]), (25, 35)).tolist()
    ['under 25', '35 and over']
    """
    age = age_years.to_numpy(np.float64, na_value=np.nan)
    between = [f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)]
    labels = np.array([f"under {edges[0]}", *between, f"{edges[-1]} and over"])
    codes = np.searchsorted(edges, np.nan_to_num(age), side="right")
    return pd.Series(labels[codes]).where(~np.isnan(age))


def segments(audit: pd.DataFrame, rules: FairnessRules) -> pd.Series:
    """Return the segment of each row: the first whose bounds all hold; a null meets no bound."""
    segment = np.full(len(audit), rules.other_segment, object)
    is_open = np.ones(len(audit), bool)
    for one in rules.segments:
        holds = is_open.copy()
        for bound in one.when:
            value = audit[bound.column].to_numpy(np.float64, na_value=np.nan)
            holds &= (value >= bound.at_least) & (value < bound.below)
        segment[holds] = one.name
        is_open &= ~holds
    return pd.Series(segment)


def same_partition(one: pd.Series, other: pd.Series) -> bool:
    """Return whether two fields group the rows alike, so that one of them tells nothing new.

    >>> same_partition(pd.Series(["a", "b", "a"]), pd.Series([1, 2, 1]))
    True
    """
    left = pd.factorize(one)[0]
    right = pd.factorize(other)[0]
    pairs = len(set(zip(left.tolist(), right.tolist(), strict=True)))
    return pairs == len(set(left.tolist())) == len(set(right.tolist()))
