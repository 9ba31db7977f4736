"""Blocks `discrimination`, `calibration` and `observable` of metrics.json, for the model and for the ridge beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration import calibration_tests as tests
from creditloom.models.calibration.calibration_tests import Order, jeffreys, ordered, pooled
from creditloom.models.evaluation import reachable_gini
from creditloom.models.evaluation.cohort import Cohort, Floats, KnownOutcomes
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.reachable_gini import ReachableLimits
from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample import metrics
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams


def discrimination(cohort: Cohort, limits: ReachableLimits | None) -> dict[str, Any]:
    """AUC, Gini, KS through the door, truth-side Gini and its shares of oracle and reachable; null where there is no truth."""
    ridge = _power(cohort, cohort.ridge_pd, limits)
    best = {
        "gini_oracle": limits.gini_oracle if limits else None,
        "gini_reachable": limits.gini_reachable if limits else None,
    }
    return {**_power(cohort, cohort.pd, limits), **best, "ridge_logit": ridge}


def _power(cohort: Cohort, pd: Floats, limits: ReachableLimits | None) -> dict[str, Any]:
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
        "share_of_reachable_gini": true / limits.gini_reachable
        if true is not None and limits
        else None,
    }


def calibration(
    cohort: Cohort, tiers: Tiers, params: EvaluateParams
) -> tuple[dict[str, Any], Order]:
    """Accuracy of the PD through the door and its tests, and the order of the pooled tiers."""
    found, bands = _accuracy(cohort, cohort.pd, tiers, params)
    ridge, _ = _accuracy(cohort, cohort.ridge_pd, tiers, params)
    return {**found, "ridge_logit": ridge}, bands


def _accuracy(
    cohort: Cohort, pd: Floats, tiers: Tiers, params: EvaluateParams
) -> tuple[dict[str, Any], Order]:
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
    plain = KnownOutcomes(seen.rows, seen.y, np.ones(len(seen.y)))
    return {**_observed(cohort, plain, params), "weighted": _observed(cohort, seen, params)}


def _observed(cohort: Cohort, seen: KnownOutcomes, params: EvaluateParams) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(seen.y), "bads": int(seen.y.sum())}
    for prefix, model_pd in (("", cohort.pd[seen.rows]), ("ridge_", cohort.ridge_pd[seen.rows])):
        found[f"{prefix}auc_oot"] = metrics.auc(seen.y, model_pd, seen.weight)
        found[f"{prefix}ks_oot"] = metrics.ks(seen.y, model_pd, seen.weight)
        found[f"{prefix}mean_pd"] = float(np.average(model_pd, weights=seen.weight))
        found[f"{prefix}brier"] = metrics.brier(seen.y, model_pd, seen.weight)
        large = tests.in_the_large(
            seen.y, model_pd, cohort.calibration_bads, params.macro_sd, seen.weight
        )
        found[f"{prefix}calibration_in_the_large_p"] = large.p_value
    return {**found, "bad_rate": float(np.average(seen.y, weights=seen.weight))}


# Tables of the report; `series` is model or ridge_logit (and oracle where there is truth). Shares and PDs in [0, 1].

POINTS = 200  # of a curve


def curves(cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ROC (series, fpr, tpr) and KS (series, score = share of applicants so far, bad_share, good_share), thinned to 200 points."""
    seen, roc, ks = cohort.door, [], []
    for name, pd_ in _series(cohort):
        bad, good = metrics.ks_curve(seen.y, pd_[seen.rows], seen.weight)
        at = np.unique(np.linspace(0, len(bad) - 1, POINTS).astype(int))
        roc.append(
            pd.DataFrame(
                {
                    "series": name,
                    "fpr": np.r_[0, 1 - good[at][::-1]],
                    "tpr": np.r_[0, 1 - bad[at][::-1]],
                }
            )
        )
        ks.append(
            pd.DataFrame(
                {
                    "series": name,
                    "score": at / (len(bad) - 1),
                    "bad_share": bad[at],
                    "good_share": good[at],
                }
            )
        )
    return pd.concat(roc, ignore_index=True), pd.concat(ks, ignore_index=True)


