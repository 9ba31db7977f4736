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
    ones, and the other way round; the figure is the mean of the two, as one half alone misses it
    by .011. Rows where the feature is null are left out. None where there is no such feature, or
    no default on one side.
    """
    if features is None:
        return None
    rows = features.rows
    names = [name for name in rows.names if features.family_of[name] == family]
    if not names:
        return None
    bad = features.defaulted.to_numpy(bool)
    is_even = rows.application_id % 2 == 0
    columns = rows.with_features(names).features
    halves = [_judged(columns, bad, half) for half in (is_even, ~is_even)]
    value = float(np.mean([half.value for half in halves]))
    return None if np.isnan(value) else ClaimFigure(value, sum(half.n for half in halves))


def _judged(columns: Floats, bad: Mask, is_choosing: Mask) -> ClaimFigure:
    """Return the AUC on the other rows of the column that ranks `is_choosing` best; NaN if none."""
    chosen = np.array([_auc(column[is_choosing], bad[is_choosing]) for column in columns.T])
    if np.isnan(chosen).all():
        return ClaimFigure(float("nan"), 0)
    # Distance from one half: a feature that ranks the other way round is as good.
    best = int(np.nanargmax(np.abs(chosen - 0.5)))
    sign = 1.0 if chosen[best] >= 0.5 else -1.0
    others = columns[~is_choosing, best]
    n = int((~np.isnan(others)).sum())
    return ClaimFigure(_auc(sign * others, bad[~is_choosing]), n)


def _auc(values: Floats, bad: Mask) -> float:
    """Return the AUC over the known values; NaN if few are known or all have one outcome."""
    known = ~np.isnan(values)
    if known.mean() < LEAST_KNOWN or bad[known].all() or not bad[known].any():
        return float("nan")
    return float(auc(bad[known], values[known]))
