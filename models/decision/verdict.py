"""From case to decision: rules, limit and tier together; the strictest outcome stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .case import Case
from .limit import Limits, limits
from .policy import Policy
from .rules import RULES, Rule
from .tiers import Tiers

OUTCOMES = ("approve", "refer", "decline", "refuse")  # from mild to strict
APPROVE, REFER, DECLINE, REFUSE = range(4)


@dataclass(frozen=True)
class Verdicts:
    """Per application: index into OUTCOMES, that of the tier alone, the rules that fired, and the limit (None without a product)."""

    outcome: np.ndarray
    by_tier: np.ndarray
    fired: tuple[tuple[Rule, np.ndarray], ...]
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

    def codes(self) -> list[list[str]]:
        """Codes of the refusing rules that fired, per application, without repeats."""
        found: list[list[str]] = [[] for _ in self.outcome]
        for rule, mask in self.fired:
            if rule.outcome == "refuse":
                for row in np.flatnonzero(mask):
                    if rule.code not in found[row]:
                        found[row].append(rule.code)
        return found


def tier_outcome(policy: Policy, tiers: Tiers, tier: np.ndarray) -> np.ndarray:
    """Outcome of the tier alone; a tier that the policy does not name is declined."""
    return np.array([OUTCOMES.index(policy.verdicts.get(name, "decline")) for name in tiers.names])[tier]


def verdicts_of(case: Case) -> Verdicts:
    """Apply every rule and the limit. A limit below the minimum declines what would have been approved or referred."""
    by_tier = tier_outcome(case.policy, case.tiers, case.tier)
    fired = tuple((rule, rule.fires(case)) for rule in RULES)
    limit = limits(case)
    outcome = np.maximum(by_tier, np.where(limit.cny == 0, DECLINE, APPROVE))
    for rule, mask in fired:
        outcome = np.where(mask, np.maximum(outcome, OUTCOMES.index(rule.outcome)), outcome)
    return Verdicts(outcome, by_tier, fired, limit)


def verdicts_by_tier(policy: Policy, tiers: Tiers, tier: np.ndarray) -> Verdicts:
    """Without a product the tier decides alone."""
    outcome = tier_outcome(policy, tiers, tier)
    return Verdicts(outcome, outcome, (), None)