def reliability(cohort: Cohort, bins: int) -> pd.DataFrame:
    """series, n, mean_pd, observed and its 90 % Jeffreys interval low..high, per bin of equal weight."""
    from scipy.stats import beta

    seen, parts = cohort.door, []
    for name, pd_ in _series(cohort):
        share, observed, mean = metrics.reliability(seen.y, pd_[seen.rows], seen.weight, bins)
        n = share * seen.weight.sum()
        low, high = (
            beta.ppf(q, n * observed + 0.5, n * (1 - observed) + 0.5) for q in (0.05, 0.95)
        )
        parts.append(
            pd.DataFrame(
                {
                    "series": name,
                    "n": n,
                    "mean_pd": mean,
                    "observed": observed,
                    "low": low,
                    "high": high,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def tier_table(cohort: Cohort, tiers: Tiers) -> pd.DataFrame:
    """One row per tier: tier, pd_low, pd_high, n, share, mean_pd, observed, bads, jeffreys_p; of offers daily_rate, apr, limit_cny."""
    index, seen = tiers.index(cohort.pd), cohort.door
    return pd.DataFrame(
        [
            _tier(cohort, index == k, seen.weight * (index[seen.rows] == k), tier)
            for k, tier in enumerate(tiers.tiers)
        ]
    )


def _tier(cohort: Cohort, inside: np.ndarray, weight: Floats, tier: object) -> dict[str, object]:
    bads, n = float(weight @ cohort.door.y), float(weight.sum())
    offers = cohort.decisions[inside & (cohort.decisions["decision"] == "approve").to_numpy()]
    mean = float(cohort.pd[inside].mean()) if inside.any() else np.nan
    means = {
        new: offers[old].astype(float).mean()
        for new, old in (
            ("daily_rate", "daily_rate"),
            ("apr", "apr_irr12"),
            ("limit_cny", "limit_cny"),
        )
    }
    found = {
        "n": int(inside.sum()),
        "share": inside.mean(),
        "mean_pd": mean,
        "observed": bads / n if n else np.nan,
        "bads": bads,
    }
    return {**vars(tier), **found, "jeffreys_p": jeffreys(n, bads, mean) if n else np.nan, **means}


def vintage_table(
    rows: Dataset, pd_: Floats, approved: np.ndarray, split: SplitParams, bins: int
) -> pd.DataFrame:
    """Per month: vintage, role, n, bad_rate (booked, weighted), mean_pd, approval_rate, psi of the score to the training months."""
    score = metrics.logit(pd_)
    base = score[rows.role == "train"]
    return pd.DataFrame(
        [
            _vintage(rows, month, pd_, score, base, approved, split, bins)
            for month in np.unique(rows.month[rows.role != ""])
        ]
    )


def _vintage(
    rows: Dataset,
    month: int,
    pd_: Floats,
    score: Floats,
    base: Floats,
    approved: np.ndarray,
    split: SplitParams,
    bins: int,
) -> dict[str, object]:
    inside = rows.month == month
    known = inside & ~np.isnan(rows.outcome)
    rate = (
        float(np.average(rows.outcome[known], weights=rows.weight[known]))
        if known.any()
        else np.nan
    )
    return {
        "vintage": str(np.datetime64(split.start, "M") + int(month)), "role": str(rows.role[inside][0]),
        "n": int(inside.sum()), "bad_rate": rate, "mean_pd": pd_[inside].mean(), "approval_rate": approved[inside].mean(),
        "psi": metrics.psi_of(base, score[inside], bins),
    }  # fmt: skip


def states(
    known: Dataset,
    known_truth: pd.DataFrame,
    oot: Dataset,
    oot_truth: pd.DataFrame,
    family_of: dict[str, str],
) -> pd.DataFrame:
    """family, r2, aim: linear R2 of each true family state from its own family's features, among applicants for whom they are present."""
    found = []
    for family in dict.fromkeys(family_of.values()):
        names = [name for name in known.names if family_of[name] == family]
        column = f"z_{family}"
        if column not in known_truth or f"present_{family}" not in known_truth:
            continue
        own = [rows.with_features(names) for rows in (known, oot)]
        here = [truth[f"present_{family}"].to_numpy(bool) for truth in (known_truth, oot_truth)]
        design = ridge.design_of(own[0].where(here[0]), RidgeParams())
        x = [design.columns(rows.features[mask]) for rows, mask in zip(own, here, strict=True)]
        z = [
            truth[column].to_numpy(float)[mask]
            for truth, mask in zip((known_truth, oot_truth), here, strict=True)
        ]
        found.append(
            {
                "family": family,
                "r2": reachable_gini.r2(x[0], z[0], x[1], z[1]),
                "aim": 0.6 if family == "identity" else 0.9,
            }
        )
    return pd.DataFrame(found)


def _series(cohort: Cohort) -> list[tuple[str, Floats]]:
    found = [("model", cohort.pd), ("ridge_logit", cohort.ridge_pd)]
    if cohort.truth is not None and "pd_oracle" in cohort.truth:
        found.append(("oracle", cohort.truth["pd_oracle"].to_numpy(np.float64)))
    return found
