"""The house's bars as the report shows them: Chinese names, aims and the ridge's figure in the words of their kind."""

from __future__ import annotations

from math import isinf
from typing import Any

from models.report import Bar, Text
from models.report.text import show
from pipeline.bars import BARS, figure
from pipeline.bars import Bar as HouseBar

CHINESE = {
    "discrimination.share_of_reachable_gini": "基尼占可达上限",
    "calibration.calibration_in_the_large_p": "整体校准 p 值",
    "calibration.tiers_reversed": "等级倒挂数",
    "portfolio.approval_rate": "通过率",
    "portfolio.bad_rate_approved_true": "通过客群真实坏账率",
}
READS = {"gini": "share", "p": "p", "rate": "rate", "true": "rate", "reversed": "count"}  # last word of a figure's name


def bars(metrics: dict[str, Any]) -> tuple[Bar, ...]:
    """The house's statistical bars with what was measured, the ridge's figure beside."""
    found = []
    for bar in BARS:
        kind, beside = READS[bar.figure.rpartition("_")[2]], figure(metrics, bar.ridge)
        name, note = Text(bar.name, CHINESE.get(bar.figure, "")), "" if beside is None else f"ridge {show(beside, kind)}"
        found.append(Bar(name, figure(metrics, bar.figure), kind, _aim(bar, kind), bar.judge(metrics), note))
    return tuple(found)


def _aim(bar: HouseBar, kind: str) -> str:
    low, high = (None if isinf(edge) else show(edge, kind) for edge in (bar.low, bar.high))
    if low and high:
        return f"{low} to {high}"
    return f"≥ {low}" if low else f"≤ {high}"
