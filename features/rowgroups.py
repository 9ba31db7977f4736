"""The row groups of a raw table and the applicants each may hold, from the footers: read once each, as ranges of applicants go up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from .tables import Column


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
    return [Group(path, footer, index, _span(footer, index)) for index in range(footer.num_row_groups)]


def _span(footer: pq.FileMetaData, index: int) -> tuple[int, int] | None:
    statistics = footer.row_group(index).column(footer.schema.names.index("applicant_id")).statistics
    return (statistics.min, statistics.max) if statistics is not None and statistics.has_min_max else None
