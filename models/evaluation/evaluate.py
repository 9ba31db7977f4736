"""Put together what `evaluate` writes: metrics.json and the tables of the report (design 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.bundle import Bundle
from creditloom.decision.pricing.profit import ProfitTerms
from creditloom.models.calibration import calibration
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.calibration.calibration_tests import Order
from creditloom.models.calibration.group_calibration import AskedMargins, pd_draws
from creditloom.models.calibration.level import relative_sd
from creditloom.models.evaluation import figures
from creditloom.models.evaluation.bars import FamilySpread
from creditloom.models.evaluation.cohort import Cohort, aligned_rows, pd_of
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups import audit, fairness_audit, group_figures
from creditloom.models.evaluation.groups.fairness_audit import FairnessSetting
from creditloom.models.evaluation.profit import cutoffs, portfolio_figures
from creditloom.models.evaluation.profit.cutoffs import AskedCuts
from creditloom.models.evaluation.reasons.reason_figures import observed_reasons, reasons_by_truth
from creditloom.models.evaluation.rivals import power_by_group, reachable_gini
from creditloom.models.evaluation.rivals.duels import Luck, duels, leak
from creditloom.models.evaluation.rivals.feature_figures import feature_figures, feature_psi
from creditloom.models.evaluation.rivals.paired import Scores
from creditloom.models.learners.ridge import Ridge
from creditloom.models.sample import metrics as shares
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset, HeldOutMargins
from creditloom.models.sample.metrics import logit, psi_of
from creditloom.models.sample.split import TRAIN, SplitParams

Tables = dict[str, pd.DataFrame]
# Number of applicants whose summed points are compared with `score_raw`. All must agree, so a
# sample is enough.
POINTS_SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class Truth:
    """What only a synthetic world has.

    applicants: one row per application. meta: how the world was made.
    known: the rows on which the reachable Gini is fitted.
    family_of: family of each feature of `known`.
    """

    applicants: pd.DataFrame
    meta: Mapping[str, Any]
    known: Dataset
    family_of: Mapping[str, str]


@dataclass(frozen=True)
class Inputs:
    """What `evaluate` reads; datasets in matrix order.

    calibrating: everyone who applied in the calibration months. held_out: margins of training rows
    by members that have not learnt from them. judged: these rows, with the payment features.
    everyone: every application, without features. decisions: of every application.
    audit: policy and audit columns of the out-of-time applications, in the order of `oot`.
    family_spread: how family shares move between trainings; it gives their tolerance.
    profit_terms: of the product that decided; None where the tier alone decides.
    fairness: edges, laws and recorded decisions of the fairness audit.
    rivals: scores of each rival on `oot`, one per training seed; they rise with risk.
    refit_margins: of `oot` by the refits of the training, shape (refits, n); empty without any.
    training: a sample of the training applicants with the model's features; None = not read.
    """

    bundle: Bundle
    ridge: Ridge
    oot: Dataset
    calibrating: Dataset
    held_out: HeldOutMargins
    judged: Dataset
    everyone: Dataset
    decisions: pd.DataFrame
    audit: pd.DataFrame
    training_bads: int
    truth: Truth | None
    family_spread: FamilySpread
    fairness: FairnessSetting
    profit_terms: ProfitTerms | None = None
    rivals: Mapping[str, Scores] = field(default_factory=dict)
    refit_margins: Floats = field(default_factory=lambda: np.empty((0, 0)))
    training: Dataset | None = None


def evaluate(
    inputs: Inputs, split: SplitParams, calibrating: CalibrationParams, params: EvaluateParams
) -> tuple[dict[str, Any], Tables]:
    """Return metrics.json and the report's tables by name.

    Every figure is out-of-time. Figures of the truth are null where there is none.
    """
    cohort = cohort_of(inputs, calibrating)
    accuracy, order = figures.calibration(cohort, inputs.bundle.tiers, params)
    limits, states = _limits(inputs, cohort, params)
    taken = _contributions(inputs, params)
    families = _families(inputs, taken[2], params)
    fairness, fairness_tables = _fairness(inputs, cohort, taken, params)
    discrimination = figures.discrimination(cohort, limits, params)
    family_share = {row.family: asdict(row) for row in families}
    luck = Luck(params.paired_draws, params.seed)
    groups, group_rows = _group_calibration(inputs, cohort, calibrating, params)
    # table: block of metrics.json -> content
    metrics = {
        "has_truth": cohort.truth is not None,
        "discrimination": discrimination,
        "duels": duels(cohort, inputs.rivals, limits, luck),
        "leak": leak(cohort, luck),
        "group_calibration": groups,
        "calibration": accuracy,
        "family_share": family_share,
        "family_share_worst": shares.worst_family(families),
        "reasons_by_truth": _reasons_by_truth(inputs, cohort, params),
        "fairness": fairness,
        **_blocks(inputs, cohort, params),
    }
    tables = {
        "bands": _band_table(order),
        "families": pd.DataFrame(list(family_share.values())),
        "groups": group_rows,
        "states": states,
        **fairness_tables,
        **_tables(inputs, cohort, split, params),
    }
    return metrics, tables


def _reasons_by_truth(inputs: Inputs, cohort: Cohort, params: EvaluateParams) -> dict[str, Any]:
    """Return how true the reasons are; empty without a truth."""
    if inputs.truth is None:
        return {}
    truth = inputs.truth
    return reasons_by_truth(cohort, inputs.bundle, truth.known, truth.applicants, params)


def _group_calibration(
    inputs: Inputs, cohort: Cohort, calibrating: CalibrationParams, params: EvaluateParams
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the block and the table of the calibration by group."""
    scorer = inputs.bundle.scorer
    last = inputs.calibrating.with_features(scorer.catalogue.names)
    door = scorer.margin.raw(last.features)
    # The line is undone, so that the trees need not be walked a second time.
    oot_margin = (logit(cohort.pd) - scorer.calibration.b) / scorer.calibration.a
    before = inputs.everyone.before_out_of_time()
    everyone = inputs.everyone
    of_judged = everyone.where(np.isin(everyone.application_id, inputs.held_out.application_id))
    margin = inputs.held_out.margin
    asked = AskedMargins(oot_margin, inputs.refit_margins)
    drawn = pd_draws(
        margin, of_judged, before, door, asked, calibrating, params.pd_draws, params.seed
    )
    judged = group_figures.Judged(cohort, scorer.catalogue, inputs.bundle.tiers)
    block, table = group_figures.group_calibration(judged, params, drawn)
    block["file_type_offset"] = group_figures.file_type_offset(
        inputs.judged, scorer.calibration.pd(margin), scorer.catalogue
    )
    return block, table


