"""Split the applications by the month of `as_of` (design 3).

Each application gets a role: training, calibration, out-of-time, or none.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.errors import ModelError

TRAIN = "train"
CALIBRATION = "calibration"
OOT = "oot"
# The role of an application whose month lies before the first or after the last month.
NONE = ""
# Values of `known_by` beside a date.
EMBARGO = "embargo"
OPTIMISTIC = "optimistic"


@dataclass(frozen=True)
class SplitParams:
    """The `split` block: consecutive calendar months from `start`.

    train_months, calibration_months, oot_months: how many months each role has, in this order.
    origins: number of rolling origins inside the training months.
    origin_months: number of months on which each origin is judged. All training months before them
    are its own training months.
    known_by: the day by which an outcome must be known to be learnt from: `embargo` (the first
    out-of-time day), a date, or `optimistic` (all that the file says).
    performance_months: months of the window of a label, complete for one vintage on that day.
    indeterminate_weight: weight in training of a loan that is neither good nor bad, as a good one;
    0 leaves it out.
    """

    start: datetime.date
    train_months: int
    calibration_months: int
    oot_months: int
    origins: int = 3
    origin_months: int = 3
    known_by: str = EMBARGO
    performance_months: int = 12
    indeterminate_weight: float = 0.0


def month_index(as_of: ArrayLike, params: SplitParams) -> NDArray[np.int64]:
    """Return calendar months since the month of `start`: 0 for that month, negative before it."""
    months = np.asarray(as_of, "datetime64[M]").astype(np.int64)
    return months - np.datetime64(params.start, "M").astype(np.int64)


def roles(as_of: ArrayLike, params: SplitParams) -> NDArray[np.str_]:
    """Return the role of each application: "train", "calibration", "oot", or "" outside them."""
    month = month_index(as_of, params)
    edges = np.cumsum([0, params.train_months, params.calibration_months, params.oot_months])
    # NONE is there twice: for months before the first edge and for months from the last edge on.
    names = np.array([NONE, TRAIN, CALIBRATION, OOT, NONE])
    return np.asarray(names[np.searchsorted(edges, month, side="right")])


def rolling_origins(month: NDArray[np.int64], params: SplitParams) -> list[tuple[Mask, Mask]]:
    """Return (fit, judge) masks over training rows with these months, oldest origin first.

    No mask reaches beyond the training months.
    Raise ModelError where an origin has no row to fit on or to judge.
    """
    folds = []
    for back in range(params.origins, 0, -1):
        first = params.train_months - back * params.origin_months
        fit = month < first
        judge = (month >= first) & (month < first + params.origin_months)
        folds.append((fit, judge))
    if not all(fit.any() and judge.any() for fit, judge in folds):
        raise ModelError(
            f"{params.origins} rolling origins of {params.origin_months} months do not fit "
            f"in {params.train_months} training months "
            f"with data in months {sorted(set(month.tolist()))}. "
            "Lower split.origins or split.origin_months."
        )
    return folds
