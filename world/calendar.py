"""The calendar of the world: day numbers, vintages and how busy each day is (domain 7.4, 7.8).

Day numbers count from 1970-01-01; times are int64 microseconds since then (UTC). A season is a
vector of cumulative day weights. A uniform draw between two of its values is therefore a moment
that has the density of the season.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from creditloom.world.config.config_types import Calendar, CalendarDrift, Seasons

DAY_US = 86_400_000_000
# Mean month of the Gregorian calendar: 365.25 / 12.
DAYS_PER_MONTH = 30.4375
# Days of events before as_of: one year, and a week more so that no window of features is cut.
HISTORY_DAYS = 372
# Days of events after as_of. A feature must not see them; they exist so that tests can prove it.
AFTER_DAYS = 10
# 1970-01-01 was a Thursday; this shift makes Monday weekday 0.
EPOCH_WEEKDAY = 3


def month_number(date: datetime.date) -> int:
    """Return the months since January of year 0.

    >>> month_number(datetime.date(2024, 3, 15)) - month_number(datetime.date(2023, 12, 1))
    3
    """
    return date.year * 12 + date.month - 1


def month_starts(first: datetime.date, n_months: int) -> np.ndarray:
    """Return the starts of `n_months + 1` months from the month of `first`, int64 microseconds.

    >>> month_starts(datetime.date(2024, 1, 20), 1).view("datetime64[us]").astype(str).tolist()
    ['2024-01-01T00:00:00.000000', '2024-02-01T00:00:00.000000']
    """
    number = month_number(first)
    months = [
        datetime.date((number + k) // 12, (number + k) % 12 + 1, 1) for k in range(n_months + 1)
    ]
    return np.array(months, dtype="datetime64[us]").astype(np.int64)


@dataclass(frozen=True)
class Days:
    """All days on which something may happen.

    They run from two years before the first vintage to one month after the last. The first of
    them is the origin; the vectors of the class have one entry per day or month from there.
    """

    calendar: Calendar
    seasons: Seasons
    drift: CalendarDrift

    @cached_property
    def months(self) -> np.ndarray:
        """Starts of the calendar months from the origin, as day numbers."""
        start = self.calendar.applications_start
        first = datetime.date(start.year - 2, start.month, 1)
        # Two years of history, the vintages, one month after them, and the end of that month.
        return month_starts(first, 24 + self.calendar.n_vintages + 2) / DAY_US

    @cached_property
    def vintages(self) -> np.ndarray:
        """Starts of the vintages and the end of the last, int64 microseconds."""
        return month_starts(self.calendar.applications_start, self.calendar.n_vintages)

    @staticmethod
    def day_of_month(time_us: np.ndarray) -> np.ndarray:
        """Return the day of the calendar month, from 1, of moments in microseconds."""
        days = (time_us // DAY_US).astype("datetime64[D]")
        since = days - days.astype("datetime64[M]").astype("datetime64[D]")
        return np.asarray(since.astype(np.int64) + 1)

    @property
    def origin(self) -> int:
        """Day number of the first day."""
        return int(self.months[0])

    @cached_property
    def dates(self) -> np.ndarray:
        """All days as dates."""
        return np.arange(self.origin, int(self.months[-1])).astype("datetime64[D]")

    @cached_property
    def shop(self) -> np.ndarray:
        """Cumulative weight of the days for payments: weekday, festival, sales and growth."""
        weekday = (self.dates.astype(np.int64) + EPOCH_WEEKDAY) % 7
        is_sale = np.isin(self.month_days, self.seasons.sale_days)
        # The weights of the week average 1, so that they move payments between days only.
        weight = np.array(self.seasons.weekday)[weekday] / np.mean(self.seasons.weekday)
        weight = weight * np.where(self._festival, self.seasons.festival_shop, 1.0)
        weight = weight * np.where(is_sale, self.seasons.sale_factor, 1.0)
        # Growth is measured from the first vintage: its history lies below 1.
        days_in_us = self.dates.astype(np.int64) * DAY_US - self.vintages[0]
        months_in = days_in_us / (DAYS_PER_MONTH * DAY_US)
        return _cumulative(weight * (1.0 + self.drift.count_per_month) ** months_in)

    def shop_weight(self, days: np.ndarray) -> np.ndarray:
        """Return the weight of the given day numbers for payments."""
        return np.diff(self.shop)[days - self.origin]

    @cached_property
    def month_by_day(self) -> np.ndarray:
        """Calendar month of each day, both counted from the origin."""
        days = np.arange(self.origin, int(self.months[-1]))
        return np.searchsorted(self.months, days, side="right") - 1

    @cached_property
    def red_packet(self) -> np.ndarray:
        """Cumulative weight of the days for red packets: six times as many in the festival."""
        return _cumulative(np.where(self._festival, self.seasons.festival_red_packet, 1.0))

    @cached_property
    def even(self) -> np.ndarray:
        """Cumulative weight of the days for events that know no season."""
        return _cumulative(np.ones(self.dates.size))

    @property
    def month_days(self) -> np.ndarray:
        """Month and day of each date as text, for example `06-18`."""
        return np.array([str(date)[5:] for date in self.dates])

    @cached_property
    def _festival(self) -> np.ndarray:
        """Whether each day belongs to a Spring Festival, which begins on New Year's Eve."""
        starts = np.array(self.seasons.festival_starts, dtype="datetime64[D]")
        days_since = (self.dates[:, None] - starts[None, :]).astype(np.int64)
        is_festival = (days_since >= -1) & (days_since < self.seasons.festival_days - 1)
        return is_festival.any(axis=1)

    def since_festival(self, time_us: np.ndarray) -> np.ndarray:
        """Return the days since the nearest New Year's Day, negative before it."""
        starts = np.array(self.seasons.festival_starts, dtype="datetime64[D]").astype(np.int64)
        day = time_us // DAY_US
        # The midpoints between festivals decide which of them is the nearest.
        nearest = starts[np.searchsorted((starts[1:] + starts[:-1]) / 2.0, day)]
        since: np.ndarray = day - nearest
        return since

    def weight_at(self, cumulative: np.ndarray, time_us: np.ndarray) -> np.ndarray:
        """Return the value of a cumulative season at the given moments."""
        return np.interp(time_us / DAY_US - self.origin, np.arange(cumulative.size), cumulative)


def _cumulative(weight: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(weight)])


# Centre (hour) and share of the peaks of a day: morning, noon and evening (domain 7.4). The shares
# are divided by 0.9, because the night's 0.1 is drawn apart.
DAY_PEAKS = (
    (8.5, 0.20),
    (12.25, 0.3333),
    (19.0, 0.4667),
)
# Standard deviation of a peak, hours (choice).
PEAK_SD_HOURS = 1.6
# Entries of the quantile table of the time of day (choice).
N_QUANTILES = 4096


def _day_seconds() -> np.ndarray:
    """Return quantiles of the time of day between 5 and 23 h, in seconds."""
    seconds = np.arange(5 * 3600, 23 * 3600, 60)
    density = sum(
        share * np.exp(-0.5 * ((seconds / 3600 - hour) / PEAK_SD_HOURS) ** 2)
        for hour, share in DAY_PEAKS
    )
    cumulative = np.cumsum(density) / np.sum(density)
    return np.interp((np.arange(N_QUANTILES) + 0.5) / N_QUANTILES, cumulative, seconds).astype(
        np.int64
    )


DAY_SECONDS = _day_seconds()
