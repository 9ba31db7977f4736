"""What a rule reads: one batch of applications, column by column.

Each application has its grade, its tier and the law of its day.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..frames.input_frame import Frame, factorized
from ..rulebook.condition import Condition, SourcedValue, value
from ..rulebook.law import Law, day_of, index_of
from ..rulebook.offer import Offers
from ..rulebook.policy import Policy
from ..rulebook.product import Product
from ..score.tiers import Tiers
from .one_row import FLOAT, MASKS, is_null, pick, where

# What a rule, a criterion or a filter found on some applications of a batch.

RuleOutcome = Literal["refuse", "decline", "refer"]


@dataclass(frozen=True)
class RuleHits:
    """One rule and the applications that it fired on.

    `outcome` is what follows (None changes no decision), the texts are its words, `mask` marks the
    applications.
    """

    code: str
    outcome: RuleOutcome | None
    text_en: str
    text_zh: str
    mask: np.ndarray

    @classmethod
    def of(
        cls, code: str, outcome: RuleOutcome | None, words: tuple[str, str], mask: Any
    ) -> RuleHits:
        """Return the hits of a mask, which may be that of one row (`one_row.py`)."""
        text_en, text_zh = words
        rows = mask if isinstance(mask, np.ndarray) else MASKS[mask]
        return cls(code, outcome, text_en, text_zh, rows)

    @cached_property
    def is_found(self) -> bool:
        """Whether it fired on any application of the batch."""
        return bool(self.mask[0] if len(self.mask) == 1 else self.mask.any())


def words_of(
    n_rows: int, fired: Sequence[RuleHits], words: Sequence[str]
) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Return the distinct combinations of `words`, and which one each row has.

    `words` are those of `fired`, one each. A combination holds the words of the rules that fired on
    the row, in order and without repeats. At most 63 rules may have fired on the batch.
    """
    there = [(hits, word) for hits, word in zip(fired, words, strict=True) if hits.is_found]
    patterns = np.zeros(n_rows, dtype=np.int64)
    if not there:
        return [()], patterns
    if n_rows == 1:
        return [tuple(dict.fromkeys(word for _, word in there))], patterns
    # One bit per rule: rows with one pattern share their words, so texts are put together once per
    # combination and not once per row.
    for k, (hits, _) in enumerate(there):
        patterns |= hits.mask.astype(np.int64) << k
    distinct, which = np.unique(patterns, return_inverse=True)
    combinations = []
    for pattern in distinct.tolist():
        present = [word for k, (_, word) in enumerate(there) if pattern >> k & 1]
        combinations.append(tuple(dict.fromkeys(present)))
    return combinations, which


# Money is stored in fen; rules and sentences speak of yuan.
FEN_PER_YUAN = 100.0
# Sources beside payments that a person has opened (S1-R26).
OPENED_SOURCES = ("consent_bureau", "consent_social", "consent_assets")


