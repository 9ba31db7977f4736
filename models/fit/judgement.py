"""Everything that is said of a fitted table: metrics.json and the parts of its report, from held-out PDs only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.fit.learner import Calibrated, Labels
from creditloom.models.fit.validation import FIGURES, CrossValidation, OutOfTime, summary
from creditloom.models.sample import metrics
from creditloom.models.sample.dataset import Dataset

QUANTILES, MAX_GROUPS, MIN_GROUP = (
    4,
    20,
    30,
)  # a protected number is shown by quarters; rarer groups are noise


@dataclass(frozen=True)
class Fitted:
    """A user's table with all that was made of it; frames and arrays are row by row."""

    label: Labels
    protected: pd.DataFrame
    final: Calibrated
    cv: CrossValidation
    oot: OutOfTime | None
    tiers: Tiers
    decisions: pd.DataFrame
    bad_rows: int


def held_out(fitted: Fitted) -> Cohort:
    """The table as a cohort judged by held-out PDs, for the tables that the house's report shares."""
    n, y = len(fitted.label), fitted.label.astype(float)
    rows = Dataset(
        np.arange(n),
        np.empty((n, 0)),
        (),
        y,
        y,
        np.ones(n),
        np.zeros(n, np.int64),
        np.full(n, "oot"),
    )
    bads = fitted.final.calibration.n_bads
    return Cohort(
        rows,
        fitted.cv.model_pd,
        fitted.cv.ridge_pd,
        fitted.decisions,
        fitted.protected,
        None,
        bads,
        1.0,
    )


def content(fitted: Fitted) -> dict[str, Any]:
    """metrics.json: `cv` and `oot` with the ridge logit's beside, then what they rest on."""
    oot = fitted.oot
    line, y, pd_ = fitted.final.calibration, fitted.label, fitted.cv.model_pd
    return {
        "cv": summary(fitted.cv.model),
        "cv_ridge": summary(fitted.cv.ridge),
        "oot": dict(oot.model) if oot and oot.model else None,
        "oot_ridge": dict(oot.ridge) if oot and oot.ridge else None,
        "oot_sample": {"from": oot.cut, "rows": oot.rows, "bads": oot.bads, "refused": oot.refused or None} if oot else None,
        "sample": {
            "rows": len(y), "bads": int(y.sum()), "rows_set_aside": fitted.bad_rows, "features": len(fitted.final.model.encoding.names),
            "folds": fitted.cv.folds, "repeats": fitted.cv.repeats,
        },
        "calibration": {"a": line.a, "b": line.b, "ece_held_out": metrics.ece(y, pd_), "bads": line.n_bads},
        "decisions": {name: int(n) for name, n in fitted.decisions["decision"].value_counts().items()},
        "fairness": fairness_table(fitted).to_dict("records"),
        "left_out": [vars(fall) for fall in fitted.final.model.fallen],
    }  # fmt: skip


def validation(fitted: Fitted) -> pd.DataFrame:
    """sample (cv, oot), metric, mean, sd and the ridge's mean and sd; sd is null out of time, where there is one sample."""
    parts = [_beside("cv", summary(fitted.cv.model), summary(fitted.cv.ridge))]
    if fitted.oot and fitted.oot.model and fitted.oot.ridge:
        parts.append(
            _beside(
                "oot",
                *(
                    {name: {"mean": value, "sd": np.nan} for name, value in f.items()}
                    for f in (fitted.oot.model, fitted.oot.ridge)
                ),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _beside(
    sample: str, model: Mapping[str, Mapping[str, float]], ridge: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    rows = [
        (
            sample,
            name,
            model[name]["mean"],
            model[name]["sd"],
            ridge[name]["mean"],
            ridge[name]["sd"],
        )
        for name in FIGURES
    ]
    return pd.DataFrame(rows, columns=["sample", "metric", "mean", "sd", "ridge_mean", "ridge_sd"])


def fairness_table(fitted: Fitted) -> pd.DataFrame:
    """Per protected column and group: field, group, n, approval_rate, approval_ratio to the best group, mean_pd (held out), bad_rate."""
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
    """Group of each row: a number with many values by quarters, anything else by value; null is a group of its own."""
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_GROUPS:
        column = (
            pd.qcut(column, QUANTILES, duplicates="drop").astype(str).where(column.notna(), None)
        )
    return column.astype(object).where(column.notna(), "not known").astype(str).to_numpy()


def _by_group(frame: pd.DataFrame, field: str, group: NDArray[np.object_]) -> pd.DataFrame:
    found = frame.groupby(group).agg(
        n=("approved", "size"),
        approval_rate=("approved", "mean"),
        mean_pd=("pd", "mean"),
        bad_rate=("bad", "mean"),
    )
    found = found[found["n"] >= MIN_GROUP].reset_index(names="group")
    best = found["approval_rate"].max() if len(found) else np.nan
    ratio = found["approval_rate"] / best if best else np.nan
    return found.assign(field=field, approval_ratio=ratio)[
        ["field", "group", "n", "approval_rate", "approval_ratio", "mean_pd", "bad_rate"]
    ]
