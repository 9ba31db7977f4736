"""The point-in-time join: what applications see of a raw table, as a relation (`events`) and for rows of one bucket in memory.

The embedded engine reads its buckets by it, in less CPU than DuckDB takes for the relational form; a test holds them together.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import clock
from ..clock import MICROS_PER_DAY, YEAR_DAYS, sees
from ..compiled import jit
from ..contract.tables import Column
from ..declare.declarations import Stream
from .raw_reader import RowGroups

if TYPE_CHECKING:
    import ibis.expr.types as ir


# The point-in-time join of one raw table with the applications asked for, as relations; `sight.py` does the same for rows in memory.

ROW_COLUMNS = ("row", "event_id", "event_time")
VIRTUAL_COLUMNS = ("hour", "weekday")
"""Columns the kernel derives from `event_time`; a slice may use them like stored ones."""


def columns_read(stream: Stream) -> tuple[Column, ...]:
    """The columns that the stream's slices and measures name, in the table's order."""
    named = {c.column for s in stream.slices for c in s.where} | {
        c for m in stream.measures for c in m.columns
    }
    return tuple(c for c in stream.table.columns if c.name in named)


def events(table: ir.Table, spine: ir.Table, stream: Stream) -> ir.Table:
    """Rows of `table` visible to each application of `spine`: row, event_id, event_time and the columns the stream reads.

    Grain: one row per (application, visible event). `spine` has row, applicant_id, as_of and the consents. Strings become their index
    among the allowed values. Rows of applications without the table's consent are not read at all.
    """
    names = (
        "applicant_id",
        "event_id",
        "event_time",
        "known_time",
        *(c.name for c in columns_read(stream)),
    )
    joined = table.select(*dict.fromkeys(names)).inner_join(spine, "applicant_id")
    seen = joined.filter(clock.visible(joined.event_time, joined.known_time, joined.as_of))
    if stream.table.consent:
        seen = seen.filter(seen[stream.table.consent])
    if not stream.has_memory:
        seen = seen.filter(clock.within_year(seen.event_time, seen.as_of))
    return seen.select(
        *ROW_COLUMNS,
        **{c.name: _coded(seen, c) for c in columns_read(stream) if c.name not in ROW_COLUMNS},
    )


def _coded(table: ir.Table, column: Column) -> ir.Value:
    import ibis

    if column.type != pa.string():
        return table[column.name]
    return ibis.cases(
        *((table[column.name] == value, i) for i, value in enumerate(column.among)), else_=-1
    ).cast("int8")


KEYS = ("applicant_id", "event_time", "known_time")
BEGINNING = np.iinfo(np.int64).min
"""The oldest moment there is: of a table with memory, and the as_of of those whose events may not be read."""


class Sight:
    """The applications of one bucket, sorted by applicant: applicant_id, as_of and the consents; an application's `row` is its place."""

    def __init__(self, spine: pa.Table) -> None:
        self.spine = spine
        self.applicant = spine.column("applicant_id").to_numpy()
        self.as_of = _micros(spine.column("as_of"))

    def seen(self, groups: RowGroups, stream: Stream) -> pa.Table:
        """Rows visible to each application: row, event_id, event_time and the columns the stream reads; strings are coded as int8."""
        read = groups.read(self.applicant[0], self.applicant[-1])
        return pa.concat_tables(
            [_schema(stream).empty_table(), *(self._among(_known(rows), stream) for rows in read)]
        )

    def _among(self, rows: pa.Table, stream: Stream) -> pa.Table:
        """What is seen of one row group."""
        person, event, known = (
            rows.column("applicant_id").to_numpy(),
            *(_micros(rows.column(name)) for name in KEYS[1:]),
        )
        at, row = pairs(person, event, known, self.applicant, *self._spans(stream))
        coded = pa.table({c.name: _codes_of(rows.column(c.name), c) for c in columns_taken(stream)})
        return (
            pc.take(coded, pa.array(at), boundscheck=False)
            .add_column(0, "row", pa.array(row))
            .cast(_schema(stream))
        )

    def _spans(self, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
        """(as_of, oldest moment) of each application for one table; nothing happens before the as_of of those without its consent."""
        as_of, oldest = self.as_of, self.as_of - YEAR_DAYS * MICROS_PER_DAY
        if stream.table.consent:
            as_of = np.where(
                pc.fill_null(self.spine.column(stream.table.consent), False).to_numpy(),
                as_of,
                BEGINNING,
            )
        return as_of, np.full(len(as_of), BEGINNING) if stream.has_memory else oldest


def columns_taken(stream: Stream) -> tuple[Column, ...]:
    """What is taken from the files for the kernel: event_id, event_time and the columns that the stream reads."""
    names = {*ROW_COLUMNS, *(column.name for column in columns_read(stream))}
    return tuple(column for column in stream.table.columns if column.name in names)


def columns_asked(stream: Stream) -> tuple[Column, ...]:
    """What is read of the files: what is taken, and what tells who sees it."""
    names = {*KEYS, *(column.name for column in columns_taken(stream))}
    return tuple(column for column in stream.table.columns if column.name in names)


def pairs(
    applicant: np.ndarray,
    event: np.ndarray,
    known: np.ndarray,
    asked: np.ndarray,
    as_of: np.ndarray,
    oldest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(place of an event, place of an application that sees it), both int64; `asked` are sorted applicants, times microseconds.

    In the order of the events where an applicant has one application; where there are several, one after the other per run of events.
    """
    start = _starts(applicant)
    first, last = (
        np.searchsorted(asked, applicant[start[:-1]], side) for side in ("left", "right")
    )
    return _pairs(start, first, last, event, known, as_of, oldest)


@jit
def _starts(applicant: np.ndarray) -> np.ndarray:
    """Where each run of rows of one applicant begins, and where the last one ends."""
    start, found = np.empty(len(applicant) + 1, np.int64), 0
    for i in range(len(applicant)):
        if i == 0 or applicant[i] != applicant[i - 1]:
            start[found] = i
            found += 1
    start[found] = len(applicant)
    return start[: found + 1].copy()


@jit
def _pairs(
    start: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    event: np.ndarray,
    known: np.ndarray,
    as_of: np.ndarray,
    oldest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    room = (
        (start[1:] - start[:-1]) * (last - first)
    ).sum() + 1  # one more, as every pair is written before it is known to count
    at, row, found = np.empty(room, np.int64), np.empty(room, np.int64), 0
    for run in range(len(first)):
        for k in range(first[run], last[run]):
            for i in range(start[run], start[run + 1]):
                at[found], row[found] = i, k
                found += sees(event[i], known[i], as_of[k], oldest[k])
    return at[:found], row[:found]


def _schema(stream: Stream) -> pa.Schema:
    taken = [
        (c.name, pa.int8() if c.type == pa.string() else c.type) for c in columns_taken(stream)
    ]
    return pa.schema([("row", pa.int64()), *taken])


def _known(rows: pa.Table) -> pa.Table:
    """Rows with an applicant and both times: the others are seen by nobody."""
    if not any(rows.column(name).null_count for name in KEYS):
        return rows
    return rows.filter(reduce(pc.and_, (rows.column(name).is_valid() for name in KEYS)))


def _micros(times: pa.ChunkedArray) -> np.ndarray:
    return pc.cast(times.cast(pa.timestamp("us")), pa.int64()).to_numpy()


def _codes_of(column: pa.ChunkedArray, declared: Column) -> pa.ChunkedArray | pa.Array:
    """Words as their index among the allowed ones, -1 for any other and for null; other columns as they are."""
    if declared.type != pa.string():
        return column
    words = column.dictionary_encode().combine_chunks()
    code = pa.array(
        [
            declared.among.index(word) if word in declared.among else -1
            for word in words.dictionary.to_pylist()
        ],
        pa.int8(),
    )
    return pc.fill_null(code.take(words.indices), -1)
