"""The world's calendar: day numbers, vintages and how busy each day is (domain 7.4, 7.8).

Days are counted from `ORIGIN`; times are int64 microseconds since 1970 (UTC). Seasons are cumulative day weights, so that a uniform
draw between two of their values is a moment drawn with the season's density.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from creditloom.world.config.config_types import Calendar, CalendarDrift, Seasons

DAY_US = 86_400_000_000
DAYS_PER_MONTH = 30.4375
HISTORY_DAYS = 372  # before as_of; events of the last year and a few days more
AFTER_DAYS = 10  # after as_of, so that blindness to the future can be proved


def month_number(date: datetime.date) -> int:
    """Months since year 0."""
    return date.year * 12 + date.month - 1


def month_starts(first: datetime.date, n_months: int) -> np.ndarray:
    """Start of `n_months + 1` months from `first` on, int64 microseconds."""
    number = month_number(first)
    months = [
        datetime.date((number + k) // 12, (number + k) % 12 + 1, 1) for k in range(n_months + 1)
    ]
    return np.array(months, dtype="datetime64[us]").astype(np.int64)


@dataclass(frozen=True)
class Days:
    """All days in which something may happen, from two years before the first vintage to one month after the last."""

    calendar: Calendar
    seasons: Seasons
    drift: CalendarDrift

    @cached_property
    def months(self) -> np.ndarray:
        """Starts of calendar months, in day numbers, from the origin on."""
        first = datetime.date(
            self.calendar.applications_start.year - 2, self.calendar.applications_start.month, 1
        )
        return month_starts(first, 24 + self.calendar.n_vintages + 2) / DAY_US

    @cached_property
    def vintages(self) -> np.ndarray:
        """Starts of the vintages, and the end of the last, int64 microseconds."""
        return month_starts(self.calendar.applications_start, self.calendar.n_vintages)

    @property
    def origin(self) -> int:
        return int(self.months[0])

    @cached_property
    def dates(self) -> np.ndarray:
        return np.arange(self.origin, int(self.months[-1])).astype("datetime64[D]")

    @cached_property
    def shop(self) -> np.ndarray:
        """Cumulative weight of days for payments: weekday, festival, sales and growth."""
        weekday = (self.dates.astype(np.int64) + 3) % 7
        weight = np.array(self.seasons.weekday)[weekday] / np.mean(self.seasons.weekday)
        weight = weight * np.where(self._festival, self.seasons.festival_shop, 1.0)
        weight = weight * np.where(
            np.isin(self.month_days, self.seasons.sale_days), self.seasons.sale_factor, 1.0
        )
        months_in = (self.dates.astype(np.int64) * DAY_US - self.vintages[0]) / (
            DAYS_PER_MONTH * DAY_US
        )
        return _cumulative(weight * (1.0 + self.drift.count_per_month) ** months_in)

    def shop_weight(self, days: np.ndarray) -> np.ndarray:
        """Weight of given day numbers for payments."""
        return np.diff(self.shop)[days - self.origin]

    @cached_property
    def month_by_day(self) -> np.ndarray:
        """Calendar month of each day, both counted from the origin."""
        return (
            np.searchsorted(self.months, np.arange(self.origin, int(self.months[-1])), side="right")
            - 1
        )

    @cached_property
    def red_packet(self) -> np.ndarray:
        """Cumulative weight of days for red packets: six times as many in the festival."""
        return _cumulative(np.where(self._festival, self.seasons.festival_red_packet, 1.0))

    @cached_property
    def even(self) -> np.ndarray:
        """Cumulative weight of days where every day is like another."""
        return _cumulative(np.ones(self.dates.size))

    @property
    def month_days(self) -> np.ndarray:
        return np.array([str(date)[5:] for date in self.dates])

    @cached_property
    def _festival(self) -> np.ndarray:
        starts = np.array(self.seasons.festival_starts, dtype="datetime64[D]")
        gone = (self.dates[:, None] - starts[None, :]).astype(np.int64)
        return ((gone >= -1) & (gone < self.seasons.festival_days - 1)).any(axis=1)

    def since_festival(self, time_us: np.ndarray) -> np.ndarray:
        """Days since New Year's Day of the nearest Spring Festival, negative before it."""
        starts = np.array(self.seasons.festival_starts, dtype="datetime64[D]").astype(np.int64)
        day = time_us // DAY_US
        nearest = starts[np.searchsorted((starts[1:] + starts[:-1]) / 2.0, day)]
        since: np.ndarray = day - nearest
        return since

    def weight_at(self, cumulative: np.ndarray, time_us: np.ndarray) -> np.ndarray:
        """Value of a cumulative season at given moments."""
        return np.interp(time_us / DAY_US - self.origin, np.arange(cumulative.size), cumulative)


def _cumulative(weight: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(weight)])


HOURS = (
    (8.5, 0.20),
    (12.25, 0.3333),
    (19.0, 0.4667),
)  # domain 7.4: morning, noon and evening, night apart
HOUR_SD = 1.6
TABLE = 4096


def _day_seconds() -> np.ndarray:
    """Quantiles of the time of day outside the night, in seconds."""
    seconds = np.arange(5 * 3600, 23 * 3600, 60)
    density = sum(
        share * np.exp(-0.5 * ((seconds / 3600 - hour) / HOUR_SD) ** 2) for hour, share in HOURS
    )
    cumulative = np.cumsum(density) / np.sum(density)
    return np.interp((np.arange(TABLE) + 0.5) / TABLE, cumulative, seconds).astype(np.int64)


DAY_SECONDS = _day_seconds()
