"""From case to decision: gates, admission, filters, tier, rules and limit together; the strictest outcome stands.

Decision, limit and price follow from one grade, that of the calibrated PD (S1-R03, S4-R13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..reasons.text import picked
from ..rulebook.condition import Criterion
from ..rulebook.policy import Policy
from ..score.tiers import Tiers
from .batch_context import BatchContext, RuleHits, words_of
from .filters import filtered
from .limit import Limits, limits
from .rules import GATES, RULES

# A product's admission criteria: hard ones refuse, soft ones give points, and what is not known is said (domain 3, C15).

UNKNOWN_EN, UNKNOWN_ZH = ": not known", "：未知"


@dataclass(frozen=True)
class Assessed:
    """What one criterion found, per application: not met, or not known. Where it does not apply (`only_if`) it is neither."""

    criterion: Criterion
    is_failed: np.ndarray
    is_unknown: np.ndarray


def assessed(case: BatchContext) -> tuple[Assessed, ...]:
    """Every criterion of the product on every application."""
    return tuple(_assess(case, criterion) for criterion in case.product.admission)


def refusing(criteria: tuple[Assessed, ...]) -> list[RuleHits]:
    """Hard criteria that are not met, and those not known where that does not let pass."""
    hard = [(found.criterion, found) for found in criteria if found.criterion.soft_points is None]
    failed = [
        RuleHits(c.code, "refuse", c.text_en, c.text_zh, found.is_failed) for c, found in hard
    ]
    unknown = [
        RuleHits(
            c.code, c.if_unknown, c.text_en + UNKNOWN_EN, c.text_zh + UNKNOWN_ZH, found.is_unknown
        )
        for c, found in hard
        if c.if_unknown != "pass"
    ]
    return [*failed, *unknown]


def unmet(criteria: tuple[Assessed, ...], is_adverse: np.ndarray) -> list[RuleHits]:
    """Soft criteria that are not met: a reason where the decision is adverse, never its cause."""
    soft = [
        (found.criterion, found) for found in criteria if found.criterion.soft_points is not None
    ]
    return [
        RuleHits(c.code, None, c.text_en, c.text_zh, found.is_failed & is_adverse)
        for c, found in soft
    ]


def passed_unknown(criteria: tuple[Assessed, ...]) -> list[RuleHits]:
    """Criteria that let pass what is not known: they were not assessed, and the decision says so."""
    lenient = [
        (f.criterion, f)
        for f in criteria
        if f.criterion.if_unknown == "pass" or f.criterion.soft_points is not None
    ]
    return [RuleHits(c.code, None, c.text_en, c.text_zh, found.is_unknown) for c, found in lenient]


def _assess(case: BatchContext, criterion: Criterion) -> Assessed:
    meets = case.meets(criterion)
    applies = (
        np.ones(len(meets), dtype=bool)
        if criterion.only_if is None
        else case.is_true(criterion.only_if)
    )
    return Assessed(criterion, applies & (meets == 0), applies & np.isnan(meets))


OUTCOMES = ("approve", "refer", "decline", "refuse")  # from mild to strict
APPROVE, REFER, DECLINE, REFUSE = range(4)


@dataclass(frozen=True)
class Verdicts:
    """Per application: index into OUTCOMES, that of the tier alone, what fired and gives a reason, what filters do to the account
    (`actions`), what could not be assessed, and the limit (None without a product).
    """

    outcome: np.ndarray
    by_tier: np.ndarray
    fired: tuple[RuleHits, ...]
    actions: tuple[RuleHits, ...]
    not_assessed: tuple[RuleHits, ...]
    limits: Limits | None

    @property
    def is_adverse(self) -> np.ndarray:
        """Anything but an approval."""
        return self.outcome != APPROVE

    @property
    def is_score_adverse(self) -> np.ndarray:
        """The score had a part in an adverse decision: its reasons must be told. A refusal rests on its rule alone."""
        return (self.by_tier != APPROVE) & (self.outcome != REFUSE)

    @property
    def is_too_small(self) -> np.ndarray:
        """The limit fell below the product's minimum."""
        return np.zeros(len(self.outcome), bool) if self.limits is None else self.limits.cny == 0

    @property
    def is_limit_told(self) -> np.ndarray:
        """What held the limit down must be told: it is cut, or it is the reason of a decline."""
        if self.limits is None:
            return np.zeros(len(self.outcome), bool)
        lent = (self.outcome <= REFER) & self.limits.is_cut
        return lent | (self.is_too_small & (self.outcome == DECLINE) & (self.by_tier != DECLINE))

    def codes(self) -> pa.Array:
        """Codes of the refusing rules that fired, a list per application, without repeats."""
        refused = [f for f in self.fired if f.outcome == "refuse"]
        found, which = words_of(len(self.outcome), refused, [f.code for f in refused])
        return pa.array(found, pa.list_(pa.string())).take(pa.array(which))

    def actions_told(self) -> pa.Array:
        """What the filters ask for, per application: `FR02 freeze for 24 hours; ...`; null for nothing."""
        found, which = words_of(
            len(self.outcome), self.actions, [f"{f.code} {f.text_en}" for f in self.actions]
        )
        return picked(["; ".join(words) or None for words in found] or [None], which)

    def not_assessed_told(self) -> pa.Array:
        """Codes of the criteria and filters that could not be assessed, per application; null for none."""
        found, which = words_of(
            len(self.outcome), self.not_assessed, [f.code for f in self.not_assessed]
        )
        return picked([" ".join(words) or None for words in found] or [None], which)


def tier_outcome(policy: Policy, tiers: Tiers, grade: np.ndarray) -> np.ndarray:
    """Outcome of the grade alone; a grade that the policy does not name is declined."""
    return np.array([OUTCOMES.index(policy.verdicts.get(name, "decline")) for name in tiers.names])[
        grade
    ]


def verdicts_of(case: BatchContext) -> Verdicts:
    """Apply every rule and the limit. A limit below the minimum declines what would have been approved or referred."""
    by_tier = np.array([*(OUTCOMES.index(t.decision) for t in case.product.tiers), DECLINE])[
        case.tier
    ]
    criteria, limit, found = assessed(case), limits(case), filtered(case)
    gates, rules = (
        [RuleHits(r.code, r.outcome, r.text_en, r.text_zh, r.fires(case)) for r in part]
        for part in (GATES, RULES)
    )
    deciding = [*gates, *refusing(criteria), *(f for f in found.fired if f.outcome), *rules]
    outcome = np.maximum(by_tier, np.where(limit.cny == 0, DECLINE, APPROVE))
    for fired in deciding:
        if fired.outcome and fired.is_found:
            outcome = np.where(
                fired.mask, np.maximum(outcome, OUTCOMES.index(fired.outcome)), outcome
            )
    told = (*deciding, *unmet(criteria, outcome != APPROVE))
    return Verdicts(
        outcome,
        by_tier,
        told,
        tuple(found.actions),
        (*passed_unknown(criteria), *found.unknown),
        limit,
    )


def verdicts_by_tier(policy: Policy, tiers: Tiers, grade: np.ndarray) -> Verdicts:
    """Without a product the tier decides alone."""
    outcome = tier_outcome(policy, tiers, grade)
    return Verdicts(outcome, outcome, (), (), (), None)
