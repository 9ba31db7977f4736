"""Compute the reported figures of a fitted user's table: metrics.json and tables of its report.

All figures use held-out PDs: the PD of a row comes from models that did not learn from the row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.audit import FAIRNESS_COLUMNS
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.judgement.validation import FIGURES, CrossValidation, OutOfTime, summary
from creditloom.models.fit.leaks.protected_groups import MIN_GROUP_ROWS, groups_of
from creditloom.models.fit.training_table import Labels
from creditloom.models.sample import metrics
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.split import OOT

# Rows of groups that are too small to be shown, counted together.
HIDDEN_GROUPS = f"groups of fewer than {MIN_GROUP_ROWS} rows"


@dataclass(frozen=True)
class FittedTable:
    """A fitted table with its model, held-out figures and decisions; one entry per row each.

    protected: columns that the model must not use; they define the groups that are compared.
    bad_rows: rows that were set aside.
    """

    label: Labels
    protected: pd.DataFrame
    final: CalibratedModel
    cv: CrossValidation
    oot: OutOfTime | None
    tiers: Tiers
    decisions: pd.DataFrame
    bad_rows: int


def held_out(fitted: FittedTable) -> Cohort:
    """Return the table as a cohort judged by held-out PDs.

    The tables that both reports have in common are made from this cohort.
    """
    no_features = np.empty((len(fitted.label), 0))
    return Cohort(
        rows=undated_dataset(no_features, (), fitted.label.astype(float), OOT),
        pd=fitted.cv.model_pd,
        ridge_pd=fitted.cv.ridge_pd,
        decisions=held_out_decisions(fitted),
        audit=fitted.protected,
        truth=None,
        calibration_bads=fitted.final.calibration.n_bads,
        # Every row has weight 1, so nothing is clipped.
        max_weight=1.0,
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

    The blocks of `oot` are null where there are no dates or the cut was refused.
    """
    oot = fitted.oot
    oot_sample = _oot_sample(oot) if oot else None
    model = oot.model if oot else None
    ridge = oot.ridge if oot else None
    counts = held_out_decisions(fitted)["decision"].value_counts()
    decisions = {name: int(n) for name, n in counts.items()}
    left_out = [vars(dropped) for dropped in fitted.final.model.fallen]
    return {
        "cv": summary(fitted.cv.model),
        "cv_ridge": summary(fitted.cv.ridge),
        "oot": model,
        "oot_ridge": ridge,
        "oot_sample": oot_sample,
        "sample": _sample(fitted),
        "calibration": _calibration(fitted),
        "decisions": decisions,
        "fairness": _records(fairness_table(fitted)),
        "left_out": left_out,
    }


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
    ece = metrics.ece(fitted.label, fitted.cv.model_pd)
    return {"a": line.a, "b": line.b, "ece_held_out": ece, "bads": line.n_bads}


def validation(fitted: FittedTable) -> pd.DataFrame:
    """Return sample (cv, oot), metric, mean and sd of the model, and ridge_mean and ridge_sd.

    sd is null for the sample `oot`, because it is a single sample.
    """
    parts = [_beside("cv", summary(fitted.cv.model), summary(fitted.cv.ridge))]
    oot = fitted.oot
    if oot and oot.model and oot.ridge:
        parts.append(_beside("oot", _without_sd(oot.model), _without_sd(oot.ridge)))
    return pd.concat(parts, ignore_index=True)


def _without_sd(figures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the figures of one sample in the shape of `summary`."""
    return {name: {"mean": value, "sd": np.nan} for name, value in figures.items()}


def _beside(
    sample: str, model: Mapping[str, Mapping[str, float]], ridge: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Return one row per figure, model and ridge side by side."""
    rows = [
        {
            "sample": sample,
            "metric": name,
            "mean": model[name]["mean"],
            "sd": model[name]["sd"],
            "ridge_mean": ridge[name]["mean"],
            "ridge_sd": ridge[name]["sd"],
        }
        for name in FIGURES
    ]
    return pd.DataFrame(rows)


def fairness_table(fitted: FittedTable) -> pd.DataFrame:
    """Return one row per protected column and group.

    Columns: field, group, n, approval_rate, approval_ratio to the best group, mean_pd, bad_rate;
    approvals are by held-out PDs. The rows of groups too small to be shown are counted in a row of
    their own, with null rates: the n of a field sum to all rows.
    """
    frame = pd.DataFrame(
        {
            "approved": held_out_decisions(fitted)["decision"].to_numpy() == "approve",
            "pd": fitted.cv.model_pd,
            "bad": fitted.label,
        }
    )
    parts = [
        _by_group(frame, str(name), groups_of(fitted.protected[name])) for name in fitted.protected
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _by_group(frame: pd.DataFrame, field: str, group: NDArray[np.object_]) -> pd.DataFrame:
    """Return the rows of the fairness table of one column."""
    rows = frame.groupby(group).agg(
        n=("approved", "size"),
        approval_rate=("approved", "mean"),
        mean_pd=("pd", "mean"),
        bad_rate=("bad", "mean"),
    )
    hidden = int(rows.loc[rows["n"] < MIN_GROUP_ROWS, "n"].sum())
    rows = rows[rows["n"] >= MIN_GROUP_ROWS].reset_index(names="group")
    best = rows["approval_rate"].max() if len(rows) else np.nan
    # Without any approval there is no best group to compare with.
    ratio = rows["approval_rate"] / best if best else np.nan
    shown = rows.assign(field=field, approval_ratio=ratio)
    if hidden:
        # The rates of many small groups together say nothing of any.
        rest = pd.DataFrame({"field": [field], "group": [HIDDEN_GROUPS], "n": [hidden]})
        shown = pd.concat([shown, rest], ignore_index=True)
    return shown[FAIRNESS_COLUMNS].astype({"n": int})
