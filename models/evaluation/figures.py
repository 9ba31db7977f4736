"""Measures the ranking and the calibration of the PD, and makes the tables and curves for them.

It makes the blocks `discrimination`, `calibration` and `observable` of metrics.json and most tables
of the report. Every block shows the model with the ridge logit beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration.calibration_tests import (
    JEFFREYS_PRIOR,
    Order,
    binomial,
    jeffreys,
    ordered,
    pooled,
)
from creditloom.models.evaluation import reachable_gini
from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.metric_table import JudgedSample, TruePD, figures_of
from creditloom.models.evaluation.reachable_gini import ReachableLimits
from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample import metrics
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import NONE, TRAIN, SplitParams

MODEL_SERIES = "model"
RIDGE_SERIES = "ridge_logit"
ORACLE_SERIES = "oracle"


def discrimination(
    cohort: Cohort, limits: ReachableLimits | None, params: EvaluateParams
) -> dict[str, Any]:
    """Return AUC, Gini and KS through the door, and the Gini on the true PD.

    The Gini on the true PD and its shares of oracle and reachable are null without truth.
    """
    return {
        **_power(cohort, cohort.pd, limits, params),
        "gini_oracle": limits.gini_oracle if limits else None,
        "gini_reachable": limits.gini_reachable if limits else None,
        "ridge_logit": _power(cohort, cohort.ridge_pd, limits, params),
    }


def _power(
    cohort: Cohort, pd: Floats, limits: ReachableLimits | None, params: EvaluateParams
) -> dict[str, float | None]:
    """Return the figures of one model's ranking."""
    sample = _judged(cohort, pd, cohort.door, params)
    if limits is not None and cohort.truth is not None:
        # With a truth `door` has every row of the cohort in order, and so has the vector of true
        # PDs.
        pd_true = cohort.truth["pd_true"].to_numpy(np.float64)
        sample = replace(sample, truth=TruePD(pd=pd_true, limits=limits))
    return figures_of("discrimination", sample)


def calibration(
    cohort: Cohort, tiers: Tiers, params: EvaluateParams
) -> tuple[dict[str, Any], Order]:
    """Return the accuracy of the PD through the door with its tests, and the pooled tiers."""
    accuracy, order = _accuracy(cohort, cohort.pd, tiers, params)
    ridge_accuracy, _ = _accuracy(cohort, cohort.ridge_pd, tiers, params)
    return {**accuracy, "ridge_logit": ridge_accuracy}, order


def _accuracy(
    cohort: Cohort, pd: Floats, tiers: Tiers, params: EvaluateParams
) -> tuple[dict[str, float | None], Order]:
    """Return the figures of one model's PD, and its pooled tiers."""
    sample = _judged(cohort, pd, cohort.door, params)
    tier = np.array(tiers.names)[tiers.index(sample.pd)]
    bands = pooled(tier, sample.y, sample.pd, tiers.names, params.min_tier_bads)
    order = ordered(bands)
    return figures_of("calibration", replace(sample, order=order)), order


def observable(cohort: Cohort, params: EvaluateParams) -> dict[str, Any]:
    """Return the figures that need no truth, for promotion and monitoring.

    They are computed on booked loans, once without weights and once weighted to everyone who
    applied. Without weights the bad rate lies below a PD that is right for everyone who applied,
    because the old policy knew more than the matrix (domain 0.6).
    """
    outcomes = cohort.observed
    plain = replace(outcomes, weight=np.ones(len(outcomes.y)))
    return {
        **_observed(cohort, plain, params),
        "weighted": _observed(cohort, outcomes, params),
    }


def _observed(cohort: Cohort, outcomes: KnownOutcomes, params: EvaluateParams) -> dict[str, Any]:
    """Return the figures of both models on the outcomes, those of the ridge with a prefix."""
    model = figures_of("observable", _judged(cohort, cohort.pd, outcomes, params))
    ridge_logit = figures_of("observable", _judged(cohort, cohort.ridge_pd, outcomes, params))
    return {
        "n": len(outcomes.y),
        "bads": int(outcomes.y.sum()),
        **model,
        **{f"ridge_{key}": value for key, value in ridge_logit.items()},
        "bad_rate": float(np.average(outcomes.y, weights=outcomes.weight)),
    }


