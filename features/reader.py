"""How the engine opens raw tables: DuckDB through Ibis over Parquet paths, and the applications in the order of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from .params import FeatureError, FeatureParams
from .tables import APPLICATIONS

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

Sources = Mapping[str, Sequence[str]]
"""Raw table name to the paths of its Parquet files; a table that is not there is absent or has no path."""


def connect(params: FeatureParams) -> Backend:
    """An in-memory DuckDB bounded by the parameters; times are naive UTC throughout."""
    import ibis

    return ibis.duckdb.connect(threads=params.threads, memory_limit=f"{params.memory_mb}MB", enable_external_file_cache=False)


def present(sources: Sources) -> tuple[str, ...]:
    """Names of the raw tables that are there."""
    return tuple(name for name, files in sources.items() if files)


def require(sources: Sources, name: str) -> list[str]:
    """Paths of a table that must be there."""
    if not sources.get(name):
        raise FeatureError(f"raw tables: expected table {name!r}, got {sorted(present(sources))}; add {name}.parquet or {name}/*.parquet")
    return [str(path) for path in sources[name]]


def applications(con: Backend, sources: Sources) -> pa.Table:
    """Applications by (applicant, application): the order in which the raw files can be read in ranges."""
    files = require(sources, APPLICATIONS.name)
    table = con.read_parquet(files, table_name="applications")
    names = [c.name for c in APPLICATIONS.columns if c.name in table.columns]
    rows = table.select(names).to_pyarrow().sort_by([("applicant_id", "ascending"), ("application_id", "ascending")])
    if not len(rows):
        raise FeatureError(f"applications: at least one row expected, got none in {files}; check the source path")
    return rows.combine_chunks()