@dataclass(frozen=True)
class BatchContext:
    """One batch for the rules; arrays run over applications.

    `grade` is the index of the PD band, 0 = best; `has_unconsented` marks data sent without
    consent.
    """

    frame: Frame
    policy: Policy
    product: Product
    tiers: Tiers
    offers: Offers
    grade: np.ndarray
    has_unconsented: np.ndarray

    @property
    def is_one(self) -> bool:
        """Whether this is the one row of `alone`, whose values are no arrays."""
        return self.grade.ndim == 0

    @cached_property
    def alone(self) -> BatchContext:
        """The only row of a batch of one, with a scalar of numpy in place of each array.

        A rule costs it a tenth of what it costs an array of one, and is the same code.
        """
        numbers = {name: values[0] for name, values in self.frame.numbers.items()}
        one = replace(
            self,
            frame=replace(self.frame, numbers=numbers),
            grade=self.grade[0],
            has_unconsented=self.has_unconsented[0],
        )
        one.__dict__.update(law=self.law[0], purposes=self.purposes)
        return one

    def graded(self, grade: np.ndarray) -> BatchContext:
        """Return the batch with the grades of its rows; what no grade changes is kept."""
        batch = replace(self, grade=grade)
        kept = ("law", "day", "purposes")
        batch.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return batch

    def full(self, value: Any) -> Any:
        """Return the same value for every application."""
        return np.array(value)[()] if self.is_one else np.full(len(self.grade), value)

    @cached_property
    def law(self) -> np.ndarray:
        """Index of the law profile in force on the day of as_of; -1 where none is."""
        return index_of(self.policy.laws, self.frame.as_of)

    @cached_property
    def day(self) -> np.ndarray:
        """The day of as_of where the law of the day holds, datetime64[D]; of UTC without a law."""
        # The last offset is taken where the index is -1.
        offsets = np.array([*(law.utc_offset.value for law in self.policy.laws), 0.0])
        days = day_of(self.frame.as_of, offsets[self.law])
        return days[0] if self.is_one else days

    @cached_property
    def tier(self) -> np.ndarray:
        """Index of the product's first tier that takes grade and record; -1 where none does."""
        if not self.is_one and len(self.grade) == 1:
            return np.array([self.alone.tier])
        tier = self.full(-1)
        # Backwards, so that the first tier that fits is the one that stays.
        for k, terms in reversed(list(enumerate(self.product.tiers))):
            fits = self.grade <= self.tiers.names.index(terms.worst_grade)
            for condition in terms.conditions:
                fits = fits & (self.meets(condition) == 1)
            tier = where(fits, k, tier)
        return tier

    def meets(self, condition: Condition) -> np.ndarray:
        """Return 1 where the condition holds, 0 where it does not, NaN for an unknown fact."""
        fact = self.fact(condition.fact)
        holds = _TESTS[condition.test](fact, condition.than.value)
        return where(is_null(fact), np.nan, holds.astype(FLOAT))

    def fact(self, name: str) -> np.ndarray:
        """Return a fact of rulebook/condition.py: amounts in CNY, flags 0/1.

        NaN where it is not known or its column is absent.
        """
        if name in _DERIVED:
            return _DERIVED[name](self)
        if f"{name}_fen" in self.frame.numbers:
            return self.frame.numbers[f"{name}_fen"] / FEN_PER_YUAN
        if name in self.frame.numbers:
            return self.frame.numbers[name]
        return self.full(np.nan)

    def number(self, name: str) -> np.ndarray:
        """Return a required count or flag, NaN = not known."""
        return self.frame.numbers[name]

    def yuan(self, name: str) -> np.ndarray:
        """Return a required amount in CNY, NaN = not known."""
        return self.frame.numbers[f"{name}_fen"] / FEN_PER_YUAN

    def is_true(self, name: str) -> np.ndarray:
        """Return where the flag is known to be true."""
        return self.fact(name) == 1

    def is_purpose(self, *names: str) -> np.ndarray:
        """Return where one of these uses of the money is declared."""
        which, declared = self.purposes
        is_named = pick([*(name in names for name in declared), False], which)
        return is_named[0] if self.is_one else is_named

    @cached_property
    def purposes(self) -> tuple[np.ndarray, list[str]]:
        """Which of the declared uses each application names (-1 = none), and the uses."""
        return factorized(self.frame.purpose)

    def by_law(self, name: str) -> np.ndarray:
        """Return a law's figure per application; NaN where the law sets none."""
        return self._lawful([value(_figure(law, name)) for law in self.policy.laws], np.nan)

    def is_by_law(self, held: list[bool]) -> np.ndarray:
        """Return a property of each law per application; false where no law is in force."""
        return self._lawful(held, False)

    def _lawful(self, per_law: list[float] | list[bool], absent: float | bool) -> np.ndarray:
        # The last entry is taken where the index is -1.
        return pick([*per_law, absent], self.law)


def _soft_points(batch: BatchContext) -> np.ndarray:
    """Return the points of the soft criteria that hold (C15); one that is unknown gives none."""
    points = batch.full(0.0)
    for criterion in batch.product.admission:
        if criterion.soft_points:
            points = points + criterion.soft_points.value * (batch.meets(criterion) == 1)
    return points


def _income_to_wage(batch: BatchContext) -> np.ndarray:
    """Return verified income in multiples of the wage where the person lives (S3-R24)."""
    wage = batch.fact("local_wage")
    # A wage of 0 is taken as not known.
    return batch.fact("verified_income") / where(wage > 0, wage, np.nan)


def _has_bureau_record(batch: BatchContext) -> np.ndarray:
    """Return whether the bureau could score the person (S1-R24).

    Not known where the column of its score is absent.
    """
    if "bureau_score" not in batch.frame.numbers:
        return batch.full(np.nan)
    known: np.ndarray = (~is_null(batch.fact("bureau_score"))).astype(FLOAT)
    return known


def _proved_sources(batch: BatchContext) -> np.ndarray:
    """Return how many sources beside payments the person has opened."""
    opened = [batch.is_true(name).astype(FLOAT) for name in OPENED_SOURCES]
    return np.asarray(sum(opened))


_TESTS = {
    "at_least": operator.ge,
    "above": operator.gt,
    "at_most": operator.le,
    "below": operator.lt,
}
# The facts that are worked out here; rulebook/condition.py lists them with their units.
_DERIVED = {
    "income_to_wage": _income_to_wage,
    "has_bureau_record": _has_bureau_record,
    "proved_sources": _proved_sources,
    "soft_points": _soft_points,
}


def _figure(law: Law, name: str) -> SourcedValue | None:
    figure: SourcedValue | None = getattr(law, name)
    return figure
