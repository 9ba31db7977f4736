"""Row groups of Parquet files, read in ranges of applicants: each is decoded once.

A file may lie in any order. Best are files sorted by applicant, one or many of them (the runs of a
lake): each keeps the group that reaches into the next range, and hands on the rows of the range
alone. Footers say which groups hold neither an applicant nor a moment that is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..contract.column import Column

# Bytes of decoded groups that are kept for the next range. A lake of 24 monthly runs keeps about
# 10 MB a table; beyond the limit a group is decoded again, which is slower and never wrong.
MAX_KEPT_BYTES = 128 << 20
EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
# First and last of something by the footer; None where it does not say.
Span = tuple[int, int] | None


@dataclass(frozen=True)
class SeenMoments:
    """The moments whose events may be seen, in microseconds: oldest <= event_time, all < end."""

    oldest: int
    end: int


@dataclass(frozen=True)
class Group:
    """One row group, with the smallest and largest applicant_id and times in it.

    A span is None where the footer does not say.
    """

    path: str
    footer: pq.FileMetaData
    index: int
    span: Span
    happened: Span = None
    known: Span = None

    def may_hold(self, low: int, high: int) -> bool:
        """Return whether an applicant of [low, high] may be in it."""
        return self.span is None or (self.span[0] <= high and self.span[1] >= low)

    def may_be_seen(self, moments: SeenMoments | None) -> bool:
        """Return whether an event in it may be seen; a null in its times is seen by nobody."""
        if moments is None:
            return True
        is_old = self.happened is not None and self.happened[1] < moments.oldest
        ahead = (span[0] >= moments.end for span in (self.happened, self.known) if span)
        return not (is_old or any(ahead))


class RowGroups:
    """A table's row groups in the order of its files, read with these columns."""

    def __init__(self, files: Sequence[str], columns: Sequence[Column] = ()) -> None:
        self.columns = columns
        self.groups = [group for path in files for group in groups_of(path)]
        # The last group that was read of each file, while it reaches into the next range.
        self._kept: dict[str, tuple[Group, pa.Table]] = {}
        self._kept_bytes = 0

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return sum(group.footer.row_group(group.index).num_rows for group in self.groups)

    def read(self, low: int, high: int, moments: SeenMoments | None = None) -> Iterator[pa.Table]:
        """Return the rows of every group that may hold an applicant of [low, high].

        Of a group that is sorted by applicant only the rows of the range; of another one all.
        Groups without a moment that is asked for are left out. Strings are dictionaries.
        """
        for group in self.groups:
            if not (group.may_hold(low, high) and group.may_be_seen(moments)):
                continue
            rows = self._taken(group)
            if group.span is None or group.span[1] > high:
                self._keep(group, rows)
            yield _of_range(rows, low, high)

    def of(self, group: Group) -> pa.Table:
        """Return the rows of one group. Strings are dictionaries."""
        return _read(group, self.columns)

    def _taken(self, group: Group) -> pa.Table:
        """Return the rows of a group that was kept, which it is no more, or else read it."""
        kept = self._kept.pop(group.path, None)
        if kept is None:
            return _read(group, self.columns)
        self._kept_bytes -= kept[1].nbytes
        return kept[1] if kept[0] is group else _read(group, self.columns)

    def _keep(self, group: Group, rows: pa.Table) -> None:
        # Two groups of one file may reach into the next range: the later one is kept.
        if self._kept_bytes + rows.nbytes <= MAX_KEPT_BYTES:
            self._kept[group.path] = (group, rows)
            self._kept_bytes += rows.nbytes


def _of_range(rows: pa.Table, low: int, high: int) -> pa.Table:
    """Return the rows of the applicants of [low, high], or all rows of a table in no order."""
    column = rows.column("applicant_id")
    if column.null_count or not len(rows):
        return rows
    ids = column.to_numpy()
    if not (ids[:-1] <= ids[1:]).all():
        return rows
    begin = int(np.searchsorted(ids, low, "left"))
    end = int(np.searchsorted(ids, high, "right"))
    return rows.slice(begin, end - begin)


def _read(group: Group, columns: Sequence[Column]) -> pa.Table:
    """Return the columns of one row group; strings are dictionaries."""
    names = [column.name for column in columns]
    strings = [column.name for column in columns if column.type == pa.string()]
    with pq.ParquetFile(group.path, metadata=group.footer, read_dictionary=strings) as file:
        # One thread: the kernel works meanwhile. `select` puts the columns in the order asked for.
        return file.read_row_group(group.index, names, use_threads=False).select(names)


def groups_of(path: str) -> list[Group]:
    """Return the row groups of one file that hold rows."""
    footer = pq.read_metadata(path)
    filled = (k for k in range(footer.num_row_groups) if footer.row_group(k).num_rows)
    return [_group(path, footer, index) for index in filled]


def _group(path: str, footer: pq.FileMetaData, index: int) -> Group:
    names = footer.schema.names
    spans = [
        span_of(footer, index, names.index(name)) if name in names else None
        for name in ("applicant_id", "event_time", "known_time")
    ]
    person, happened, known = spans
    return Group(path, footer, index, person, happened, known)


def span_of(footer: pq.FileMetaData, index: int, column: int) -> Span:
    """Return the smallest and largest value by the footer's statistics, if there are any."""
    statistics = footer.row_group(index).column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    first = _number(statistics.min)
    last = _number(statistics.max)
    return None if first is None or last is None else (first, last)


def _number(value: Any) -> int | None:
    """Return an id, or a naive time in microseconds; None for anything else."""
    if isinstance(value, dt.datetime):
        return None if value.tzinfo else (value - EPOCH) // MICROSECOND
    return value if isinstance(value, int) else None
