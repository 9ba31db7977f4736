"""Everything `evaluate` knows, put together: metrics.json (design 9) and the tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.bundle import Bundle
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.evaluation import audit, figures, portfolio_figures, reachable_gini
from creditloom.models.evaluation.cohort import Cohort, Floats, aligned, pd_of
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.learners.ridge import Ridge
from creditloom.models.sample import metrics as shares
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import logit, psi_of
from creditloom.models.sample.split import TRAIN, SplitParams

Tables = dict[str, pd.DataFrame]
ADDED_UP = 1000  # applicants whose points are added up and compared with `score_raw`


@dataclass(frozen=True)
class Truth:
    """What only a synthetic world has: `applicants` (one row per application), its `meta`, and the rows that the judges are fitted on.

    `family_of` tells the family of every feature of `known`.
    """

    applicants: pd.DataFrame
    meta: Mapping[str, Any]
    known: Dataset
    family_of: Mapping[str, str]


@dataclass(frozen=True)
class Inputs:
    """What `evaluate` reads; datasets in matrix order, decisions of every application, `everyone` without features."""

    bundle: Bundle
    ridge: Ridge
    oot: Dataset
    calibrating: Dataset
    everyone: Dataset
    decisions: pd.DataFrame
    audit: pd.DataFrame
    training_bads: int
    truth: Truth | None


def evaluate(
    inputs: Inputs, split: SplitParams, calibrating: CalibrationParams, params: EvaluateParams
) -> tuple[dict[str, Any], Tables]:
    """metrics.json and the report's tables by name. Truth figures are null without a truth. Every figure is out-of-time."""
    cohort = cohort_of(inputs, calibrating)
    accuracy, order = figures.calibration(cohort, inputs.bundle.tiers, params)
    limits, states = _limits(inputs, cohort, params)
    families = _families(inputs, params)
    fair = audit.fairness_table(
        cohort,
        portfolio_figures.approved_by(cohort.pd, inputs.bundle.tiers, inputs.bundle.policy),
        params,
    )
    metrics = {
        "discrimination": figures.discrimination(cohort, limits),
        "calibration": accuracy,
        "family_share": {row.family: asdict(row) for row in families},
        "family_share_worst": shares.worst(families),
        "fairness": audit.fairness(fair),
        **_blocks(inputs, cohort, params),
    }
    frames = {
        "bands": pd.DataFrame(
            [
                {**asdict(band), "tiers": "-".join(dict.fromkeys((band.tiers[0], band.tiers[-1])))}
                for band in order.bands
            ]
        ),
        "families": pd.DataFrame([asdict(row) for row in families]),
        "fairness": fair,
        "states": states,
        **_tables(inputs, cohort, split, params),
    }
    return metrics, frames


def _blocks(inputs: Inputs, cohort: Cohort, params: EvaluateParams) -> dict[str, Any]:
    tiers, policy, scorer = inputs.bundle.tiers, inputs.bundle.policy, inputs.bundle.scorer
    known = pd_of(inputs.decisions, "pd")[inputs.everyone.role == TRAIN]
    return {
        "observable": figures.observable(cohort, params),
        "portfolio": portfolio_figures.portfolio(cohort, tiers, policy, params),
        "challenger": portfolio_figures.challenger(cohort, tiers, policy),
        "reasons": audit.reasons(cohort.decisions, scorer, _sample(inputs, ADDED_UP)),
        "rows": {
            "oot": len(cohort.pd),
            "training_bads": inputs.training_bads,
            "calibration_bads": cohort.calibration_bads,
        },
        "score_psi": psi_of(logit(known), logit(cohort.pd), params.bins) if len(known) else None,
    }


def _tables(inputs: Inputs, cohort: Cohort, split: SplitParams, params: EvaluateParams) -> Tables:
    roc, ks = figures.curves(cohort)
    everyone_pd = pd_of(inputs.decisions, "pd")
    approved = portfolio_figures.approved_by(everyone_pd, inputs.bundle.tiers, inputs.bundle.policy)
    return {
        "roc": roc,
        "ks": ks,
        "reliability": figures.reliability(cohort, params.bins),
        "tiers": figures.tier_table(cohort, inputs.bundle.tiers),
        "vintages": figures.vintage_table(
            inputs.everyone, everyone_pd, approved, split, params.bins
        ),
        "reasons": audit.reason_table(cohort.decisions),
    }


def cohort_of(inputs: Inputs, params: CalibrationParams) -> Cohort:
    """Out-of-time applicants; the ridge is calibrated here, on the same months and in the same way as the model."""
    rows, names = inputs.calibrating, inputs.ridge.design.names
    before = inputs.everyone.before_out_of_time()
    level = calibration.level_of(before.outcome, before.weight, before.month, params)
    line = calibration.fit(
        inputs.ridge.margin(rows.with_features(names).features),
        rows.outcome,
        rows.weight,
        params,
        level,
    )
    ids = inputs.oot.application_id
    decisions = aligned(inputs.decisions, ids, "decisions")
    truth = None if inputs.truth is None else aligned(inputs.truth.applicants, ids, "truth")
    ridge_pd = line.pd(inputs.ridge.margin(inputs.oot.with_features(names).features))
    return Cohort(
        inputs.oot,
        pd_of(decisions, "pd"),
        ridge_pd,
        decisions,
        inputs.audit,
        truth,
        level.n_bads,
        params.max_weight,
    )


def _limits(
    inputs: Inputs, cohort: Cohort, params: EvaluateParams
) -> tuple[reachable_gini.ReachableLimits | None, pd.DataFrame]:
    """Oracle and reachable, and how well each true family state shows in its own features; (None, empty) without a truth."""
    if inputs.truth is None or cohort.truth is None:
        return None, pd.DataFrame()
    known = inputs.truth.known
    known_truth = aligned(inputs.truth.applicants, known.application_id, "truth")
    trees = reachable_gini.TreeParams(
        rounds=params.reachable_rounds, threads=params.threads, seed=params.seed
    )
    judged = cohort.rows.with_features(known.names)
    best = reachable_gini.reachable(
        known,
        pd_of(known_truth, "logodds_systematic"),
        pd_of(known_truth, "pd_neutral"),
        judged,
        trees,
    )
    oracle_score = pd_of(
        cohort.truth, "pd_oracle" if "pd_oracle" in cohort.truth else "logodds_systematic"
    )
    family_of = {name: inputs.truth.family_of[name] for name in known.names}
    states = figures.states(known, known_truth, judged, cohort.truth, family_of)
    return reachable_gini.limits(pd_of(cohort.truth, "pd_true"), oracle_score, best), states


def _families(inputs: Inputs, params: EvaluateParams) -> tuple[shares.Share, ...]:
    scorer = inputs.bundle.scorer
    owner = [feature.family for feature in scorer.catalogue.features]
    families = tuple(dict.fromkeys(concept.family for concept in scorer.catalogue.concepts))
    blocks = scorer.blocks(_sample(inputs, params.share_rows))
    phi = np.concatenate([shares.by_family(points, owner, families) for _, points, _ in blocks])
    targets = None if inputs.truth is None else inputs.truth.meta.get("shares_target")
    return shares.table(phi, families, targets, inputs.training_bads, params.bootstrap, params.seed)


def _sample(inputs: Inputs, most: int) -> Floats:
    """Model features of at most `most` out-of-time applicants, at even steps."""
    features = inputs.oot.with_features(inputs.bundle.scorer.catalogue.names).features
    return features[
        np.unique(np.linspace(0, len(features) - 1, min(len(features), most)).astype(np.int64))
    ]
