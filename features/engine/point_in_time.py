"""The point-in-time join: which events of a raw table each application sees.

It is written twice. `events` is a relation, for Spark. `Sight` does the same for the rows of one
bucket in memory, for the embedded engine, because DuckDB takes more CPU for the relation. A test
compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from .row_groups import RowGroups, SeenMoments

if TYPE_CHECKING:
    import ibis.expr.types as ir


# As a relation: the join of one raw table with the applications.

# Columns of every visible event, beside those that its stream reads. `row` is the place of the
# application in its bucket.
ROW_COLUMNS = ("row", "event_id", "event_time")


def columns_read(stream: Stream) -> tuple[Column, ...]:
    """Return the columns that the stream's slices and measures name, in the table's order."""
    return stream.columns_read


def events(table: ir.Table, spine: ir.Table, stream: Stream) -> ir.Table:
    """Return row, event_id, event_time and the columns the stream reads, of visible events.

    Grain: one row per (application, visible event). `spine` has row, applicant_id, as_of and the
    consents. Strings become their index among the allowed values. Events of applications without
    the table's consent are not read at all.
    """
    read = columns_read(stream)
    keys = ("applicant_id", "event_id", "event_time", "known_time")
    names = dict.fromkeys((*keys, *(column.name for column in read)))
    joined = table.select(*names).inner_join(spine, "applicant_id")
    rows = joined.filter(clock.visible(joined.event_time, joined.known_time, joined.as_of))
    if stream.table.consent:
        rows = rows.filter(rows[stream.table.consent])
    if not stream.has_memory:
        rows = rows.filter(clock.within_year(rows.event_time, rows.as_of))
    own = {column.name: _coded(rows, column) for column in read if column.name not in ROW_COLUMNS}
    return rows.select(*ROW_COLUMNS, **own)


def _coded(table: ir.Table, column: Column) -> ir.Value:
    """Return a column; a string becomes its index among the allowed values, -1 for any other."""
    import ibis

    if column.type != pa.string():
        return table[column.name]
    cases = ((table[column.name] == value, code) for code, value in enumerate(column.among))
    return ibis.cases(*cases, else_=-1).cast("int8")


# In memory: the same for the rows of one bucket.

# The columns that say who sees an event. A null in one of them hides it from everybody.
KEYS = ("applicant_id", "event_time", "known_time")
# The oldest moment there is. It is the oldest moment of a table with memory, and the as_of of
# applications whose events may not be read: nothing happens before it.
BEGINNING = np.iinfo(np.int64).min

# Bytes of row groups that are joined before they are looked through. Each of the 24 monthly runs of
# a lake brings few rows, which together cost less; files in no order would fill the memory.
JOINED_BYTES = 32 << 20


class Sight:
    """What the applications of one bucket see.

    `spine` has applicant_id, as_of and the consents, sorted by applicant. The `row` of an
    application is its place in the spine.
    """

    def __init__(self, spine: pa.Table) -> None:
        self.spine = spine
        self.applicant = spine.column("applicant_id").to_numpy()
        self.as_of = _micros(spine.column("as_of"))

    def seen(self, groups: RowGroups, stream: Stream) -> pa.Table:
        """Return row, event_id, event_time and the columns the stream reads, of visible events.

        Strings are coded as int8.
        """
        as_of, oldest = self._spans(stream)
        moments = SeenMoments(int(oldest.min()), int(as_of.max()))
        read = groups.read(int(self.applicant[0]), int(self.applicant[-1]), moments)
        return self.seen_of(read, stream)

    def seen_of(self, read: Iterable[pa.Table], stream: Stream) -> pa.Table:
        """Return the same of rows that are in memory."""
        # An empty table first, so that there is a schema where no group holds an applicant.
        tables = [_schema(stream).empty_table()]
        tables += [self.of_rows(rows, stream) for rows in joined(map(with_keys, read))]
        return pa.concat_tables(tables)

    def of_rows(self, rows: pa.Table, stream: Stream) -> pa.Table:
        """Return what is seen of some rows that have no null in KEYS."""
        at, row = self.places(rows, stream)
        taken = columns_taken(stream)
        coded = pa.table(
            {column.name: _codes_of(rows.column(column.name), column) for column in taken}
        )
        # No bounds check: `pairs` gives places of these very rows.
        events_seen = pc.take(coded, pa.array(at), boundscheck=False)
        return events_seen.add_column(0, "row", pa.array(row)).cast(_schema(stream))

    def places(self, rows: pa.Table, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
        """Return (place of an event in `rows`, place of an application that sees it).

        `rows` have no null in KEYS.
        """
        as_of, oldest = self._spans(stream)
        return pairs(
            rows.column("applicant_id").to_numpy(),
            _micros(rows.column("event_time")),
            _micros(rows.column("known_time")),
            self.applicant,
            as_of,
            oldest,
        )

    def _spans(self, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
        """Return (as_of, oldest moment) of each application for one table, in microseconds."""
        as_of = self.as_of
        if stream.has_memory:
            oldest = np.full(len(as_of), BEGINNING)
        else:
            oldest = as_of - YEAR_DAYS * MICROS_PER_DAY
        if stream.table.consent:
            consent = pc.fill_null(self.spine.column(stream.table.consent), False).to_numpy()
            as_of = np.where(consent, as_of, BEGINNING)
        return as_of, oldest


def joined(read: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same rows in fewer tables, each of neighbours with one schema."""
    held: list[pa.Table] = []
    size = 0
    for rows in read:
        if held and (size >= JOINED_BYTES or rows.schema != held[0].schema):
            yield pa.concat_tables(held)
            held = []
            size = 0
        held.append(rows)
        # Of whole groups: a slice of a few rows keeps the group that it was cut from.
        size += rows.get_total_buffer_size()
    if held:
        yield pa.concat_tables(held)


