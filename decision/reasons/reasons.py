"""The reasons of each decision: lost concepts, rules that fired, and what cut the limit.

A concept is a reason by the points that it lost against the reference. Reasons are kept by column:
a `Reasons` holds one entry per reason, not one object per application.
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
from ..frames.feature_values import FeatureValues
from ..frames.input_frame import Frame
from ..rules.batch_context import BatchContext, RuleHits
from ..rules.limit import CAPS, Limits, cap_texts
from ..rules.verdict import Verdicts
from ..score.scorer import Reference
from .given import given_behaviours
from .text import Language, behaviours, word_column

TOP = 4  # Reg B: more than four reasons are unlikely to help
# Points are rounded before they are ranked, so that the order does not hang on the last bit.
RANK_DECIMALS = 6


@dataclass(frozen=True)
class Reasons:
    """One entry per reason.

    `row` is the application it belongs to, `concept` the concept or rule code, `points` the points
    against the reference (NaN for a rule), `text` the sentence.
    """

    row: np.ndarray
    concept: pa.Array
    points: np.ndarray
    text: pa.Array

    @classmethod
    def joined(cls, parts: Sequence[Reasons]) -> Reasons:
        """Return all entries by row; within a row they keep the order of `parts`."""
        # The empty part gives the arrays their types where there is no other.
        parts = [NONE, *parts]
        row = np.concatenate([part.row for part in parts])
        points = np.concatenate([part.points for part in parts])
        # Stable, because a row's reasons stand in the order in which they decide.
        order = np.argsort(row, kind="stable")
        positions = pa.array(order)
        concept = pa.concat_arrays([part.concept for part in parts]).take(positions)
        text = pa.concat_arrays([part.text for part in parts]).take(positions)
        return cls(row[order], concept, points[order], text)

    def array(self, n_rows: int) -> pa.ListArray:
        """Return one list of {concept, points, text} per row; points is null for a rule."""
        ends = pa.array(np.searchsorted(self.row, np.arange(n_rows + 1)), pa.int32())
        columns = [self.concept, pa.array(self.points, from_pandas=True), self.text]
        entries = pa.StructArray.from_arrays(columns, ["concept", "points", "text"])
        return pa.ListArray.from_arrays(ends, entries)

    def lists(self, n_rows: int) -> list[list[dict[str, Any]]]:
        """Return the same as plain objects."""
        lists: list[list[dict[str, Any]]] = self.array(n_rows).to_pylist()
        return lists


NONE = Reasons(
    row=np.empty(0, np.int64),
    concept=pa.array([], pa.string()),
    points=np.empty(0),
    text=pa.array([], pa.string()),
)


def rule_reasons(fired: Sequence[RuleHits], language: Language) -> list[Reasons]:
    """Return one entry per rule and row it fired on, in the order of the rules."""
    reasons = []
    for hits in fired:
        if hits.is_found:
            row = np.flatnonzero(hits.mask)
            words = hits.text_zh if language == "zh" else hits.text_en
            reasons.append(_without_points(row, hits.code, pa.repeat(words, len(row))))
    return reasons


def limit_reasons(
    batch: BatchContext, limits: Limits, mask: np.ndarray, language: Language
) -> list[Reasons]:
    """Return what holds the limit down, with its numbers, for the rows of `mask`.

    One part per cap, in the order of CAPS.
    """
    cap = np.where(mask, limits.cap, -1)
    reasons = []
    for k in np.unique(cap[cap >= 0]).tolist():
        row = np.flatnonzero(cap == k)
        words = cap_texts(batch, CAPS[k], row, language)
        reasons.append(_without_points(row, f"limit_{CAPS[k]}", words))
    return reasons


def _without_points(row: np.ndarray, code: str, words: pa.Array) -> Reasons:
    return Reasons(row, pa.repeat(code, len(row)), np.full(len(row), np.nan), words)


def score_reasons(
    catalogue: Catalogue,
    reference: Reference,
    x: np.ndarray,
    concept_points: tuple[np.ndarray, np.ndarray],
    language: Language,
    given: tuple[FeatureValues, np.ndarray] | None = None,
) -> Reasons:
    """Return up to four concepts per row of `x` that lost points against the reference.

    The worst comes first, and there is always one. `concept_points` is (points, leading feature)
    per concept, as of `Scorer.points_and_leads`: the text of a concept is that of its leading
    feature, and a concept that the model does not use is never a reason. Ties break by the order of
    concepts in the catalogue. `given` are the features as they were given, and the place of each
    row of `x` in them; without it the texts say what the model read.
    """
    points, lead = concept_points
    gain = np.round(points - reference.concepts(catalogue), RANK_DECIMALS)
    order, is_reason = _lowest(np.where(lead < 0, np.inf, gain))
    # An adverse decision always has a reason, even where nothing lies below the reference.
    is_reason[:, 0] = True
    row, rank = np.nonzero(is_reason)
    concept = order[row, rank]
    # Position 0 in place of -1: a model without any split has no leading feature at all.
    feature = np.maximum(lead[row, concept], 0)
    if given is None:
        words = behaviours(catalogue.features, feature, x[row, feature], language)
    else:
        words = given_behaviours(given[0], given[1][row], feature, language)
    return Reasons(row, word_column(catalogue.concept_ids, concept), gain[row, concept], words)


def _lowest(gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the lowest gains of each row, lowest first, and which are negative.

    Of equal gains the first one comes first. An unused concept has an infinite gain.
    """
    own = np.arange(len(gain))
    order = np.zeros((len(gain), min(TOP, gain.shape[1])), np.int64)
    is_lost = np.zeros(order.shape, dtype=bool)
    # A few times the lowest one of each row: a sort of all of them takes twice as long.
    for rank in range(order.shape[1]):
        place = gain.argmin(axis=1)
        order[:, rank] = place
        is_lost[:, rank] = gain[own, place] < 0
        gain[own, place] = np.inf
    return order, is_lost


