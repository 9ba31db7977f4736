"""How the score depends on each feature: importance, the curve of its points, and the swarm."""

from __future__ import annotations

from typing import Any

import numpy as np

from creditloom.report.explanation.explain import Floats, SamplePoints, strongest_features

# Points of a drawn curve: each is the mean over an equal part of the known values.
CURVE_BINS = 12
# Applicants of the swarm: more dots hide each other.
SWARM_ROWS = 160
# Digits that a drawing can show.
DIGITS = 4


def feature_effects(
    explained: SamplePoints, gain: Floats, reference: dict[str, float]
) -> list[dict[str, Any]]:
    """Return one record per feature, in model order.

    gain: total gain of the splits on each feature. reference: mean points of the approved.
    Record: feature, mean_abs_points, gain_share, x and y (mean value and mean points against the
    approved, per bin of the known values), null_points (where the value is not known; null = none).
    """
    total = gain.sum()
    mean = np.abs(explained.points).mean(axis=0)
    records = []
    for k, feature in enumerate(explained.catalogue.features):
        against = explained.points[:, k] - reference.get(feature.name, 0.0)
        x, y, null_points = _curve(explained.data[:, k], against)
        # table: a record
        records.append({
            "feature": feature.name, "mean_abs_points": float(mean[k]),
            "gain_share": float(gain[k] / total) if total > 0 else None,
            "x": x, "y": y, "null_points": null_points,
        })  # fmt: skip
    return records


def _curve(values: Floats, points: Floats) -> tuple[list[float], list[float], float | None]:
    is_null = np.isnan(values)
    null_points = _short(points[is_null].mean()) if is_null.any() else None
    known = np.flatnonzero(~is_null)
    # Stable: equal values keep the order of the sample, so the bins are the same on every machine.
    order = known[np.argsort(values[known], kind="stable")]
    parts = [part for part in np.array_split(order, CURVE_BINS) if len(part)]
    x = [_short(values[part].mean()) for part in parts]
    y = [_short(points[part].mean()) for part in parts]
    return x, y, null_points


def swarm(explained: SamplePoints, shown: int) -> list[dict[str, Any]]:
    """Return the strongest features with the points of some applicants and the rank of the value.

    Record: feature, points, rank (0 lowest to 1 highest value among all; null = not known).
    """
    places = np.unique(np.linspace(0, len(explained.points) - 1, SWARM_ROWS).astype(int))
    records = []
    for k in strongest_features(explained, shown):
        values = explained.data[:, k]
        known = np.sort(values[~np.isnan(values)])
        ranks = np.searchsorted(known, values[places], side="right") / max(len(known), 1)
        is_null = np.isnan(values[places])
        rank = [
            None if null else round(float(r), 2) for r, null in zip(ranks, is_null, strict=True)
        ]
        points = [round(float(value), 1) for value in explained.points[places, k]]
        name = explained.catalogue.features[k].name
        records.append({"feature": name, "points": points, "rank": rank})
    return records


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
