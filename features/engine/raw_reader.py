"""How the engine opens raw tables: DuckDB over Parquet paths, and the applications in the order of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .. import clock
from ..contract.tables import APPLICATIONS, Column
from ..feature_params import FeatureError, FeatureParams

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection


# The row groups of a raw table and the applicants each may hold, from the footers: read once each, as ranges of applicants go up.


@dataclass(frozen=True)
class Group:
    """One row group, and the smallest and largest applicant_id in it; None where the footer does not tell."""

    path: str
    footer: pq.FileMetaData
    index: int
    span: tuple[int, int] | None

    def may_hold(self, low: int, high: int) -> bool:
        """Whether an applicant of [low, high] may be in it."""
        return self.span is None or (self.span[0] <= high and self.span[1] >= low)


class RowGroups:
    """A table's row groups in the order of its files, read with these columns.

    The last one read is kept, as it may reach into the next range: sorted files are read once.
    """

    def __init__(self, files: Sequence[str], columns: Sequence[Column] = ()) -> None:
        self.columns = columns
        self.groups = [group for path in files for group in _groups(path)]
        self._kept: tuple[Group, pa.Table] | None = None

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return sum(group.footer.row_group(group.index).num_rows for group in self.groups)

    def read(self, low: int, high: int) -> Iterator[pa.Table]:
        """Every group that may hold an applicant of [low, high], with all its rows; strings are dictionaries."""
        kept, self._kept = self._kept, None
        for group in self.groups:
            if group.may_hold(low, high):
                rows = kept[1] if kept and kept[0] is group else _read(group, self.columns)
                self._kept = (group, rows)
                yield rows


def _read(group: Group, columns: Sequence[Column]) -> pa.Table:
    names = [column.name for column in columns]
    words = [column.name for column in columns if column.type == pa.string()]
    with pq.ParquetFile(group.path, metadata=group.footer, read_dictionary=words) as file:
        return file.read_row_group(group.index, names, use_threads=False).select(names)


def _groups(path: str) -> list[Group]:
    footer = pq.read_metadata(path)
    return [
        Group(path, footer, index, _span(footer, index)) for index in range(footer.num_row_groups)
    ]


def _span(footer: pq.FileMetaData, index: int) -> tuple[int, int] | None:
    statistics = (
        footer.row_group(index).column(footer.schema.names.index("applicant_id")).statistics
    )
    return (
        (statistics.min, statistics.max)
        if statistics is not None and statistics.has_min_max
        else None
    )


RawFiles = Mapping[str, Sequence[str]]
"""Raw table name to the paths of its Parquet files; a table that is not there is absent or has no path."""


def connect(params: FeatureParams) -> Connection:
    """An in-memory DuckDB bounded by the parameters, with the clock's macros; times are naive UTC throughout, so it needs no time zone."""
    import duckdb

    memory = f"{params.memory_mb}MB"
    con = duckdb.connect(
        config={
            "threads": params.threads,
            "memory_limit": memory,
            "enable_external_file_cache": False,
        }
    )
    con.execute(clock.SQL)
    return con


def present(sources: RawFiles) -> tuple[str, ...]:
    """Names of the raw tables that are there."""
    return tuple(name for name, files in sources.items() if files)


def require(sources: RawFiles, name: str) -> list[str]:
    """Paths of a table that must be there."""
    if not sources.get(name):
        raise FeatureError(
            f"raw tables: expected table {name!r}, got {sorted(present(sources))}; add {name}.parquet or {name}/*.parquet"
        )
    return [str(path) for path in sources[name]]


def view(con: Connection, sources: RawFiles, name: str) -> None:
    """Let queries read a table that must be there under its own name."""
    con.read_parquet(require(sources, name)).create_view(name, replace=True)


def fetch(con: Connection, query: str, **values: object) -> list[np.ndarray]:
    """What a query finds, column by column; null is NaN or NaT. `values` are the query's parameters by name."""
    return [
        column.to_numpy()
        for column in con.sql(query, params=values or None).to_arrow_table().columns
    ]


def applications(con: Connection, sources: RawFiles) -> pa.Table:
    """Applications by (applicant, application): the order in which the raw files can be read in ranges."""
    files = require(sources, APPLICATIONS.name)
    table = con.read_parquet(files)
    names = [c.name for c in APPLICATIONS.columns if c.name in table.columns]
    rows = (
        table.select(*names)
        .to_arrow_table()
        .sort_by([("applicant_id", "ascending"), ("application_id", "ascending")])
    )
    if not len(rows):
        raise FeatureError(
            f"applications: at least one row expected, got none in {files}; check the source path"
        )
    return rows.combine_chunks()
