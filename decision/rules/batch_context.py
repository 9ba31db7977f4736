"""What a rule looks at: one batch of applications with grade, tier and the law of their day, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from ..frames.input_frame import Frame
from ..rulebook.condition import Condition, SourcedValue, value
from ..rulebook.law import Law, day_of, index_of
from ..rulebook.offer import Offers
from ..rulebook.policy import Policy
from ..rulebook.product import Product
from ..score.tiers import Tiers

# What was found on some applications of a batch, whoever looked: a rule, a criterion or a filter.

RuleOutcome = Literal["refuse", "decline", "refer"]


@dataclass(frozen=True)
class RuleHits:
    """Code, what follows (`outcome` None changes no decision), its words, and the applications it was found on (mask)."""

    code: str
    outcome: RuleOutcome | None
    text_en: str
    text_zh: str
    mask: np.ndarray

    @cached_property
    def is_found(self) -> bool:
        """On any application of the batch."""
        return bool(self.mask.any())


def words_of(
    n_rows: int, fired: Sequence[RuleHits], words: Sequence[str]
) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The `words` of what fired (at most 63 things), in order and without repeats: once per combination, and which one each row has."""
    there = [(one, word) for one, word in zip(fired, words, strict=True) if one.is_found]
    patterns = np.zeros(n_rows, dtype=np.int64)
    if not there:
        return [()], patterns
    for k, (one, _) in enumerate(there):
        patterns |= one.mask.astype(np.int64) << k
    distinct, which = np.unique(patterns, return_inverse=True)
    return [
        tuple(dict.fromkeys(word for k, (_, word) in enumerate(there) if pattern >> k & 1))
        for pattern in distinct.tolist()
    ], which


FEN = 100.0  # fen in a yuan
PROOFS = (
    "consent_bureau",
    "consent_social",
    "consent_assets",
)  # sources beside payments that a person has opened (S1-R26)


@dataclass(frozen=True)
class BatchContext:
    """Arrays run over applications. `grade` is the index of the PD band, 0 = best; `has_unconsented` marks data sent without consent."""

    frame: Frame
    policy: Policy
    product: Product
    tiers: Tiers
    offers: Offers
    grade: np.ndarray
    has_unconsented: np.ndarray

    @cached_property
    def law(self) -> np.ndarray:
        """Index of the law profile in force on the day of as_of; -1 where none is."""
        return index_of(self.policy.laws, self.frame.as_of)

    @cached_property
    def day(self) -> np.ndarray:
        """The day of as_of where the law of the day holds, datetime64[D]; of UTC where no law does."""
        return day_of(
            self.frame.as_of,
            np.array([*(law.utc_offset.value for law in self.policy.laws), 0.0])[self.law],
        )

    @cached_property
    def tier(self) -> np.ndarray:
        """Index of the first tier of the product that takes grade and record of the application; -1 where none does."""
        found = np.full(len(self.grade), -1, dtype=np.int64)
        for k, terms in reversed(list(enumerate(self.product.tiers))):
            fits = self.grade <= self.tiers.names.index(terms.worst_grade)
            for condition in terms.conditions:
                fits &= self.meets(condition) == 1
            found[fits] = k
        return found

    def meets(self, condition: Condition) -> np.ndarray:
        """1 where the condition holds, 0 where it does not, NaN where the fact is not known."""
        fact, bound = self.fact(condition.fact), condition.than.value
        holds = {
            "at_least": fact >= bound,
            "above": fact > bound,
            "at_most": fact <= bound,
            "below": fact < bound,
        }[condition.test]
        return np.where(np.isnan(fact), np.nan, holds)

    def fact(self, name: str) -> np.ndarray:
        """A fact of facts.py: amounts in CNY, flags 0/1; NaN where it is not known or its column is absent."""
        if name in _DERIVED:
            return _DERIVED[name](self)
        if f"{name}_fen" in self.frame.numbers:
            return self.frame.numbers[f"{name}_fen"] / FEN
        return (
            self.frame.numbers[name]
            if name in self.frame.numbers
            else np.full(len(self.grade), np.nan)
        )

    def number(self, name: str) -> np.ndarray:
        """A required count or flag, NaN = not known."""
        return self.frame.numbers[name]

    def yuan(self, name: str) -> np.ndarray:
        """A required amount in CNY, NaN = not known."""
        return self.frame.numbers[f"{name}_fen"] / FEN

    def is_true(self, name: str) -> np.ndarray:
        """Flag known to be true."""
        return self.fact(name) == 1

    def is_purpose(self, *names: str) -> np.ndarray:
        """Applications that declare one of these uses of the money."""
        which, told = self.purposes
        return np.array([*(name in names for name in told), False])[which]

    @cached_property
    def purposes(self) -> tuple[np.ndarray, list[str]]:
        """(which of the declared uses each application names, -1 = none; the uses)."""
        which, told = pd.factorize(self.frame.purpose)
        return which, list(told)

    def by_law(self, name: str) -> np.ndarray:
        """A law's figure per application; NaN where the law sets none."""
        return self._lawful([value(_figure(law, name)) for law in self.policy.laws], np.nan)

    def is_by_law(self, held: list[bool]) -> np.ndarray:
        """A property of each law, per application; false where no law is in force."""
        return self._lawful(held, False)

    def _lawful(self, per_law: list[float] | list[bool], absent: float | bool) -> np.ndarray:
        return np.array([*per_law, absent])[self.law]  # index -1 is the last


def _soft_points(case: BatchContext) -> np.ndarray:
    """Points of the soft criteria that hold (C15); one that is not known gives none."""
    points = np.zeros(len(case.grade))
    for criterion in case.product.admission:
        if criterion.soft_points:
            points += criterion.soft_points.value * (case.meets(criterion) == 1)
    return points


def _income_to_wage(case: BatchContext) -> np.ndarray:
    """S3-R24: verified income in multiples of the wage where the person lives."""
    wage = case.fact("local_wage")
    return case.fact("verified_income") / np.where(wage > 0, wage, np.nan)


def _has_bureau_record(case: BatchContext) -> np.ndarray:
    """S1-R24: whether the bureau could score the person; not known where nobody sent its score."""
    known = "bureau_score" in case.frame.numbers
    return np.where(known, ~np.isnan(case.fact("bureau_score")), np.nan)


def _proved_sources(case: BatchContext) -> np.ndarray:
    return np.sum([case.is_true(name) for name in PROOFS], axis=0).astype(float)


_DERIVED = {
    "income_to_wage": _income_to_wage,
    "has_bureau_record": _has_bureau_record,
    "proved_sources": _proved_sources,
    "soft_points": _soft_points,
}


def _figure(law: Law, name: str) -> SourcedValue | None:
    found: SourcedValue | None = getattr(law, name)
    return found
