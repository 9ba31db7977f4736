"""Counts of booked loans by month on book, added up part by part.

A part holds the loans of one chunk of applicants. Counts of parts are added, so that memory does
not grow with the number of loans.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.loan_path import LATE_DPD, MONTHS, LoanPath
from creditloom.models.sample.arrays import Floats

# Buckets that an account can roll from, in the order of loan paths: CURRENT, M1, M2, M3.
BUCKETS = ("current", "1-29", "30-59", "60-89")
# Months of application in one vintage curve (choice): a month alone has few defaults.
MONTHS_PER_CURVE = 6


def _counts(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.int64)


@dataclass
class LoanTally:
    """Counts over the twelve month ends of booked loans.

    - `held`: bucket x month, accounts that stand in a bucket at the end of months 1 to 11.
    - `rolled`, `cured`: of these, one bucket worse, and current, a month later.
    - `booked`: loans by vintage. `late`: loans ever 30 or more days past due.
    - `defaulted`: vintage x month of the first default, months 1 to 12.
    """

    vintages: int
    held: np.ndarray = field(default_factory=lambda: _counts(len(BUCKETS), MONTHS - 1))
    rolled: np.ndarray = field(default_factory=lambda: _counts(len(BUCKETS), MONTHS - 1))
    cured: np.ndarray = field(default_factory=lambda: _counts(len(BUCKETS), MONTHS - 1))
    booked: np.ndarray = field(init=False)
    late: int = 0
    defaulted: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Start every vintage at zero."""
        self.booked = _counts(self.vintages)
        self.defaulted = _counts(self.vintages, MONTHS)

    def add(self, path: LoanPath, vintage: np.ndarray) -> None:
        """Add loans; `vintage` is the month of application of each, from 0."""
        before = path.bucket[:, :-1]
        after = path.bucket[:, 1:]
        is_in_course = ~path.is_restructured[:, :-1]
        for bucket in range(len(BUCKETS)):
            is_in = (before == bucket) & is_in_course
            self.held[bucket] += is_in.sum(axis=0)
            self.rolled[bucket] += (is_in & (after == bucket + 1)).sum(axis=0)
            self.cured[bucket] += (is_in & path.is_current[:, 1:]).sum(axis=0)
        self.booked += np.bincount(vintage, minlength=self.vintages)
        self.late += int((path.dpd.max(axis=1) >= LATE_DPD).sum())
        is_bad = path.default_month > 0
        np.add.at(self.defaulted, (vintage[is_bad], path.default_month[is_bad] - 1), 1)

    def roll_rates(self) -> pd.DataFrame:
        """Return bucket, month, accounts, rolled and cured (shares): one row a bucket and month.

        A share is null where no account stands in the bucket.
        """
        rows = []
        for bucket, name in enumerate(BUCKETS):
            for place in range(MONTHS - 1):
                counts = (self.held, self.rolled, self.cured)
                held, rolled, cured = (int(count[bucket, place]) for count in counts)
                shares = {"rolled": _share(rolled, held), "cured": _share(cured, held)}
                rows.append({"bucket": name, "month": place + 1, "accounts": held, **shares})
        return pd.DataFrame(rows)

    def mean_rates(self) -> dict[str, float | None]:
        """Return roll rate and cure rate of each bucket over all months; null of no accounts."""
        rates = {}
        for bucket, name in enumerate(BUCKETS):
            held = int(self.held[bucket].sum())
            rates[f"roll {name}"] = _share(int(self.rolled[bucket].sum()), held)
            rates[f"cure {name}"] = _share(int(self.cured[bucket].sum()), held)
        return rates

    def vintage_curves(self) -> pd.DataFrame:
        """Return vintages (as `1-6`), month, loans and defaulted (share so far).

        One row per half-year of application and month on book, from 0.
        """
        rows = []
        for first in range(0, self.vintages, MONTHS_PER_CURVE):
            part = slice(first, first + MONTHS_PER_CURVE)
            loans = int(self.booked[part].sum())
            if loans:
                so_far = np.cumsum([0, *self.defaulted[part].sum(axis=0)]) / loans
                last = min(first + MONTHS_PER_CURVE, self.vintages)
                name = f"{first + 1}-{last}"
                rows += _curve(name, loans, so_far)
        return pd.DataFrame(rows, columns=["vintages", "month", "loans", "defaulted"])

    def defaults_by_month(self) -> Floats:
        """Return the share of all defaults of twelve months that comes in each month."""
        by_month = self.defaulted.sum(axis=0)
        return np.asarray(by_month / max(by_month.sum(), 1))

    @property
    def default_rate(self) -> float | None:
        """Share of booked loans that default within twelve months; null of no loans."""
        return _share(int(self.defaulted.sum()), int(self.booked.sum()))

    @property
    def late_rate(self) -> float | None:
        """Share of booked loans ever 30 or more days past due in twelve months; null of none."""
        return _share(self.late, int(self.booked.sum()))


def _curve(name: str, loans: int, so_far: Floats) -> list[dict[str, object]]:
    return [
        {"vintages": name, "month": month, "loans": loans, "defaulted": float(share)}
        for month, share in enumerate(so_far)
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
