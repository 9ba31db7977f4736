"""Columns that name rows: the index that pandas wrote, and whole numbers unique in every row.

A model learns the order of the file from them. They are left out aloud, unless a person names them.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# How pandas names an index without a name in Parquet; in a CSV the name is empty.
LEVEL = re.compile(r"^__index_level_\d+__$")
# A word of a name that says: this is a number of a row, and no amount.
ID_WORD = re.compile(
    r"(?:^|[_\W])(?:id|ids|no|nr|num|number|key|uuid|index|idx|row|rowid|seq|serial)(?:$|[_\W\d])"
    r"|^unnamed: \d|[a-z](?:Id|ID)$",
    re.IGNORECASE,
)
# Fewer rows than this are unique by chance in any column.
LEAST_ROWS = 20
# Ids fill their range: at least so many of its numbers are there.
DENSE = 0.5
# Equal pairs that chance would give. Where none is there although so many were due, the numbers
# were made to be unique.
DUE_PAIRS = 3.0


def pandas_index(table: pa.Table) -> tuple[str, ...]:
    """Return the columns that are an index: as the file's own metadata says, or by their name."""
    metadata = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    # A range is stored as an object and not as a column.
    said = {name for name in metadata.get("index_columns", []) if isinstance(name, str)}
    # A CSV of pandas begins with a column without name.
    said |= {name for name in table.column_names[:1] if not name.strip()}
    return tuple(name for name in table.column_names if name in said or LEVEL.match(name))


def id_evidence(column: pa.ChunkedArray, name: str) -> tuple[str, bool] | None:
    """Return why whole numbers look like ids, and whether that is sure; None where they do not.

    They must be whole numbers, without null, unique in every row. Sure is: they follow the file's
    order, fill their range, have the name of an id, or are unique where chance would repeat some.
    """
    n = len(column)
    if n < LEAST_ROWS or column.null_count or not pa.types.is_integer(column.type):
        return None
    if pc.count_distinct(column).as_py() < n:
        return None
    values = column.to_numpy().astype(np.float64)
    if ID_WORD.search(name):
        return "whole numbers, unique in every row, and named as an id", True
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return "whole numbers, unique in every row, in the order of the file", True
    if n / (values.max() - values.min() + 1) >= DENSE:
        return "whole numbers, unique in every row, without gaps", True
    return "whole numbers, unique in every row", _due_pairs(values) >= DUE_PAIRS


def _due_pairs(values: NDArray[np.float64]) -> float:
    """Return how many equal pairs chance would give in the middle half of the values."""
    low, high = np.quantile(values, [0.25, 0.75])
    inside = int(((values >= low) & (values <= high)).sum())
    return inside * (inside - 1) / 2 / (high - low + 1)
