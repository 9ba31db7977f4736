"""The course of loans over twelve month ends: buckets, roll rates and cures.

The same functions measure the labelled loans of the raw tables and the accounts of the book.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from creditloom.models.sample.arrays import Mask

# Month ends of a loan that are looked at: those of the label (domain 6).
MONTHS = 12
# First days past due of the buckets 1-29, 30-59, 60-89 and 90 or more (domain 6).
BUCKET_EDGES = (1, 30, 60, 90)
CURRENT, M1, M2, M3, BAD = range(5)
# Days past due from which an account was seriously late, and at which it is bad.
LATE_DPD = 30
BAD_DPD = 90
# Months until a cure is looked for, and within which a re-default counts (claims.yaml).
CURE_MONTHS = 3
REDEFAULT_MONTHS = 6
# Month ends at which an account may count as cured: three before it to be late in, and six after it
# to default again in.
CURED_AT = range(3, 7)


@dataclass(frozen=True)
class LoanPath:
    """Loans x twelve month ends.

    - `application_id`, one per loan, ascending.
    - `dpd`: days past due. `is_restructured`: restructured and not yet cured.
    - `day`: days since 1970-01-01 of the month's end.
    """

    application_id: np.ndarray
    dpd: np.ndarray
    is_restructured: np.ndarray
    day: np.ndarray

    @property
    def bucket(self) -> np.ndarray:
        """The bucket of each month end: CURRENT, M1, M2, M3 or BAD."""
        return np.digitize(self.dpd, BUCKET_EDGES)

    @property
    def is_current(self) -> np.ndarray:
        """Whether nothing is past due at a month's end, and no restructuring is under way."""
        return (self.dpd == 0) & ~self.is_restructured

    @property
    def default_month(self) -> np.ndarray:
        """Month of the first default by days past due or restructuring; 0 where none comes."""
        return _first(self.is_default)

    @property
    def is_default(self) -> np.ndarray:
        """Whether the account is 90 days past due or restructured at a month's end."""
        return (self.dpd >= BAD_DPD) | self.is_restructured


def _first(flags: np.ndarray) -> np.ndarray:
    """Return the month, from 1, of the first flag of each row; 0 where none is set."""
    return np.where(flags.any(axis=1), flags.argmax(axis=1) + 1, 0)


def loan_path(performance: pd.DataFrame) -> LoanPath:
    """Return the path of loans whose twelve month ends have all been seen.

    `performance` has rows of loan_performance: application_id, month_on_book, event_time, dpd_days,
    is_restructured.
    """
    rows = performance[performance["month_on_book"] <= MONTHS]
    # Stable, so that rows of one loan and month keep their order whatever the sort.
    rows = rows.sort_values(["application_id", "month_on_book"], kind="stable")
    count = rows.groupby("application_id")["month_on_book"].transform("size")
    rows = rows[count == MONTHS]
    shape = (-1, MONTHS)
    day = rows["event_time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    # table: the parts of a path
    return LoanPath(
        application_id=rows["application_id"].to_numpy().reshape(shape)[:, 0],
        dpd=rows["dpd_days"].to_numpy().astype(np.int64).reshape(shape),
        is_restructured=rows["is_restructured"].fillna(False).to_numpy(bool).reshape(shape),
        day=day.reshape(shape),
    )


def rolled(path: LoanPath, bucket: int) -> Mask:
    """Return, for every account and month in `bucket`, whether it is one bucket worse a month on.

    A restructured account is in none of the buckets.
    """
    before = path.bucket[:, :-1]
    after = path.bucket[:, 1:]
    is_in = (before == bucket) & ~path.is_restructured[:, :-1]
    return np.asarray(after[is_in] == bucket + 1)


def roll_rates(path: LoanPath) -> tuple[float, ...]:
    """Return the four roll rates: current to M1, M1 to M2, M2 to M3, M3 to bad."""
    return tuple(float(rolled(path, bucket).mean()) for bucket in (CURRENT, M1, M2, M3))


def paid_up(path: LoanPath, buckets: tuple[int, ...], months: int) -> Mask:
    """Return, for every account and month in `buckets`, whether it is current `months` later."""
    is_in = np.isin(path.bucket[:, :-months], buckets)
    return np.asarray(path.is_current[:, months:][is_in])


def redefault_counts(path: LoanPath) -> tuple[int, int, int, int]:
    """Return how many month ends are followed by 90 days past due within six months, and not.

    The first pair counts accounts that are current and were 30-89 days past due before, the second
    one accounts that are not and never were 30 days past due. Accounts once in default are left
    out.
    """
    counts = np.zeros(4, np.int64)
    for month in CURED_AT:
        so_far = path.dpd[:, : month + 1].max(axis=1)
        was_bad = path.is_default[:, : month + 1].any(axis=1)
        is_bad_later = path.dpd[:, month + 1 : month + 1 + REDEFAULT_MONTHS].max(axis=1) >= BAD_DPD
        is_cured = (so_far >= LATE_DPD) & path.is_current[:, month] & ~was_bad
        is_never = so_far < LATE_DPD
        for place, group in ((0, is_cured), (2, is_never & ~was_bad)):
            counts[place] += int((group & is_bad_later).sum())
            counts[place + 1] += int((group & ~is_bad_later).sum())
    return (int(counts[0]), int(counts[1]), int(counts[2]), int(counts[3]))
