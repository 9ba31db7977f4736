"""How the model ranks in each group, month and sample, and how vintages go bad on book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes
from creditloom.models.sample import metrics
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import NONE, SplitParams

# With fewer bads, or goods, an AUC is luck: it is left null.
LEAST_BADS = 10
# A loan counts as gone bad on book from so many days past due on.
BAD_DPD_DAYS = 90


def ranked(y: Floats, pd_: Floats, weight: Floats) -> dict[str, Any]:
    """Return n, bads, auc, ks, mean_pd, bad_rate and o_e of some rows; AUC and KS may be null."""
    n = len(y)
    bads = int(y.sum())
    row: dict[str, Any] = {"n": n, "bads": bads}
    is_enough = min(bads, n - bads) >= LEAST_BADS
    row["auc"] = metrics.auc(y, pd_, weight) if is_enough else None
    row["ks"] = metrics.ks(y, pd_, weight) if is_enough else None
    if not weight.sum() > 0:
        return {**row, "mean_pd": None, "bad_rate": None, "o_e": None}
    mean_pd = float(np.average(pd_, weights=weight))
    bad_rate = float(np.average(y, weights=weight))
    return {**row, "mean_pd": mean_pd, "bad_rate": bad_rate, "o_e": bad_rate / mean_pd}


def segment_power(cohort: Cohort, groups: pd.DataFrame) -> pd.DataFrame:
    """Return field, group and the figures of `ranked`: through the door, each group by itself.

    groups: one column per field, in the order of the cohort. A null belongs to no group.
    """
    known = cohort.door
    rows = []
    for name in groups:
        values = groups[name].astype(object).to_numpy()[known.rows]
        for group in sorted({str(value) for value in values if not pd.isna(value)}):
            inside = np.array([str(value) == group for value in values])
            rows.append({"field": name, "group": group, **_of(cohort, known, inside)})
    return pd.DataFrame(rows)


def _of(cohort: Cohort, known: KnownOutcomes, inside: Mask) -> dict[str, Any]:
    return ranked(known.y[inside], cohort.pd[known.rows][inside], known.weight[inside])


def month_power(rows: Dataset, pd_: Floats, max_weight: float) -> pd.DataFrame:
    """Return auc, ks and o_e of each month with a role, of booked loans weighted to the door.

    rows: every application; one row per month, in the order of the vintage table. Null where a
    month has too few bads.
    """
    table = []
    for month in np.unique(rows.month[rows.role != NONE]):
        inside = (rows.month == month) & ~np.isnan(rows.outcome)
        weight = np.minimum(rows.weight[inside], max_weight)
        table.append(ranked(rows.outcome[inside], pd_[inside], weight))
    return pd.DataFrame(table)[["auc", "ks", "o_e"]]


def samples(parts: dict[str, tuple[Floats, Floats, Floats]]) -> pd.DataFrame:
    """Return one row per sample, as `ranked`: whether the model does worse where it has not learnt.

    parts: name -> (outcome, PD, weight).
    """
    return pd.DataFrame([{"sample": name, **ranked(*part)} for name, part in parts.items()])


def cohort_samples(cohort: Cohort) -> Iterator[tuple[str, tuple[Floats, Floats, Floats]]]:
    """Yield the out-of-time samples: booked loans as they are, weighted, and the door."""
    booked = cohort.observed
    pd_ = cohort.pd[booked.rows]
    yield "oot_booked", (booked.y, pd_, np.ones(len(booked.y)))
    yield "oot_weighted", (booked.y, pd_, booked.weight)
    if cohort.truth is not None:
        door = cohort.door
        yield "oot_door", (door.y, cohort.pd[door.rows], door.weight)


def sample_flow(rows: Dataset, split: SplitParams) -> pd.DataFrame:
    """Return role, months, applications, booked and bads: which rows were used for what.

    Rows without a role lie before or after the months of the split. `bads` are of booked loans
    with an outcome; `open` are booked loans of which nothing is known yet.
    """
    start = np.datetime64(split.start, "M")
    table = []
    for role in dict.fromkeys(rows.role.tolist()):
        inside = rows.role == role
        months = start + rows.month[inside]
        has_outcome = inside & ~np.isnan(rows.outcome)
        label = rows.label[has_outcome]
        # table: the columns of a role
        table.append(
            {
                "role": role or "none",
                "months": f"{months.min()} – {months.max()}",
                "applications": int(inside.sum()),
                "booked": int(has_outcome.sum()),
                "bads": int(rows.outcome[has_outcome].sum()),
                "indeterminate": int(np.isnan(label).sum()),
                "first": int(rows.month[inside].min()),
            }
        )
    # Stable: roles of one first month keep the order of the matrix.
    frame = pd.DataFrame(table).sort_values("first", kind="stable", ignore_index=True)
    return frame.drop(columns="first")


def curves_on_book(performance: pd.DataFrame, vintage: pd.Series[Any]) -> pd.DataFrame:
    """Return one row per quarter of application: share of its loans gone bad by months on book.

    performance: application_id, month_on_book, dpd_days, one row per loan and month. vintage: the
    month of each application (as 2024-05), by application_id. Columns: vintage, loans, and m1 to
    m12; a month that not all loans of the quarter have reached is null.
    """
    # By month and not by row: a period is slow to read, and there are few months.
    months = vintage.unique()
    quarters = pd.PeriodIndex(months, freq="M").asfreq("Q").astype(str)
    quarter = vintage.map(dict(zip(months, quarters, strict=True)))
    by_loan = performance.groupby("application_id")["month_on_book"]
    is_bad = performance["dpd_days"] >= BAD_DPD_DAYS
    first = performance[is_bad].groupby("application_id")["month_on_book"].min()
    loans = pd.DataFrame({"seen": by_loan.max(), "first": first})
    loans["quarter"] = quarter.reindex(loans.index)
    return pd.DataFrame([_curve(name, part) for name, part in loans.groupby("quarter")])


# Months on book of a curve: the performance window of the label.
CURVE_MONTHS = 12


def _curve(quarter: Any, loans: pd.DataFrame) -> dict[str, Any]:
    row: dict[str, Any] = {"vintage": str(quarter), "loans": len(loans)}
    # A loan that went bad is counted on, though it is not seen any more afterwards.
    reached = np.where(loans["first"].notna(), CURVE_MONTHS, loans["seen"])
    for month in range(1, CURVE_MONTHS + 1):
        is_whole = bool((reached >= month).all())
        share = float((loans["first"] <= month).mean()) if is_whole else None
        row[f"m{month}"] = share
    return row
