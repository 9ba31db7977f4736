"""Give every application a role from the month of its `as_of` (design 3).

The roles are training, calibration and out-of-time.
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


@dataclass(frozen=True)
class SplitParams:
    """The `split` block: consecutive calendar months from `start`.

    train_months, calibration_months, oot_months: how many months each role has, in this order.
    early_stopping_months: the last training months, which choose the number of trees.
    origins: number of rolling origins inside the training months.
    origin_months: months on which each origin is judged; its own training months precede them.
    """

    start: datetime.date
    train_months: int
    calibration_months: int
    oot_months: int
    early_stopping_months: int = 3
    origins: int = 3
    origin_months: int = 3


def month_index(as_of: ArrayLike, params: SplitParams) -> NDArray[np.int64]:
    """Return calendar months since the month of `start`: 0 for that month, negative before it."""
    months = np.asarray(as_of, "datetime64[M]").astype(np.int64)
    return months - np.datetime64(params.start, "M").astype(np.int64)


def roles(as_of: ArrayLike, params: SplitParams) -> NDArray[np.str_]:
    """Return the role of each application: "train", "calibration", "oot", or "" outside them."""
    month = month_index(as_of, params)
    edges = np.cumsum([0, params.train_months, params.calibration_months, params.oot_months])
    # NONE stands at both ends: before the first edge and from the last edge on.
    names = np.array([NONE, TRAIN, CALIBRATION, OOT, NONE])
    return np.asarray(names[np.searchsorted(edges, month, side="right")])


def stopping(month: NDArray[np.int64], params: SplitParams) -> Mask:
    """Return the mask of the training rows whose months only stop the boosting."""
    return month >= params.train_months - params.early_stopping_months


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
