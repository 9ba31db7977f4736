"""The reasons of each decision: lost concepts, rules that fired, and what cut the limit.

A concept is a reason by the points that it lost against the reference. Reasons are kept by column:
a `Reasons` holds one entry per reason, not one object per application.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
from .sentences import Cited, sentences
from .significance import lowest, rests_on_score, significant, with_referrals
from .text import Language, behaviours
from .words import FEW, Texts, concatenated, in_arrow, repeated, taken, texts_of, word_column

TOP = 4  # Reg B: more than four reasons are unlikely to help
# Points are rounded before they are ranked, so that the order does not hang on the last bit.
RANK_DECIMALS = 6
# The fields of a reason.
ENTRY = ("concept", "points", "text")


@dataclass(frozen=True)
class Reasons:
    """One entry per reason.

    `row` is the application it belongs to, `concept` the concept or rule code, `points` the points
    against the reference (NaN for a rule), `text` the sentence.
    """

    row: np.ndarray
    concept: Texts
    points: np.ndarray
    text: Texts

    @classmethod
    def joined(cls, parts: Sequence[Reasons]) -> Reasons:
        """Return all entries by row; within a row they keep the order of `parts`."""
        # The empty part gives the arrays their types where there is no other.
        parts = [NONE, *parts]
        row = np.concatenate([part.row for part in parts])
        points = np.concatenate([part.points for part in parts])
        # Stable, because a row's reasons stand in the order in which they decide.
        order = np.argsort(row, kind="stable")
        concept = taken(concatenated([part.concept for part in parts]), order)
        text = taken(concatenated([part.text for part in parts]), order)
        return cls(row[order], concept, points[order], text)

    def array(self, n_rows: int) -> pa.ListArray:
        """Return one list of {concept, points, text} per row; points is null for a rule."""
        ends = pa.array(np.searchsorted(self.row, np.arange(n_rows + 1)), pa.int32())
        points = pa.array(self.points, from_pandas=True)
        columns = [in_arrow(self.concept), points, in_arrow(self.text)]
        entries = pa.StructArray.from_arrays(columns, [*ENTRY])
        return pa.ListArray.from_arrays(ends, entries)

    def lists(self, n_rows: int) -> list[list[dict[str, Any]]]:
        """Return the same as plain objects."""
        ends = np.searchsorted(self.row, np.arange(n_rows + 1)).tolist()
        # NaN alone is not equal to itself.
        points = [one if one == one else None for one in self.points.tolist()]
        told = zip(self.concept.to_pylist(), points, self.text.to_pylist(), strict=True)
        entries = [dict(zip(ENTRY, one, strict=True)) for one in told]
        return [entries[start:end] for start, end in pairwise(ends)]

    def column(self, n_rows: int) -> pa.ListArray | list[list[dict[str, Any]]]:
        """Return the column of a decision: plain objects for few rows, Arrow's for many."""
        return self.lists(n_rows) if n_rows <= FEW else self.array(n_rows)


NONE = Reasons(np.empty(0, np.int64), texts_of([]), np.empty(0), texts_of([]))


def rule_reasons(fired: Sequence[RuleHits], language: Language) -> list[Reasons]:
    """Return one entry per rule and row it fired on, in the order of the rules."""
    reasons = []
    for hits in fired:
        if hits.is_found:
            row = np.flatnonzero(hits.mask)
            words = hits.text_zh if language == "zh" else hits.text_en
            reasons.append(_without_points(row, hits.code, repeated(words, len(row))))
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


def _without_points(row: np.ndarray, code: str, words: Texts) -> Reasons:
    return Reasons(row, repeated(code, len(row)), np.full(len(row), np.nan), words)


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
    order, is_reason = lowest(np.where(lead < 0, np.inf, gain), TOP)
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


# Which rows are explained, and what comes out: reasons for all, columns of points on request.

Explain = Literal["adverse", "all", "none"]
EXPLAINS: tuple[Explain, ...] = ("adverse", "all", "none")


class Explained(NamedTuple):
    """Reasons by row, columns of points by name, and the verdicts after unexplained declines.

    The columns are points_base and points_<concept>; there are none but for `all`.
    """

    reasons: Reasons
    columns: dict[str, np.ndarray]
    verdicts: Verdicts


class RowPoints(NamedTuple):
    """The points of all rows per concept and the leading features, both rows x concepts."""

    points: np.ndarray
    lead: np.ndarray


class _ChosenRows(NamedTuple):
    """The rows whose score is explained: their positions, features, points and leading features."""

    rows: np.ndarray
    x: np.ndarray
    points: np.ndarray
    lead: np.ndarray


