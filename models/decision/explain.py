"""Which rows are explained, in blocks, and what comes out: reasons for all, columns of points on request."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .bundle import Bundle
from .case import Case
from .reasons import Reasons, limit_reasons, rule_reasons, score_reasons
from .text import Language
from .verdict import Verdicts

Explain = Literal["adverse", "all", "none"]
EXPLAINS: tuple[Explain, ...] = ("adverse", "all", "none")


def explained(
    bundle: Bundle, x: np.ndarray, case: Case | None, verdicts: Verdicts, explain: Explain, language: Language
) -> tuple[Reasons, dict[str, np.ndarray]]:
    """Reasons by row, and with `all` the columns points_base and points_<concept>. Rules come first, then the limit, then the score."""
    parts = rule_reasons(verdicts.fired, language)
    if case and verdicts.limits:
        parts.append(limit_reasons(case, verdicts.limits, verdicts.is_limit_told, language))
    chosen = _chosen(verdicts, explain)
    told, concepts = _by_score(bundle, x, chosen, language)
    columns = _columns(bundle, concepts) if explain == "all" else {}
    return Reasons.joined([*parts, *told]), columns


def _chosen(verdicts: Verdicts, explain: Explain) -> np.ndarray:
    if explain == "all":
        return np.arange(len(verdicts.outcome))
    return np.flatnonzero(verdicts.is_score_adverse) if explain == "adverse" else np.empty(0, np.int64)


def _by_score(bundle: Bundle, x: np.ndarray, chosen: np.ndarray, language: Language) -> tuple[list[Reasons], np.ndarray]:
    scorer, rows = bundle.scorer, x[chosen]
    concepts = np.empty((len(rows), len(scorer.catalogue.concept_ids)))
    parts = []
    for block, by_feature, by_concept in scorer.blocks(rows):
        told = score_reasons(scorer, bundle.reference, rows[block], (by_feature, by_concept), language)
        parts.append(Reasons(chosen[block][told.row], told.concept, told.points, told.text))
        concepts[block] = by_concept
    return parts, concepts


def _columns(bundle: Bundle, concepts: np.ndarray) -> dict[str, np.ndarray]:
    ids = bundle.scorer.catalogue.concept_ids
    base = np.full(len(concepts), bundle.scorer.base_points)
    return {"points_base": base, **{f"points_{c}": concepts[:, k] for k, c in enumerate(ids)}}
