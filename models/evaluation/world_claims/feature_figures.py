"""Claims about the AUC of single features: the best one of a family, chosen on other rows."""

from __future__ import annotations

import numpy as np

from creditloom.models.evaluation.world_claims.claim_sample import (
    ClaimFeatures,
    ClaimFigure,
    ClaimSample,
)
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import auc

# A feature must be known for so many of the rows to be chosen (choice): the best one of a handful
# of people is luck.
LEAST_KNOWN = 0.2


def auc_bureau(world: ClaimSample) -> ClaimFigure | None:
    """Return the AUC of the best single bureau feature."""
    return _best(world.features, "bureau")


def auc_payments(world: ClaimSample) -> ClaimFigure | None:
    """Return the AUC of the best single payment feature."""
    return _best(world.features, "payment_flow")


def auc_device(world: ClaimSample) -> ClaimFigure | None:
    """Return the AUC of the best single device feature."""
    return _best(world.features, "device_stability")


def auc_social(world: ClaimSample) -> ClaimFigure | None:
    """Return the AUC of the best single social feature."""
    return _best(world.features, "social_graph")


def _best(features: ClaimFeatures | None, family: str) -> ClaimFigure | None:
    """Return the AUC, for true default, of the feature of `family` that ranks other rows best.

    It is chosen, with its direction, on the applications with even ids and measured on the odd
    ones. Rows where the feature is null are left out. None where there is no such feature, or no
    default on one side.
    """
    if features is None:
        return None
    rows = features.rows
    names = [name for name in rows.names if features.family_of[name] == family]
    bad = features.defaulted.to_numpy(bool)
    is_even = rows.application_id % 2 == 0
    columns = rows.with_features(names).features
    chosen = [_auc(columns[is_even, place], bad[is_even]) for place in range(len(names))]
    if not names or np.isnan(chosen).all():
        return None
    # Distance from one half: a feature that ranks the other way round is as good.
    best = int(np.nanargmax(np.abs(np.array(chosen) - 0.5)))
    sign = 1.0 if chosen[best] >= 0.5 else -1.0
    value = _auc(sign * columns[~is_even, best], bad[~is_even])
    n = int((~np.isnan(columns[~is_even, best])).sum())
    return None if np.isnan(value) else ClaimFigure(value, n)


def _auc(values: Floats, bad: Mask) -> float:
    """Return the AUC over the known values; NaN if few are known or all have one outcome."""
    known = ~np.isnan(values)
    if known.mean() < LEAST_KNOWN or bad[known].all() or not bad[known].any():
        return float("nan")
    return float(auc(bad[known], values[known]))
