"""Outcomes by protected group, judged by held-out PDs, with the bads and the luck of each rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.calibration.calibration_tests import JEFFREYS_PRIOR
from creditloom.models.fit.judgement.intervals import TAIL, Outcomes
from creditloom.models.fit.leaks.protected_groups import MIN_GROUP_ROWS, groups_of
from creditloom.models.sample.arrays import Floats, Mask

# Rows of groups that are too small to be shown, counted together.
HIDDEN_GROUPS = f"groups of fewer than {MIN_GROUP_ROWS} rows"
# table: the columns of the fairness table
COLUMNS = (
    "field",
    "group",
    "n",
    "bads",
    "approval_rate",
    "approval_low",
    "approval_high",
    "approval_ratio",
    "mean_pd",
    "bad_rate",
    "bad_low",
    "bad_high",
)


def fairness_of(
    protected: pd.DataFrame, is_approved: Mask, held_out_pd: Floats, outcomes: Outcomes
) -> pd.DataFrame:
    """Return one row per protected column and group.

    Columns: field, group, n and bads (rows), approval_rate, approval_ratio to the best group,
    mean_pd, bad_rate; low and high are 95 % intervals. Rates count each row by its weight. The rows
    of groups too small to be shown are counted in a row of their own, with null rates: the n of a
    field sum to all rows.
    """
    rows = [
        row
        for field in protected
        for row in _of_field(
            str(field), groups_of(protected[field]), is_approved, held_out_pd, outcomes
        )
    ]
    if not rows:
        return pd.DataFrame()
    # Counts are whole numbers, also where all rates of a field are null.
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n": int, "bads": int})


def _of_field(
    field: str, group: np.ndarray, is_approved: Mask, held_out_pd: Floats, outcomes: Outcomes
) -> list[dict[str, Any]]:
    """Return the rows of the table of one column, the groups in order."""
    rows: list[dict[str, Any]] = []
    is_hidden = np.zeros(len(group), bool)
    for name in np.unique(group.astype(str)):
        inside = group == name
        if inside.sum() < MIN_GROUP_ROWS:
            is_hidden |= inside
            continue
        rates = _rates(is_approved[inside], held_out_pd[inside], outcomes.where(inside))
        rows.append({"field": field, "group": name, **rates})
    best = max((row["approval_rate"] for row in rows), default=0.0)
    for row in rows:
        # Without any approval there is no best group to compare with.
        row["approval_ratio"] = row["approval_rate"] / best if best else np.nan
    if is_hidden.any():
        # The rates of many small groups together say nothing of any.
        bads = int(outcomes.label[is_hidden].sum())
        counts = {"n": int(is_hidden.sum()), "bads": bads}
        rows.append({"field": field, "group": HIDDEN_GROUPS, **counts})
    return rows


def _rates(is_approved: Mask, held_out_pd: Floats, outcomes: Outcomes) -> dict[str, float]:
    """Return the figures of one group."""
    weight = outcomes.weights
    approval = float(np.average(is_approved, weights=weight))
    bad = float(np.average(outcomes.label, weights=weight))
    n = outcomes.effective_rows
    approval_low, approval_high = rate_interval(approval, n)
    bad_low, bad_high = rate_interval(bad, n)
    # table: a group
    return {
        "n": len(outcomes.label),
        "bads": int(outcomes.label.sum()),
        "approval_rate": approval,
        "approval_low": approval_low,
        "approval_high": approval_high,
        "mean_pd": float(np.average(held_out_pd, weights=weight)),
        "bad_rate": bad,
        "bad_low": bad_low,
        "bad_high": bad_high,
    }


def rate_interval(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of a rate of n rows, by Jeffreys.

    >>> low, high = rate_interval(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.403, 0.597)
    """
    from scipy.stats import beta

    bounds = beta.ppf([TAIL, 1 - TAIL], rate * n + JEFFREYS_PRIOR, (1 - rate) * n + JEFFREYS_PRIOR)
    return float(bounds[0]), float(bounds[1])
