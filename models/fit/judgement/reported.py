"""Compute the reported figures of a fitted user's table: metrics.json and tables of its report.

All figures use held-out PDs: the PD of a row comes from models that did not learn from the row.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration.level import binomial_sd
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.judgement.fairness import fairness_of
from creditloom.models.fit.judgement.intervals import LABELS, Evidence, Outcomes
from creditloom.models.fit.judgement.validation import (
    MODEL,
    RIDGE,
    CrossValidation,
    JudgedFigures,
    OutOfTime,
    plain_values,
    summary,
)
from creditloom.models.fit.training_table import Labels
from creditloom.models.sample import metrics
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.split import OOT


@dataclass(frozen=True)
class FittedTable:
    """A fitted table with its model, held-out figures and decisions; one entry per row each.

    outcomes: label, weight and borrower. protected: columns that the model must not use; they
    define the groups that are compared. bad_rows: rows that were set aside.
    """

    outcomes: Outcomes
    protected: pd.DataFrame
    final: CalibratedModel
    cv: CrossValidation
    oot: OutOfTime | None
    tiers: Tiers
    decisions: pd.DataFrame
    bad_rows: int

    @property
    def label(self) -> Labels:
        """Return 1 bad, 0 good, one per row."""
        return self.outcomes.label


def held_out(fitted: FittedTable) -> Cohort:
    """Return the table as a cohort judged by held-out PDs.

    The tables that both reports have in common are made from this cohort.
    """
    no_features = np.empty((len(fitted.label), 0))
    rows = undated_dataset(no_features, (), fitted.label.astype(float), OOT)
    # Of mean 1: sums of weights are then numbers of rows.
    weight = fitted.outcomes.weights / fitted.outcomes.weights.mean()
    return Cohort(
        rows=replace(rows, weight=weight),
        pd=fitted.cv.model_pd,
        ridge_pd=fitted.cv.ridge_pd,
        decisions=held_out_decisions(fitted),
        audit=fitted.protected,
        truth=None,
        level_sd=binomial_sd(fitted.final.calibration.n_bads),
        # A weight says how often a row counts: it is no inverse of a probability, to be clipped.
        max_weight=np.inf,
        count=weight,
    )


def held_out_decisions(fitted: FittedTable) -> pd.DataFrame:
    """Return the decisions with PD, tier and decision as held-out PDs make them.

    The final model has learnt the label of each row: its approvals look safer than they are.
    """
    verdicts = Policy.from_json(json.dumps(tiers_only_policy())).verdicts
    names = np.array(fitted.tiers.names, dtype=object)
    tier = names[fitted.tiers.index(fitted.cv.model_pd)]
    # A tier that the policy does not name is declined, as by the runtime.
    decision = [verdicts.get(str(name), "decline") for name in tier]
    return fitted.decisions.assign(pd=fitted.cv.model_pd, tier=tier, decision=decision)


def content(fitted: FittedTable) -> dict[str, Any]:
    """Return metrics.json: blocks `cv` and `oot` of model and ridge logit, and their sample sizes.

    `figures` has all figures with their intervals. The blocks of `oot` are null where there are no
    dates or the cut was refused.
    """
    oot = fitted.oot
    late = oot.figures if oot else None
    counts = held_out_decisions(fitted)["decision"].value_counts()
    decisions = {name: int(n) for name, n in counts.items()}
    left_out = [vars(dropped) for dropped in fitted.final.model.fallen]
    # table: metrics.json
    return {
        "cv": summary(fitted.cv.model),
        "cv_ridge": summary(fitted.cv.ridge),
        "oot": plain_values(late[MODEL]) if late else None,
        "oot_ridge": plain_values(late[RIDGE]) if late else None,
        "oot_sample": _oot_sample(oot) if oot else None,
        "figures": {
            "cv": _figures(fitted.cv.figures, fitted.cv.evidence),
            "oot": _figures(late, oot.evidence) if oot and late else None,
        },
        "sample": _sample(fitted),
        "calibration": _calibration(fitted),
        "decisions": decisions,
        "fairness": _records(fairness_table(fitted)),
        "left_out": left_out,
    }


def _figures(figures: JudgedFigures, evidence: Evidence | None) -> dict[str, Any]:
    """Return the figures of one sample: value, low and high by model and figure, and the bads."""
    models = {
        model: {name: asdict(figure) for name, figure in of_model.items()}
        for model, of_model in figures.items()
    }
    return {**models, "evidence": asdict(evidence) if evidence else None}


def fairness_table(fitted: FittedTable) -> pd.DataFrame:
    """Return one row per protected column and group, as `fairness_of`."""
    is_approved = (held_out_decisions(fitted)["decision"] == "approve").to_numpy()
    return fairness_of(fitted.protected, is_approved, fitted.cv.model_pd, fitted.outcomes)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table; a null is None, as JSON knows no NaN."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _oot_sample(oot: OutOfTime) -> dict[str, Any]:
    """Return the sample of the out-of-time figures."""
    return {
        "from": oot.cut,
        "rows": oot.rows,
        "bads": oot.bads,
        "refused": oot.refused or None,
    }


def _sample(fitted: FittedTable) -> dict[str, int]:
    """Return the sample of the cross-validated figures."""
    return {
        "rows": len(fitted.label),
        "bads": int(fitted.label.sum()),
        "rows_set_aside": fitted.bad_rows,
        "features": len(fitted.final.model.encoding.names),
        "folds": fitted.cv.folds,
        "repeats": fitted.cv.repeats,
    }


def _calibration(fitted: FittedTable) -> dict[str, float]:
    """Return the calibration line of the final model, and its error on held-out PDs."""
    line = fitted.final.calibration
    ece = metrics.ece(fitted.label, fitted.cv.model_pd, fitted.outcomes.weight)
    return {"a": line.a, "b": line.b, "ece_held_out": ece, "bads": line.n_bads}


def validation(fitted: FittedTable) -> pd.DataFrame:
    """Return what is told of the figures: one row per sample (cv, oot) and figure, as words.

    Columns: sample, metric; model, ridge, difference and, of each, its interval, with the decimals
    that the interval bears. `<name>_interval` are their names.
    """
    parts = [_told("cv", fitted.cv.figures)]
    if fitted.oot and fitted.oot.figures:
        parts.append(_told("oot", fitted.oot.figures))
    return pd.concat(parts, ignore_index=True)


def _told(sample: str, figures: JudgedFigures) -> pd.DataFrame:
    """Return one row per figure, model and ridge side by side, and what lies between them."""
    rows = []
    for name, label in LABELS.items():
        row = {"sample": sample, "metric": label}
        for model, of_model in figures.items():
            row[model] = of_model[name].told
            row[f"{model}_interval"] = of_model[name].interval_told
        rows.append(row)
    return pd.DataFrame(rows)


def few_told(fitted: FittedTable) -> list[str]:
    """Return a sentence for each sample whose figures are uncertain, as its bads are few."""
    samples = {"Cross-validation": fitted.cv.evidence}
    if fitted.oot and fitted.oot.evidence:
        samples["Out of time"] = fitted.oot.evidence
    return [
        f"{name}: {evidence.told}: few, so every figure is uncertain; read its interval."
        for name, evidence in samples.items()
        if evidence.is_few
    ]
