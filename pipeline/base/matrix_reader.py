"""Reads a part of the feature matrix with its labels, block by block.

The matrix may not fit into memory. Only the rows and columns that a stage asks for are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.split import SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import iter_tables, read_frame

# Rows read at a time. With about 1,000 features of 8 bytes a block takes about 65 MB.
ROWS = 8_192


def dataset(rows: Dataset, names: Sequence[str], *, single: bool = False) -> Dataset:
    """Return `rows` with the features `names`: n x k, NaN = null, float32 if `single`.

    `rows` must be applications of the matrix in the order of the matrix.
    """
    applications = read_frame(paths.MATRIX, ["application_id"])["application_id"]
    keep = np.isin(applications, rows.application_id)
    # Allocate the result once and fill it in place: joining blocks at the end would need the memory
    # twice. Where values are only ranked or compared with thresholds, float32 halves it.
    # Each such column lies in one piece: columns are ranked one by one, and binned one by one.
    order: Literal["C", "F"] = "F" if single else "C"
    shape = (len(rows.role), len(names))
    features = np.empty(shape, np.float32 if single else np.float64, order)
    filled = 0
    for block in _blocks(names, keep):
        for column, name in enumerate(names):
            features[filled : filled + len(block), column] = block[name].to_numpy()
        filled += len(block)
    return replace(rows, features=features, names=tuple(names))


def frame(columns: Sequence[str], split: SplitParams, wanted: Sequence[str]) -> pd.DataFrame:
    """Return columns of the applications whose role is one of `wanted`, in matrix order."""
    blocks = _blocks(columns, _has_role(split, wanted))
    return pa.concat_tables(blocks).to_pandas(ignore_metadata=True)


def everyone(split: SplitParams) -> Dataset:
    """Return every application with its role and outcome, without features."""
    applications = read_frame(paths.MATRIX, ["application_id", "as_of"])
    # A finished table of one's own has no months on book, nor have features of an earlier version.
    months = read_frame(paths.LOAN_MONTHS) if paths.LOAN_MONTHS.is_file() else None
    return join(applications, read_frame(paths.LABELS), (), split, months)


def _has_role(split: SplitParams, wanted: Sequence[str]) -> NDArray[np.bool_]:
    as_of = read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy()
    return np.isin(roles(as_of, split), list(wanted))


def _blocks(columns: Sequence[str], keep: NDArray[np.bool_]) -> Iterator[pa.Table]:
    start = 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        yield block.filter(pa.array(keep[start : start + len(block)]))
        start += len(block)
