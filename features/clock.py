"""The one place that compares dates.

A row is visible to an application iff it happened AND was known strictly before `as_of`. Ages are integer microseconds; a window of
w days is [as_of - w days, as_of). Months are bins of 30 days counted back from `as_of`, so every window is exact for any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .compiled import jit

if TYPE_CHECKING:
    import ibis.expr.types as ir

MICROS_PER_DAY = 86_400_000_000
BIN_DAYS = 30
N_MONTHS = 12
N_WEEKS = N_MONTHS * BIN_DAYS // 7
YEAR_DAYS = N_MONTHS * BIN_DAYS

WINDOW_DAYS = {"1d": 1, "7d": 7, "1m": 30, "2m": 60, "3m": 90, "6m": 180, "12m": YEAR_DAYS}
EVER = "ever"
WINDOWS = {name: step for step, name in enumerate((*WINDOW_DAYS, EVER))}
"""Window name to the index of its last step: a step lies between two edges, the last is everything older."""
N_STEPS = len(WINDOWS)
DOUBLED = {"1m": "2m", "3m": "6m", "6m": "12m"}
"""Window name to the name of the window twice as long."""
STEP_OF_DAY = np.searchsorted(
    list(WINDOW_DAYS.values()), np.arange(YEAR_DAYS + 1), side="right"
).astype(np.uint8)
"""Step of each number of whole days back (0 is the newest and ends with an age of one day): every window is a whole number of days."""


def visible(
    event_time: ir.TimestampValue, known_time: ir.TimestampValue, as_of: ir.TimestampValue
) -> ir.BooleanValue:
    """The point-in-time rule, both comparisons strict; the argument types may be Ibis columns or numpy arrays."""
    return (event_time < as_of) & (known_time < as_of)


@jit
def sees(event_time: int, known_time: int, as_of: int, oldest: int) -> bool:
    """`visible` and not older than a moment, in microseconds, for compiled loops."""
    return oldest <= event_time < as_of and known_time < as_of


SQL = """
CREATE TEMP MACRO sees(event_time, known_time, as_of, days) AS
    event_time < as_of AND known_time < as_of AND event_time >= as_of - to_days(days);
CREATE TEMP MACRO known_from(event_time, known_time) AS
    CASE WHEN event_time IS NOT NULL AND known_time IS NOT NULL THEN greatest(event_time, known_time) END;
CREATE TEMP MACRO month_index(moment) AS datediff('month', DATE '1970-01-01', moment);
"""
"""The same for queries over whole tables: `sees` within so many days, the moment from which a row has
happened and is known (null where a time is), its calendar month as `month_index` counts."""


def within_year(event_time: ir.TimestampValue, as_of: ir.TimestampValue) -> ir.BooleanValue:
    """Inside the longest window; rows older than that are not read for tables without a memory."""
    import ibis

    return event_time >= as_of - ibis.interval(days=YEAR_DAYS)


def whole_days(age: np.ndarray) -> np.ndarray:
    """Age in days, by floor."""
    return age // MICROS_PER_DAY


def month_index(times: np.ndarray) -> np.ndarray:
    """Calendar months since 1970-01 of `datetime64` times; a time lies before the first day of month m iff its index is below m."""
    return times.astype("datetime64[M]").astype(np.int64)
