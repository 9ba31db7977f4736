"""Rows of X as the bundle of an estimator reads them: for PDs by position, for decisions by id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.decision.frames.columns import ID
from creditloom.pipeline.scorer.given_rows import GivenRows
from creditloom.storage.own.frames import arrow_of
from creditloom.storage.own.table_files import without_views


def id_name(decider: Decider) -> str:
    """Return the column that names a row: the user's own, or the house's."""
    layout = decider.bundle.layout
    return layout.id if layout and layout.id else ID


def read_columns(decider: Decider) -> list[str]:
    """Return the columns that a PD needs."""
    return [name for name in decider.columns(()) if name != id_name(decider)]


def numbered(rows: GivenRows, decider: Decider) -> GivenRows:
    """Return what the bundle reads of rows, each named by its place: a PD hangs on no id."""
    there = rows.table.column_names
    wanted = [name for name in decider.columns(there) if name != id_name(decider)]
    table = rows.table.select([name for name in wanted if name in there])
    return GivenRows(_with_places(table, id_name(decider), len(rows.names)), rows.names)


def with_ids(rows: GivenRows, decider: Decider) -> GivenRows:
    """Return rows with their ids; their places where the house's name of an id is not there."""
    name = id_name(decider)
    # A column that a person named must be there: the bundle says so if it is not.
    if name != ID or name in rows.table.column_names:
        return rows
    return rows._replace(table=_with_places(rows.table, name, len(rows.names)))


def frame_rows(given: Any, decider: Decider) -> GivenRows:
    """Return a frame as it stands: the bundle finds its columns by name."""
    table = without_views(arrow_of(given, {id_name(decider)}))
    is_pandas = isinstance(given, pd.DataFrame)
    return GivenRows(table, given.index if is_pandas else pd.RangeIndex(table.num_rows))


def _with_places(table: pa.Table, name: str, rows: int) -> pa.Table:
    places = pa.array(np.arange(rows, dtype=np.int64))
    # A table without columns has no rows to which one could be appended.
    return table.append_column(name, places) if table.num_columns else pa.table({name: places})
