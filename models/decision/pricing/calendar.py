"""Days: when an instalment is due, and how many days lie between (ACT/365 for F11)."""

from __future__ import annotations

import datetime as dt

import pandas as pd


def due_dates(start: dt.date, months: int) -> tuple[dt.date, ...]:
    """The day of `start` in each of the following months; the last day of a month that is too short (N14: 31 January, 28 February)."""
    return tuple((pd.Timestamp(start) + pd.DateOffset(months=k)).date() for k in range(1, months + 1))


def days_since(start: dt.date, dates: tuple[dt.date, ...]) -> tuple[int, ...]:
    """Actual days from `start` to each date."""
    return tuple((date - start).days for date in dates)
