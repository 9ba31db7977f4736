"""Measures the ranking and the calibration of the PD, and makes the tables and curves for them.

It makes the blocks `discrimination`, `calibration` and `observable` of metrics.json and most tables
of the report. Every block shows the model with the ridge logit beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration import calibration_tests as tests
from creditloom.models.calibration.calibration_tests import (
    JEFFREYS_PRIOR,
    Large,
    Order,
    binomial,
    jeffreys,
    pooled_tiers,
    tier_order,
)
from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.rivals import reachable_gini
from creditloom.models.evaluation.rivals.reachable_gini import ReachableLimits
from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample import metrics
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import NONE, TRAIN, SplitParams

# The table of metrics: one record per metric. All blocks of figures are filled from it.

# Where a metric stands: a block of metrics.json of `evaluate`, or the figures of `creditloom fit`.
Block = Literal["discrimination", "calibration", "observable", "fit"]


@dataclass(frozen=True)
class TruePD:
    """The truth of a simulated world: the true PD of each row, and the highest possible Ginis."""

    pd: Floats
    limits: ReachableLimits


@dataclass(frozen=True)
class JudgedSample:
    """PDs of one model and what they are judged against; arrays of shape (n,).

    weight: None means one per row.
    bins: of the expected calibration error.
    level_sd: relative standard deviation of the level, for the test of calibration in the large.
    The default means a level that is known without error.
    order: the pooled tiers, None where tiers are not judged.
    truth: None on real data.
    """

    y: Floats
    pd: Floats
    weight: Floats | None = None
    bins: int = 10
    level_sd: float = 0.0
    order: Order | None = None
    truth: TruePD | None = None

    # Several metrics read each of these, so each is computed once.
    @cached_property
    def large(self) -> Large:
        """Return the test of calibration in the large."""
        return tests.in_the_large(self.y, self.pd, self.level_sd, self.weight)

    @cached_property
    def slope_intercept(self) -> tuple[float, float]:
        """Return slope and intercept of the outcome on logit(PD)."""
        return tests.slope_intercept(self.y, self.pd, self.weight)

    @cached_property
    def gini_true(self) -> float:
        """Return the Gini on the true PD, free of the luck of drawn outcomes."""
        return metrics.gini(_truth(self).pd, self.pd)

    @property
    def total_weight(self) -> float:
        """Return the sum of the weights."""
        return float(len(self.y)) if self.weight is None else self.weight.sum()


@dataclass(frozen=True)
class Metric:
    """One metric of a PD.

    compute: its value on a sample.
    keys: under which key it stands in each of its blocks.
    needs: fields of the sample without which it is null.
    """

    name: str
    compute: Callable[[JudgedSample], float]
    keys: Mapping[Block, str]
    needs: tuple[str, ...] = ()

    def value(self, sample: JudgedSample) -> float | None:
        """Return the value; None where the sample lacks what the metric needs."""
        if any(getattr(sample, name) is None for name in self.needs):
            return None
        return self.compute(sample)


def figures_of(block: Block, sample: JudgedSample) -> dict[str, float | None]:
    """Return the metrics of a block by key."""
    return {metric.keys[block]: metric.value(sample) for metric in METRICS if block in metric.keys}


def keys_of(block: Block) -> tuple[str, ...]:
    """Return the keys of a block, in the order of the table.

    >>> keys_of("fit")
    ('auc', 'gini', 'ks', 'brier', 'logloss', 'ece', 'slope', 'level_ratio', 'mean_pd', 'bad_rate')
    """
    return tuple(metric.keys[block] for metric in METRICS if block in metric.keys)


def _truth(sample: JudgedSample) -> TruePD:
    # Every metric that calls this names `truth` in `needs`.
    assert sample.truth is not None
    return sample.truth


def _order(sample: JudgedSample) -> Order:
    # Every metric that calls this names `order` in `needs`.
    assert sample.order is not None
    return sample.order


def _level_ratio(sample: JudgedSample) -> float:
    rate = float(np.average(sample.y, weights=sample.weight))
    if not rate > 0:
        raise ModelError("The mean PD has no ratio to a bad rate of 0; expected at least one bad.")
    return float(np.average(sample.pd, weights=sample.weight)) / rate


def _hosmer_lemeshow_p(sample: JudgedSample) -> float:
    bands = _order(sample).bands
    groups = np.array([(band.n, band.bads, band.mean_pd) for band in bands]).T
    return tests.hosmer_lemeshow(*groups)[1]


def _jeffreys_min_p(sample: JudgedSample) -> float:
    # The smallest of several p-values must be adjusted for their number.
    return min(tests.holm([band.jeffreys_p for band in _order(sample).bands]))


# table: the metrics, in the order in which figures show them
METRICS = (
    Metric(
        name="AUC",
        compute=lambda sample: metrics.auc(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "auc_oot", "observable": "auc_oot", "fit": "auc"},
    ),
    Metric(
        name="Gini",
        compute=lambda sample: metrics.gini(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "gini_oot", "fit": "gini"},
    ),
    Metric(
        name="KS",
        compute=lambda sample: metrics.ks(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "ks_oot", "observable": "ks_oot", "fit": "ks"},
    ),
    Metric(
        name="Gini on the true PD",
        compute=lambda sample: sample.gini_true,
        keys={"discrimination": "gini_oot_true"},
        needs=("truth",),
    ),
    Metric(
        name="share of the oracle's Gini",
        compute=lambda sample: sample.gini_true / _truth(sample).limits.gini_oracle,
        keys={"discrimination": "share_of_oracle_gini"},
        needs=("truth",),
    ),
    Metric(
        name="share of the reachable Gini",
        compute=lambda sample: sample.gini_true / _truth(sample).limits.gini_reachable,
        keys={"discrimination": "share_of_reachable_gini"},
        needs=("truth",),
    ),
    Metric(
        name="Brier",
        compute=lambda sample: metrics.brier(sample.y, sample.pd, sample.weight),
        keys={"calibration": "brier", "observable": "brier", "fit": "brier"},
    ),
    Metric(
        name="log-loss",
        compute=lambda sample: metrics.logloss(sample.y, sample.pd, sample.weight),
        keys={"calibration": "logloss", "fit": "logloss"},
    ),
    Metric(
        name="ECE",
        compute=lambda sample: metrics.ece(sample.y, sample.pd, sample.weight, sample.bins),
        keys={"calibration": "ece", "fit": "ece"},
    ),
    Metric(
        name="slope",
        compute=lambda sample: sample.slope_intercept[0],
        keys={"calibration": "slope", "fit": "slope"},
    ),
    Metric(
        name="intercept",
        compute=lambda sample: sample.slope_intercept[1],
        keys={"calibration": "intercept"},
    ),
    Metric(
        name="mean PD / bad rate",
        compute=_level_ratio,
        keys={"fit": "level_ratio"},
    ),
    # Mean PD and bad rate have two records each. Block `calibration` divides the sums of the test
    # in the large by the total weight. The other blocks take averages. The two ways add in a
    # different order and may differ in the last bit.
    Metric(
        name="mean PD",
        compute=lambda sample: sample.large.expected / sample.total_weight,
        keys={"calibration": "mean_pd"},
    ),
    Metric(
        name="mean PD",
        compute=lambda sample: float(np.average(sample.pd, weights=sample.weight)),
        keys={"observable": "mean_pd", "fit": "mean_pd"},
    ),
    Metric(
        name="bad rate",
        compute=lambda sample: sample.large.observed / sample.total_weight,
        keys={"calibration": "bad_rate"},
    ),
    Metric(
        name="bad rate",
        compute=lambda sample: float(np.average(sample.y, weights=sample.weight)),
        keys={"fit": "bad_rate"},
    ),
    Metric(
        name="calibration in the large, z",
        compute=lambda sample: sample.large.z,
        keys={"calibration": "calibration_in_the_large_z"},
    ),
    Metric(
        name="calibration in the large, p",
        compute=lambda sample: sample.large.p_value,
        keys={
            "calibration": "calibration_in_the_large_p",
            "observable": "calibration_in_the_large_p",
        },
    ),
    Metric(
        name="Spiegelhalter, p",
        compute=lambda sample: tests.spiegelhalter(sample.y, sample.pd)[1],
        keys={"calibration": "spiegelhalter_p"},
    ),
    Metric(
        name="Hosmer-Lemeshow over the pooled tiers, p",
        compute=_hosmer_lemeshow_p,
        keys={"calibration": "hosmer_lemeshow_p"},
        needs=("order",),
    ),
    Metric(
        name="Jeffreys, the least p of the pooled tiers",
        compute=_jeffreys_min_p,
        keys={"calibration": "jeffreys_min_p"},
        needs=("order",),
    ),
    Metric(
        name="pairs of tiers reversed",
        compute=lambda sample: _order(sample).reversed_pairs,
        keys={"calibration": "tiers_reversed"},
        needs=("order",),
    ),
)

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
    bands = pooled_tiers(tier, sample.y, sample.pd, tiers.names, params.min_tier_bads)
    order = tier_order(bands)
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
        level_sd=cohort.level_sd,
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
    count = None if cohort.count is None else cohort.count[inside]
    mean_pd = float(np.average(cohort.pd[inside], weights=count)) if inside.any() else np.nan
    jeffreys_p = jeffreys(n, bads, mean_pd) if n else np.nan
    binomial_p = binomial(n, bads, mean_pd) if n else np.nan
    return {
        "n": int(inside.sum()),
        "share": np.average(inside, weights=cohort.count),
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
