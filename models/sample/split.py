"""Who is used for what: every application gets a role from the month of its `as_of` (design 3)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from creditloom.models.sample.errors import ModelError

TRAIN, CALIBRATION, OOT, NONE = "train", "calibration", "oot", ""


@dataclass(frozen=True)
class SplitParams:
    """Consecutive calendar months from `start`: training, calibration, out-of-time.

    early_stopping_months are the last of the training months; origins is the number of rolling origins inside the training months,
    each judged on `origin_months` months that its own training months precede.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    start: datetime.date
    train_months: int
    calibration_months: int
    oot_months: int
    early_stopping_months: int = 3
    origins: int = 3
    origin_months: int = 3


def month_index(as_of: ArrayLike, params: SplitParams) -> NDArray[np.int64]:
    """Calendar months since the month of `start`: 0 for that month, negative before it."""
    months = np.asarray(as_of, "datetime64[M]").astype(np.int64)
    return months - np.datetime64(params.start, "M").astype(np.int64)


def roles(as_of: ArrayLike, params: SplitParams) -> NDArray[np.str_]:
    """Role of each application: "train", "calibration", "oot", or "" outside all months."""
    month = month_index(as_of, params)
    edges = np.cumsum([0, params.train_months, params.calibration_months, params.oot_months])
    names = np.array([NONE, TRAIN, CALIBRATION, OOT, NONE])
    return np.asarray(names[np.searchsorted(edges, month, side="right")])


def stopping(month: NDArray[np.int64], params: SplitParams) -> NDArray[np.bool_]:
    """Of training rows with these months: those whose months only stop the boosting."""
    return month >= params.train_months - params.early_stopping_months


def rolling_origins(
    month: NDArray[np.int64], params: SplitParams
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """(fit, judge) masks over training rows with these months, oldest origin first; nothing after the training months is seen."""
    folds = []
    for back in range(params.origins, 0, -1):
        first = params.train_months - back * params.origin_months
        folds.append((month < first, (month >= first) & (month < first + params.origin_months)))
    if not all(fit.any() and judge.any() for fit, judge in folds):
        raise ModelError(
            f"{params.origins} rolling origins of {params.origin_months} months do not fit in {params.train_months} training months "
            f"with data in months {sorted(set(month.tolist()))}. Lower split.origins or split.origin_months."
        )
    return folds
