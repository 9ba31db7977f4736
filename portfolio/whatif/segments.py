"""The segments by which a what-if is told: what is known of everyone beside the score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from creditloom.decision.frames.input_frame import Frame
from creditloom.decision.rules.again import DecidedAgain

UNKNOWN = "not known"
# Lower ends of the bands of age, as the book of a lender is usually cut.
AGES = (18, 25, 35, 45, 55)
Segments = dict[str, tuple[list[str], np.ndarray]]


def segments_of(frame: Frame, before: DecidedAgain, grades: Sequence[str]) -> Segments:
    """Return, per segment, its labels and the code of each application.

    `grades` are the names of the policy that was recorded.
    """
    scored = np.where(before.is_scored, before.grade, len(grades))
    found: Segments = {"grade before": ([*grades, "not scored"], scored)}
    if not np.isnat(frame.as_of).all():
        found["month"] = _texts(np.datetime_as_string(frame.as_of, unit="M"))
    if before.batch is not None:
        laws = [law.id for law in before.batch.policy.laws]
        found["law"] = (
            [*laws, "none"],
            np.where(before.batch.law < 0, len(laws), before.batch.law),
        )
        found["purpose"] = _texts(frame.purpose)
    for name, words in (
        ("is_repeat", ("first loan here", "borrowed here before")),
        ("is_student", ("not in full-time study", "in full-time study")),
    ):
        if name in frame.numbers:
            value = frame.numbers[name]
            code = np.where(np.isnan(value), 2, value).astype(np.int64)
            found[name] = ([*words, UNKNOWN], code)
    if "age_years" in frame.numbers:
        found["age"] = _ages(frame.numbers["age_years"])
    return found


def _ages(years: np.ndarray) -> tuple[list[str], np.ndarray]:
    bands = [f"{low} to {high - 1}" for low, high in pairwise(AGES)]
    labels = [f"below {AGES[0]}", *bands, f"{AGES[-1]} and older", UNKNOWN]
    code = np.searchsorted(AGES, years, side="right")
    return labels, np.where(np.isnan(years), len(labels) - 1, code)


def _texts(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    code, labels = pd.factorize(values, use_na_sentinel=True)
    words = [*map(str, labels), UNKNOWN]
    return words, np.where(code < 0, len(words) - 1, code)
