"""The statistical bars, as bars.yaml beside this file declares them: which figure of metrics.json must lie where.

`evaluate` and `report` show one run beside them, `evidence` judges many seeds by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True)
class Bar:
    """A figure and the closed interval it must lie in; `figure` is its path in metrics.json, `ridge` that of the challenger's figure.

    `name` and `chinese` are its words, `kind` is how it reads: a share or rate in per cent, a p value, a count, a number, an error.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}

    name: str
    chinese: str
    figure: str
    kind: Literal["share", "rate", "p", "count", "number", "error"]
    source: str
    low: float = float("-inf")
    high: float = float("inf")
    ridge: str = ""

    @property
    def aim(self) -> str:
        """The bar in words a table can hold."""
        if self.low == float("-inf"):
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == float("inf") else f"{self.low:g}-{self.high:g}"

    def judge(self, metrics: Mapping[str, Any]) -> bool | None:
        """Whether the figure meets the bar; None where it is not available (no truth, too few bads)."""
        value = figure(metrics, self.figure)
        return None if value is None else self.low <= value <= self.high

    def shown(self, metrics: Mapping[str, Any], path: str) -> str:
        """The figure at `path` as a table shows it: a dash where there is none."""
        value = figure(metrics, path)
        return "-" if value is None else f"{value:.4f}"


@dataclass(frozen=True)
class Bars:
    """bars.yaml as a whole."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}

    bars: tuple[Bar, ...]


def figure(metrics: Mapping[str, Any], path: str) -> float | None:
    """The figure at a dotted path; None where it is absent or null."""
    at: Any = metrics
    for key in path.split(".") if path else ():
        at = at.get(key) if isinstance(at, Mapping) else None
    return float(at) if isinstance(at, int | float) else None
