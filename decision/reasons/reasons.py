"""Why: the concepts that cost most points against the reference, every rule that fired, and what cut the limit.

Columnar: a `Reasons` holds one entry per reason, not one object per application.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from ..base.catalogue import Catalogue
from ..base.errors import DecisionError
from ..bundle import Bundle
from ..rules.batch_context import BatchContext, RuleHits
from ..rules.limit import CAPS, Limits, cap_texts
from ..rules.verdict import Verdicts
from ..score.scorer import Reference
from .text import Language, behaviours, picked

TOP = 4  # Reg B: more than four reasons are unlikely to help
RANK_DECIMALS = (
    6  # points are rounded before ranking, so that the order does not hang on the last bit
)


@dataclass(frozen=True)
class Reasons:
    """One entry per reason: the row it belongs to, concept (or rule code), points against the reference (NaN for a rule), text."""

    row: np.ndarray
    concept: pa.Array
    points: np.ndarray
    text: pa.Array

    @classmethod
    def joined(cls, parts: Sequence[Reasons]) -> Reasons:
        """All entries by row; within a row in the order of `parts`."""
        parts = [NONE, *parts]
        row, points = (np.concatenate([getattr(p, n) for p in parts]) for n in ("row", "points"))
        order = np.argsort(row, kind="stable")
        concept, text = (
            pa.concat_arrays([getattr(p, n) for p in parts]).take(pa.array(order))
            for n in ("concept", "text")
        )
        return cls(row[order], concept, points[order], text)

    def array(self, n_rows: int) -> pa.ListArray:
        """One list of {concept, points, text} per row; points is null for a rule."""
        ends = pa.array(np.searchsorted(self.row, np.arange(n_rows + 1)), pa.int32())
        columns = [self.concept, pa.array(self.points, from_pandas=True), self.text]
        return pa.ListArray.from_arrays(
            ends, pa.StructArray.from_arrays(columns, ["concept", "points", "text"])
        )

    def lists(self, n_rows: int) -> list[list[dict[str, Any]]]:
        """The same as plain objects."""
        found: list[list[dict[str, Any]]] = self.array(n_rows).to_pylist()
        return found


NONE = Reasons(
    np.empty(0, np.int64), pa.array([], pa.string()), np.empty(0), pa.array([], pa.string())
)


def rule_reasons(fired: Sequence[RuleHits], language: Language) -> list[Reasons]:
    """One entry per rule and row it fired on, in the order of the rules."""
    found = []
    for one in fired:
        if one.is_found:
            row = np.flatnonzero(one.mask)
            code, words = (
                pa.repeat(word, len(row))
                for word in (one.code, one.text_zh if language == "zh" else one.text_en)
            )
            found.append(Reasons(row, code, np.full(len(row), np.nan), words))
    return found


def limit_reasons(
    case: BatchContext, limits: Limits, mask: np.ndarray, language: Language
) -> list[Reasons]:
    """What holds the limit down, for the rows of `mask`, with its numbers: one part per cap."""
    told = np.where(mask, limits.cap, -1)
    found = []
    for k in np.unique(told[told >= 0]).tolist():
        row = np.flatnonzero(told == k)
        words = cap_texts(case, CAPS[k], row, language)
        found.append(
            Reasons(row, pa.repeat(f"limit_{CAPS[k]}", len(row)), np.full(len(row), np.nan), words)
        )
    return found


def score_reasons(
    catalogue: Catalogue,
    reference: Reference,
    x: np.ndarray,
    told: tuple[np.ndarray, np.ndarray],
    language: Language,
) -> Reasons:
    """Up to four concepts per row of `x` that lost points against the reference, worst first; never none.

    `told` is (points, lead) per concept, as of `Scorer.told`: a concept speaks through its lead, and one that the model does not use
    never speaks. Ties break by the order of concepts in the catalogue.
    """
    points, lead = told
    gain = np.round(points - reference.concepts(catalogue), RANK_DECIMALS)
    order = np.argsort(np.where(lead < 0, np.inf, gain), axis=1, kind="stable")[:, :TOP]
    own = np.arange(len(order))[:, None]
    kept = (gain[own, order] < 0) & (lead[own, order] >= 0)
    kept[:, 0] = (
        True  # an adverse decision always has a reason, even where nothing lies below the reference
    )
    row, place = np.nonzero(kept)
    concept = order[row, place]
    feature = np.maximum(lead[row, concept], 0)
    words = behaviours(catalogue.features, feature, x[row, feature], language)
    return Reasons(row, picked(catalogue.concept_ids, concept), gain[row, concept], words)


# Which rows are explained, in blocks, and what comes out: reasons for all, columns of points on request.

Explain = Literal["adverse", "all", "none"]
EXPLAINS: tuple[Explain, ...] = ("adverse", "all", "none")


def explained(
    bundle: Bundle,
    x: np.ndarray,
    case: BatchContext | None,
    verdicts: Verdicts,
    explain: Explain,
    language: Language,
    is_scored: np.ndarray,
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
    return (
        np.flatnonzero(verdicts.is_score_adverse & is_scored)
        if explain == "adverse"
        else np.empty(0, np.int64)
    )


def _by_score(
    bundle: Bundle, x: np.ndarray, chosen: np.ndarray, language: Language
) -> tuple[Reasons, np.ndarray]:
    scorer, rows = bundle.scorer, np.take(x.T, chosen, axis=1).T  # features stay together
    points, lead = scorer.told(rows, bundle.usual)
    told = score_reasons(scorer.catalogue, bundle.reference, rows, (points, lead), language)
    return Reasons(chosen[told.row], told.concept, told.points, told.text), points


def _columns(
    bundle: Bundle, concepts: np.ndarray, rows: np.ndarray, n_rows: int
) -> dict[str, np.ndarray]:
    """Points of the explained `rows`; NaN for the others."""
    ids = bundle.scorer.catalogue.concept_ids
    points = np.full((n_rows, 1 + len(ids)), np.nan)
    points[rows, 0], points[rows, 1:] = bundle.scorer.base_points, concepts
    return {
        name: points[:, k] for k, name in enumerate(("points_base", *(f"points_{c}" for c in ids)))
    }
