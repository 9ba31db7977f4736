"""Some rows of the matrix with their labels, read block by block so that the rows left out never fill memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from data.store import iter_tables, read_frame
from models.dataset import Dataset, join
from models.split import SplitParams, roles
from pipeline import paths

ROWS = 16_384


def dataset(names: Sequence[str], split: SplitParams, wanted: Sequence[str], *, is_labelled: bool = False) -> Dataset:
    """Applications whose role is one of `wanted`, with the features `names`; `is_labelled`: only those that were booked."""
    matrix = frame(["application_id", "as_of", *names], split, wanted, is_labelled=is_labelled)
    return join(matrix, read_frame(paths.LABELS), names, split)


def frame(columns: Sequence[str], split: SplitParams, wanted: Sequence[str], *, is_labelled: bool = False) -> pd.DataFrame:
    """Columns of the matrix for the applications whose role is one of `wanted`, in matrix order."""
    keep = np.isin(roles(read_frame(paths.MATRIX, ["as_of"])["as_of"].to_numpy(), split), list(wanted))
    if is_labelled:
        booked = read_frame(paths.LABELS, ["application_id", "is_booked"])
        keep &= np.isin(read_frame(paths.MATRIX, ["application_id"])["application_id"], booked["application_id"][booked["is_booked"]])
    blocks, start = [], 0
    for block in iter_tables(paths.MATRIX, columns, ROWS):
        blocks.append(block.filter(pa.array(keep[start : start + len(block)])))
        start += len(block)
    return pa.concat_tables(blocks).to_pandas(ignore_metadata=True)


def everyone(split: SplitParams) -> Dataset:
    """Every application with its role and outcome, without features."""
    return join(read_frame(paths.MATRIX, ["application_id", "as_of"]), read_frame(paths.LABELS), (), split)
