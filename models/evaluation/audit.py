"""Blocks `reasons` and `fairness`: is every adverse decision explained, and how do groups fare that the model never saw.

By segment one sees where online data are blind (S4-R04) and whether anyone is worse off for it (S4-R53).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.score.scorer import Scorer
from creditloom.models.evaluation.cohort import Cohort, Floats
from creditloom.models.evaluation.evaluate_params import EvaluateParams

AGE_EDGES = (25, 35, 45)  # bands of the audit: below 25, 25-34, 35-44, 45 and over
FIELDS = ("segment", "age_band", "region_tier", "occupation", "is_student", "is_repeat")
ADVERSE = ("decline", "refuse")


def reasons(decisions: pd.DataFrame, scorer: Scorer, features: Floats) -> dict[str, Any]:
    """Share of declines and refusals with a reason, reasons each, and how far points and base miss `score_raw` on a sample."""
    adverse = decisions[decisions["decision"].isin(ADVERSE)]
    counts = adverse["reasons"].map(len).to_numpy()
    points = scorer.concept_points(features).sum(axis=1) + scorer.base_points
    exact = scorer.calibration.offset - scorer.calibration.factor * (
        scorer.calibration.a * scorer.margin.raw(features) + scorer.calibration.b
    )
    return {
        "adverse": len(adverse), "share_with_reason": float((counts > 0).mean()) if len(adverse) else None,
        "mean_per_adverse": float(counts.mean()) if len(adverse) else None, "largest_sum_error_points": float(np.abs(points - exact).max()),
    }  # fmt: skip


def reason_table(decisions: pd.DataFrame) -> pd.DataFrame:
    """Per concept of a reason: n decisions naming it, share of those with any reason, mean points; most frequent first."""
    told = decisions[decisions["reasons"].map(len) > 0]
    flat = pd.DataFrame(
        [(r["concept"], r["points"]) for row in told["reasons"] for r in row],
        columns=["concept", "mean_points"],
    )
    table = (
        flat.groupby("concept")
        .agg(n=("concept", "size"), mean_points=("mean_points", "mean"))
        .reset_index()
    )
    table["share"] = table["n"] / max(len(told), 1)
    return table.sort_values(["n", "concept"], ascending=[False, True], ignore_index=True)


def fairness_table(cohort: Cohort, approved: np.ndarray, params: EvaluateParams) -> pd.DataFrame:
    """Per audit field and group of at least `min_group`: n, approval_rate, approval_ratio to the best group, mean_pd, bad_rate.

    bad_rate is through the door by truth, or weighted on booked loans; null where none is known.
    """
    groups, seen = _groups(cohort), cohort.door
    frame = groups.assign(approved=approved, pd=cohort.pd, bad=0.0, weight=0.0)
    frame.loc[frame.index[seen.rows], "bad"] = seen.weight * seen.y
    frame.loc[frame.index[seen.rows], "weight"] = seen.weight
    parts = [_of_field(frame, field, params.min_group) for field in groups.columns]
    return (
        pd.concat([part for part in parts if len(part)], ignore_index=True)
        if any(map(len, parts))
        else pd.DataFrame()
    )


def fairness(table: pd.DataFrame) -> dict[str, Any]:
    """The lowest approval ratio and where, and the largest gap between mean PD and bad rate; null without audit columns."""
    if not len(table):
        return {"min_approval_ratio": None, "field": None, "group": None, "largest_pd_gap": None}
    worst, gap = (
        table.iloc[int(table["approval_ratio"].argmin())],
        (table["mean_pd"] - table["bad_rate"]).abs().max(),
    )
    return {
        "min_approval_ratio": float(worst["approval_ratio"]), "field": str(worst["field"]), "group": str(worst["group"]),
        "largest_pd_gap": None if np.isnan(gap) else float(gap),
    }  # fmt: skip


def _groups(cohort: Cohort) -> pd.DataFrame:
    found = {name: cohort.audit[name] for name in FIELDS if name in cohort.audit}
    if "age_years" in cohort.audit:
        age = cohort.audit["age_years"].to_numpy(np.float64, na_value=np.nan)
        labels = np.array(
            [
                f"under {AGE_EDGES[0]}",
                *(f"{a}-{b - 1}" for a, b in itertools.pairwise(AGE_EDGES)),
                f"{AGE_EDGES[-1]} and over",
            ]
        )
        found["age_band"] = pd.Series(
            labels[np.searchsorted(AGE_EDGES, np.nan_to_num(age), side="right")]
        ).where(~np.isnan(age))
    if cohort.truth is not None and "segment" in cohort.truth:
        found["segment"] = cohort.truth["segment"].astype(str)
    return pd.DataFrame(
        {name: found[name].reset_index(drop=True) for name in FIELDS if name in found}
    )


def _of_field(frame: pd.DataFrame, field: str, least: int) -> pd.DataFrame:
    sums = frame.groupby(field, dropna=True, observed=True).agg(
        n=("approved", "size"),
        approval_rate=("approved", "mean"),
        mean_pd=("pd", "mean"),
        bad=("bad", "sum"),
        weight=("weight", "sum"),
    )
    sums = sums[sums["n"] >= least].reset_index(names="group")
    sums["bad_rate"] = sums["bad"] / sums["weight"].where(sums["weight"] > 0)
    sums["approval_ratio"] = sums["approval_rate"] / sums["approval_rate"].max()
    sums["group"] = sums["group"].astype(str)
    return sums.assign(field=field)[
        ["field", "group", "n", "approval_rate", "approval_ratio", "mean_pd", "bad_rate"]
    ]