def _blocks(inputs: Inputs, cohort: Cohort, params: EvaluateParams) -> dict[str, Any]:
    """Return the blocks of metrics.json that need no truth."""
    tiers = inputs.bundle.tiers
    policy = inputs.bundle.policy
    sample = _sample(inputs, POINTS_SAMPLE_ROWS)
    score_psi = _score_psi(inputs, cohort, params.bins)
    rows = {
        "oot": len(cohort.pd),
        "training_bads": inputs.training_bads,
        "level_sd": cohort.level_sd,
    }
    # Of the world, which the bar on the true bad rate moves with; null without a truth.
    base_rate = None if inputs.truth is None else inputs.truth.meta.get("base_rate")
    # table: block of metrics.json -> content
    return {
        "observable": figures.observable(cohort, params),
        "portfolio": portfolio_figures.portfolio(cohort, tiers, policy, inputs.profit_terms),
        "final": {**portfolio_figures.final_decisions(cohort), "base_rate": base_rate},
        "challenger": portfolio_figures.challenger(cohort, tiers, policy),
        "reasons": {
            **audit.reasons(cohort.decisions, inputs.bundle.scorer, sample),
            **observed_reasons(cohort.decisions),
        },
        "rows": rows,
        "score_psi": score_psi,
    }


def _score_psi(inputs: Inputs, cohort: Cohort, bins: int) -> float | None:
    """Return the PSI of the score, out-of-time against training; None without training rows."""
    training_pd = pd_of(inputs.decisions, "pd")[inputs.everyone.role == TRAIN]
    if not len(training_pd):
        return None
    # The score is a linear function of the log-odds, so the PSI of the log-odds serves for it.
    return psi_of(logit(training_pd), logit(cohort.pd), bins)


def _band_table(order: Order) -> pd.DataFrame:
    """Return one row per pooled band. `tiers` names its first and last tier, as G1-G3."""
    rows = []
    for band in order.bands:
        ends = dict.fromkeys((band.tiers[0], band.tiers[-1]))
        rows.append({**asdict(band), "tiers": "-".join(ends)})
    return pd.DataFrame(rows)