def reasons_by_row(
    bundle: Bundle,
    frame: Frame,
    batch: BatchContext | None,
    verdicts: Verdicts,
    explain: Explain,
    language: Language,
    is_scored: np.ndarray,
    explained: RowPoints | None = None,
) -> Explained:
    """Return why each row is decided as it is; `explained` are the points of all, where known.

    Why a person is needed comes first, then rules, the limit, and the score. Rows that are not
    scored are not explained by the score. From format 5 on a decline that no concept explains is
    referred. Raises `DecisionError` (R9) where an adverse decision has no reason.
    """
    is_significant = bundle.has_significant_reasons
    mask = _is_chosen(verdicts, explain) & is_scored
    if is_significant:
        # Whether a decline stands hangs on its reasons, whatever is asked to be explained.
        mask |= rests_on_score(verdicts) & is_scored
    chosen = _chosen_rows(bundle, frame, mask, explained)
    if is_significant:
        by_score = _significant_reasons(bundle, frame, chosen, language)
        has_reason = np.zeros(len(mask), dtype=bool)
        has_reason[by_score.row] = True
        unexplained = rests_on_score(verdicts) & is_scored & ~has_reason
        verdicts = with_referrals(verdicts, unexplained)
    else:
        by_score = _forced_reasons(bundle, frame, chosen, language)
    parts = rule_reasons(verdicts.fired, language)
    if batch and verdicts.limits:
        parts += limit_reasons(batch, verdicts.limits, verdicts.is_limit_explained, language)
    columns = _columns(bundle, chosen, len(frame.x)) if explain == "all" else {}
    if explain == "none":
        return Explained(Reasons.joined(parts), columns, verdicts)
    reasons = Reasons.joined([*parts, by_score])
    check_reasons(reasons, verdicts)
    return Explained(reasons, columns, verdicts)


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


def _is_chosen(verdicts: Verdicts, explain: Explain) -> np.ndarray:
    """Return the rows whose score is to be explained."""
    if explain == "adverse":
        return verdicts.is_score_adverse
    return np.full(len(verdicts.outcome), explain == "all")


def _chosen_rows(
    bundle: Bundle, frame: Frame, mask: np.ndarray, explained: RowPoints | None
) -> _ChosenRows:
    """Return the rows of `mask` with their points per concept."""
    rows = np.flatnonzero(mask)
    if explained is not None:
        return _ChosenRows(rows, frame.x[rows], explained.points[rows], explained.lead[rows])
    # Taken along the transpose, so that the values of a feature stay together in memory.
    x = np.take(frame.x.T, rows, axis=1).T
    points, lead = bundle.scorer.points_and_leads(x, bundle.reference_points)
    return _ChosenRows(rows, x, points, lead)


def _forced_reasons(
    bundle: Bundle, frame: Frame, chosen: _ChosenRows, language: Language
) -> Reasons:
    """Return the score's reasons before format 5: up to four, the first one always."""
    reasons = score_reasons(
        bundle.scorer.catalogue,
        bundle.reference,
        chosen.x,
        (chosen.points, chosen.lead),
        language,
        None if frame.features is None else (frame.features, chosen.rows),
    )
    return Reasons(chosen.rows[reasons.row], reasons.concept, reasons.points, reasons.text)


def _significant_reasons(
    bundle: Bundle, frame: Frame, chosen: _ChosenRows, language: Language
) -> Reasons:
    """Return the score's reasons from format 5 on: what lost more than its error, or none."""
    catalogue = bundle.scorer.catalogue
    gain, errors = _gains_and_errors(bundle, chosen.points, chosen.lead)
    order, is_cited = significant(gain, errors, TOP)
    row, rank = np.nonzero(is_cited)
    concept = order[row, rank]
    feature = chosen.lead[row, concept].astype(np.int64)
    value = _stated_values(frame, chosen, row, feature)
    cited = Cited(concept=concept, feature=feature, value=value, rows=chosen.rows[row])
    words = sentences(bundle.sentence_book(language), cited, frame.features)
    concepts = word_column(catalogue.concept_ids, concept)
    return Reasons(chosen.rows[row], concepts, gain[row, concept], words)


def has_significant_reason(bundle: Bundle, x: np.ndarray) -> NDArray[np.bool_]:
    """Return which rows have a concept that lost more than its error, so that a decline stands.

    x: rows x features of the model. Before format 5 a decline always has a reason.
    """
    if not bundle.has_significant_reasons:
        return np.ones(len(x), dtype=bool)
    points, lead = bundle.scorer.points_and_leads(x, bundle.reference_points)
    gain, errors = _gains_and_errors(bundle, points, lead)
    is_lost: NDArray[np.bool_] = np.logical_or.reduce(gain < -errors, axis=1)
    return is_lost


def _gains_and_errors(
    bundle: Bundle, points: np.ndarray, lead: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of concepts against the reference, infinite where unused, and errors."""
    catalogue = bundle.scorer.catalogue
    gain = np.round(points - bundle.reference.concepts(catalogue), RANK_DECIMALS)
    errors = bundle.reference.error_multiple * bundle.reference.errors(catalogue)
    return np.where(lead < 0, np.inf, gain), errors


def _stated_values(
    frame: Frame, chosen: _ChosenRows, row: np.ndarray, feature: np.ndarray
) -> np.ndarray:
    """Return the values that may be said: null where the model reads a number in place of one."""
    value = chosen.x[row, feature]
    if frame.features is None or not len(frame.features.numbers):
        return value
    place = frame.features.plan.feature_places[feature]
    given = frame.features.numbers[np.maximum(place, 0), chosen.rows[row]]
    return np.where((place >= 0) & np.isnan(given), np.nan, value)


def _columns(bundle: Bundle, chosen: _ChosenRows, n_rows: int) -> dict[str, np.ndarray]:
    """Return the columns of points of the explained rows; NaN for the others."""
    ids = bundle.scorer.catalogue.concept_ids
    names = ("points_base", *(f"points_{c}" for c in ids))
    points = np.full((n_rows, len(names)), np.nan)
    points[chosen.rows, 0] = bundle.scorer.base_points
    points[chosen.rows, 1:] = chosen.points
    return {name: points[:, k] for k, name in enumerate(names)}
