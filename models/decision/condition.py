"""One declared test of one fact: how product files write admission criteria and the conditions of a tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .errors import DecisionError
from .facts import FACTS
from .figure import Figure

Test = Literal["at_least", "above", "at_most", "below"]
IfUnknown = Literal["refuse", "refer", "pass"]


@dataclass(frozen=True)
class Condition:
    """`fact` `test` `than`: `{fact: pay_score, test: at_least, than: {value: 600, unit: points, ...}}`. A flag holds at least 1.

    A fact that is not known meets no condition.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    fact: str
    test: Test
    than: Figure

    def __post_init__(self) -> None:
        if FACTS.get(self.fact) != self.than.unit:
            raise DecisionError(
                "a condition asks for a fact in another unit, or for one that nobody states",
                where=f"condition on {self.fact}",
                expected=f"a fact of models/decision/facts.py in its unit{f', {FACTS[self.fact]}' if self.fact in FACTS else ''}",
                got=f"{self.fact} in {self.than.unit}",
                next_step="correct fact or unit",
            )


@dataclass(frozen=True)
class Criterion(Condition):
    """An admission criterion of a product: hard ones refuse, soft ones give points and a reason (C15).

    `only_if` names a flag without which the criterion does not apply (S1-R06, S1-R07); `if_unknown` says what follows where the fact is
    null or its column absent: `pass` counts as not assessed. The words name no protected attribute.
    """

    id: str
    if_unknown: IfUnknown
    text_en: str
    text_zh: str
    only_if: str | None = None
    soft_points: Figure | None = None

    @property
    def code(self) -> str:
        """What decisions call it."""
        return f"ADM_{self.id.upper()}"
