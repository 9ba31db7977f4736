"""Which decisions are shown as examples, how each is taken apart, and how it is kept as JSON between stages.

Only the application's pseudonymous id is shown: no applicant id, no policy input, no raw value beyond those that its reasons name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.report.parts.data import Example, Text

if TYPE_CHECKING:
    import pandas as pd

    from creditloom.decision.base.catalogue import Concept

PLAIN = ("application_id", "decision", "tier", "pd", "base", "score_raw", "score", "limit_cny")
OUTCOMES = ("approve", "refer", "decline", "refuse")


def choose(decisions: pd.DataFrame, n: int) -> list[int]:
    """Positions of at most `n` typical decisions: by turns of each outcome the one nearest its median score, then the next nearest."""
    score, ids = (
        decisions["score_raw"].to_numpy(),
        decisions["application_id"].astype("str").to_numpy(),
    )
    ranked = []
    for outcome in OUTCOMES:
        found = np.flatnonzero(decisions["decision"].to_numpy() == outcome)
        if len(found):
            distance = np.abs(score[found] - np.median(score[found]))
            ranked.append(found[np.lexsort((ids[found], distance))].tolist())
    turns = max((len(rows) for rows in ranked), default=0)
    return [rows[turn] for turn in range(turns) for rows in ranked if turn < len(rows)][:n]


def examples(
    english: pd.DataFrame,
    chinese: pd.DataFrame,
    points: pd.DataFrame,
    base: float,
    concepts: Sequence[Concept],
) -> tuple[Example, ...]:
    """One Example per row of three frames with the same rows: decisions in both languages, and points per concept id."""
    named = {concept.id: Text(concept.text_en, concept.text_zh) for concept in concepts}
    pairs = zip(
        english.to_dict("records"), chinese["reasons"], points.to_dict("records"), strict=True
    )
    return tuple(_example(row, reasons_zh, steps, base, named) for row, reasons_zh, steps in pairs)


def _example(
    row: Mapping[Any, Any],
    chinese: Any,
    steps: Mapping[Any, float],
    base: float,
    named: Mapping[str, Text],
) -> Example:
    reasons = tuple(
        Text(en["text"], zh["text"]) for en, zh in zip(row["reasons"], chinese, strict=True)
    )
    limit = (
        None if row["limit_cny"] is None or np.isnan(row["limit_cny"]) else float(row["limit_cny"])
    )
    return Example(
        application_id=str(row["application_id"]), decision=str(row["decision"]), tier=str(row["tier"]), pd=float(row["pd"]),
        base=float(base), steps=tuple((named[concept], float(value)) for concept, value in steps.items()),
        score_raw=float(row["score_raw"]), score=int(row["score"]), reasons=reasons, limit_cny=limit,
    )  # fmt: skip


def to_json(example: Example) -> dict[str, Any]:
    """The example as plain JSON; every number keeps all its digits."""
    return {
        **{name: getattr(example, name) for name in PLAIN},
        "steps": [[text.en, text.zh, points] for text, points in example.steps],
        "reasons": [[text.en, text.zh] for text in example.reasons],
    }


def from_json(content: Mapping[str, Any]) -> Example:
    """The example that `to_json` wrote."""
    steps = tuple((Text(en, zh), points) for en, zh, points in content["steps"])
    reasons = tuple(Text(en, zh) for en, zh in content["reasons"])
    return Example(**{**content, "steps": steps, "reasons": reasons})
