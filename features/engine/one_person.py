"""The features of one application, made of one person's events in memory.

The compiled loops, formulas and rules are those of a bucket (`bucket.feature_columns`), so every
value has the bits that it has in a batch. What a bucket does once for thousands of applications is
done here once for all requests: the plan is cut when a service opens.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

import numpy as np

from ..aggregates.event_arrays import EventArrays, VisibleArrays
from ..clock import MICROS_PER_DAY, YEAR_DAYS, sees
from ..compiled import jit
from ..declare.cut import plan_of
from ..declare.declarations import Stream
from ..declare.registry import Plan
from .bucket import feature_columns
from .point_in_time import BEGINNING, columns_taken

# Name to value; NaN is null.
Values = dict[str, float]


class OnePerson:
    """Makes the features and policy inputs of one application at a time.

    `names` are those that somebody reads, None all; `tables` are the raw tables that are there.
    """

    def __init__(self, tables: Collection[str], names: Collection[str] | None) -> None:
        self.plan: Plan = plan_of(tables, names)
        self.streams = {stream.table.name: stream for stream, _ in self.plan.streams}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return the columns that are read of each raw table, with those that say who sees them."""
        return {
            name: tuple(
                dict.fromkeys((*(c.name for c in columns_taken(stream)), "known_time")),
            )
            for name, stream in self.streams.items()
        }

    def values(
        self,
        events: Mapping[str, EventArrays],
        as_of: int,
        consents: Mapping[str, bool],
        others: Mapping[str, float],
    ) -> tuple[Values, Values]:
        """Return features, and every policy input that is not stated by the application itself.

        `events` are all rows of the person by raw table, in order of time and key, visible or not.
        `as_of` is in microseconds. `consents` are those that hold; one that is not there is
        refused. `others` is what other people's rows say.
        """
        moment = np.array([as_of], np.int64)

        def visible(stream: Stream) -> VisibleArrays:
            is_allowed = not stream.table.consent or consents.get(stream.table.consent, False)
            rows = events[stream.table.name]
            oldest = BEGINNING if stream.has_memory else as_of - YEAR_DAYS * MICROS_PER_DAY
            at = seen_places(
                rows.columns["event_time"],
                rows.columns["known_time"],
                as_of if is_allowed else BEGINNING,
                oldest,
            )
            return VisibleArrays(stream, rows.taken(at), moment)

        @cache
        def allowed(consent: str) -> np.ndarray:
            return np.array([not consent or consents.get(consent, False)])

        said = {name: np.array([value]) for name, value in others.items()}
        features, known = feature_columns(self.plan, visible, said, 1, allowed)
        return _plain(features), {name: float(known[name][0]) for name in self.plan.facts}


def _plain(columns: Mapping[str, np.ndarray]) -> Values:
    return {name: float(column[0]) for name, column in columns.items()}


# Compiled: numpy would make an array for each of the three comparisons.
@jit
def seen_places(event: np.ndarray, known: np.ndarray, as_of: int, oldest: int) -> np.ndarray:
    """Return the places of the events that are seen at `as_of`, all in microseconds."""
    at = np.empty(len(event), np.int64)
    n = 0
    for i in range(len(event)):
        at[n] = i
        n += sees(event[i], known[i], as_of, oldest)
    return at[:n].copy()
