"""Split the applications by the month of `as_of`, and say what was known on a day (design 3).

Each application gets a role: training, calibration, out-of-time, or none.

On the first out-of-time day most outcomes of the late months are still to come. A loan in default
is known. A loan that is not is good so far: it counts by its exposure, the share of the defaults
that come by its age. Exposure is estimated from the same loans (Kaplan-Meier), so nothing of later
days enters.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError

TRAIN = "train"
CALIBRATION = "calibration"
OOT = "oot"
# The role of an application whose month lies before the first or after the last month.
NONE = ""
# Values of `known_by` beside a date.
EMBARGO = "embargo"
OPTIMISTIC = "optimistic"
# The inner origins judge so large a part of the months before an origin; the rest teaches the
# first of them.
JUDGED_SHARE = 0.5
# Column of the labels: when a default could first be known.
KNOWN_TIME = "default_known_time"
# Columns of the labels: outcome of the short loan of the same application, and when it was known.
SHORT_LABEL = "short_label"
SHORT_KNOWN_TIME = "short_known_time"
# Days of a month in the mean, to compare ages with months of performance.
MONTH_DAYS = 30.4375


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


def learnt_until(params: SplitParams) -> np.datetime64:
    """Return the first month of which no application is learnt from: the first out-of-time one."""
    months = params.train_months + params.calibration_months
    return np.datetime64(params.start, "M") + months


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


# --- What was known on a day ---


@dataclass(frozen=True)
class LearntOutcomes:
    """What is known of each application; arrays of shape (n,).

    label, outcome: as in `Dataset`, as known on the day. exposure: share of the defaults that come
    by the age that the loan had then, in [0, 1]; 1 where its window is complete.
    """

    label: Floats
    outcome: Floats
    exposure: Floats


def known_day(split: SplitParams) -> np.datetime64 | None:
    """Return the day by which outcomes must be known; None where all of the file count.

    Under the embargo it is the first day of the out-of-time months.
    Raise ModelError for a text that is no date.
    """
    if split.known_by == OPTIMISTIC:
        return None
    if split.known_by == EMBARGO:
        months = split.train_months + split.calibration_months
        return (np.datetime64(split.start, "M") + months).astype("datetime64[D]")
    try:
        return np.datetime64(datetime.date.fromisoformat(split.known_by), "D")
    except ValueError as error:
        raise ModelError(
            f"split.known_by: expected `{EMBARGO}`, `{OPTIMISTIC}` or a date as 2025-07-01, "
            f"got `{split.known_by}`. Change it in params.yaml or give --known-by."
        ) from error


def learnt_outcomes(
    labels: pd.DataFrame, as_of: NDArray[np.datetime64], is_early: Mask, split: SplitParams
) -> LearntOutcomes:
    """Return what is known of the applications on the day of `split.known_by`.

    labels: label, is_booked, is_indeterminate and, where it has one, default_known_time, row by row
    with `as_of`. is_early: rows of training and calibration months; others keep what the file says,
    as they only judge. A file without a time for any default cannot be censored and stays as it is.
    Raise ModelError where no vintage is complete on the day, or where there was none yet.
    """
    final = _final(labels)
    day = known_day(split)
    if day is None or KNOWN_TIME not in labels or labels[KNOWN_TIME].isna().all():
        return final
    early = _known_on(day, labels, final, as_of, is_early, split)
    return LearntOutcomes(
        label=np.where(is_early, early.label, final.label),
        outcome=np.where(is_early, early.outcome, final.outcome),
        exposure=np.where(is_early, early.exposure, 1.0),
    )


def known_short_labels(labels: pd.DataFrame, is_early: Mask, split: SplitParams) -> Floats:
    """Return 1 bad, 0 good by the short loan of each application as known on the day; else NaN.

    labels, is_early: as in `learnt_outcomes`. Rows that only judge have none, nor do labels that
    an earlier version wrote.
    """
    if SHORT_LABEL not in labels:
        return np.full(len(labels), np.nan)
    label = labels[SHORT_LABEL].to_numpy(np.float64, na_value=np.nan)
    day = known_day(split)
    is_known = is_early & ~np.isnan(label)
    if day is not None:
        # Strictly before, as above.
        is_known &= labels[SHORT_KNOWN_TIME].to_numpy("datetime64[us]") < day
    return np.where(is_known, label, np.nan)


def known_loan_months(
    months: pd.DataFrame | None, ids: NDArray[np.int64], is_early: Mask, split: SplitParams
) -> Floats | None:
    """Return months in arrears and paid months of each application as known on the day, (n, 2).

    months: application_id, known_time, is_late; None, where none is on record, is returned as it
    is. ids, is_early: by application, as in `learnt_outcomes`. Rows that only judge have no month.
    """
    if months is None:
        return None
    day = known_day(split)
    # Strictly before, as above.
    known = months if day is None else months[months["known_time"].to_numpy() < day]
    late = known["is_late"].to_numpy(bool)
    # Ids are unique; a stable sort is the same on every machine.
    order = np.argsort(ids, kind="stable")
    wanted = known["application_id"].to_numpy()
    place = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    row = order[place]
    # Loans of others, as of earlier applications that no matrix holds, teach nothing.
    is_here = (ids[row] == wanted) & is_early[row]
    counts = [np.bincount(row[is_here & part], minlength=len(ids)) for part in (late, ~late)]
    return np.stack(counts, axis=1).astype(np.float64)


def _known_on(
    day: np.datetime64,
    labels: pd.DataFrame,
    final: LearntOutcomes,
    as_of: NDArray[np.datetime64],
    is_early: Mask,
    split: SplitParams,
) -> LearntOutcomes:
    """Return what was known of the early rows on the day; other rows have no meaning here."""
    applied = as_of.astype("datetime64[D]").astype(np.int64)
    known_time = labels[KNOWN_TIME].to_numpy("datetime64[us]")
    today = int(day.astype(np.int64))
    # Strictly before, as features see events (ARCHITECTURE.md, the wall of time).
    is_bad = is_early & (final.label == 1) & (known_time < day.astype("datetime64[us]"))
    is_there = is_early & labels["is_booked"].to_numpy(bool) & (applied < today)
    # Booked loans that nobody has a record of yet have no outcome at all, now or later.
    is_there &= is_bad | ~np.isnan(final.outcome) | _is_open(labels)
    age = today - applied
    lag = known_time[is_bad].astype("datetime64[D]").astype(np.int64) - applied[is_bad]
    _refuse_young(age[is_there], split, day)
    curve = exposure_curve(age[is_there & ~is_bad], lag)
    # A loan older than the last default is fully exposed; one that came after the day is not there.
    exposure = curve[np.clip(age, 0, len(curve) - 1)]
    # Whether a loan is grey is known once its window is complete: before, it is good so far.
    is_grey = (exposure >= 1.0) & np.isnan(final.label) & (final.outcome == 0)
    so_far = np.where(is_bad, 1.0, 0.0)
    label = np.where(is_grey, np.nan, so_far)
    return LearntOutcomes(
        label=np.where(is_there, label, np.nan),
        outcome=np.where(is_there, so_far, np.nan),
        exposure=exposure,
    )


def exposure_curve(good_ages: NDArray[np.int64], bad_lags: NDArray[np.int64]) -> Floats:
    """Return the share of the defaults that come by each age in days, from 0 on; it ends at 1.

    good_ages: ages of the loans that are good so far. bad_lags: days from application until each
    default was known. Both in whole days. Without a default every age counts fully.

    >>> exposure_curve(np.array([400, 400]), np.array([100, 200]))[[99, 100, 199, 200]].tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    if not len(bad_lags):
        return np.ones(1)
    last = int(bad_lags.max())
    events = np.bincount(bad_lags, minlength=last + 1)
    ended = events + np.bincount(np.minimum(good_ages, last + 1), minlength=last + 2)[: last + 1]
    total = len(good_ages) + len(bad_lags)
    at_risk = total - np.concatenate([[0], np.cumsum(ended)[:-1]])
    # Nobody is at risk at an age that no loan has reached, and nothing happens there.
    hazard = events / np.maximum(at_risk, 1)
    defaulted = 1.0 - np.cumprod(1.0 - hazard)
    return np.asarray(defaulted / defaulted[-1])


