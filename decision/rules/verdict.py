"""From a batch to its decisions: the strictest of gates, admission, filters, tier, rules and limit.

Decision, limit and price follow from one grade, that of the calibrated PD (S1-R03, S4-R13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..frames.input_frame import Frame
from ..reasons.words import FEW, Texts, word_column
from ..rulebook.condition import Criterion
from ..rulebook.policy import Policy
from ..score.tiers import Tiers
from .batch_context import BatchContext, RuleHits, words_of
from .beyond import beyond_hits
from .filters import filter_findings
from .limit import Limits, limits
from .one_row import is_null, is_silent, pick
from .rules import GATES, RULES, Rule

# A product's admission criteria (domain 3, C15): hard ones refuse, soft ones give points, and the
# decision names those whose facts are not known.

UNKNOWN_EN = ": not known"
UNKNOWN_ZH = "：未知"


@dataclass(frozen=True)
class CriterionFinding:
    """What one criterion found, per application: not met, or not known.

    It is neither where the criterion does not apply (`only_if`).
    """

    criterion: Criterion
    is_failed: np.ndarray
    is_unknown: np.ndarray

    @property
    def is_hard(self) -> bool:
        """Whether the criterion refuses, in place of giving points."""
        return self.criterion.soft_points is None

    def hits(self, mask: np.ndarray) -> RuleHits:
        """Return the criterion as found on the applications of `mask`, without an outcome."""
        c = self.criterion
        return RuleHits.of(c.code, None, (c.text_en, c.text_zh), mask)

    def refusal(self) -> RuleHits:
        """Return the refusal of who does not meet it."""
        c = self.criterion
        return RuleHits.of(c.code, "refuse", (c.text_en, c.text_zh), self.is_failed)

    def unknown(self) -> RuleHits:
        """Return what follows for those of whom it is not known."""
        c = self.criterion
        words = (c.text_en + UNKNOWN_EN, c.text_zh + UNKNOWN_ZH)
        outcome = None if c.if_unknown == "pass" else c.if_unknown
        return RuleHits.of(c.code, outcome, words, self.is_unknown)


def criterion_findings(batch: BatchContext) -> tuple[CriterionFinding, ...]:
    """Return every criterion of the product, assessed on every application."""
    return tuple(_assess(batch, criterion) for criterion in batch.product.admission)


def refusing_criteria(criteria: tuple[CriterionFinding, ...]) -> list[RuleHits]:
    """Return the hard criteria that are not met, then those not known that do not pass then."""
    hard = [one for one in criteria if one.is_hard]
    failed = [one.refusal() for one in hard if not is_silent(one.is_failed)]
    strict = [one for one in hard if one.criterion.if_unknown != "pass"]
    unknown = [one.unknown() for one in strict if not is_silent(one.is_unknown)]
    return [*failed, *unknown]


def unmet_criteria(
    criteria: tuple[CriterionFinding, ...], is_adverse: np.ndarray
) -> list[RuleHits]:
    """Return the soft criteria that are not met.

    They are a reason where the decision is adverse, never its cause.
    """
    soft = (one for one in criteria if not one.is_hard and not is_silent(one.is_failed))
    return [one.hits(one.is_failed & is_adverse) for one in soft]


def passed_unknown(criteria: tuple[CriterionFinding, ...]) -> list[RuleHits]:
    """Return the criteria that pass what is not known: the decision names them as not assessed."""
    lenient = [one for one in criteria if one.criterion.if_unknown == "pass" or not one.is_hard]
    return [one.hits(one.is_unknown) for one in lenient if not is_silent(one.is_unknown)]


def _assess(batch: BatchContext, criterion: Criterion) -> CriterionFinding:
    meets = batch.meets(criterion)
    applies = batch.full(True)
    if criterion.only_if is not None:
        applies = batch.is_true(criterion.only_if)
    return CriterionFinding(criterion, applies & (meets == 0), applies & is_null(meets))


# From mild to strict: the larger index wins.
OUTCOMES = ("approve", "refer", "decline", "refuse")
APPROVE, REFER, DECLINE, REFUSE = range(4)


@dataclass(frozen=True)
class Verdicts:
    """The decisions of a batch; arrays run over applications.

    `outcome` indexes OUTCOMES, `by_tier` is the outcome of the tier alone. `fired` is what fired
    and gives a reason, `actions` what filters do to the account, `not_assessed` what could not be
    assessed; `limits` is None without a product.
    """

    outcome: np.ndarray
    by_tier: np.ndarray
    fired: tuple[RuleHits, ...]
    actions: tuple[RuleHits, ...]
    not_assessed: tuple[RuleHits, ...]
    limits: Limits | None

    @property
    def is_adverse(self) -> np.ndarray:
        """Where the decision is anything but an approval."""
        return self.outcome != APPROVE

    @property
    def is_score_adverse(self) -> np.ndarray:
        """Where the score had a part in an adverse decision, so that its reasons must be given.

        A refusal rests on its rule alone.
        """
        return (self.by_tier != APPROVE) & (self.outcome != REFUSE)

    @property
    def is_too_small(self) -> np.ndarray:
        """Where the limit fell below the product's minimum."""
        return np.zeros(len(self.outcome), bool) if self.limits is None else self.limits.cny == 0

    @property
    def is_limit_explained(self) -> np.ndarray:
        """Where the reasons must name what held the limit down.

        The limit is cut, or it is the reason of a decline.
        """
        if self.limits is None:
            return np.zeros(len(self.outcome), bool)
        lent = (self.outcome <= REFER) & self.limits.is_cut
        return lent | (self.is_too_small & (self.outcome == DECLINE) & (self.by_tier != DECLINE))

    def codes(self) -> pa.Array | list[list[str]]:
        """Return the codes of the refusing rules that fired, a list per application, each once."""
        refusing = [hits for hits in self.fired if hits.outcome == "refuse"]
        n = len(self.outcome)
        codes, which = words_of(n, refusing, [hits.code for hits in refusing])
        if n <= FEW:
            return [[*codes[k]] for k in which.tolist()]
        return pa.array(codes, pa.list_(pa.string())).take(pa.array(which))

    def action_texts(self) -> Texts:
        """Return what the filters ask for: `FR02 freeze for 24 hours; ...`; null for nothing."""
        texts = [f"{hits.code} {hits.text_en}" for hits in self.actions]
        return self._joined(self.actions, texts, "; ")

    def not_assessed_codes(self) -> Texts:
        """Return the codes of criteria and filters that could not be assessed; null for none."""
        return self._joined(self.not_assessed, [hits.code for hits in self.not_assessed], " ")

    def _joined(self, fired: Sequence[RuleHits], words: Sequence[str], separator: str) -> Texts:
        """Return one text per application: the words of what fired on it; null for nothing."""
        combinations, which = words_of(len(self.outcome), fired, words)
        texts = [separator.join(present) or None for present in combinations]
        # An empty batch has no combination at all, and `word_column` needs a word to pick from.
        return word_column(texts or [None], which)


