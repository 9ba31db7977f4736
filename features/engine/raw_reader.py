"""How the engine opens raw tables: DuckDB over their paths, and the applications in order.

`row_groups` reads the events of ranges of applicants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .. import clock
from ..contract.tables import APPLICATIONS
from ..feature_params import FeatureError, FeatureParams

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection
    from duckdb import DuckDBPyRelation


# DuckDB, and the applications in the order of the files.

# Raw table name to the paths of its Parquet files. An absent table has no entry or no path.
RawFiles = Mapping[str, Sequence[str]]


def connect(params: FeatureParams) -> Connection:
    """Return an in-memory DuckDB bounded by the parameters, with the clock's macros.

    Times are naive UTC throughout, so it needs no time zone.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": params.threads,
        "memory_limit": f"{params.memory_mb}MB",
        # Each file is read once; a cache would take memory from the buckets.
        "enable_external_file_cache": False,
    }
    con = duckdb.connect(config=config)
    con.execute(clock.SQL)
    return con


def present(sources: RawFiles) -> tuple[str, ...]:
    """Return the names of the raw tables that are there.

    >>> present({"payments": ["a.parquet"], "bills": []})
    ('payments',)
    """
    return tuple(name for name, files in sources.items() if files)


def require(sources: RawFiles, name: str) -> list[str]:
    """Return the paths of a table. Raises FeatureError where it is absent."""
    if not sources.get(name):
        raise FeatureError(
            f"raw tables: expected table {name!r}, got {sorted(present(sources))}; "
            f"add {name}.parquet or {name}/*.parquet"
        )
    return [str(path) for path in sources[name]]


# What DuckDB takes for a pattern in a path.
WILD = "*?["


def literal(path: object) -> str:
    """Return a path for DuckDB, so that it is read as it is written and not as a pattern.

    Raises FeatureError for one with a pattern's sign and a backslash, which DuckDB cannot read.

    >>> literal("logins/part[1].parquet")
    'logins/part[[]1].parquet'
    """
    text = str(path)
    if not any(sign in text for sign in WILD):
        return text
    if "\\" in text:
        raise FeatureError(
            f"raw tables: expected a path without `\\` beside one of {' '.join(WILD)}, got {text}; "
            "rename the file or its folder"
        )
    return "".join(f"[{sign}]" if sign in WILD else sign for sign in text)


def read(con: Connection, files: Sequence[str]) -> DuckDBPyRelation:
    """Return the rows of these very files; the names of their folders give no columns."""
    return con.read_parquet([literal(file) for file in files], hive_partitioning=False)


def view(con: Connection, sources: RawFiles, name: str) -> None:
    """Let queries read a table under its own name. Raises FeatureError where it is absent."""
    read(con, require(sources, name)).create_view(name, replace=True)


def fetch(con: Connection, query: str, **values: object) -> list[np.ndarray]:
    """Return the result of a query, column by column; null is NaN or NaT.

    `values` are the query's parameters by name.
    """
    result = con.sql(query, params=values or None).to_arrow_table()
    return [column.to_numpy() for column in result.columns]


def applications(con: Connection, sources: RawFiles) -> pa.Table:
    """Return the applications by (applicant, application).

    In that order the raw files can be read in ranges of applicants.
    Raises FeatureError where the applications are missing or empty.
    """
    files = require(sources, APPLICATIONS.name)
    table = read(con, files)
    names = [column.name for column in APPLICATIONS.columns if column.name in table.columns]
    rows = table.select(*names).to_arrow_table()
    if not len(rows):
        raise FeatureError(
            f"applications: at least one row expected, got none in {files}; check the source path"
        )
    order = [("applicant_id", "ascending"), ("application_id", "ascending")]
    return rows.sort_by(order).combine_chunks()
