"""How the engine opens raw tables: DuckDB over Parquet paths, and the applications in the order of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import clock
from .params import FeatureError, FeatureParams
from .tables import APPLICATIONS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

Sources = Mapping[str, Sequence[str]]
"""Raw table name to the paths of its Parquet files; a table that is not there is absent or has no path."""


def connect(params: FeatureParams) -> Connection:
    """An in-memory DuckDB bounded by the parameters, with the clock's macros; times are naive UTC throughout, so it needs no time zone."""
    import duckdb

    memory = f"{params.memory_mb}MB"
    con = duckdb.connect(config={"threads": params.threads, "memory_limit": memory, "enable_external_file_cache": False})
    con.execute(clock.SQL)
    return con


def present(sources: Sources) -> tuple[str, ...]:
    """Names of the raw tables that are there."""
    return tuple(name for name, files in sources.items() if files)


def require(sources: Sources, name: str) -> list[str]:
    """Paths of a table that must be there."""
    if not sources.get(name):
        raise FeatureError(f"raw tables: expected table {name!r}, got {sorted(present(sources))}; add {name}.parquet or {name}/*.parquet")
    return [str(path) for path in sources[name]]


def view(con: Connection, sources: Sources, name: str) -> None:
    """Let queries read a table that must be there under its own name."""
    con.read_parquet(require(sources, name)).create_view(name, replace=True)


def fetch(con: Connection, query: str, **values: object) -> list[np.ndarray]:
    """What a query finds, column by column; null is NaN or NaT. `values` are the query's parameters by name."""
    return [column.to_numpy() for column in con.sql(query, params=values or None).to_arrow_table().columns]


def applications(con: Connection, sources: Sources) -> pa.Table:
    """Applications by (applicant, application): the order in which the raw files can be read in ranges."""
    files = require(sources, APPLICATIONS.name)
    table = con.read_parquet(files)
    names = [c.name for c in APPLICATIONS.columns if c.name in table.columns]
    rows = table.select(*names).to_arrow_table().sort_by([("applicant_id", "ascending"), ("application_id", "ascending")])
    if not len(rows):
        raise FeatureError(f"applications: at least one row expected, got none in {files}; check the source path")
    return rows.combine_chunks()
