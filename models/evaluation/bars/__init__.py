"""The statistical bars, declared once: which figure of metrics.json must lie where. `evidence` judges many seeds by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A figure and the closed interval it must lie in; `figure` is its path in metrics.json, `ridge` that of the challenger's figure."""

    name: str
    figure: str
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


BARS = (
    Bar(
        "Gini, share of reachable",
        "discrimination.share_of_reachable_gini",
        low=0.90,
        ridge="discrimination.ridge_logit.share_of_reachable_gini",
    ),
    Bar(
        "calibration in the large, p",
        "calibration.calibration_in_the_large_p",
        low=0.01,
        ridge="calibration.ridge_logit.calibration_in_the_large_p",
    ),
    Bar("tiers reversed", "calibration.tiers_reversed", high=0, ridge="calibration.ridge_logit.tiers_reversed"),
    Bar("approval rate", "portfolio.approval_rate", low=0.62, high=0.75, ridge="portfolio.ridge_logit.approval_rate"),
    Bar("bad rate of approved, true", "portfolio.bad_rate_approved_true", high=0.013, ridge="portfolio.ridge_logit.bad_rate_approved_true"),
    Bar("largest miss of a family share / tolerance", "family_share_worst.of_tolerance", high=1),
    Bar("adverse decisions with a reason", "reasons.share_with_reason", low=1),
    Bar("points and base against score_raw", "reasons.largest_sum_error_points", high=1e-9),
)


def figure(metrics: Mapping[str, Any], path: str) -> float | None:
    """The figure at a dotted path; None where it is absent or null."""
    at: Any = metrics
    for key in path.split(".") if path else ():
        at = at.get(key) if isinstance(at, Mapping) else None
    return float(at) if isinstance(at, int | float) else None
