"""Turn what a person holds in memory into an Arrow table: pandas, polars, Arrow, anything like it.

The index of a pandas frame is no column, unless a person names it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from creditloom.storage.files.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

WHERE = "the frame given"


def arrow_of(frame: Any, named: Collection[str] = ()) -> pa.Table:
    """Return a frame as an Arrow table. `named` are columns that a person named: an index may be.

    Takes pandas frames, Arrow tables and batches, and whatever has Arrow's stream (polars, DuckDB).
    Raises DataError for anything else, and for a column that Arrow cannot hold as it is.
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    # By module: pandas is not imported for those who hold no pandas frame.
    if type(frame).__module__.partition(".")[0] == "pandas":
        return _of_pandas(frame, named)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise DataError.of(
        "This is no table",
        where=WHERE,
        expected="a pandas or polars frame, an Arrow table, or a path",
        got=type(frame).__name__,
        next_step="give a frame with one row per application",
    )


def _of_pandas(frame: pd.DataFrame, named: Collection[str]) -> pa.Table:
    wanted = [name for name in frame.index.names if name is not None and name in named]
    if wanted:
        frame = frame.reset_index(level=wanted)
    odd = [name for name in frame.columns if not isinstance(name, str)]
    if odd:
        raise DataError.of(
            "A column's name is no text",
            where=WHERE,
            expected="names of text",
            got=repr(odd[0]),
            next_step="frame.columns = frame.columns.map(str)",
        )
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, OverflowError, ValueError) as error:
        raise _unlike(error) from error


def _unlike(error: Exception) -> DataError:
    """Return the error for a column of objects that are not all of one kind."""
    step = "convert the column, for example frame[name].astype(str)"
    if "Sparse" in str(error):
        step = "frame[name] = frame[name].sparse.to_dense()"
    return DataError.of(
        "A column holds values of several kinds",
        where=WHERE,
        expected="numbers, texts, truth values or dates, one kind per column, ids within int64",
        got="; ".join(str(part) for part in error.args)[:400],
        next_step=step,
    )
