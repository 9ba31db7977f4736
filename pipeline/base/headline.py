"""The eight figures by which people know a run: of `status`, of DVC's metrics, of a registered run.

metrics.json holds some hundred figures by their place in it. DVC and MLflow show a table of one
line: these eight fit into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HeadlineFigure:
    """One figure: its name, where it stands in metrics.json, its words, and how it is written."""

    name: str
    path: str
    words: str
    form: str


# table: name, place in metrics.json, words, form
HEADLINE = tuple(
    HeadlineFigure(*row)
    for row in (
        (
            "auc_oot",
            "discrimination.auc_oot",
            "AUC, out of time, through the door",
            "{:.3f}",
        ),
        ("ks_oot", "discrimination.ks_oot", "KS", "{:.3f}"),
        (
            "share_of_reachable_gini",
            "discrimination.share_of_reachable_gini",
            "share of the reachable Gini",
            "{:.3f}",
        ),
        ("calibration_slope", "calibration.slope", "calibration slope", "{:.2f}"),
        ("mean_pd", "calibration.mean_pd", "mean PD", "{:.2%}"),
        (
            "final_approve_rate",
            "final.approve_rate",
            "final approvals of those who asked",
            "{:.1%}",
        ),
        ("final_bad_rate_true", "final.bad_rate_true", "true bad rate of them", "{:.2%}"),
        (
            "expected_profit_cny",
            "portfolio.expected_profit_cny",
            "expected profit, CNY",
            "{:,.0f}",
        ),
    )
)


def headline(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the eight figures by name; null where the run could not measure one.

    >>> headline({"discrimination": {"auc_oot": 0.75}})["auc_oot"]
    0.75
    """
    return {figure.name: _at(metrics, figure.path) for figure in HEADLINE}


def measured(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return those of the eight that the run could measure."""
    return {name: value for name, value in headline(metrics).items() if value is not None}


def headline_words(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return the measured ones as people read them: words -> text."""
    found = measured(metrics)
    return {
        figure.words: figure.form.format(found[figure.name])
        for figure in HEADLINE
        if figure.name in found
    }


def _at(metrics: Mapping[str, Any], path: str) -> float | None:
    at: Any = metrics
    for key in path.split("."):
        at = at.get(key) if isinstance(at, Mapping) else None
    return float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None