def _tables(inputs: Inputs, cohort: Cohort, split: SplitParams, params: EvaluateParams) -> Tables:
    """Return the report's tables that need no truth."""
    tiers = inputs.bundle.tiers
    everyone_pd = pd_of(inputs.decisions, "pd")
    approved = portfolio_figures.approval_mask(everyone_pd, tiers, inputs.bundle.policy)
    vintages = figures.vintage_table(inputs.everyone, everyone_pd, approved, split, params.bins)
    months = power_by_group.month_power(inputs.everyone, everyone_pd, cohort.max_weight)
    roc, ks = figures.curves(cohort)
    # table: the tables
    return {
        "roc": roc,
        "ks": ks,
        "reliability": figures.reliability(cohort, params.bins),
        "tiers": figures.tier_table(cohort, tiers),
        "vintages": pd.concat([vintages, months], axis=1),
        "reasons": audit.reason_table(cohort.decisions),
        "sample_flow": power_by_group.sample_flow(inputs.everyone, split),
        **_cut_tables(inputs, cohort),
        **_training_tables(inputs, cohort, split),
    }


def _cut_tables(inputs: Inputs, cohort: Cohort) -> Tables:
    """Return the tables of the cut-off workbench, and the ranking by group."""
    bundle = inputs.bundle
    judged = group_figures.Judged(cohort, bundle.scorer.catalogue, bundle.tiers)
    groups = group_figures.groups_of(judged)
    asked = AskedCuts(cohort, bundle.tiers, bundle.policy, inputs.profit_terms)
    # A month and a tier are no segment: each has a table of its own.
    segments = groups.drop(columns=["tier", "vintage"])
    # table: the tables
    return {
        "cutoffs": cutoffs.cutoff_table(asked),
        "cutoff_segments": cutoffs.cutoff_segments(asked, segments),
        "gains": cutoffs.gains_table(cohort),
        "score_density": cutoffs.score_density(cohort, bundle.scorer.calibration),
        "segment_power": power_by_group.segment_power(cohort, segments),
    }


def _training_tables(inputs: Inputs, cohort: Cohort, split: SplitParams) -> Tables:
    """Return what compares out-of-time rows with training; empty where no sample was read."""
    training = inputs.training
    if training is None:
        return {}
    scorer = inputs.bundle.scorer
    late = inputs.oot.with_features(scorer.catalogue.names)
    start = np.datetime64(split.start, "M")
    months = [str(start + k) for k in range(int(inputs.oot.month.max()) + 1)]
    # table: the tables
    return {
        "samples": power_by_group.samples(_compared(inputs, training, cohort)),
        "feature_figures": feature_figures(training, late, inputs.bundle.reference.typical),
        "feature_psi": feature_psi(training, late, months),
    }


