"""The house's bars as the report shows them: Chinese names, aims and the ridge's figure in the words of their kind."""

from __future__ import annotations

from math import isinf
from typing import Any

from models.report import Bar, Text
from models.report.text import show
from pipeline.bars import BARS, figure
from pipeline.bars import Bar as HouseBar

WORDS = {  # figure of metrics.json: its Chinese name, and how it reads
    "discrimination.share_of_reachable_gini": ("基尼占可达上限", "share"),
    "calibration.calibration_in_the_large_p": ("整体校准 p 值", "p"),
    "calibration.tiers_reversed": ("等级倒挂数", "count"),
    "portfolio.approval_rate": ("通过率", "share"),
    "portfolio.bad_rate_approved_true": ("通过客群真实坏账率", "rate"),
    "family_share_worst.of_tolerance": ("家族份额最大偏差与容差之比", "number"),
    "reasons.share_with_reason": ("附理由的不利决定占比", "share"),
    "reasons.largest_sum_error_points": ("分值合计与评分之差", "error"),
}


def bars(metrics: dict[str, Any]) -> tuple[Bar, ...]:
    """The house's statistical bars with what was measured, the ridge's figure beside."""
    found = []
    for bar in BARS:
        chinese, kind = WORDS.get(bar.figure, ("", "number"))
        beside = figure(metrics, bar.ridge)
        note = "" if beside is None else f"ridge {show(beside, kind)}"
        found.append(Bar(Text(bar.name, chinese), figure(metrics, bar.figure), kind, _aim(bar, kind), bar.judge(metrics), note))
    return tuple(found)


def _aim(bar: HouseBar, kind: str) -> str:
    low, high = (None if isinf(edge) else show(edge, kind) for edge in (bar.low, bar.high))
    if low and high:
        return f"{low} to {high}"
    if bar.high == 0:
        return high or ""
    return f"≥ {low}" if low else f"≤ {high}"
