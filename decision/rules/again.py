"""Decide again what was decided: the rules, on the facts and the PD that were recorded.

Nothing is scored. Rules, limit and price are the functions by which `Decider` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..frames.arrow import offer_columns, tier_names
from ..frames.input_frame import Frame
from ..reasons.significance import rests_on_score, with_referrals
from ..reasons.words import word_column
from ..rulebook.offer import Offers, offers
from ..rulebook.policy import Policy
from ..score.tiers import Tiers
from .batch_context import BatchContext, RuleHits
from .beyond import CODE
from .rules import under_age
from .verdict import OUTCOMES, Verdicts, verdicts_by_tier, verdicts_of

# Asked of marked applications: which have a concept that explains a decline.
HasReason = Callable[[np.ndarray], np.ndarray]
BEYOND_EN = "a value that training did not hold"
BEYOND_ZH = "训练数据中未出现的取值"


@dataclass(frozen=True)
class DecidedAgain:
    """Some applications decided again; arrays run over applications.

    `pd` is null where the law forbids to score (R4). `grade` indexes the tiers of the rule book.
    `columns` are those of the decision (`frames/arrow.py`) from `grade` to `charges`, and
    `refusal_codes`. `batch` is null without a product.
    """

    pd: np.ndarray
    grade: np.ndarray
    is_scored: np.ndarray
    verdicts: Verdicts
    batch: BatchContext | None
    columns: dict[str, Any]


@dataclass(frozen=True)
class RuleBook:
    """What decides beside the model: a rule book for one product and its laws, priced."""

    policy: Policy
    tiers: Tiers
    offers: Offers | None

    @classmethod
    def of(
        cls,
        policy: Policy,
        tiers: Tiers,
        families: Sequence[str],
        product: str = "",
        law: str = "",
    ) -> RuleBook:
        """Return the rule book of a product and a law, as `Decider.terms` chooses them.

        `families` are those of the model's features (R8, R14). Raises `DecisionError` for a name
        that the rule book does not hold, and for one that cannot be priced.
        """
        chosen = policy.choose(product, law)
        priced = None
        if chosen.product:
            priced = offers(chosen, chosen.product, tiers, tuple(families))
        return cls(chosen, tiers, priced)

    def unscored(self, frame: Frame) -> np.ndarray:
        """Return which applications this rule book decides without a score (R4)."""
        batch = self._batch(frame)
        return under_age(batch) if batch else np.zeros(len(frame.as_of), dtype=bool)

    def decide(
        self, frame: Frame, pd: np.ndarray, is_beyond: np.ndarray, has_reason: HasReason
    ) -> DecidedAgain:
        """Return the decisions on applications whose PD is known.

        `frame` needs no features. `pd` is null only where `unscored` says so. `is_beyond` marks the
        rows in which a decision found what training never saw (B1). `has_reason` is asked of
        declines by the score: one that nothing explains goes to a person. Rows with data of a
        family that the person did not consent to are not among them: a batch sets them aside.
        """
        batch = self._batch(frame)
        is_scored = ~under_age(batch) if batch else np.ones(len(pd), dtype=bool)
        known = np.where(is_scored, pd, np.nan)
        grade = self.tiers.index(known)
        beyond = self._beyond(is_beyond)
        if batch:
            batch = batch.graded(grade)
            verdicts = verdicts_of(batch, beyond)
        else:
            verdicts = verdicts_by_tier(self.policy, self.tiers, grade, found=beyond)
        by_score = rests_on_score(verdicts) & is_scored
        verdicts = with_referrals(verdicts, by_score & ~has_reason(by_score))
        grades = word_column([*self.tiers.names, None], np.where(is_scored, grade, -1))
        columns = {
            "grade": grades,
            "tier": tier_names(batch, grades, is_scored),
            "decision": word_column(OUTCOMES, verdicts.outcome),
            **offer_columns(batch, verdicts),
            "refusal_codes": verdicts.codes(),
        }
        return DecidedAgain(known, grade, is_scored, verdicts, batch, columns)

    def _beyond(self, is_beyond: np.ndarray) -> tuple[RuleHits, ...]:
        treated = self.policy.beyond_training
        if treated is None or treated.treatment != "refer":
            return ()
        return (RuleHits(CODE, "refer", BEYOND_EN, BEYOND_ZH, is_beyond),)

    def _batch(self, frame: Frame) -> BatchContext | None:
        if self.policy.product is None or self.offers is None:
            return None
        n = len(frame.as_of)
        return BatchContext(
            frame=frame,
            policy=self.policy,
            product=self.policy.product,
            tiers=self.tiers,
            offers=self.offers,
            grade=np.zeros(n, dtype=np.int64),
            has_unconsented=np.zeros(n, dtype=bool),
        )