def _compared(
    inputs: Inputs, training: Dataset, cohort: Cohort
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Return outcome, PD and weight of the samples: learnt from, held out, out of time."""
    scorer = inputs.bundle.scorer
    rows = training.where(~np.isnan(training.label))
    learnt_pd = scorer.calibration.pd(scorer.margin.raw(rows.features))
    everyone = inputs.everyone
    places = np.isin(everyone.application_id, inputs.held_out.application_id)
    held = everyone.where(places)
    has_outcome = ~np.isnan(held.outcome)
    held_pd = scorer.calibration.pd(inputs.held_out.margin)[has_outcome]
    held_y = held.outcome[has_outcome]
    return {
        "learnt": (rows.label, learnt_pd, np.ones(len(rows.label))),
        "held_out": (held_y, held_pd, np.ones(len(held_y))),
        **dict(power_by_group.cohort_samples(cohort)),
    }


def cohort_of(inputs: Inputs, params: CalibrationParams) -> Cohort:
    """Return the out-of-time applicants.

    The ridge logit is calibrated here, on the same loans and in the same way as the model.
    """
    names = inputs.ridge.design.names
    everyone = inputs.everyone
    level = calibration.level_of(everyone.before_out_of_time(), params)
    judged = everyone.where(np.isin(everyone.application_id, inputs.held_out.application_id))
    door = inputs.ridge.margin(inputs.calibrating.with_features(names).features)
    line = calibration.fit_held_out(judged, inputs.held_out.ridge_margin, door, level, params)
    ridge_margin = inputs.ridge.margin(inputs.oot.with_features(names).features)
    ids = inputs.oot.application_id
    decisions = aligned_rows(inputs.decisions, ids, "decisions")
    truth = None if inputs.truth is None else aligned_rows(inputs.truth.applicants, ids, "truth")
    return Cohort(
        rows=inputs.oot,
        pd=pd_of(decisions, "pd"),
        ridge_pd=line.pd(ridge_margin),
        decisions=decisions,
        audit=inputs.audit,
        truth=truth,
        level_sd=relative_sd(level.low, level.high, params.level.interval),
        max_weight=params.max_weight,
    )


def _limits(
    inputs: Inputs, cohort: Cohort, params: EvaluateParams
) -> tuple[reachable_gini.ReachableLimits | None, pd.DataFrame]:
    """Return the Ginis of oracle and reachable, and the table of the latent family states.

    They are (None, empty) without a truth.
    """
    if inputs.truth is None or cohort.truth is None:
        return None, pd.DataFrame()
    early = inputs.truth.known
    early_truth = aligned_rows(inputs.truth.applicants, early.application_id, "truth")
    oot = cohort.rows.with_features(early.names)
    best = reachable_gini.reachable_logodds(
        early,
        pd_of(early_truth, "logodds_systematic"),
        pd_of(early_truth, "pd_neutral"),
        oot,
        reachable_gini.TreeParams(
            rounds=params.reachable_rounds, threads=params.threads, seed=params.seed
        ),
    )
    # For a world without the oracle's PD the true log-odds serve as the oracle.
    oracle = "pd_oracle" if "pd_oracle" in cohort.truth else "logodds_systematic"
    limits = reachable_gini.limits(
        pd_of(cohort.truth, "pd_true"), pd_of(cohort.truth, oracle), best
    )
    family_of = {name: inputs.truth.family_of[name] for name in early.names}
    return limits, figures.states(early, early_truth, oot, cohort.truth, family_of)


def _fairness(
    inputs: Inputs,
    cohort: Cohort,
    taken: tuple[NDArray[np.int64], Floats, Floats],
    params: EvaluateParams,
) -> tuple[dict[str, Any], Tables]:
    """Return the block `fairness` and its tables. taken: as `_contributions`."""
    catalogue = inputs.bundle.scorer.catalogue
    setting = inputs.fairness
    approved = portfolio_figures.approval_mask(cohort.pd, inputs.bundle.tiers, inputs.bundle.policy)
    groups = fairness_audit.groups_of(cohort, catalogue, setting.rules)
    by_tier = audit.fairness_table(cohort, groups, approved, params)
    rows, tables = fairness_audit.fairness_audit(cohort, groups, approved, setting, params)
    told, proxies = fairness_audit.proxy_figures(cohort, groups, catalogue, taken, setting, params)
    block = {**audit.fairness(by_tier), **rows, "proxies": told}
    return block, {"fairness": by_tier, "fairness_proxies": proxies, **tables}


def _contributions(
    inputs: Inputs, params: EvaluateParams
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return positions, features and contributions of a sample of out-of-time applicants."""
    scorer = inputs.bundle.scorer
    places = _places(inputs, params.share_rows)
    features = inputs.oot.with_features(scorer.catalogue.names).features[places]
    return places, features, np.concatenate([one for _, one, _ in scorer.blocks(features)])


def _families(
    inputs: Inputs, contributions: Floats, params: EvaluateParams
) -> tuple[shares.Share, ...]:
    """Return the share of each family in the model's spread."""
    scorer = inputs.bundle.scorer
    family_of = [feature.family for feature in scorer.catalogue.features]
    families = tuple(dict.fromkeys(concept.family for concept in scorer.catalogue.concepts))
    phi = shares.by_family(contributions, family_of, families)
    targets = None if inputs.truth is None else inputs.truth.meta.get("shares_target")
    spread = inputs.family_spread
    tolerances = [spread.tolerance(family, inputs.training_bads) for family in families]
    return shares.table(phi, families, targets, tolerances, params.bootstrap, params.seed)


def _sample(inputs: Inputs, max_rows: int) -> Floats:
    """Return the model's features of at most `max_rows` out-of-time applicants, at even steps."""
    features = inputs.oot.with_features(inputs.bundle.scorer.catalogue.names).features
    return features[_places(inputs, max_rows)]


def _places(inputs: Inputs, max_rows: int) -> NDArray[np.int64]:
    """Return positions of at most `max_rows` out-of-time applicants, at even steps."""
    n = len(inputs.oot.role)
    return np.unique(np.linspace(0, n - 1, min(n, max_rows)).astype(np.int64))
