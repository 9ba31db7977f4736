"""Everything `evaluate` knows, put together: metrics.json (design 9) and the tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import calibration, metrics, oracle, shares
from ..calibration import CalibrationParams
from ..dataset import Dataset
from ..decision.bundle import Bundle
from ..ridge import Ridge
from ..split import SplitParams
from . import audit, figures, money, tables
from .cohort import Cohort, Floats, aligned, pd_of
from .params import EvaluateParams

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Truth:
    """What only a synthetic world has: `applicants` (one row per application), the world's `meta`, and the rows the reachable Gini is fitted on."""

    applicants: pd.DataFrame
    meta: Mapping[str, Any]
    known: Dataset


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


def evaluate(inputs: Inputs, split: SplitParams, calibrating: CalibrationParams, params: EvaluateParams) -> tuple[dict[str, Any], Tables]:
    """metrics.json and the report's tables by name. Truth figures are null without a truth. Every figure is out-of-time."""
    cohort, tiers, policy = cohort_of(inputs, calibrating), inputs.bundle.tiers, inputs.bundle.policy
    approved = money.approved_by(cohort.pd, tiers, policy)
    accuracy, order = figures.calibration(cohort, tiers, params)
    limits, states = _limits(inputs, cohort, params)
    model = inputs.oot.with_features(inputs.bundle.scorer.catalogue.names)
    sample = model.features[_even(len(model.features), params.share_rows)]
    families = _families(inputs, sample, params)
    fair = audit.fairness_table(cohort, approved, params)
    roc, ks = tables.curves(cohort)
    everyone_pd = pd_of(inputs.decisions, "pd")
    everyone_approved = money.approved_by(everyone_pd, tiers, policy)
    found = {
        "discrimination": figures.discrimination(cohort, limits), "calibration": accuracy, "observable": figures.observable(cohort),
        "family_share": {row.family: asdict(row) for row in families}, "portfolio": money.portfolio(cohort, tiers, policy, params),
        "challenger": money.challenger(cohort, tiers, policy), "reasons": audit.reasons(cohort.decisions, inputs.bundle.scorer, sample[:1000]),
        "fairness": audit.fairness(fair), "rows": {"oot": len(cohort.pd), "training_bads": inputs.training_bads, "calibration_bads": cohort.calibration_bads},
        "score_psi": metrics.psi_of(metrics.logit(everyone_pd[inputs.everyone.role == "train"]), metrics.logit(cohort.pd), params.bins),
    }  # fmt: skip
    frames = {
        "roc": roc, "ks": ks, "reliability": tables.reliability(cohort, params.bins), "tiers": tables.tier_table(cohort, tiers),
        "bands": pd.DataFrame([{**asdict(band), "tiers": "-".join(dict.fromkeys((band.tiers[0], band.tiers[-1])))} for band in order.bands]),
        "vintages": tables.vintage_table(inputs.everyone, everyone_pd, everyone_approved, split, params.bins),
        "families": pd.DataFrame([asdict(row) for row in families]), "reasons": audit.reason_table(cohort.decisions), "fairness": fair, "states": states,
    }  # fmt: skip
    return found, frames


def cohort_of(inputs: Inputs, params: CalibrationParams) -> Cohort:
    """Out-of-time applicants; the ridge is calibrated here, on the same months and in the same way as the model."""
    rows, names = inputs.calibrating, inputs.ridge.design.names
    line = calibration.fit(inputs.ridge.margin(rows.with_features(names).features), rows.outcome, rows.weight, params)
    ids = inputs.oot.application_id
    decisions = aligned(inputs.decisions, ids, "decisions")
    truth = None if inputs.truth is None else aligned(inputs.truth.applicants, ids, "truth")
    ridge_pd = line.pd(inputs.ridge.margin(inputs.oot.with_features(names).features))
    bads = int(rows.outcome.sum())
    return Cohort(inputs.oot, pd_of(decisions, "pd"), ridge_pd, decisions, inputs.audit, truth, bads, params.max_weight)


def _limits(inputs: Inputs, cohort: Cohort, params: EvaluateParams) -> tuple[oracle.Limits | None, pd.DataFrame]:
    """Oracle and reachable, and how well each true family state shows in its own features; (None, empty) without a truth."""
    if inputs.truth is None or cohort.truth is None:
        return None, pd.DataFrame()
    known = inputs.truth.known
    known_truth = aligned(inputs.truth.applicants, known.application_id, "truth")
    trees = oracle.TreeParams(rounds=params.reachable_rounds, threads=params.threads, seed=params.seed)
    best = oracle.reachable(known, pd_of(known_truth, "logodds_systematic"), cohort.rows, trees)
    oracle_score = pd_of(cohort.truth, "pd_oracle" if "pd_oracle" in cohort.truth else "logodds_systematic")
    family_of = {f.name: f.family for f in inputs.bundle.scorer.catalogue.features}
    model = [rows.with_features(tuple(family_of)) for rows in (known, cohort.rows)]
    return oracle.limits(pd_of(cohort.truth, "pd_true"), oracle_score, best), tables.states(model[0], known_truth, model[1], cohort.truth, family_of)


def _families(inputs: Inputs, sample: Floats, params: EvaluateParams) -> tuple[shares.Share, ...]:
    scorer = inputs.bundle.scorer
    owner = [feature.family for feature in scorer.catalogue.features]
    families = tuple(dict.fromkeys(concept.family for concept in scorer.catalogue.concepts))
    phi = np.concatenate([shares.by_family(points, owner, families) for _, points, _ in scorer.blocks(sample)])
    targets = None if inputs.truth is None else inputs.truth.meta.get("shares_target")
    return shares.table(phi, families, targets, inputs.training_bads, params.bootstrap, params.seed)


def _even(n: int, most: int) -> np.ndarray:
    """At most `most` positions of n, at even steps."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
