"""Why: the concepts that cost most points against the reference, every rule that fired, and what cut the limit.

Columnar: a `Reasons` holds one entry per reason, not one object per application.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from .case import Case
from .catalogue import Catalogue
from .fired import Fired
from .limit import CAPS, Limits
from .limit_text import cap_texts
from .reference import Reference
from .text import Language, behaviour

TOP = 4  # Reg B: more than four reasons are unlikely to help
RANK_DECIMALS = 6  # points are rounded before ranking, so that the order does not hang on the last bit


@dataclass(frozen=True)
class Reasons:
    """One entry per reason: the row it belongs to, concept (or rule code), points against the reference (NaN for a rule), text."""

    row: np.ndarray
    concept: np.ndarray
    points: np.ndarray
    text: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Reasons]) -> Reasons:
        """All entries by row; within a row in the order of `parts`."""
        parts = [_entries([], [], [], []), *parts]
        whole = [np.concatenate([getattr(p, n) for p in parts]) for n in ("row", "concept", "points", "text")]
        order = np.argsort(whole[0], kind="stable")
        return cls(*(column[order] for column in whole))

    def array(self, n_rows: int) -> pa.ListArray:
        """One list of {concept, points, text} per row; points is null for a rule."""
        ends = pa.array(np.searchsorted(self.row, np.arange(n_rows + 1)), pa.int32())
        columns = [pa.array(self.concept, pa.string()), pa.array(self.points, from_pandas=True), pa.array(self.text, pa.string())]
        return pa.ListArray.from_arrays(ends, pa.StructArray.from_arrays(columns, ["concept", "points", "text"]))

    def lists(self, n_rows: int) -> list[list[dict[str, Any]]]:
        """The same as plain objects."""
        found: list[list[dict[str, Any]]] = self.array(n_rows).to_pylist()
        return found


def _entries(row: Any, concept: Sequence[str], points: Any, text: Sequence[str]) -> Reasons:
    return Reasons(np.asarray(row, np.int64), np.array(concept, object), np.asarray(points, np.float64), np.array(text, object))


def rule_reasons(fired: Sequence[Fired], language: Language) -> list[Reasons]:
    """One entry per rule and row it fired on, in the order of the rules."""
    found = []
    for one in fired:
        row = np.flatnonzero(one.mask)
        text = one.text_zh if language == "zh" else one.text_en
        found.append(_entries(row, [one.code] * len(row), np.full(len(row), np.nan), [text] * len(row)))
    return found


def limit_reasons(case: Case, limits: Limits, mask: np.ndarray, language: Language) -> Reasons:
    """What holds the limit down, for the rows of `mask`, with its numbers."""
    row = np.flatnonzero(mask)
    cap, texts = limits.cap[row], np.empty(len(row), dtype=object)
    for k in np.unique(cap):
        texts[cap == k] = cap_texts(case, CAPS[k], row[cap == k], language)
    names = np.array([f"limit_{name}" for name in CAPS], dtype=object)
    return _entries(row, names[cap].tolist(), np.full(len(row), np.nan), texts.tolist())


def score_reasons(
    catalogue: Catalogue, reference: Reference, x: np.ndarray, told: tuple[np.ndarray, np.ndarray], language: Language
) -> Reasons:
    """Up to four concepts per row of `x` that lost points against the reference, worst first; never none.

    `told` is (points, lead) per concept, as of `Scorer.told`: a concept speaks through its lead, and one that the model does not use
    never speaks. Ties break by the order of concepts in the catalogue.
    """
    points, lead = told
    gain = np.round(points - reference.concepts(catalogue), RANK_DECIMALS)
    order = np.argsort(np.where(lead < 0, np.inf, gain), axis=1, kind="stable")[:, :TOP]
    kept = (np.take_along_axis(gain, order, axis=1) < 0) & (np.take_along_axis(lead, order, axis=1) >= 0)
    kept[:, 0] = True  # an adverse decision always has a reason, even where nothing lies below the reference
    row, place = np.nonzero(kept)
    concept = order[row, place]
    feature = np.maximum(lead[row, concept], 0)
    text = [behaviour(catalogue.features[f], v, language) for f, v in zip(feature.tolist(), x[row, feature].tolist(), strict=True)]
    ids = np.array(catalogue.concept_ids, dtype=object)
    return _entries(row, ids[concept].tolist(), gain[row, concept], text)
