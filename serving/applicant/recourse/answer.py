"""The answer of recourse, in numbers and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from creditloom.decision.decide import BatchOutcomes
from creditloom.decision.reasons.text import Language, number, singular, yuan
from creditloom.decision.rules.verdict import OUTCOMES
from creditloom.serving.applicant.recourse.actionable import Quantity, Step

from .states import Item

# Balances are stored in fen and told in yuan; shares are told in per cent.
FEN_PER_YUAN = 100.0
PER_CENT = 100.0

# table: words of an answer in both languages
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "approve": "approved",
        "refer": "a person decides",
        "decline": "declined",
        "refuse": "refused",
        "approval": "an approval",
        "uncut limit": "a limit that nothing personal holds down",
        "better limit": "a limit at least a quarter higher",
        "nothing": "There is nothing to change: nothing personal holds the limit down",
        "found": "At the same moment this would have led to {goal}:",
        "none": "No three changes that a person can make would have led to {goal}",
        "then": "Then: approved, limit {limit}. It takes {months} months; effort {cost} "
        "inter-quartile ranges of the approved",
        "no limit": "none",
    },
    "zh": {
        "approve": "已批准",
        "refer": "转人工审核",
        "decline": "已拒绝",
        "refuse": "不予受理",
        "approval": "获批",
        "uncut limit": "额度不受个人因素限制",
        "better limit": "额度提高至少四分之一",
        "nothing": "无需改变：已批准，额度未受个人因素限制",
        "found": "在同一时点，以下改变可以{goal}：",
        "none": "个人可作出的任意三项改变都不能{goal}",
        "then": "届时：获批，额度{limit}。需时{months}个月；改变幅度为获批客户四分位距的{cost}倍",
        "no limit": "无",
    },
}


@dataclass(frozen=True)
class Proposed:
    """One change: which quantity, to what, over how many months, at what cost, and in words.

    `before` and `after` are the measure of the quantity; None where it is a yes or no.
    """

    quantity: str
    to: float | None
    months: int
    cost: float
    before: float | None
    after: float | None
    text_en: str
    text_zh: str

    def text(self, language: Language) -> str:
        """Return the sentence in a language."""
        return self.text_en if language == "en" else self.text_zh


@dataclass(frozen=True)
class Offered:
    """A decision in brief. `pd` is None for who may not be scored, `limit_cny` without an offer."""

    decision: str
    pd: float | None
    tier: str | None
    limit_cny: float | None

    @classmethod
    def of(cls, outcomes: BatchOutcomes) -> Offered:
        """Return the first decision of a batch."""
        verdicts = outcomes.verdicts
        pd = float(outcomes.scored["pd"][0])
        batch = outcomes.batch
        tier = None
        if batch is not None and batch.tier[0] >= 0:
            tier = batch.product.tiers[batch.tier[0]].tier
        limit = np.nan if verdicts.limits is None else float(verdicts.limits.cny[0])
        return cls(
            decision=OUTCOMES[verdicts.outcome[0]],
            pd=None if np.isnan(pd) else pd,
            tier=tier,
            limit_cny=None if np.isnan(limit) else limit,
        )


@dataclass(frozen=True)
class RecourseAnswer:
    """What would have led to the goal at the same moment, or that nothing of the list would.

    `goal` is "approval", "uncut limit" or "better limit", "" where there is nothing to reach.
    `cost` is in inter-quartile ranges of the approved. `blocking` are (code, English, Chinese) of
    the rules that no set of changes lifts; `lowest_pd` is the lowest PD of any set.
    """

    application_id: int
    decision: str
    goal: str
    changes: tuple[Proposed, ...]
    cost: float
    months: int
    before: Offered
    after: Offered | None
    blocking: tuple[tuple[str, str, str], ...]
    lowest_pd: float | None
    note: str = ""

    @property
    def is_found(self) -> bool:
        """Whether some set of changes reaches the goal."""
        return self.after is not None

    def lines(self, language: Language) -> list[str]:
        """Return the answer as sentences, one a line: what a letter says under "what would change
        this".
        """
        words = WORDS[language]
        goal = words[self.goal] if self.goal else ""
        head = f"{self.application_id}: {words[self.decision]}. "
        if not self.goal:
            return [head + words["nothing"]]
        if self.after is None:
            lines = [head + words["none"].format(goal=goal)]
            return lines + [
                f"- {code} {en if language == 'en' else zh}" for code, en, zh in self.blocking
            ]
        lines = [head + words["found"].format(goal=goal)]
        lines += [f"- {one.text(language)}" for one in self.changes]
        limit = self.after.limit_cny
        amount = words["no limit"] if limit is None else yuan(limit, language)
        cost = number(round(self.cost, 1))
        then = words["then"].format(limit=amount, months=self.months, cost=cost)
        return [*lines, singular(then)]

    def record(self) -> dict[str, Any]:
        """Return the answer for JSON."""
        return {**asdict(self), "is_found": self.is_found}


def proposed(item: Item) -> Proposed:
    """Return a change in numbers and in words."""
    quantity, step = item.change
    return Proposed(
        quantity=quantity.id,
        to=step.to,
        months=step.months,
        cost=item.cost,
        before=item.before,
        after=item.after,
        text_en=_text(quantity, step, "en"),
        text_zh=_text(quantity, step, "zh"),
    )


def _text(quantity: Quantity, step: Step, language: Language) -> str:
    template = quantity.en if language == "en" else quantity.zh
    return singular(template.format(to=_shown(quantity, step, language), months=step.months))


def _shown(quantity: Quantity, step: Step, language: Language) -> str:
    """Return the step's number as a person reads it."""
    if step.to is None:
        return ""
    if quantity.show == "percent":
        per_cent = number(PER_CENT * step.to)
        return f"{per_cent} %" if language == "en" else f"{per_cent}%"
    if quantity.show == "fen":
        return yuan(step.to / FEN_PER_YUAN, language)
    return number(step.to)
