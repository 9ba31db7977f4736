"""What the law asks on a date: one frozen profile per period (domain 5), and which one is in force."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from .errors import DecisionError
from .figure import Figure
from .product import Lender


@dataclass(frozen=True)
class Law:
    """One law profile, in force from `effective_from` to `effective_to` inclusive; null = without end, or no such rule.

    `price_cap` bounds the highest of simple365 and IRR x 12 (R1); `protection_line` is the judicial line below it, for the record;
    `consumption_line` (R2), `bullet_tenor` (R3), `minimum_age` (R4), lenders that may not lend to students (R5),
    `penalty_uplift` (R15), column names that may not even be present (R7; also as `<name>_...`), and attributes that policy and audit
    may know but that are never a feature of the model, so never a reason.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    id: str
    name_en: str
    name_zh: str
    effective_from: dt.date
    effective_to: dt.date | None
    price_cap: Figure | None
    protection_line: Figure | None
    consumption_line: Figure | None
    bullet_tenor: Figure | None
    minimum_age: Figure | None
    penalty_uplift: Figure | None
    no_student_lenders: tuple[Lender, ...]
    student_needs_second_source: bool
    bureau_consent_required: bool
    banned_purposes: tuple[str, ...]
    banned_columns: tuple[str, ...]
    protected_attributes: tuple[str, ...]


def in_order(laws: tuple[Law, ...]) -> tuple[Law, ...]:
    """The profiles by date. Raises `DecisionError` when two are in force on one day."""
    ordered = tuple(sorted(laws, key=lambda law: law.effective_from))
    for earlier, later in pairwise(ordered):
        if earlier.effective_to is None or earlier.effective_to >= later.effective_from:
            raise DecisionError(
                "two law profiles are in force on one day",
                where=f"{earlier.id} and {later.id}",
                expected="periods that do not overlap",
                got=f"{earlier.id} ends {earlier.effective_to}, {later.id} starts {later.effective_from}",
                next_step="choose one of them, or correct their dates",
            )
    return ordered


def index_of(laws: tuple[Law, ...], as_of: np.ndarray) -> np.ndarray:
    """Which of the ordered profiles is in force on the day of each `as_of` (datetime64); -1 where none is, int64.

    The day is that of the time as recorded (UTC), nowhere shifted to a local zone.
    """
    days = as_of.astype("datetime64[D]")
    starts = np.array([law.effective_from for law in laws], dtype="datetime64[D]")
    ends = np.array([law.effective_to or dt.date.max for law in laws], dtype="datetime64[D]")
    index = np.searchsorted(starts, days, side="right") - 1
    return np.where((index >= 0) & (days <= ends[index]), index, -1)