def _judged(
    cohort: Cohort, pd: Floats, outcomes: KnownOutcomes, params: EvaluateParams
) -> JudgedSample:
    """Return a model's PDs beside the outcomes."""
    return JudgedSample(
        y=outcomes.y,
        pd=pd[outcomes.rows],
        weight=outcomes.weight,
        bins=params.bins,
        calibration_bads=cohort.calibration_bads,
        macro_sd=params.macro_sd,
    )


# --- Tables of the report ---
# `series` is model or ridge_logit, and oracle where there is truth. Shares and PDs are in [0, 1].

# Points of a curve: as many as a chart can show.
CURVE_POINTS = 200
# The interval of an observed rate leaves out 5 % at each end.
LOW_QUANTILE = 0.05
HIGH_QUANTILE = 0.95
# Columns of the tier table that are means over the approved offers: column here -> column of the
# decisions.
OFFER_MEANS = {"daily_rate": "daily_rate", "apr": "apr_irr12", "limit_cny": "limit_cny"}
# Share of the variance of a family state that the features of this family should explain. It is the
# bar of domain 0.4.
STATE_R2_AIM = 0.9
IDENTITY_R2_AIM = 0.6


def curves(cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the curves ROC and KS, thinned to 200 points.

    ROC: series, fpr, tpr. KS: series, score (share of applicants so far, safest first),
    bad_share, good_share (cumulative).
    """
    outcomes = cohort.door
    roc = []
    ks = []
    for name, series_pd in _series(cohort):
        bad, good = metrics.ks_curve(outcomes.y, series_pd[outcomes.rows], outcomes.weight)
        points = np.unique(np.linspace(0, len(bad) - 1, CURVE_POINTS).astype(int))
        # The ROC curve starts at the riskiest applicant, the KS curve at the safest.
        fpr = np.r_[0, 1 - good[points][::-1]]
        tpr = np.r_[0, 1 - bad[points][::-1]]
        roc.append(pd.DataFrame({"series": name, "fpr": fpr, "tpr": tpr}))
        ks.append(
            pd.DataFrame(
                {
                    "series": name,
                    "score": points / (len(bad) - 1),
                    "bad_share": bad[points],
                    "good_share": good[points],
                }
            )
        )
    return pd.concat(roc, ignore_index=True), pd.concat(ks, ignore_index=True)


def reliability(cohort: Cohort, bins: int) -> pd.DataFrame:
    """Return series, n, mean_pd, observed, low and high per bin of equal weight.

    low to high is the 90 % Jeffreys interval of the observed rate.
    """
    from scipy.stats import beta

    outcomes = cohort.door
    parts = []
    for name, series_pd in _series(cohort):
        share, observed, mean_pd = metrics.reliability(
            outcomes.y, series_pd[outcomes.rows], outcomes.weight, bins
        )
        n = share * outcomes.weight.sum()
        bads = n * observed + JEFFREYS_PRIOR
        goods = n * (1 - observed) + JEFFREYS_PRIOR
        parts.append(
            pd.DataFrame(
                {
                    "series": name,
                    "n": n,
                    "mean_pd": mean_pd,
                    "observed": observed,
                    "low": beta.ppf(LOW_QUANTILE, bads, goods),
                    "high": beta.ppf(HIGH_QUANTILE, bads, goods),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def tier_table(cohort: Cohort, tiers: Tiers) -> pd.DataFrame:
    """Return one row per tier.

    Columns: tier, pd_low, pd_high, n, share, mean_pd, observed, bads, jeffreys_p, binomial_p;
    daily_rate, apr and limit_cny are means over the approved offers. Null where a tier has no rows.
    """
    index = tiers.index(cohort.pd)
    outcomes = cohort.door
    rows = []
    for k, tier in enumerate(tiers.tiers):
        weight = outcomes.weight * (index[outcomes.rows] == k)
        bads = float(weight @ outcomes.y)
        rows.append({**vars(tier), **_tier(cohort, index == k, bads, float(weight.sum()))})
    return pd.DataFrame(rows)


def _tier(cohort: Cohort, inside: Mask, bads: float, n: float) -> dict[str, object]:
    """Return the figures of one tier; inside: its rows. bads, n: weighted, of known outcome."""
    is_approve = (cohort.decisions["decision"] == "approve").to_numpy()
    offers = cohort.decisions[inside & is_approve]
    means = {name: offers[column].astype(float).mean() for name, column in OFFER_MEANS.items()}
    mean_pd = float(cohort.pd[inside].mean()) if inside.any() else np.nan
    jeffreys_p = jeffreys(n, bads, mean_pd) if n else np.nan
    binomial_p = binomial(n, bads, mean_pd) if n else np.nan
    return {
        "n": int(inside.sum()),
        "share": inside.mean(),
        "mean_pd": mean_pd,
        "observed": bads / n if n else np.nan,
        "bads": bads,
        "jeffreys_p": jeffreys_p,
        "binomial_p": binomial_p,
        **means,
    }


def vintage_table(
    rows: Dataset, pd_: Floats, approved: np.ndarray, split: SplitParams, bins: int
) -> pd.DataFrame:
    """Return one row per month with a role.

    Columns: vintage, role, n, bad_rate (booked, weighted; null without outcomes), mean_pd,
    approval_rate, and psi of the score against the training months.
    """
    score = metrics.logit(pd_)
    training_score = score[rows.role == TRAIN]
    start = np.datetime64(split.start, "M")
    table = []
    for month in np.unique(rows.month[rows.role != NONE]):
        inside = rows.month == month
        role = rows.role[inside][0]
        bad_rate = _bad_rate(rows, inside)
        psi = metrics.psi_of(training_score, score[inside], bins)
        table.append(
            {
                "vintage": str(start + int(month)),
                "role": str(role),
                "n": int(inside.sum()),
                "bad_rate": bad_rate,
                "mean_pd": pd_[inside].mean(),
                "approval_rate": approved[inside].mean(),
                "psi": psi,
            }
        )
    return pd.DataFrame(table)


def _bad_rate(rows: Dataset, inside: Mask) -> float:
    """Return the weighted bad rate of the rows with an outcome; NaN where there are none."""
    has_outcome = inside & ~np.isnan(rows.outcome)
    if not has_outcome.any():
        return np.nan
    return float(np.average(rows.outcome[has_outcome], weights=rows.weight[has_outcome]))


def states(
    early: Dataset,
    early_truth: pd.DataFrame,
    oot: Dataset,
    oot_truth: pd.DataFrame,
    family_of: Mapping[str, str],
) -> pd.DataFrame:
    """Return family, r2 and aim: how well the features of a family predict its true state.

    r2: of a linear fit on `early`, measured on `oot`, among applicants who have data of the family.
    Families without a state in the truth have no row.
    """
    rows = []
    for family in dict.fromkeys(family_of.values()):
        if f"z_{family}" not in early_truth or f"present_{family}" not in early_truth:
            continue
        names = [name for name in early.names if family_of[name] == family]
        early_rows, early_state = _present(early.with_features(names), early_truth, family)
        oot_rows, oot_state = _present(oot.with_features(names), oot_truth, family)
        design = ridge.design_of(early_rows, RidgeParams())
        r2 = reachable_gini.r2(
            design.columns(early_rows.features),
            early_state,
            design.columns(oot_rows.features),
            oot_state,
        )
        aim = IDENTITY_R2_AIM if family == "identity" else STATE_R2_AIM
        rows.append({"family": family, "r2": r2, "aim": aim})
    return pd.DataFrame(rows)


def _present(rows: Dataset, truth: pd.DataFrame, family: str) -> tuple[Dataset, Floats]:
    """Return the rows of the applicants who have the family, and their true state."""
    is_present = truth[f"present_{family}"].to_numpy(bool)
    return rows.where(is_present), truth[f"z_{family}"].to_numpy(float)[is_present]


def _series(cohort: Cohort) -> list[tuple[str, Floats]]:
    """Return the PDs that the curves compare, by name."""
    series = [(MODEL_SERIES, cohort.pd), (RIDGE_SERIES, cohort.ridge_pd)]
    if cohort.truth is not None and "pd_oracle" in cohort.truth:
        series.append((ORACLE_SERIES, cohort.truth["pd_oracle"].to_numpy(np.float64)))
    return series
