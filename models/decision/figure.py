"""One number of a rule book, never without its unit and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .errors import DecisionError

UNITS = (
    "CNY", "CNY_per_month", "CNY_per_10000_CNY", "share", "share_per_year", "percent_per_day", "times", "count", "count_per_day", "points",
    "flag", "hours", "days", "months", "years",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A value with its unit, the rule, row or formula it comes from, and the choice made where the source is silent.

    Money is in yuan; shares and yearly rates are fractions; daily rates are in per cent, as the sources print them.
    It holds from the `effective_from` of the product or law it stands in; a change of a number is a new version. `unknown` marks a
    number that the source does not give: a default of ours, whose reason the note must tell. A flag is 1 for yes.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    value: float
    unit: str
    source: str
    note: str = ""
    unknown: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DecisionError(
                "a figure has no known unit",
                where=self.source,
                expected=f"one of {', '.join(UNITS)}",
                got=self.unit,
                next_step="name its unit",
            )
        if self.unknown and not self.note:
            raise DecisionError(
                "a default that the source does not give has no reason",
                where=self.source,
                expected="a note that says why this value",
                got="no note",
                next_step="say why, or cite the source and drop `unknown`",
            )
        if not self.source:
            raise DecisionError(
                "a figure has no source",
                where=repr(self.value),
                expected="a rule id or section",
                got="nothing",
                next_step="cite its source",
            )


def value(figure: Figure | None) -> float:
    """The bare number; NaN where the rule book sets none (no comparison with NaN holds, so such a rule never fires)."""
    return float("nan") if figure is None else figure.value