def tier_outcome(policy: Policy, tiers: Tiers, grade: np.ndarray) -> np.ndarray:
    """Return the outcome of the grade alone; a grade that the policy does not name is declined."""
    verdicts = [policy.verdicts.get(name, "decline") for name in tiers.names]
    return np.array([OUTCOMES.index(verdict) for verdict in verdicts])[grade]


def verdicts_of(batch: BatchContext, found: Sequence[RuleHits] = ()) -> Verdicts:
    """Apply every rule and the limit.

    A limit below the minimum declines what would have been approved or referred. `found` is what
    an earlier decision found in features that are not read again.
    """
    if not batch.is_one and len(batch.grade) == 1:
        return verdicts_of(batch.alone, found)
    # The last entry is taken where the index is -1: no tier of the product fits.
    tier_outcomes = [*(OUTCOMES.index(t.decision) for t in batch.product.tiers), DECLINE]
    by_tier = np.atleast_1d(pick(tier_outcomes, batch.tier))
    criteria = criterion_findings(batch)
    limit = limits(batch)
    filters = filter_findings(batch)
    # The order is that of the reasons: consent and data, admission, filters, then the rules.
    deciding = [
        *_rule_hits(GATES, batch),
        *refusing_criteria(criteria),
        *(hits for hits in filters.fired if hits.outcome),
        *_rule_hits(RULES, batch),
        *beyond_hits(batch.frame, batch.policy),
        *found,
    ]
    outcome = np.maximum(by_tier, np.where(limit.cny == 0, DECLINE, APPROVE))
    outcome = _strictest(outcome, deciding)
    return Verdicts(
        outcome=outcome,
        by_tier=by_tier,
        fired=(*deciding, *unmet_criteria(criteria, outcome != APPROVE)),
        actions=tuple(filters.actions),
        not_assessed=(*passed_unknown(criteria), *filters.unknown),
        limits=limit,
    )


def _strictest(outcome: np.ndarray, deciding: Sequence[RuleHits]) -> np.ndarray:
    """Return the outcomes after every rule that decides."""
    for hits in deciding:
        if hits.outcome and hits.is_found:
            strictest = np.maximum(outcome, OUTCOMES.index(hits.outcome))
            outcome = np.where(hits.mask, strictest, outcome)
    return outcome


def _rule_hits(rules: Sequence[Rule], batch: BatchContext) -> list[RuleHits]:
    fired = ((rule, rule.fires(batch)) for rule in rules)
    return [
        RuleHits.of(rule.code, rule.outcome, (rule.text_en, rule.text_zh), mask)
        for rule, mask in fired
        if not is_silent(mask)
    ]


def verdicts_by_tier(
    policy: Policy,
    tiers: Tiers,
    grade: np.ndarray,
    rows: Frame | None = None,
    found: Sequence[RuleHits] = (),
) -> Verdicts:
    """Return the verdicts without a product: the tier decides, and what lies beyond training.

    `found` as in `verdicts_of`.
    """
    by_tier = tier_outcome(policy, tiers, grade)
    fired = (*beyond_hits(rows, policy), *found)
    return Verdicts(
        outcome=_strictest(by_tier, fired),
        by_tier=by_tier,
        fired=fired,
        actions=(),
        not_assessed=(),
        limits=None,
    )
