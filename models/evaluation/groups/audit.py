"""Audits the decisions: do all adverse decisions have a reason, and how do groups compare?

It makes the block `reasons` of metrics.json and the first figures of `fairness`. The model never
uses the fields that define the groups (`audit_groups.py`). They show which people online data do
not describe well (S4-R04), and whether these people are worse off (S4-R53).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.score.scorer import Scorer
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.arrays import Floats, Mask

ADVERSE_DECISIONS = ("decline", "refuse")
FAIRNESS_COLUMNS = [
    "field",
    "group",
    "n",
    "approval_rate",
    "approval_ratio",
    "mean_pd",
    "bad_rate",
]


def reasons(decisions: pd.DataFrame, scorer: Scorer, features: Floats) -> dict[str, Any]:
    """Return the share of declines and refusals with a reason, and the mean number of reasons.

    share_with_cause: share whose reasons name a rule, or a concept that lost points against the
    reference; a first reason that is only forced has no cause.
    All are null without adverse decisions. largest_sum_error_points: largest difference of base
    plus points from `score_raw` on the sample `features`, shape (n, p) in model order.
    """
    adverse = decisions[decisions["decision"].isin(ADVERSE_DECISIONS)]
    counts = adverse["reasons"].map(len).to_numpy()
    # table: figure -> value
    return {
        "adverse": len(adverse),
        "share_with_reason": float((counts > 0).mean()) if len(adverse) else None,
        "share_with_cause": _share_with_cause(adverse["reasons"]),
        "mean_per_adverse": float(counts.mean()) if len(adverse) else None,
        "largest_sum_error_points": _largest_sum_error(scorer, features),
    }


def _share_with_cause(reasons: pd.Series[Any]) -> float | None:
    """Return the share of decisions with a rule or lost points among their reasons."""
    # The points of a rule are null, and so is the answer to "did it lose nothing?".
    caused = [
        any(not (reason["points"] is not None and reason["points"] >= 0) for reason in one)
        for one in reasons
    ]
    return float(np.mean(caused)) if caused else None


def _largest_sum_error(scorer: Scorer, features: Floats) -> float:
    """Return the largest |base + points - score_raw| over the rows, in points."""
    line = scorer.calibration
    points = scorer.concept_points(features).sum(axis=1) + scorer.base_points
    # Compute the score directly from the trees, without the contributions.
    exact = line.offset - line.factor * (line.a * scorer.margin.raw(features) + line.b)
    return float(np.abs(points - exact).max())


def reason_table(decisions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per concept that is named as a reason, the most frequent first.

    Columns: concept, n (decisions that name it), mean_points, share of the decisions with any
    reason.
    """
    explained = decisions[decisions["reasons"].map(len) > 0]
    named = [
        (reason["concept"], reason["points"])
        for decision_reasons in explained["reasons"]
        for reason in decision_reasons
    ]
    flat = pd.DataFrame(named, columns=["concept", "mean_points"])
    by_concept = flat.groupby("concept")
    table = by_concept.agg(n=("concept", "size"), mean_points=("mean_points", "mean")).reset_index()
    table["share"] = table["n"] / max(len(explained), 1)
    # Concepts with equal counts are sorted by name, so that the table is always the same.
    return table.sort_values(["n", "concept"], ascending=[False, True], ignore_index=True)


def fairness_table(
    cohort: Cohort, groups: pd.DataFrame, approved: Mask, params: EvaluateParams
) -> pd.DataFrame:
    """Return one row per audit field and group of at least `min_group` rows.

    groups: of each row, one column per field (`audit_groups`).

    Columns: field, group, n, approval_rate, approval_ratio to the best group, mean_pd, bad_rate.
    bad_rate is that of all applicants where the truth is known, else the weighted rate of booked
    loans. It is null where no outcome is known.
    """
    outcomes = cohort.door
    frame = groups.assign(approved=approved, pd=cohort.pd, bad=0.0, weight=0.0)
    index = frame.index[outcomes.rows]
    frame.loc[index, "bad"] = outcomes.weight * outcomes.y
    frame.loc[index, "weight"] = outcomes.weight
    parts = [_of_field(frame, field, params.min_group) for field in groups.columns]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def fairness(table: pd.DataFrame) -> dict[str, Any]:
    """Return the lowest approval ratio and its group, and the largest |mean PD - bad rate|.

    All are null without audit columns.
    """
    if not len(table):
        return {"min_approval_ratio": None, "field": None, "group": None, "largest_pd_gap": None}
    worst = table.iloc[int(table["approval_ratio"].argmin())]
    gap = (table["mean_pd"] - table["bad_rate"]).abs().max()
    return {
        "min_approval_ratio": float(worst["approval_ratio"]),
        "field": str(worst["field"]),
        "group": str(worst["group"]),
        "largest_pd_gap": None if np.isnan(gap) else float(gap),
    }


def _of_field(frame: pd.DataFrame, field: str, min_group: int) -> pd.DataFrame:
    """Return the rows of the fairness table of one field."""
    sums = frame.groupby(field, dropna=True, observed=True).agg(
        n=("approved", "size"),
        approval_rate=("approved", "mean"),
        mean_pd=("pd", "mean"),
        bad=("bad", "sum"),
        weight=("weight", "sum"),
    )
    # The rates of small groups are noise, and would often be the worst rates of the table.
    sums = sums[sums["n"] >= min_group].reset_index(names="group")
    sums["bad_rate"] = sums["bad"] / sums["weight"].where(sums["weight"] > 0)
    sums["approval_ratio"] = sums["approval_rate"] / sums["approval_rate"].max()
    sums["group"] = sums["group"].astype(str)
    return sums.assign(field=field)[FAIRNESS_COLUMNS]
