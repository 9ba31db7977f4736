"""Compute the reported figures of a fitted user's table: metrics.json and tables of its report.

All figures use held-out PDs: the PD of a row comes from models that did not learn from the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.audit import FAIRNESS_COLUMNS
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.fit.learner import CalibratedModel, Labels
from creditloom.models.fit.validation import FIGURES, CrossValidation, OutOfTime, summary
from creditloom.models.sample import metrics
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.split import OOT

# A protected number with more values than this is shown by quarters.
MAX_GROUPS = 20
QUARTERS = 4
# Rates of groups with fewer rows are noise.
MIN_GROUP_ROWS = 30
NULL_GROUP = "not known"


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
        decisions=fitted.decisions,
        audit=fitted.protected,
        truth=None,
        calibration_bads=fitted.final.calibration.n_bads,
        # Every row has weight 1, so nothing is clipped.
        max_weight=1.0,
    )


def content(fitted: FittedTable) -> dict[str, Any]:
    """Return metrics.json: blocks `cv` and `oot` of model and ridge logit, and their sample sizes.

    The blocks of `oot` are null where there are no dates or the cut was refused.
    """
    oot = fitted.oot
    oot_sample = _oot_sample(oot) if oot else None
    model = oot.model if oot else None
    ridge = oot.ridge if oot else None
    counts = fitted.decisions["decision"].value_counts()
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
        "fairness": fairness_table(fitted).to_dict("records"),
        "left_out": left_out,
    }


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

    Columns: field, group, n, approval_rate, approval_ratio to the best group, mean_pd (held out),
    bad_rate.
    """
    frame = pd.DataFrame(
        {
            "approved": fitted.decisions["decision"].to_numpy() == "approve",
            "pd": fitted.cv.model_pd,
            "bad": fitted.label,
        }
    )
    parts = [
        _by_group(frame, str(name), groups_of(fitted.protected[name])) for name in fitted.protected
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def groups_of(column: pd.Series) -> NDArray[np.object_]:
    """Return the group of each row.

    A number with many values is grouped by quarters, anything else by value. Null is a group of
    its own.
    """
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_GROUPS:
        quarters = pd.qcut(column, QUARTERS, duplicates="drop").astype(str)
        column = quarters.where(column.notna(), None)
    return column.astype(object).where(column.notna(), NULL_GROUP).astype(str).to_numpy()


def _by_group(frame: pd.DataFrame, field: str, group: NDArray[np.object_]) -> pd.DataFrame:
    """Return the rows of the fairness table of one column."""
    rows = frame.groupby(group).agg(
        n=("approved", "size"),
        approval_rate=("approved", "mean"),
        mean_pd=("pd", "mean"),
        bad_rate=("bad", "mean"),
    )
    rows = rows[rows["n"] >= MIN_GROUP_ROWS].reset_index(names="group")
    best = rows["approval_rate"].max() if len(rows) else np.nan
    # Without any approval there is no best group to compare with.
    ratio = rows["approval_rate"] / best if best else np.nan
    return rows.assign(field=field, approval_ratio=ratio)[FAIRNESS_COLUMNS]