# Which rows are explained, and what comes out: reasons for all, columns of points on request.

Explain = Literal["adverse", "all", "none"]
EXPLAINS: tuple[Explain, ...] = ("adverse", "all", "none")


def reasons_by_row(
    bundle: Bundle,
    frame: Frame,
    batch: BatchContext | None,
    verdicts: Verdicts,
    explain: Explain,
    language: Language,
    is_scored: np.ndarray,
) -> tuple[Reasons, dict[str, np.ndarray]]:
    """Return reasons by row, and with `all` the columns points_base and points_<concept>.

    Rules come first, then the limit, then the score. Rows that are not scored are not explained by
    the score. Raises `DecisionError` (R9) where an adverse decision has no reason.
    """
    parts = rule_reasons(verdicts.fired, language)
    if batch and verdicts.limits:
        parts += limit_reasons(batch, verdicts.limits, verdicts.is_limit_explained, language)
    chosen = _chosen(verdicts, explain, is_scored)
    by_score, concepts = _by_score(bundle, frame, chosen, language)
    columns = _columns(bundle, concepts, chosen, len(frame.x)) if explain == "all" else {}
    reasons = Reasons.joined([*parts, by_score])
    if explain != "none":
        check_reasons(reasons, verdicts)
    return reasons, columns


def check_reasons(reasons: Reasons, verdicts: Verdicts) -> None:
    """Raise `DecisionError` where something adverse or a cut limit has no specific reason (R9)."""
    has_reason = np.zeros(len(verdicts.outcome), dtype=bool)
    has_reason[reasons.row] = True
    silent = (verdicts.is_adverse | verdicts.is_limit_explained) & ~has_reason
    if silent.any():
        raise DecisionError(
            "an adverse decision has no reason (R9)",
            where=f"row {int(np.argmax(silent))}",
            expected="at least one specific reason",
            got="none",
            next_step="nothing was decided; report this row",
        )


def _chosen(verdicts: Verdicts, explain: Explain, is_scored: np.ndarray) -> np.ndarray:
    """Return the positions of the rows whose score is explained."""
    if explain == "all":
        return np.flatnonzero(is_scored)
    if explain == "adverse":
        return np.flatnonzero(verdicts.is_score_adverse & is_scored)
    return np.empty(0, np.int64)


def _by_score(
    bundle: Bundle, frame: Frame, chosen: np.ndarray, language: Language
) -> tuple[Reasons, np.ndarray]:
    """Return the score's reasons of the `chosen` rows, and their points per concept."""
    scorer = bundle.scorer
    # Taken along the transpose, so that the values of a feature stay together in memory.
    rows = np.take(frame.x.T, chosen, axis=1).T
    points, lead = scorer.points_and_leads(rows, bundle.reference_points)
    given = None if frame.features is None else (frame.features, chosen)
    reasons = score_reasons(
        scorer.catalogue, bundle.reference, rows, (points, lead), language, given
    )
    own_rows = chosen[reasons.row]
    return Reasons(own_rows, reasons.concept, reasons.points, reasons.text), points


def _columns(
    bundle: Bundle, concepts: np.ndarray, rows: np.ndarray, n_rows: int
) -> dict[str, np.ndarray]:
    """Return the columns of points of the explained `rows`; NaN for the others."""
    ids = bundle.scorer.catalogue.concept_ids
    names = ("points_base", *(f"points_{c}" for c in ids))
    points = np.full((n_rows, len(names)), np.nan)
    points[rows, 0] = bundle.scorer.base_points
    points[rows, 1:] = concepts
    return {name: points[:, k] for k, name in enumerate(names)}
