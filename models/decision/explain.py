"""Which rows are explained, in blocks, and what comes out: reasons for all, columns of points on request."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .bundle import Bundle
from .case import Case
from .errors import DecisionError
from .reasons import Reasons, limit_reasons, rule_reasons, score_reasons
from .text import Language
from .verdict import Verdicts

Explain = Literal["adverse", "all", "none"]
EXPLAINS: tuple[Explain, ...] = ("adverse", "all", "none")


def explained(
    bundle: Bundle, x: np.ndarray, case: Case | None, verdicts: Verdicts, explain: Explain, language: Language, is_scored: np.ndarray
) -> tuple[Reasons, dict[str, np.ndarray]]:
    """Reasons by row, and with `all` the columns points_base and points_<concept>. Rules come first, then the limit, then the score.

    Rows that are not scored are not explained by the score. Raises `DecisionError` (R9) where an adverse decision has no reason.
    """
    parts = rule_reasons(verdicts.fired, language)
    if case and verdicts.limits:
        parts += limit_reasons(case, verdicts.limits, verdicts.is_limit_told, language)
    chosen = _chosen(verdicts, explain, is_scored)
    told, concepts = _by_score(bundle, x, chosen, language)
    columns = _columns(bundle, concepts, chosen, len(x)) if explain == "all" else {}
    reasons = Reasons.joined([*parts, told])
    if explain != "none":
        check_reasons(reasons, verdicts)
    return reasons, columns


def check_reasons(reasons: Reasons, verdicts: Verdicts) -> None:
    """R9: nothing adverse and no cut limit leaves without at least one specific reason."""
    has_reason = np.zeros(len(verdicts.outcome), dtype=bool)
    has_reason[reasons.row] = True
    silent = (verdicts.is_adverse | verdicts.is_limit_told) & ~has_reason
    if silent.any():
        raise DecisionError(
            "an adverse decision has no reason (R9)",
            where=f"row {int(np.argmax(silent))}",
            expected="at least one specific reason",
            got="none",
            next_step="nothing was decided; report this row",
        )


def _chosen(verdicts: Verdicts, explain: Explain, is_scored: np.ndarray) -> np.ndarray:
    if explain == "all":
        return np.flatnonzero(is_scored)
    return np.flatnonzero(verdicts.is_score_adverse & is_scored) if explain == "adverse" else np.empty(0, np.int64)


def _by_score(bundle: Bundle, x: np.ndarray, chosen: np.ndarray, language: Language) -> tuple[Reasons, np.ndarray]:
    scorer, rows = bundle.scorer, np.take(x.T, chosen, axis=1).T  # features stay together
    points, lead = scorer.told(rows, bundle.usual)
    told = score_reasons(scorer.catalogue, bundle.reference, rows, (points, lead), language)
    return Reasons(chosen[told.row], told.concept, told.points, told.text), points


def _columns(bundle: Bundle, concepts: np.ndarray, rows: np.ndarray, n_rows: int) -> dict[str, np.ndarray]:
    """Points of the explained `rows`; NaN for the others."""
    ids = bundle.scorer.catalogue.concept_ids
    points = np.full((n_rows, 1 + len(ids)), np.nan)
    points[rows, 0], points[rows, 1:] = bundle.scorer.base_points, concepts
    return {name: points[:, k] for k, name in enumerate(("points_base", *(f"points_{c}" for c in ids)))}