def _final(labels: pd.DataFrame) -> LearntOutcomes:
    """Return the outcomes of the file, all exposed fully; an indeterminate did not become bad."""
    label = labels["label"].to_numpy(np.float64, na_value=np.nan)
    is_grey = (labels["is_booked"] & labels["is_indeterminate"]).to_numpy(dtype=bool)
    outcome = np.where(is_grey, 0.0, label)
    return LearntOutcomes(label, outcome, np.ones(len(label)))


def _is_open(labels: pd.DataFrame) -> Mask:
    """Return which booked loans have a window that is not complete in the file either."""
    if "is_complete" not in labels:
        return np.zeros(len(labels), bool)
    return ~labels["is_complete"].to_numpy(bool)


def _refuse_young(age: NDArray[np.int64], split: SplitParams, day: np.datetime64) -> None:
    """Raise ModelError where no loan is old enough to tell how many defaults are still to come."""
    oldest = int(age.max()) if len(age) else 0
    least = int(split.performance_months * MONTH_DAYS)
    if oldest < least:
        raise ModelError(
            f"split.known_by {day}: expected a vintage whose window of {split.performance_months} "
            f"months was complete on that day, got loans of {oldest} days at most. "
            "Give a later date, or split.known_by: optimistic."
        )


def inner_split(split: SplitParams, months: int) -> SplitParams:
    """Return the split of the `months` before an origin: as many origins, of fewer months each.

    Of few months there are fewer origins, of one month each.
    """
    # Half of the months is left to teach the first of them.
    origins = min(split.origins, max(1, int(months * JUDGED_SHARE)))
    own = max(1, int(months * JUDGED_SHARE / origins))
    return replace(split, train_months=months, origins=origins, origin_months=own)
