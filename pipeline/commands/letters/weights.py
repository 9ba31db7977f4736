"""What the score weighed of one application: each concept with points, value and typical value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.decide import Decider
from creditloom.decision.frames.input_frame import Frame
from creditloom.decision.reasons.given import given_behaviours
from creditloom.decision.reasons.reasons import RANK_DECIMALS
from creditloom.decision.reasons.shown import shown_features
from creditloom.decision.reasons.text import Language, quantities, singular, subjects
from creditloom.decision.rulebook.policy import GRADES, Policy
from creditloom.serving.applicant.letters.explained.explanation import LEAST_POINTS

NOTHING: dict[str, Any] = {
    "own": None,
    "typical": None,
    "rest": None,
    "cut": None,
    "above": None,
    "below": None,
}
# Decimals of scores and points on a page.
DECIMALS = 1


def weights(
    decider: Decider, source: pa.Table, policy: Policy, language: Language
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the concepts of one row, most lost first, and the scores.

    Concept: `points` against the approved, `yours` and `typical` in words of the feature that is
    shown (None where there is none, or the bundle holds no typical value). Scores: `own`,
    `typical` of the approved, `cut` from which the product approves, `above` and `below` it as a
    page shows them; `rest`: what points of at least LEAST_POINTS, as shown, leave over.
    """
    bundle = decider.bundle
    scorer = bundle.scorer
    frame = decider.read(source)
    points, lead = scorer.points_and_leads(frame.x, bundle.reference_points)
    mean = bundle.reference.concepts(scorer.catalogue)
    gain = np.round(points[0] - mean, RANK_DECIMALS)
    shown = shown_features(scorer, bundle.reference, frame.x, gain[None, :], lead)[0]
    # Of equal points the first concept of the catalogue stands first, as among the reasons.
    order = np.argsort(gain, kind="stable")
    rows = []
    for k in order.tolist():
        if lead[0, k] >= 0:
            values = _values(decider, frame, k, int(shown[k]), language)
            concept = scorer.catalogue.concept_ids[k]
            rows.append({"concept": concept, "points": float(gain[k]), **values})
    own = scorer.base_points + float(points[0].sum())
    typical = scorer.base_points + float(mean.sum())
    told = sum(_on_page(row["points"]) for row in rows if abs(row["points"]) >= LEAST_POINTS)
    rest = _on_page(_on_page(own) - _on_page(typical) - told)
    cut = _cut(decider, policy)
    scores = {"own": own, "typical": typical, "rest": rest or None, **_distance(own, cut)}
    return rows, scores


def _distance(own: float, cut: float | None) -> dict[str, float | None]:
    """Return the cut, and how far the score lies above or below it."""
    if cut is None:
        return {"cut": None, "above": None, "below": None}
    above = _on_page(_on_page(own) - _on_page(cut))
    return {"cut": cut, "above": above, "below": -above if above < 0 else None}


def _on_page(points: float) -> float:
    """Return points as a page shows them, so that whoever adds them up finds the same."""
    return round(points, DECIMALS)


def _values(
    decider: Decider, frame: Frame, place: int, k: int, language: Language
) -> dict[str, Any]:
    """Return what is shown of the concept at `place` by the feature `k`; -1 = by none.

    `yours` and `typical` are None where no feature can be said. A category is said by its level,
    and no level is the usual one.
    """
    catalogue = decider.bundle.scorer.catalogue
    concept = catalogue.concept_ids[place]
    named = next(one for one in catalogue.concepts if one.id == concept)
    if k < 0:
        names = {"name_en": named.text_en, "name_zh": named.text_zh}
        return {**names, "yours": None, "typical": None, "is_level": False}
    feature = catalogue.features[k]
    is_sayable = not feature.is_coded or frame.features is not None
    is_level = is_sayable and bool(feature.categories)
    typical = decider.bundle.reference.typical.get(feature.name) if is_sayable else None

    names = {
        "name_en": _joined(named.text_en, feature.text_en, is_sayable, ": "),
        "name_zh": _joined(named.text_zh, feature.text_zh, is_sayable, "："),
    }
    return {
        **names,
        "yours": _yours(frame, catalogue.features, k, language) if is_sayable else None,
        "typical": None if typical is None or is_level else _word(feature, typical, language),
        "is_level": is_level,
    }


def _yours(frame: Frame, features: Sequence[Feature], k: int, language: Language) -> str:
    if features[k].is_coded:
        return given_word(frame, features, k, language)
    return _word(features[k], _stated(frame, k), language)


def _word(feature: Feature, value: float, language: Language) -> str:
    shown = quantities([feature], np.zeros(1, np.int64), np.array([value]), language)[0]
    return singular(str(shown))


def given_word(frame: Frame, features: Sequence[Feature], k: int, language: Language) -> str:
    """Return the value of feature `k` of the first row as it was given: a level by its text."""
    which = np.array([k], np.int64)
    assert frame.features is not None
    told = str(given_behaviours(frame.features, np.zeros(1, np.int64), which, language)[0])
    return singular(told.removeprefix(str(subjects([features[k]], language)[0])))


def _stated(frame: Frame, k: int) -> float:
    """Return a feature's value; NaN where the model read a number in place of a null."""
    if frame.features is not None and len(frame.features.numbers):
        place = frame.features.plan.feature_places[k]
        if place >= 0 and np.isnan(frame.features.numbers[place, 0]):
            return math.nan
    return float(frame.x[0, k])


def _joined(concept: str, feature: str, is_sayable: bool, colon: str) -> str:
    # A column of one's own is its own concept: its name stands once.
    return f"{concept}{colon}{feature}" if is_sayable and feature not in ("", concept) else concept


def _cut(decider: Decider, policy: Policy) -> float | None:
    """Return the score from which the rules approve: that of the last approving grade's PD."""
    bundle = decider.bundle
    approving = [g for g in GRADES if policy.verdicts.get(g) == "approve"]
    bands = {tier.tier: tier for tier in bundle.tiers.tiers}
    edges = [bands[grade].pd_high for grade in approving if grade in bands]
    if not edges or max(edges) >= 1:
        return None
    odds = (1 - max(edges)) / max(edges)
    calibration = bundle.scorer.calibration
    return calibration.offset + calibration.factor * math.log(odds)
