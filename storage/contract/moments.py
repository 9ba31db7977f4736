"""Read a moment from text: ISO 8601, with an offset or Z as that moment, without one as UTC."""

from __future__ import annotations

import re

import numpy as np

# Microseconds of the units in which times are stored; nanoseconds are divided instead.
MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
# A date, and a time to the minute at least; a comma or a point before fractions of a second; Z, or
# hours with or without minutes.
ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,](?P<part>[0-9]{1,9}))?)?)"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)?)?"
)
# A day bounds what an offset can mean; no place on earth is further than 14 hours from UTC.
MAX_HOURS = 23
MAX_MINUTES = 59
# Digits of a second that are read: microseconds. Further ones are cut off.
DIGITS = 6


def moment(text: str) -> int | None:
    """Return microseconds since 1970 in UTC, None for a text that names no moment.

    >>> moment("1970-01-01T08:00:00.5+08:00")
    500000
    >>> moment("2025-02-30") is None
    True
    """
    found = ISO.fullmatch(text)
    if not found:
        return None
    offset = _offset(found)
    clock = (found["clock"] or "00:00").partition(",")[0].partition(".")[0]
    try:
        # numpy counts the whole calendar, where datetime ends with the year 9999.
        at = np.datetime64(f"{found['day']}T{clock}", "us")
    except ValueError:
        return None
    part = int((found["part"] or "0")[:DIGITS].ljust(DIGITS, "0"))
    return None if offset is None else int(at.astype(np.int64)) + part - offset


def _offset(found: re.Match[str]) -> int | None:
    """Return the offset from UTC in microseconds, None for one that no zone has."""
    if found["sign"] is None:
        return 0
    hours = int(found["hours"])
    minutes = int(found["minutes"] or 0)
    if hours > MAX_HOURS or minutes > MAX_MINUTES:
        return None
    micros = (hours * 60 + minutes) * 60 * MICROS["s"]
    return micros if found["sign"] == "+" else -micros
