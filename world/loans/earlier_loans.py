"""Earlier loans of repeat customers: what the house's own tables show of them (domain 0.11).

A customer of m months has had a loan of twelve instalments at a time since then: the first one was
booked m months before the application. Each instalment stands in `loan_performance`, and those of
the last year in the bureau's `repayments` under lender 0, which is this house.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.calendar import DAY_US, Days, month_starts
from creditloom.world.events.events import ID_STEP, Chunk, fen
from creditloom.world.risk.arrears import days_past_due, due_days

# Ids of earlier loans: beyond every application of the world.
FIRST_EARLIER = 1_000_000_000
# Earlier loans of a customer at most: 60 months of history make five.
LOANS_PER_CUSTOMER = 8
INSTALMENTS = 12
SECOND_US = 1_000_000
# Event ids of these rows start in the second half of a chunk's range, away from those of the loans
# that the incumbent books now.
EVENT_OFFSET = ID_STEP // 2
# Years of the calendar before the first vintage in which an earlier loan can have been booked.
YEARS_BEFORE = 6


@dataclass(frozen=True)
class EarlierInstalments:
    """One row per instalment, in order of person and time.

    - `person` is the place in the chunk, `loan` the number of the loan among the person's.
    - `month` is the calendar month of the due date, counted from the start of `starts` (day
      numbers); `number` is the instalment's within its loan, from 1.
    - `is_late`: unpaid at the month's end, paid in the next month.
    """

    person: np.ndarray
    loan: np.ndarray
    number: np.ndarray
    month: np.ndarray
    due_day: np.ndarray
    is_late: np.ndarray
    starts: np.ndarray

    @property
    def due_us(self) -> np.ndarray:
        """Start of the day on which each instalment falls due, microseconds."""
        return (self.starts[self.month] + self.due_day - 1) * DAY_US

    @property
    def dpd_days(self) -> np.ndarray:
        """Days past due at the end of the month."""
        missed = self.is_late.astype(np.int64)
        return days_past_due(self.starts, self.month, missed, self.due_day)


def earlier_instalments(chunk: Chunk) -> EarlierInstalments:
    """Return the instalments of earlier loans that fell due before the month of application."""
    history = chunk.world.file.history
    months = history.months[chunk.rows]
    late = history.late[chunk.rows]
    n_instalments = np.maximum(months - 1, 0)
    person = np.repeat(np.arange(chunk.size), n_instalments)
    # `back` counts months back from the application: months - 1, ..., 1 for each person.
    first = np.cumsum(n_instalments) - n_instalments
    since = np.arange(person.size) - first[person]
    back = months[person] - 1 - since
    calendar = chunk.setting.calendar
    n_before = 12 * YEARS_BEFORE
    start = calendar.applications_start.replace(
        year=calendar.applications_start.year - YEARS_BEFORE
    )
    starts = month_starts(start, n_before + calendar.n_vintages) // DAY_US
    vintage = chunk.of("vintage").astype(np.int64)
    day = due_days(Days.day_of_month(chunk.of("as_of")))
    # table: columns of the instalments
    return EarlierInstalments(
        person=person,
        loan=since // INSTALMENTS,
        number=since % INSTALMENTS + 1,
        month=n_before + vintage[person] - back,
        due_day=day[person],
        is_late=(late[person] >> back) & 1 > 0,
        starts=starts,
    )


def instalment_fen(chunk: Chunk) -> np.ndarray:
    """Return what one instalment of a person's earlier loans is, fen."""
    return fen(chunk.nature.history.instalment_share * chunk.of("income_cny"))


def earlier_loan_columns(chunk: Chunk, rows: EarlierInstalments) -> dict[str, np.ndarray]:
    """Return the columns of `loans`, one row per earlier loan."""
    is_first = rows.number == 1
    person = rows.person[is_first]
    policy = chunk.nature.old_policy
    n = person.size
    # table: columns of `loans`
    return {
        "application_id": _loan_ids(chunk, person, rows.loan[is_first]),
        "applicant_id": chunk.ids[person],
        # Booked on the due day of the month before the first instalment.
        "booked_time": (rows.starts[rows.month[is_first] - 1] + rows.due_day[is_first] - 1)
        * DAY_US,
        "principal_fen": instalment_fen(chunk)[person] * INSTALMENTS,
        "daily_rate": np.full(n, policy.daily_rate),
        "is_control": np.zeros(n, dtype=bool),
        "booking_propensity": np.ones(n),
        "tenor_months": np.full(n, INSTALMENTS),
    }


def earlier_performance_columns(chunk: Chunk, rows: EarlierInstalments) -> dict[str, np.ndarray]:
    """Return the columns of `loan_performance`, one row per instalment."""
    # A month ends one second before the next one starts.
    event_time = rows.starts[rows.month + 1] * DAY_US - SECOND_US
    # table: columns of `loan_performance`
    return {
        "event_id": chunk.index * ID_STEP + EVENT_OFFSET + np.arange(rows.person.size),
        "applicant_id": chunk.ids[rows.person],
        "event_time": event_time,
        "known_time": event_time + chunk.nature.hazard.reporting_days * DAY_US,
        "application_id": _loan_ids(chunk, rows.person, rows.loan),
        "month_on_book": rows.number,
        "dpd_days": rows.dpd_days,
        "is_restructured": np.zeros(rows.person.size, dtype=bool),
    }


def _loan_ids(chunk: Chunk, person: np.ndarray, loan: np.ndarray) -> np.ndarray:
    return FIRST_EARLIER + chunk.ids[person] * LOANS_PER_CUSTOMER + loan
