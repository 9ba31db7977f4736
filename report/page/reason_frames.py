"""Turns the block `reasons_by_truth` of metrics.json into the frame that the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

# table: figure of the block, label in English and Chinese, how to read it
FIGURES = (
    (
        "precision",
        "cited concepts among those that truly cost most",
        "所列理由属于实际扣分最多者的占比",
        "higher is better; the same number for each person",
    ),
    (
        "first_is_first",
        "persons whose first reason truly cost most",
        "首要理由确为实际扣分最多者的占比",
        "higher is better",
    ),
    (
        "cure",
        "persons who become safer when what is cited is mended",
        "改善所列理由后风险下降的人数占比",
        "higher is better",
    ),
    (
        "helped",
        "cited concepts that truly spoke for the person",
        "实际有利却被列为理由的占比",
        "smaller is better",
    ),
    (
        "near_zero",
        "cited concepts that truly cost next to nothing",
        "实际影响近零却被列为理由的占比",
        "smaller is better; within one error of the concept",
    ),
    (
        "rank_correlation",
        "rank correlation of the points and the true losses",
        "分数与实际损失的秩相关",
        "1: the same order for each person",
    ),
)
COLUMNS = ("figure", "figure_zh", "model", "best", "of_best", "reading")


def reasons_by_truth(metrics: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return figure, figure_zh, model, best, of_best, reading: a row per figure of the block.

    best: of the best predictor of the true losses from the same columns; of_best: the quotient,
    null where metrics.json has none. None without a truth, or of an earlier metrics.json.
    """
    block = metrics.get("reasons_by_truth")
    if not block:
        return None
    best = block.get("best", {})
    rows = [
        (en, zh, block.get(name), best.get(name), block.get(f"{name}_of_best"), reading)
        for name, en, zh, reading in FIGURES
    ]
    common = (
        "declines whose most costly concept is the commonest one of them all",
        "实际扣分最多者为最常见概念的拒绝占比",
    )
    first = (metrics.get("reasons") or {}).get("first_share")
    truly = block.get("truly_first_share")
    rows.append((*common, first, truly, None, "best: of the truth itself"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def asked_reasons(metrics: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the persons asked and the concepts cited of them; None without the block."""
    block = metrics.get("reasons_by_truth")
    return (int(block["persons"]), int(block["cited"])) if block else None
