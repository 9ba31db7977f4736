"""Tables as plain JSON values, so that two outcomes can be compared."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

# Bits of a sum may differ between processes that share cores; a rule moves more than that.
DIGITS = 10


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one dict per row."""
    found: list[dict[str, Any]] = json.loads(
        frame.to_json(orient="records", date_format="iso", double_precision=DIGITS)
    )
    return found


def column_digests(frame: pd.DataFrame) -> dict[str, str]:
    """Return a hash per column; columns whose values are equal have the same."""
    return {name: _digest(frame[name]) for name in frame.columns}


def _digest(column: pd.Series) -> str:
    values: Any = column
    if pd.api.types.is_float_dtype(column):
        values = column.round(DIGITS) + 0.0
    elif column.dtype == object:
        # Lists of codes and of reasons cannot be hashed as they are.
        values = column.map(lambda value: json.dumps(value, default=_plain, ensure_ascii=False))
    hashes = pd.util.hash_pandas_object(values, index=False).to_numpy()
    return f"{int(np.bitwise_xor.reduce(hashes * (2 * np.arange(len(hashes), dtype='u8') + 1))):x}"


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
