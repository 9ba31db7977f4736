"""The visible events of one person as arrays: what formulas read, without a table in between.

A table in Arrow costs some twenty calls a column, whatever its length. For the few hundred events
of one person these calls are most of the time; for a bucket of thousands they are nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..declare.declarations import Stream
from . import row_positions
from .event_columns import VisibleRows

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class EventArrays:
    """Events of one raw table, one entry per event in each array.

    `columns` by name: times are int64 microseconds, flags int8, strings the int8 index among the
    allowed values, numbers in their declared type; a null is -1. `nulls` says, for a column that
    may hold one, where it is null.
    """

    columns: Columns
    nulls: Columns

    def __len__(self) -> int:
        return len(self.columns["event_id"])

    def taken(self, at: np.ndarray) -> EventArrays:
        """Return the events at these places, in this order."""
        columns = {name: values[at] for name, values in self.columns.items()}
        nulls = {name: values[at] for name, values in self.nulls.items()}
        return EventArrays(columns, nulls)


class VisibleArrays(VisibleRows):
    """The visible events of one stream and one application, in the order (event_time, event_id).

    Every value is that of `VisibleRows` of the same events.
    """

    def __init__(self, stream: Stream, events: EventArrays, as_of: np.ndarray) -> None:
        """Take events that are visible at `as_of`, an array of one moment, and in order."""
        self.stream = stream
        self.n = len(as_of)
        self.events = events
        self.time = events.columns["event_time"]
        row = np.zeros(len(self.time), np.int64)
        self._place(row, as_of)

    def column(self, name: str) -> np.ndarray:
        """Return a stored or derived column in its own type; null is -1."""
        if name not in self._columns and name in self.events.columns:
            self._columns[name] = self.events.columns[name]
        return super().column(name)

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64; null is NaN."""
        if name not in self._numbers:
            numbers = self.events.columns[name].astype(np.float64)
            is_null = self.events.nulls.get(name)
            if is_null is not None:
                numbers[is_null.view(bool)] = np.nan
            self._numbers[name] = numbers
        return self._numbers[name]


def in_order(events: EventArrays) -> EventArrays:
    """Return the events by (event_time, event_id)."""
    time = events.columns["event_time"]
    key = events.columns["event_id"]
    same = np.zeros(len(time), np.int64)
    if row_positions.in_order(same, time, key):
        return events
    # numpy's lexsort takes the first key last: by time, and by the key where times are equal.
    return events.taken(np.lexsort((key, time)))
