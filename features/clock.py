"""Time of the features: windows, steps and the point-in-time rule. Only this module compares dates.

An event is visible to an application if it happened and was known strictly before `as_of`.
Ages are integer microseconds. A window of w days is [as_of - w days, as_of).
Months are bins of 30 days counted back from `as_of`, so a window is exact for any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .compiled import jit

if TYPE_CHECKING:
    import ibis.expr.types as ir

MICROS_PER_DAY = 86_400_000_000
# A month of the features has 30 days and a year 360: whole bins, whatever the calendar says.
BIN_DAYS = 30
N_MONTHS = 12
YEAR_DAYS = N_MONTHS * BIN_DAYS

WINDOW_DAYS = {"1d": 1, "7d": 7, "1m": 30, "2m": 60, "3m": 90, "6m": 180, "12m": YEAR_DAYS}
EVER = "ever"
# Window name to the index of its last step. A step lies between the edges of two windows;
# the last step holds everything older than the longest window.
WINDOWS = {name: step for step, name in enumerate((*WINDOW_DAYS, EVER))}
N_STEPS = len(WINDOWS)
# Window name to the name of the window twice as long, for comparing a window with the one before.
DOUBLED = {"1m": "2m", "3m": "6m", "6m": "12m"}
# Step of each number of whole days back. Day 0 is the newest and ends with an age of one day.
# A lookup by day is enough, because every window is a whole number of days.
STEP_OF_DAY = np.searchsorted(
    list(WINDOW_DAYS.values()), np.arange(YEAR_DAYS + 1), side="right"
).astype(np.uint8)


def visible(
    event_time: ir.TimestampValue, known_time: ir.TimestampValue, as_of: ir.TimestampValue
) -> ir.BooleanValue:
    """Return whether an event is visible at `as_of`; both comparisons are strict.

    The arguments may be Ibis columns or numpy arrays.

    >>> visible(np.array([1, 2]), np.array([2, 3]), 3).tolist()
    [True, False]
    """
    return (event_time < as_of) & (known_time < as_of)


# Compiled, because the loop over pairs of events and applications calls it once per pair.
@jit
def sees(event_time: int, known_time: int, as_of: int, oldest: int) -> bool:
    """Return `visible` and not older than `oldest`, all in microseconds, for compiled loops."""
    return oldest <= event_time < as_of and known_time < as_of


# The same rule as macros for queries over whole tables. `sees` looks back a number of days;
# `known_from` is the moment from which a row has happened and is known, null where a time is null;
# `month_index` counts calendar months as the function of that name does.
SQL = """
CREATE TEMP MACRO sees(event_time, known_time, as_of, days) AS
    event_time < as_of AND known_time < as_of AND event_time >= as_of - to_days(days);
CREATE TEMP MACRO known_from(event_time, known_time) AS
    CASE
        WHEN event_time IS NOT NULL AND known_time IS NOT NULL THEN greatest(event_time, known_time)
    END;
CREATE TEMP MACRO month_index(moment) AS datediff('month', DATE '1970-01-01', moment);
"""


def within_year(event_time: ir.TimestampValue, as_of: ir.TimestampValue) -> ir.BooleanValue:
    """Return whether an event lies in the longest window.

    Older events are not read, except of streams with memory.
    """
    # Imported here, because only Spark and the tests need Ibis.
    import ibis

    return event_time >= as_of - ibis.interval(days=YEAR_DAYS)


def whole_days(age: np.ndarray) -> np.ndarray:
    """Return ages in microseconds as whole days, rounded down.

    >>> whole_days(np.array([0, MICROS_PER_DAY - 1, MICROS_PER_DAY])).tolist()
    [0, 0, 1]
    """
    return age // MICROS_PER_DAY


def month_index(times: np.ndarray) -> np.ndarray:
    """Return the calendar month of `datetime64` times, counted from 1970-01 as 0.

    A time lies before the first day of month m if and only if its index is below m.

    >>> month_index(np.array(["1970-01-31", "1971-02-01"], "datetime64[us]")).tolist()
    [0, 13]
    """
    return times.astype("datetime64[M]").astype(np.int64)
