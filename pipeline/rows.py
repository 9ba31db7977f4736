"""Some rows of the matrix with their labels, read block by block so that the rows left out never fill memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.store import iter_tables, read_frame
from models.dataset import Dataset, assembled, join
from models.split import SplitParams, roles
from pipeline import paths

ROWS = 16_384


def dataset(
    names: Sequence[str],
    split: SplitParams,
    wanted: Sequence[str],
    *,
    is_labelled: bool = False,
    single: bool = False,
    at_most: int | None = None,
) -> Dataset:
    """Applications whose role is one of `wanted`, with the features `names`; only the booked if `is_labelled`; float32 if `single`.

    Not many more than `at_most` rows, taken at even steps.
    """
    keep, labels = _mask(split, wanted), read_frame(paths.LABELS)
    if is_labelled:
        booked = labels["application_id"][labels["is_booked"]]
        keep &= np.isin(read_frame(paths.MATRIX, ["application_id"])["application_id"], booked)
    if at_most is not None:
        there = np.flatnonzero(keep)
        keep = np.isin(np.arange(len(keep)), there[:: max(1, len(there) // at_most)])
    features = np.empty((int(keep.sum()), len(names)), np.float32 if single else np.float64)
    filled, ids = 0, []
    for block in _blocks(["application_id", "as_of", *names], keep):
        for i, name in enumerate(names):
            features[filled : filled + len(block), i] = block[name].to_numpy()
        filled += len(block)
        ids.append(block.select(["application_id", "as_of"]))
    keys = pa.concat_tables(ids).to_pandas(ignore_metadata=True)
    return assembled(keys["application_id"].to_numpy(), keys["as_of"].to_numpy(), features, names, labels, split)


def frame(columns: Sequence[str], split: SplitParams, wanted: Sequence[str]) -> pd.DataFrame:
    """Columns of the matrix for the applications whose role is one of `wanted`, in matrix order."""
    return pa.concat_tables(_blocks(columns, _mask(split, wanted))).to_pandas(ignore_metadata=True)


def everyone(split: SplitParams) -> Dataset:
    """Every application with its role and outcome, without features."""
    return join(read_frame(paths.MATRIX, ["application_id", "as_of"]), read_frame(paths.LABELS), (), split)


def _mask(split: SplitParams, wanted: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(roles(read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy(), split), list(wanted))


def _blocks(columns: Sequence[str], keep: NDArray[np.bool_]) -> Iterator[pa.Table]:
    start = 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        yield block.filter(pa.array(keep[start : start + len(block)]))
        start += len(block)
