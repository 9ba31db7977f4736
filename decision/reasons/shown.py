"""The feature that is shown beside the points of a concept: one whose value explains their side.

The leading feature of a concept is the one that lost most, as a reason needs it. A table of all
concepts also holds those that gained, and a value on the safe side beside lost points misleads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..base.catalogue import Feature
from ..score.scorer import Reference, Scorer


def shown_features(
    scorer: Scorer, reference: Reference, x: np.ndarray, gain: np.ndarray, lead: np.ndarray
) -> NDArray[np.int64]:
    """Return the feature to be shown of each concept, rows x concepts; -1 where none is.

    x: rows x features of the model. gain: points of each concept against the approved; lead: its
    leading feature, as of `Scorer.points_and_leads`.
    A shown feature can be said, moved the points to the side of its concept, and its value lies on
    that side of the typical one, or has no side: a null, a code, a feature without a typical value.
    Of several it is the one that moved most; the leading one first.
    """
    catalogue = scorer.catalogue
    own = scorer.points(x) - reference.features(catalogue)
    is_sayable = np.array([feature.is_sayable for feature in catalogue.features])
    can_say = is_sayable & _is_sided(catalogue.features, reference, x, own)
    shown = np.full(gain.shape, -1, np.int64)
    owner = catalogue.concept_of
    rows = np.arange(len(x))
    for concept in range(gain.shape[1]):
        features = np.flatnonzero(owner == concept)
        if not len(features):
            continue
        side = np.sign(gain[:, concept])[:, None]
        moved = np.where(can_say[:, features], side * own[:, features], 0.0)
        best = moved.argmax(axis=1)
        shown[:, concept] = np.where(moved[rows, best] > 0, features[best], -1)
    # The reason of a lost concept names its leading feature: the table names the same.
    place = np.maximum(lead, 0)
    is_said = np.take_along_axis(can_say & (own < 0), place, axis=1)
    return np.where((lead >= 0) & (gain < 0) & is_said, lead, shown)


def _is_sided(
    features: Sequence[Feature], reference: Reference, x: np.ndarray, own: np.ndarray
) -> NDArray[np.bool_]:
    """Return which values lie on the side of the typical one that their points tell."""
    typical = [reference.typical.get(feature.name) for feature in features]
    usual = np.array([np.nan if one is None else one for one in typical])
    # Of a level no number is the usual one.
    usual[[bool(feature.categories) for feature in features]] = np.nan
    sign = np.array([feature.direction for feature in features])
    # What costs points: more of a risky feature, less of a safe one, either of one without a sign.
    side = np.sign(x - usual) * np.where(own < 0, 1, -1)
    is_told = np.where(sign == 0, side != 0, side == sign)
    return is_told | np.isnan(x) | np.isnan(usual)
