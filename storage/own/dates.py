"""Dates: the column that dates each application, and dates that are features.

A feature of dates becomes the number of days from them to the date of the application: who opened
an account 400 days before asking is known by 400, whichever year it is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.base.readings.moments import ISO, DateReading, days_between, moments_of
from creditloom.storage.contract.stored_types import kind_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.own.columns import ColumnNote, ColumnSource, FeatureColumn
from creditloom.storage.own.recognise import dates_of, pattern_words

Times = NDArray[np.datetime64]
# Of dates of which nobody can tell days from months.
UNTOLD_STEP = "write them as 2024-01-31"
# Values that an error shows, and their characters: without them nobody sees which ones are meant.
TOLD = 3
SHOWN = 40
NO_DATES = pd.Series(dtype="M8[us]")


@dataclass(frozen=True)
class OwnTime:
    """The time column: its name, naive UTC microseconds per row, and how its texts were read."""

    name: str
    moments: Times
    reading: DateReading
    notes: tuple[ColumnNote, ...] = ()


def time_of(source: ColumnSource, name: str, latest: dt.datetime) -> OwnTime:
    """Return the time column, of dates, timestamps or texts of one form of dates.

    Raises DataError for null, for a date after `latest`, and for anything else.
    """
    reading, notes = _reading(source, name)
    moments = _moments(source, name, reading)
    is_null = np.isnat(moments)
    if is_null.any():
        got = f"{int(is_null.sum()):,} null, the first in row {int(np.argmax(is_null))}"
        raise _bad_time(source, name, got, "fill it, or leave the rows out")
    is_late = moments > np.datetime64(latest)
    if is_late.any():
        first = int(np.argmax(is_late))
        place = f"the first in row {first}: {moments[first]} (now is {latest})"
        got = f"{int(is_late.sum()):,} in the future, {place}"
        raise _bad_time(source, name, got, "correct the dates")
    return OwnTime(name, moments, reading, notes)


def _reading(source: ColumnSource, name: str) -> tuple[DateReading, tuple[ColumnNote, ...]]:
    column = source.plain(name)
    kind = kind_of(column.type)
    if kind in ("timestamp", "date"):
        return ISO, ()
    # 20240131 is a date to a person, and may be a number to a file.
    found = dates_of(column.cast(pa.string())) if kind in ("text", "int") else None
    if found is None:
        some = [str(value)[:SHOWN] for value in column.unique()[:TOLD].to_pylist()]
        got = f"type {column.type}: {', '.join(f'`{value}`' for value in some)}"
        raise _bad_time(source, name, got, UNTOLD_STEP.replace("them", "every date"))
    if len(found.patterns) > 1:
        raise _bad_time(source, name, f"dates that may be {found.words}", UNTOLD_STEP)
    notes = (ColumnNote(name, f"dates as {found.words}"),) if found.patterns[0] else ()
    return found.reading, notes


def _moments(source: ColumnSource, name: str, reading: DateReading) -> Times:
    """Return the moments of a column; DataError where one lies outside the calendar."""
    moments = moments_of(source.plain(name), reading)
    is_out = moments.early | moments.late
    if is_out.any():
        got = f"{int(is_out.sum()):,} outside the years 1 to 9999"
        raise _bad_time(source, name, got, "correct the dates")
    return moments.data


def _bad_time(source: ColumnSource, name: str, got: str, step: str) -> DataError:
    return DataError.of(
        f"Column `{name}` is no usable date",
        where=source.where,
        expected="a date or timestamp in every row, none after now",
        got=got,
        next_step=step,
    )


# Features.


def found_dates(source: ColumnSource, name: str) -> FeatureColumn | None:
    """Return a column of dates as moments; None for a column that holds none.

    Stored dates and timestamps are some, and texts that are all dates. Where nobody can tell days
    from months, or none is known, the column comes without moments and with the reason.
    """
    column = source.plain(name)
    kind = kind_of(column.type)
    if kind in ("timestamp", "date"):
        return _moments_column(source, name, ISO)
    found = dates_of(column) if kind == "text" else None
    if found is None:
        return None
    if len(found.patterns) > 1:
        said = f"left out: dates that may be {found.words} ({UNTOLD_STEP})"
        return FeatureColumn(NO_DATES, notes=(ColumnNote(name, said),), dates=ISO)
    return _moments_column(source, name, found.reading)


def _moments_column(source: ColumnSource, name: str, reading: DateReading) -> FeatureColumn:
    return FeatureColumn(pd.Series(_moments(source, name, reading)), dates=reading)


def days_before(name: str, column: FeatureColumn, time: OwnTime) -> FeatureColumn:
    """Return the days from dates to the time column as a feature, with what is said of it."""
    days = days_between(column.data.to_numpy("M8[us]"), time.moments)
    pattern = column.dates.pattern if column.dates else ""
    written = f"dates as {pattern_words(pattern)}" if pattern else "dates"
    said = f"{written}: read as the number of days from them to `{time.name}`"
    late = int((days < 0).sum())
    if late:
        said = f"{said}; {late:,} lie after it: were they known then?"
    return FeatureColumn(pd.Series(days), notes=(ColumnNote(name, said),), dates=column.dates)
