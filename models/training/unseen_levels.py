"""What an unseen level of a category reads: a level of training at which no row looks too safe.

Features that are flags of one column of texts read an unseen text as one of the levels that
training held. Which one is asked of the model itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import lightgbm
import numpy as np

from creditloom.decision.base.catalogue import Catalogue, Feature
from creditloom.models.sample.arrays import Floats

# Training rows on which the levels are compared.
MAX_ROWS = 2_000
# Margins closer than this are equal: sums of leaves in another order.
SAME_MARGIN = 1e-9


def with_unseen(catalogue: Catalogue, booster: lightgbm.Booster, rows: Floats) -> Catalogue:
    """Return the catalogue of the model with a cautious number for the unseen levels of its flags.

    Of the levels at which no training row is safer than over all levels on average, it is the
    safest one; where there is none, the one that comes nearest. `rows` are those of training, in
    the columns of the model.
    """
    read: dict[str, float] = {}
    for places in _flags_by_column(catalogue.features).values():
        features = [catalogue.features[k] for k in places]
        chosen = _cautious(features, booster, rows, places)
        read |= {feature.name: value for feature, value in zip(features, chosen, strict=True)}
    made = (
        replace(feature, unseen=read.get(feature.name, feature.unseen))
        for feature in catalogue.features
    )
    return replace(catalogue, features=tuple(made))


def _flags_by_column(features: Sequence[Feature]) -> Mapping[str, list[int]]:
    """Return the positions of the features that are flags of one column of texts."""
    found: dict[str, list[int]] = {}
    for k, feature in enumerate(features):
        if feature.categories and set(feature.codes) <= {0.0, 1.0}:
            found.setdefault(feature.read_column, []).append(k)
    return found


def _cautious(
    flags: Sequence[Feature], booster: lightgbm.Booster, features: Floats, places: Sequence[int]
) -> list[float]:
    """Return the numbers of the flags at the level that an unseen one is read as."""
    levels = np.unique(np.array([flag.codes for flag in flags]).T, axis=0)
    given = features[:, places]
    known = ~np.isnan(given).any(axis=1)
    counts = np.array([(given[known] == level).all(axis=1).sum() for level in levels])
    # Evenly spaced: rows have no order of risk, but an order of time.
    some = np.linspace(0, len(features) - 1, min(MAX_ROWS, len(features))).astype(np.int64)
    margins = np.stack([_margins(booster, features[some], places, level) for level in levels])
    # A level that no labelled row has counts as one row, so that the shares add up.
    shares = np.maximum(counts, 1) / np.maximum(counts, 1).sum()
    gaps = (margins - shares @ margins).min(axis=1)
    # Of several cautious levels the safest; the first one where two are equally safe.
    risk = np.where(gaps >= -SAME_MARGIN, -margins.mean(axis=1), -np.inf)
    best = int(np.argmax(risk)) if np.isfinite(risk).any() else int(np.argmax(gaps))
    return [float(value) for value in levels[best]]


def _margins(booster: lightgbm.Booster, x: Floats, places: Sequence[int], level: Floats) -> Floats:
    moved = x.copy()
    moved[:, places] = level
    return np.asarray(booster.predict(moved, raw_score=True))
