"""Some rows of the matrix with their labels, read block by block so that the rows left out never fill memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.split import SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import iter_tables, read_frame

ROWS = 8_192


def dataset(rows: Dataset, names: Sequence[str], *, single: bool = False) -> Dataset:
    """`rows`, some of the matrix in its order, with the features `names` of them; float32 if `single`."""
    keep = np.isin(
        read_frame(paths.MATRIX, ["application_id"])["application_id"], rows.application_id
    )
    features, filled = (
        np.empty((len(rows.role), len(names)), np.float32 if single else np.float64),
        0,
    )
    for block in _blocks(names, keep):
        for i, name in enumerate(names):
            features[filled : filled + len(block), i] = block[name].to_numpy()
        filled += len(block)
    return replace(rows, features=features, names=tuple(names))


def frame(columns: Sequence[str], split: SplitParams, wanted: Sequence[str]) -> pd.DataFrame:
    """Columns of the matrix for the applications whose role is one of `wanted`, in matrix order."""
    return pa.concat_tables(_blocks(columns, _mask(split, wanted))).to_pandas(ignore_metadata=True)


def everyone(split: SplitParams) -> Dataset:
    """Every application with its role and outcome, without features."""
    return join(
        read_frame(paths.MATRIX, ["application_id", "as_of"]), read_frame(paths.LABELS), (), split
    )


def _mask(split: SplitParams, wanted: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(
        roles(read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy(), split), list(wanted)
    )


def _blocks(columns: Sequence[str], keep: NDArray[np.bool_]) -> Iterator[pa.Table]:
    start = 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        yield block.filter(pa.array(keep[start : start + len(block)]))
        start += len(block)
