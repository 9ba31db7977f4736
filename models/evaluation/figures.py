"""Blocks `discrimination`, `calibration` and `observable` of metrics.json, for the model and for the ridge beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import calibration_tests as tests
from .. import metrics
from ..decision.tiers import Tiers
from ..oracle import Limits
from ..tiers_check import Order, ordered, pooled
from .cohort import Cohort, Seen
from .params import EvaluateParams

Floats = NDArray[np.float64]


def discrimination(cohort: Cohort, limits: Limits | None) -> dict[str, Any]:
    """AUC, Gini, KS through the door, truth-side Gini and its shares of oracle and reachable; null where there is no truth."""
    ridge = _power(cohort, cohort.ridge_pd, limits)
    best = {"gini_oracle": limits.gini_oracle if limits else None, "gini_reachable": limits.gini_reachable if limits else None}
    return {**_power(cohort, cohort.pd, limits), **best, "ridge_logit": ridge}


def _power(cohort: Cohort, pd: Floats, limits: Limits | None) -> dict[str, Any]:
    door = cohort.door
    true = None
    if limits is not None and cohort.truth is not None:
        true = metrics.gini(cohort.truth["pd_true"].to_numpy(np.float64), pd)
    return {
        "auc_oot": metrics.auc(door.y, pd[door.rows], door.weight),
        "gini_oot": metrics.gini(door.y, pd[door.rows], door.weight),
        "ks_oot": metrics.ks(door.y, pd[door.rows], door.weight),
        "gini_oot_true": true,
        "share_of_oracle_gini": true / limits.gini_oracle if true is not None and limits else None,
        "share_of_reachable_gini": true / limits.gini_reachable if true is not None and limits else None,
    }


def calibration(cohort: Cohort, tiers: Tiers, params: EvaluateParams) -> tuple[dict[str, Any], Order]:
    """Accuracy of the PD through the door and its tests, and the order of the pooled tiers."""
    found, bands = _accuracy(cohort, cohort.pd, tiers, params)
    ridge, _ = _accuracy(cohort, cohort.ridge_pd, tiers, params)
    return {**found, "ridge_logit": ridge}, bands


def _accuracy(cohort: Cohort, pd: Floats, tiers: Tiers, params: EvaluateParams) -> tuple[dict[str, Any], Order]:
    seen = cohort.door
    p, y, w = pd[seen.rows], seen.y, seen.weight
    slope, intercept = tests.slope_intercept(y, p, w)
    large = tests.in_the_large(y, p, cohort.calibration_bads, params.macro_sd, w)
    tier = np.array(tiers.names)[tiers.index(p)]
    bands = ordered(pooled(tier, y, p, tiers.names, params.min_tier_bads))
    groups = np.array([(band.n, band.bads, band.mean_pd) for band in bands.bands]).T
    figures = {
        "brier": metrics.brier(y, p, w), "logloss": metrics.logloss(y, p, w), "ece": metrics.ece(y, p, w, params.bins),
        "slope": slope, "intercept": intercept, "mean_pd": large.expected / w.sum(), "bad_rate": large.observed / w.sum(),
        "calibration_in_the_large_z": large.z, "calibration_in_the_large_p": large.p_value,
        "spiegelhalter_p": tests.spiegelhalter(y, p)[1], "hosmer_lemeshow_p": tests.hosmer_lemeshow(*groups)[1],
        "jeffreys_min_p": min(tests.holm([band.jeffreys_p for band in bands.bands])), "tiers_reversed": bands.reversed_pairs,
    }  # fmt: skip
    return figures, bands


def observable(cohort: Cohort, params: EvaluateParams) -> dict[str, Any]:
    """What one could know without the truth: on booked loans plain, and weighted to the door. For promotion and monitoring.

    Booked loans alone lie below a PD that is right at the door, because the old policy knew more than the matrix (domain 0.6).
    """
    seen = cohort.observed
    plain = Seen(seen.rows, seen.y, np.ones(len(seen.y)))
    return {**_observed(cohort, plain, params), "weighted": _observed(cohort, seen, params)}


def _observed(cohort: Cohort, seen: Seen, params: EvaluateParams) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(seen.y), "bads": int(seen.y.sum())}
    for prefix, pd in (("", cohort.pd[seen.rows]), ("ridge_", cohort.ridge_pd[seen.rows])):
        found[f"{prefix}auc_oot"] = metrics.auc(seen.y, pd, seen.weight)
        found[f"{prefix}ks_oot"] = metrics.ks(seen.y, pd, seen.weight)
        found[f"{prefix}mean_pd"] = float(np.average(pd, weights=seen.weight))
        found[f"{prefix}brier"] = metrics.brier(seen.y, pd, seen.weight)
        large = tests.in_the_large(seen.y, pd, cohort.calibration_bads, params.macro_sd, seen.weight)
        found[f"{prefix}calibration_in_the_large_p"] = large.p_value
    return {**found, "bad_rate": float(np.average(seen.y, weights=seen.weight))}
