"""The parts that the page of `creditloom fit` shares with the report of the pipeline."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.base.strict_json import plain
from creditloom.decision.decide import Decider
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.profit import cutoffs
from creditloom.models.evaluation.profit.cutoffs import AskedCuts
from creditloom.models.evaluation.rivals.feature_figures import feature_figures
from creditloom.models.fit.judgement.reported import FittedTable
from creditloom.models.fit.judgement.validation import MODEL, RIDGE
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.split import OOT
from creditloom.report.explanation.applicants import TextPool, applicant_records, spread_choice
from creditloom.report.explanation.explain import SamplePoints
from creditloom.report.explanation.feature_effects import feature_effects, swarm
from creditloom.report.page.applicant_frames import content
from creditloom.report.parts.data import ShownApplicants

# Applicants of the page: of a small table more would be most of it.
APPLICANTS = 120
SWARM_FEATURES = 12
NO_LETTER = (
    "`creditloom letter` writes it, once `creditloom score` has decided the row by this bundle."
)
# Columns of the cut-offs that a table without offers and rules does not have.
NOT_OFFERED = dict.fromkeys(("final_rate", "profit_cny", "loss_cny"), np.nan)
LIMITS = (
    "Figures are of the rows of this table: another population needs a look of its own.",
    (
        "A row that was never booked has no outcome here; whoever decides by this model chose "
        "which rows it could learn from."
    ),
    "Reasons say what the score weighed, not what causes default.",
)


def fit_parts(
    fitted: FittedTable, cohort: Cohort, decider: Decider, frame: pd.DataFrame, sample: np.ndarray
) -> dict[str, Any]:
    """Return the parts of `ReportData` by name.

    cohort: the table by held-out PDs. frame: the decided rows. sample: places of rows whose points
    are taken.
    """
    policy = Policy.from_json(json.dumps(tiers_only_policy()))
    asked = AskedCuts(cohort, fitted.tiers, policy)
    calibration = decider.bundle.scorer.calibration
    features, dots = _features(decider, frame.iloc[sample])
    # table: part -> content
    return {
        "verdict": _verdict(fitted),
        "limits": LIMITS,
        "cutoffs": cutoffs.cutoff_table(asked).assign(**NOT_OFFERED),
        "gains": cutoffs.gains_table(cohort),
        "score_density": cutoffs.score_density(cohort, calibration),
        "features": _with_figures(features, fitted, decider, frame),
        "swarm": dots,
        "applicants": _applicants(fitted, decider, frame),
    }


def _verdict(fitted: FittedTable) -> tuple[str, ...]:
    model = fitted.cv.figures[MODEL]["auc"]
    ridge = fitted.cv.figures[RIDGE]["auc"]
    return (
        f"Ranks rows that it did not learn from with an AUC of {model.told}.",
        f"95 % of drawn samples lie in {model.interval_told}; the ridge has {ridge.told}.",
    )


def _features(
    decider: Decider, frame: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[dict[str, Any], ...]]:
    scorer = decider.bundle.scorer
    x = decider.read(frame).x
    explained = SamplePoints(scorer.base_points, scorer.points(x), x, scorer.catalogue, 0.0)
    reference = decider.bundle.reference.feature_points
    effects = feature_effects(explained, np.zeros(x.shape[1]), reference)
    rows = []
    for feature, effect in zip(scorer.catalogue.features, effects, strict=True):
        # table: a feature
        rows.append({
            "feature": feature.name, "text": feature.text_en or feature.name,
            "text_zh": feature.text_zh or feature.name, "sign": feature.direction,
            "mean_abs_points": effect["mean_abs_points"],
            "dependence": {"x": effect["x"], "y": effect["y"]},
        })  # fmt: skip
    words = {one.name: one for one in scorer.catalogue.features}
    dots = tuple(
        {
            **row,
            "text_en": words[row["feature"]].text_en or row["feature"],
            "text_zh": words[row["feature"]].text_zh,
        }
        for row in swarm(explained, SWARM_FEATURES)
    )
    return pd.DataFrame(rows), dots


def _with_figures(
    features: pd.DataFrame, fitted: FittedTable, decider: Decider, frame: pd.DataFrame
) -> pd.DataFrame:
    """Return the features with IV, missing and typical values: of the table itself, so no PSI."""
    names = decider.bundle.scorer.catalogue.names
    label = fitted.label.astype(np.float64)
    rows = undated_dataset(decider.read(frame).x, names, label, OOT)
    figures = feature_figures(rows, rows, decider.bundle.reference.typical)
    merged = features.merge(figures.drop(columns=["psi", "missing_training"]), on="feature")
    # By name where the points are equal, so that the page has one order.
    order = ["mean_abs_points", "feature"]
    return merged.sort_values(order, ascending=[False, True], ignore_index=True)


def _applicants(fitted: FittedTable, decider: Decider, frame: pd.DataFrame) -> ShownApplicants:
    pool = TextPool()
    chosen = frame.iloc[spread_choice(fitted.decisions, APPLICANTS)]
    records = applicant_records(decider, chosen, pool)
    why = pool.place(NO_LETTER)
    for record in records:
        record["letter"] = {"why": why}
    scorer = decider.bundle.scorer
    typical = scorer.base_points + float(decider.bundle.reference.concepts(scorer.catalogue).sum())
    written = {"typical": typical, "texts": pool.texts, "rows": records}
    told = content(written, plain(scorer.catalogue))
    # Recourse asks the raw tables, which a table of one's own does not have.
    del told["words"]["recourse"]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return ShownApplicants(text, len(records))
