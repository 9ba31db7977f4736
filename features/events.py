"""The point-in-time join of one raw table with the applications asked for, as relations; `sight.py` does the same for rows in memory.

Portable Ibis operations only (join, compare, case, select), so that the expression runs on Spark and, where the two are compared, on
DuckDB. The order of the rows is left to the kernel, which sorts them by (application, event_time, event_id) whatever the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from . import clock
from .grid import Stream
from .tables import Column

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROW_COLUMNS = ("row", "event_id", "event_time")
VIRTUAL_COLUMNS = ("hour", "weekday")
"""Columns the kernel derives from `event_time`; a slice may use them like stored ones."""


def columns_read(stream: Stream) -> tuple[Column, ...]:
    """The columns that the stream's slices and measures name, in the table's order."""
    named = {c.column for s in stream.slices for c in s.where} | {c for m in stream.measures for c in m.columns}
    return tuple(c for c in stream.table.columns if c.name in named)


def events(table: ir.Table, spine: ir.Table, stream: Stream) -> ir.Table:
    """Rows of `table` visible to each application of `spine`: row, event_id, event_time and the columns the stream reads.

    Grain: one row per (application, visible event). `spine` has row, applicant_id, as_of and the consents. Strings become their index
    among the allowed values. Rows of applications without the table's consent are not read at all.
    """
    names = ("applicant_id", "event_id", "event_time", "known_time", *(c.name for c in columns_read(stream)))
    joined = table.select(*dict.fromkeys(names)).inner_join(spine, "applicant_id")
    seen = joined.filter(clock.visible(joined.event_time, joined.known_time, joined.as_of))
    if stream.table.consent:
        seen = seen.filter(seen[stream.table.consent])
    if not stream.has_memory:
        seen = seen.filter(clock.within_year(seen.event_time, seen.as_of))
    return seen.select(*ROW_COLUMNS, **{c.name: _coded(seen, c) for c in columns_read(stream) if c.name not in ROW_COLUMNS})


def _coded(table: ir.Table, column: Column) -> ir.Value:
    import ibis

    if column.type != pa.string():
        return table[column.name]
    return ibis.cases(*((table[column.name] == value, i) for i, value in enumerate(column.among)), else_=-1).cast("int8")
