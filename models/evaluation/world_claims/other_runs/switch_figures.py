"""Claims about the switches of `world.switches`: each needs a run with its switch on.

Every function takes tables of that run, and of the run without it where the claim compares two.
People of late vintages are those of `late_vintage` and after: no training month has seen them.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, share
from creditloom.models.sample.metrics import auc


def challenger_arm(applications: pd.DataFrame) -> ClaimFigure:
    """Return the share of applications in the challenger's arm. Column: arm."""
    return share(applications["arm"] == "challenger")


def drift_pd(without: pd.DataFrame, drifted: pd.DataFrame, late_vintage: int) -> ClaimFigure:
    """Return the mean true PD of late vintages over that without the drift.

    Both are truths of the same people: vintage and pd_true. n = people of late vintages.
    """
    is_late = drifted["vintage"].to_numpy() >= late_vintage
    ratio = drifted["pd_true"][is_late].mean() / without["pd_true"][is_late].mean()
    return ClaimFigure(float(ratio), int(is_late.sum()))


def drift_null(people: pd.DataFrame, known: Collection[int], late_vintage: int) -> ClaimFigure:
    """Return the share of people of late vintages whose family has no row.

    `people` is the truth: applicant_id and vintage. `known` are the applicant_id that occur in any
    table of the family.
    """
    late = people.loc[people["vintage"] >= late_vintage, "applicant_id"]
    return share(~late.isin(list(known)))


def last_score(applications: pd.DataFrame, snapshots: pd.DataFrame) -> pd.Series:
    """Return the last bureau score that was known at each application, by applicant_id.

    `applications` has applicant_id and as_of, `snapshots` rows of bureau_snapshots. Who had no
    known score is left out.
    """
    as_of = applications.set_index("applicant_id")["as_of"]
    at_application = as_of.reindex(snapshots["applicant_id"]).to_numpy()
    known = snapshots[snapshots["known_time"].to_numpy() < at_application]
    return known.sort_values("event_time").groupby("applicant_id")["bureau_score"].last()


def drift_shift(
    without: pd.Series, drifted: pd.Series, vintage: pd.Series, late_vintage: int
) -> ClaimFigure:
    """Return by how many SD between people the mean of one feature is shifted in late vintages.

    All three are by applicant_id. The SD is that of the late people without the drift; who lacks
    the feature in either run is left out.
    """
    late = vintage.index[vintage >= late_vintage]
    before = without.reindex(late)
    after = drifted.reindex(late)
    is_known = before.notna() & after.notna()
    moved = after[is_known].mean() - before[is_known].mean()
    return ClaimFigure(float(moved / before[is_known].std(ddof=0)), int(is_known.sum()))


def drift_segment(people: pd.DataFrame, late_vintage: int) -> ClaimFigure:
    """Return the share of people of late vintages in a segment that no earlier vintage has.

    `people` has vintage and segment.
    """
    is_late = people["vintage"] >= late_vintage
    # As text: a category that nobody has would count as known.
    segment = people["segment"].astype(str)
    return share(~segment[is_late].isin(set(segment[~is_late])))


def pass_gap(passes: np.ndarray, is_good: np.ndarray, is_protected: np.ndarray) -> float:
    """Return the pass rate of the others less that of the protected, among the truly good.

    Arrays are of applicants: passed the cut, did not default, belongs to the protected group.

    >>> pass_gap(np.array([1, 1, 0, 1]), np.ones(4, bool), np.array([0, 0, 1, 1], bool))
    0.5
    """
    others = passes[is_good & ~is_protected].mean()
    protected = passes[is_good & is_protected].mean()
    return float(others - protected)


def planted_alternative(
    passes: np.ndarray, passes_without: np.ndarray, is_good: np.ndarray, is_protected: np.ndarray
) -> ClaimFigure:
    """Return the share of the gap of pass rates that goes when the planted column is dropped.

    `passes` are those of a learner with the column, `passes_without` those of the same learner
    without it, at the same share passed. A gap that turns round counts by its size. NaN where there
    is no gap with the column, as in a small world. n = protected people who are truly good.
    """
    gap = pass_gap(passes, is_good, is_protected)
    left = pass_gap(passes_without, is_good, is_protected)
    # Divided by a gap below zero, any left-over would count as more than all of it gone.
    gone = 1.0 - abs(left) / gap if gap > 0.0 else np.nan
    return ClaimFigure(gone, int((is_good & is_protected).sum()))


def planted_price(defaulted: np.ndarray, risk: np.ndarray, risk_without: np.ndarray) -> ClaimFigure:
    """Return the AUC lost when the planted column is dropped; below 0 where it is gained."""
    lost = auc(defaulted, risk) - auc(defaulted, risk_without)
    return ClaimFigure(float(lost), int(defaulted.size))