def columns_taken(stream: Stream) -> tuple[Column, ...]:
    """Return what the kernel gets: event_id, event_time and the columns that the stream reads."""
    names = {*ROW_COLUMNS, *(column.name for column in columns_read(stream))}
    return tuple(column for column in stream.table.columns if column.name in names)


def columns_asked(stream: Stream) -> tuple[Column, ...]:
    """Return what is read from the files: what the kernel gets, and what says who sees it."""
    names = {*KEYS, *(column.name for column in columns_taken(stream))}
    return tuple(column for column in stream.table.columns if column.name in names)


def pairs(
    applicant: np.ndarray,
    event: np.ndarray,
    known: np.ndarray,
    applicants: np.ndarray,
    as_of: np.ndarray,
    oldest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (place of an event, place of an application that sees it), both int64.

    `applicant`, `event` and `known` have one entry per event; `applicants` (sorted), `as_of` and
    `oldest` one per application; times are microseconds.
    The order is that of the events where an applicant has one application. Where there are
    several, they come one after the other for each run of events.
    """
    start = _starts(applicant)
    first_of_run = applicant[start[:-1]]
    first = np.searchsorted(applicants, first_of_run, "left")
    last = np.searchsorted(applicants, first_of_run, "right")
    return _pairs(start, first, last, event, known, as_of, oldest)


# Compiled, because it visits every event. Files are sorted by applicant, so there are few runs.
@jit
def _starts(applicant: np.ndarray) -> np.ndarray:
    """Return where each run of events of one applicant begins, and where the last one ends."""
    start = np.empty(len(applicant) + 1, np.int64)
    n_runs = 0
    for i in range(len(applicant)):
        if i == 0 or applicant[i] != applicant[i - 1]:
            start[n_runs] = i
            n_runs += 1
    start[n_runs] = len(applicant)
    return start[: n_runs + 1].copy()


# Compiled, because it visits every pair of an event and an application of its applicant.
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
    # One place more than pairs: every pair is written before it is known to count.
    # That saves a branch in the loop.
    room = ((start[1:] - start[:-1]) * (last - first)).sum() + 1
    at = np.empty(room, np.int64)
    row = np.empty(room, np.int64)
    n_pairs = 0
    for run in range(len(first)):
        for k in range(first[run], last[run]):
            for i in range(start[run], start[run + 1]):
                at[n_pairs], row[n_pairs] = i, k
                n_pairs += sees(event[i], known[i], as_of[k], oldest[k])
    return at[:n_pairs], row[:n_pairs]


def _schema(stream: Stream) -> pa.Schema:
    """Return the schema of a stream's visible events; strings are int8 codes."""
    own = [
        (column.name, pa.int8() if column.type == pa.string() else column.type)
        for column in columns_taken(stream)
    ]
    return pa.schema([("row", pa.int64()), *own])


def with_keys(rows: pa.Table) -> pa.Table:
    """Return the events that have an applicant and both times; nobody sees the others."""
    if not any(rows.column(name).null_count for name in KEYS):
        return rows
    return rows.filter(reduce(pc.and_, (rows.column(name).is_valid() for name in KEYS)))


def _micros(times: pa.ChunkedArray) -> np.ndarray:
    """Return times as int64 microseconds."""
    return pc.cast(times.cast(pa.timestamp("us")), pa.int64()).to_numpy()


def _codes_of(column: pa.ChunkedArray, declared: Column) -> pa.ChunkedArray | pa.Array:
    """Return strings as their index among the allowed ones, -1 for any other and for null.

    Other columns come back as they are.
    """
    if declared.type != pa.string():
        return column
    words = column.dictionary_encode().combine_chunks()
    codes = [
        declared.among.index(word) if word in declared.among else -1
        for word in words.dictionary.to_pylist()
    ]
    return pc.fill_null(pa.array(codes, pa.int8()).take(words.indices), -1)
