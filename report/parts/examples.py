"""Chooses the example decisions of a report and explains each of them by points per concept.

The examples pass as JSON from the stage `explain` to the stage `report`. An example shows the
pseudonymous id of the application. It shows no applicant id and no policy input, and no raw value
other than those in its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.report.parts.data import Example, Text

if TYPE_CHECKING:
    import pandas as pd

    from creditloom.decision.base.catalogue import Concept

# Fields of an example that JSON takes as they are.
PLAIN = ("application_id", "decision", "tier", "pd", "base", "score_raw", "score", "limit_cny")
OUTCOMES = ("approve", "refer", "decline", "refuse")


def choose(decisions: pd.DataFrame, n: int) -> list[int]:
    """Return the positions of at most `n` typical decisions.

    The outcomes take turns. Each gives the decision nearest to its median score, then the next.
    """
    score = decisions["score_raw"].to_numpy()
    ids = decisions["application_id"].astype("str").to_numpy()
    ranked = []
    for outcome in OUTCOMES:
        places = np.flatnonzero(decisions["decision"].to_numpy() == outcome)
        if len(places):
            distance = np.abs(score[places] - np.median(score[places]))
            # Decisions at the same distance are sorted by id.
            ranked.append(places[np.lexsort((ids[places], distance))].tolist())
    turns = max((len(places) for places in ranked), default=0)
    chosen = []
    for turn in range(turns):
        chosen += [places[turn] for places in ranked if turn < len(places)]
    return chosen[:n]


def examples(
    english: pd.DataFrame,
    chinese: pd.DataFrame,
    points: pd.DataFrame,
    base: float,
    concepts: Sequence[Concept],
) -> tuple[Example, ...]:
    """Return one Example per row of three frames with the same rows.

    `english` and `chinese` are the decisions in both languages. `points` holds one column per
    concept id.
    """
    named = {concept.id: Text(concept.text_en, concept.text_zh) for concept in concepts}
    decisions = english.to_dict("records")
    steps = points.to_dict("records")
    rows = zip(decisions, chinese["reasons"], steps, strict=True)
    return tuple(_example(row, reasons, of_row, base, named) for row, reasons, of_row in rows)


def _example(
    row: Mapping[Any, Any],
    chinese: Any,
    steps: Mapping[Any, float],
    base: float,
    named: Mapping[str, Text],
) -> Example:
    pairs = zip(row["reasons"], chinese, strict=True)
    reasons = tuple(Text(en["text"], zh["text"]) for en, zh in pairs)
    limit = row["limit_cny"]
    has_limit = limit is not None and not np.isnan(limit)
    bridges = tuple((named[concept], float(value)) for concept, value in steps.items())
    # table: field -> column of the decision
    return Example(
        application_id=str(row["application_id"]),
        decision=str(row["decision"]),
        tier=str(row["tier"]),
        pd=float(row["pd"]),
        base=float(base),
        steps=bridges,
        score_raw=float(row["score_raw"]),
        score=int(row["score"]),
        reasons=reasons,
        limit_cny=float(limit) if has_limit else None,
    )


def to_json(example: Example) -> dict[str, Any]:
    """Return the example as plain JSON; every number keeps all its digits."""
    return {
        **{name: getattr(example, name) for name in PLAIN},
        "steps": [[text.en, text.zh, points] for text, points in example.steps],
        "reasons": [[text.en, text.zh] for text in example.reasons],
    }


def from_json(content: Mapping[str, Any]) -> Example:
    """Return the example that `to_json` wrote."""
    steps = tuple((Text(en, zh), points) for en, zh, points in content["steps"])
    reasons = tuple(Text(en, zh) for en, zh in content["reasons"])
    return Example(**{**content, "steps": steps, "reasons": reasons})
