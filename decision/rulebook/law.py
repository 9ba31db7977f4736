"""What the law asks on a date: one frozen profile per period, and which one is in force.

See domain 5, S1-R75 and S4-R38.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..base.errors import DecisionError
from .condition import SourcedValue, value
from .product import Lender

MINUTES_PER_HOUR = 60


@dataclass(frozen=True)
class LenderCap:
    """The price cap of one kind of lender, in place of the law's general one."""

    lender: Lender
    cap: SourcedValue


@dataclass(frozen=True)
class Law:
    """One law profile, in force from `effective_from` to `effective_to` inclusive.

    Null means without end, or no such rule. Days are those of the place: UTC plus `utc_offset`.
    `price_cap` bounds the highest of simple365 and IRR x 12 (R1); `lender_price_caps` replace it
    for a kind of lender; `protection_line` is the judicial line below it, for the record.
    Further bounds: `consumption_line` (R2), `bullet_tenor` (R3), `minimum_age` (R4), lenders that
    may not lend to students (R5), `penalty_uplift` (R15).
    Banned are columns that may not even be present (R7; also as `<name>_...`), and families that
    the model may not have been trained on (R14). The law may need every source of data licensed
    (R8) and the model validated (R11). `protected_attributes` may be known to policy and audit, but
    are never a feature of the model, so never a reason.
    Raises `DecisionError` for a profile that ends before it begins.
    """

    id: str
    name_en: str
    name_zh: str
    effective_from: dt.date
    effective_to: dt.date | None
    utc_offset: SourcedValue
    price_cap: SourcedValue | None
    lender_price_caps: tuple[LenderCap, ...]
    protection_line: SourcedValue | None
    consumption_line: SourcedValue | None
    bullet_tenor: SourcedValue | None
    minimum_age: SourcedValue | None
    penalty_uplift: SourcedValue | None
    no_student_lenders: tuple[Lender, ...]
    student_needs_second_source: bool
    bureau_consent_required: bool
    needs_licensed_sources: bool
    needs_validated_model: bool
    banned_purposes: tuple[str, ...]
    banned_families: tuple[str, ...]
    banned_columns: tuple[str, ...]
    protected_attributes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.effective_to and self.effective_to < self.effective_from:
            raise DecisionError(
                "a law profile ends before it begins",
                where=f"{self.id} effective_to",
                expected=f"a day from {self.effective_from} on",
                got=str(self.effective_to),
                next_step="correct the law file",
            )

    @cached_property
    def moments(self) -> tuple[np.datetime64, np.datetime64]:
        """The first moment (UTC) at which it is in force, and the first one after it."""
        # Through minutes, as some places are half an hour off.
        ahead = np.timedelta64(int(MINUTES_PER_HOUR * self.utc_offset.value), "m")
        day = np.timedelta64(1, "D")
        last = np.datetime64(self.effective_to or dt.date.max, "D") + day
        first = np.datetime64(self.effective_from, "D")
        return first.astype("M8[us]") - ahead, last.astype("M8[us]") - ahead

    def price_cap_of(self, lender: Lender) -> float:
        """Return the cap for this kind of lender, a fraction a year (R1); NaN for none."""
        own = (c.cap.value for c in self.lender_price_caps if c.lender == lender)
        return min(own, default=value(self.price_cap))


def in_order(laws: tuple[Law, ...]) -> tuple[Law, ...]:
    """Return the profiles by date. Raises `DecisionError` when two are in force on one day."""
    ordered = tuple(sorted(laws, key=lambda law: law.effective_from))
    for earlier, later in pairwise(ordered):
        if earlier.effective_to is None or earlier.effective_to >= later.effective_from:
            ends = f"{earlier.id} ends {earlier.effective_to}"
            raise DecisionError(
                "two law profiles are in force on one day",
                where=f"{earlier.id} and {later.id}",
                expected="periods that do not overlap",
                got=f"{ends}, {later.id} starts {later.effective_from}",
                next_step="choose one of them, or correct their dates",
            )
    return ordered


def index_of(laws: tuple[Law, ...], as_of: np.ndarray) -> np.ndarray:
    """Return which of the profiles is in force at each `as_of` (datetime64, UTC), int64.

    The day is that of the law's own place; -1 where none is in force.
    """
    index = np.full(len(as_of), -1, dtype=np.int64)
    for k, law in enumerate(laws):
        first, after = law.moments
        index[(as_of >= first) & (as_of < after)] = k
    return index


def day_of(as_of: np.ndarray, utc_offset_hours: float | np.ndarray) -> np.ndarray:
    """Return the calendar day, datetime64[D], at each `as_of` (UTC).

    It is the day where the clock is `utc_offset_hours` ahead.

    >>> str(day_of(np.array(["2024-12-31T17:00"], "datetime64[m]"), 8.0)[0])
    '2025-01-01'
    """
    # Through minutes, as some places are half an hour off.
    minutes = np.asarray(MINUTES_PER_HOUR * utc_offset_hours).astype("timedelta64[m]")
    return np.asarray(as_of + minutes).astype("datetime64[D]")
