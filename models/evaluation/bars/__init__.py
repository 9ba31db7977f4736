"""The statistical bars: which figure of metrics.json must lie where, as bars.yaml declares.

`evaluate` and `report` show one run beside them; `evidence` judges many seeds by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# Edges of a bar that is open on one side.
NO_LOW = float("-inf")
NO_HIGH = float("inf")


@dataclass(frozen=True)
class Bar:
    """A figure and the closed interval in which it must lie.

    name, chinese: its words.
    figure: its path in metrics.json. ridge: the path of the challenger's figure, "" for none.
    kind: how it reads: a share or rate in per cent, a p-value, a count, a number or an error.
    source: where the bar comes from.
    """

    name: str
    chinese: str
    figure: str
    kind: Literal["share", "rate", "p", "count", "number", "error"]
    source: str
    low: float = NO_LOW
    high: float = NO_HIGH
    ridge: str = ""

    @property
    def aim(self) -> str:
        """Return the bar in words that a table can hold."""
        if self.low == NO_LOW:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == NO_HIGH else f"{self.low:g}-{self.high:g}"

    def judge(self, metrics: Mapping[str, Any]) -> bool | None:
        """Return whether the figure meets the bar.

        None where the figure is not available (no truth, too few bads).
        """
        value = figure(metrics, self.figure)
        return None if value is None else self.low <= value <= self.high

    def shown(self, metrics: Mapping[str, Any], path: str) -> str:
        """Return the figure at `path` as a table shows it: a dash where there is none."""
        value = figure(metrics, path)
        return "-" if value is None else f"{value:.4f}"


@dataclass(frozen=True)
class Bars:
    """The whole of bars.yaml."""

    bars: tuple[Bar, ...]


def figure(metrics: Mapping[str, Any], path: str) -> float | None:
    """Return the figure at a dotted path; None where it is absent or null.

    >>> figure({"rows": {"oot": 5}}, "rows.oot")
    5.0
    >>> figure({"rows": {"oot": None}}, "rows.oot") is None
    True
    """
    value: Any = metrics
    for key in path.split(".") if path else ():
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
