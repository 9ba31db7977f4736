"""How the engine opens raw tables: row groups of Parquet files, and DuckDB over their paths."""

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
    from duckdb import DuckDBPyRelation


# Row groups: the footers say which applicants each may hold, and ranges of applicants go up. So a
# group is read once.


@dataclass(frozen=True)
class Group:
    """One row group, with the smallest and largest applicant_id in it.

    `span` is None where the footer does not say.
    """

    path: str
    footer: pq.FileMetaData
    index: int
    span: tuple[int, int] | None

    def may_hold(self, low: int, high: int) -> bool:
        """Return whether an applicant of [low, high] may be in it."""
        return self.span is None or (self.span[0] <= high and self.span[1] >= low)


class RowGroups:
    """A table's row groups in the order of its files, read with these columns.

    The last one read is kept, as it may reach into the next range: sorted files are read once.
    """

    def __init__(self, files: Sequence[str], columns: Sequence[Column] = ()) -> None:
        self.columns = columns
        self.groups = [group for path in files for group in _groups(path)]
        self._last_read: tuple[Group, pa.Table] | None = None

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return sum(group.footer.row_group(group.index).num_rows for group in self.groups)

    def read(self, low: int, high: int) -> Iterator[pa.Table]:
        """Return every group that may hold an applicant of [low, high], with all its rows.

        Strings are dictionaries.
        """
        previous = self._last_read
        # Dropped before reading, so that never more than one group is held for later.
        self._last_read = None
        for group in self.groups:
            if group.may_hold(low, high):
                is_previous = previous is not None and previous[0] is group
                rows = previous[1] if previous and is_previous else _read(group, self.columns)
                self._last_read = (group, rows)
                yield rows

    def of(self, group: Group) -> pa.Table:
        """Return the rows of one group. Strings are dictionaries."""
        return _read(group, self.columns)


def _read(group: Group, columns: Sequence[Column]) -> pa.Table:
    """Return the columns of one row group; strings are dictionaries."""
    names = [column.name for column in columns]
    strings = [column.name for column in columns if column.type == pa.string()]
    with pq.ParquetFile(group.path, metadata=group.footer, read_dictionary=strings) as file:
        # One thread: the kernel works meanwhile. `select` puts the columns in the order asked for.
        return file.read_row_group(group.index, names, use_threads=False).select(names)


def _groups(path: str) -> list[Group]:
    """Return the row groups of one file."""
    footer = pq.read_metadata(path)
    return [
        Group(path, footer, index, _span(footer, index)) for index in range(footer.num_row_groups)
    ]


def _span(footer: pq.FileMetaData, index: int) -> tuple[int, int] | None:
    """Return the smallest and largest applicant_id by the footer's statistics, if there are any."""
    column = footer.schema.names.index("applicant_id")
    statistics = footer.row_group(index).column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    return (statistics.min, statistics.max)


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
