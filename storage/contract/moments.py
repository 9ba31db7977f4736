"""Read a moment from text: ISO 8601, with an offset or Z as that moment, without one as UTC."""

from __future__ import annotations

import datetime as dt

# Microseconds of the units in which times are stored; nanoseconds are divided instead.
MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def moment(text: str) -> int | None:
    """Return microseconds since 1970 in UTC, None for a text that names no moment.

    What lies below a microsecond is cut off. The years are 1 to 9999.

    >>> moment("1970-01-01T08:00:00.5+08:00")
    500000
    >>> moment("2025-02-30") is None
    True
    """
    try:
        read = dt.datetime.fromisoformat(text.strip())
        # Moved to UTC, it may leave the calendar.
        at = read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return (at - EPOCH) // dt.timedelta(microseconds=1)
