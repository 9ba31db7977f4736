"""Estimates the highest Gini that any model can reach, from the simulated truth (design 9).

Only `evaluate` reads the truth. A Gini on the truth counts each applicant as pd bad and 1 - pd
good, with the true PD, so it is free of the luck of drawn labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from creditloom.models.learners import ridge
from creditloom.models.learners.booster import binned, by_column, shared_settings, train_booster
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import gini

if TYPE_CHECKING:
    import lightgbm

# Penalties that the linear fit tries. The truth has no label noise, so a small penalty may be
# enough. A small world has few rows for its columns and needs a large one.
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
# Every fifth row judges the penalty.
JUDGED_EVERY = 5
# Least rows per leaf of the boosters on the truth.
MIN_DATA_IN_LEAF = 100
# Bins per feature, as in the model's booster.
MAX_BIN = 63


@dataclass(frozen=True)
class ReachableLimits:
    """The highest possible Ginis.

    gini_oracle: of a predictor that knows the family states and the month, but not the shock and
    not the intent of fraud.
    gini_reachable: of the best predictor from the same matrix.
    """

    gini_oracle: float
    gini_reachable: float


@dataclass(frozen=True)
class TreeParams:
    """The boosters that follow a linear fit of the true log-odds.

    They may be large, since the truth has no label noise.
    """

    rounds: int = 80
    learning_rate: float = 0.08
    num_leaves: int = 31
    feature_fraction: float = 0.2
    threads: int = 2
    seed: int = 1


def limits(pd_true: Floats, oracle_score: Floats, reachable_score: Floats) -> ReachableLimits:
    """Return both Ginis over every out-of-time applicant; scores rise with risk."""
    return ReachableLimits(
        gini_oracle=gini(pd_true, oracle_score), gini_reachable=gini(pd_true, reachable_score)
    )


def related_features(sample: Dataset, targets: Floats, keep: int) -> tuple[str, ...]:
    """Return the `keep` features that are most related to the truth, in the order given.

    targets: shape (n, k). Features are ranked by the largest |correlation| with any target, either
    of their values or of being null. The choice bounds memory: a few hundred features are enough to
    find what is reachable.
    """
    centred = targets - targets.mean(axis=0)
    unit_targets = centred / np.sqrt((centred**2).sum(axis=0))
    relations = np.array(
        [
            max(_relation(column, unit_targets), _relation(np.isnan(column), unit_targets))
            for column in sample.features.T
        ]
    )
    # A stable sort: of two equal features the earlier one is kept.
    strongest = set(np.argsort(-relations, kind="stable")[:keep].tolist())
    return tuple(name for i, name in enumerate(sample.names) if i in strongest)


def _relation(column: NDArray[Any], unit_targets: Floats) -> float:
    """Return the largest |correlation| of a column with the targets; 0 where it is constant.

    The scale is ln(1 + |x|) with the sign of x; null stands at the mean.
    """
    x = column.astype(np.float64)
    if column.dtype != bool:
        x = np.sign(column) * np.log1p(np.abs(x))
    centred = np.nan_to_num(x - np.nanmean(x)) if not np.isnan(x).all() else np.zeros(len(x))
    length = float(np.sqrt((centred**2).sum()))
    return float(np.abs(centred @ unit_targets).max() / length) if length > 0 else 0.0


def reachable_logodds(
    early: Dataset, logodds: Floats, pd: Floats, oot: Dataset, trees: TreeParams
) -> Floats:
    """Return the best prediction of the truth from the matrix, as log-odds of the rows of `oot`.

    The prediction is a linear fit plus boosters on its residuals. `early` holds the training and
    calibration months of all applicants, booked or not. `logodds` is the systematic part of their
    true log-odds. The last booster is fitted to `pd` (neutral macro), so that what the features
    show about fraud counts as reachable too.
    """
    design = ridge.design_of(early, RidgeParams())
    columns = design.columns(early.features)
    coef = least_squares(columns, logodds)
    at_early = predict(columns, coef)
    at_oot = predict(design.columns(oot.features), coef)
    # Both boosters share one set of bins, which takes as long as growing them.
    bins = _binned(early, trees)
    # Fit the residuals of the linear fit.
    bins.set_label(logodds - at_early)
    residuals = train_booster(_settings("regression", trees), bins, trees.rounds)
    at_early = at_early + _added(residuals, early, trees)
    at_oot = at_oot + _added(residuals, oot, trees)
    # Then fit the PD itself, starting from the log-odds so far.
    bins.set_label(pd)
    bins.set_init_score(at_early)
    of_pd = train_booster(_settings("cross_entropy", trees), bins, trees.rounds)
    return at_oot + _added(of_pd, oot, trees)


class _Moments(NamedTuple):
    """The sums that a linear fit needs; the sums of several parts can be added.

    n: rows. sum_x: (p,). sum_y. xx: (p, p). xy: (p,).
    """

    n: float
    sum_x: Floats
    sum_y: float
    xx: Floats
    xy: Floats

    def plus(self, other: _Moments) -> _Moments:
        """Return the moments of both parts together."""
        n = self.n + other.n
        sum_x = self.sum_x + other.sum_x
        sum_y = self.sum_y + other.sum_y
        xx = self.xx + other.xx
        xy = self.xy + other.xy
        return _Moments(n=n, sum_x=sum_x, sum_y=sum_y, xx=xx, xy=xy)


def least_squares(x: NDArray[np.float32], y: Floats) -> Floats:
    """Return the coefficients and the intercept (last) of a ridge fit.

    The penalty is the one that predicts every fifth row best, when fitted on the other rows.
    """
    is_judged: Mask = np.arange(len(x)) % JUDGED_EVERY == JUDGED_EVERY - 1
    fit = _moments(x[~is_judged], y[~is_judged])
    rest = _moments(x[is_judged], y[is_judged])
    errors = {}
    for penalty in PENALTIES:
        error = y[is_judged] - predict(x[is_judged], _solved(fit, penalty))
        errors[penalty] = float(np.var(error))
    # Of equal errors the smallest penalty is taken, because it comes first.
    best = min(PENALTIES, key=lambda penalty: errors[penalty])
    return _solved(fit.plus(rest), best)


def _moments(x: NDArray[np.float32], y: Floats) -> _Moments:
    """Return the moments of rows; products in float32, which is the type of x."""
    xx = (x.T @ x).astype(np.float64)
    xy = (y.astype(np.float32) @ x).astype(np.float64)
    sum_x = x.sum(axis=0, dtype=np.float64)
    return _Moments(n=float(len(x)), sum_x=sum_x, sum_y=y.sum(), xx=xx, xy=xy)


def _solved(moments: _Moments, penalty: float) -> Floats:
    """Return the coefficients and the intercept (last) at a penalty."""
    n, sum_x, sum_y, xx, xy = moments
    # Centre the sums, so that the intercept has no penalty.
    covariance = xx - np.outer(sum_x, sum_x) / n + penalty * np.eye(len(sum_x))
    coef = np.linalg.solve(covariance, xy - sum_x * sum_y / n)
    return np.append(coef, (sum_y - sum_x @ coef) / n)


def predict(x: NDArray[np.float32], coef: Floats) -> Floats:
    """Return the fitted values of `least_squares`, shape (n,)."""
    return (x @ coef[:-1].astype(np.float32)).astype(np.float64) + coef[-1]


def r2(x: NDArray[np.float32], y: Floats, x_new: NDArray[np.float32], y_new: Floats) -> float:
    """Return the share of the variance of `y_new` that a linear fit on (x, y) explains."""
    error = y_new - predict(x_new, least_squares(x, y))
    return float(1 - np.var(error) / np.var(y_new))


def _binned(early: Dataset, trees: TreeParams) -> lightgbm.Dataset:
    """Return the rows in bins, without a target."""
    import lightgbm as lgb

    rows = lgb.Dataset(by_column(early), np.zeros(len(early.month)))
    return binned(rows, _settings("regression", trees))


def _settings(objective: str, trees: TreeParams) -> dict[str, Any]:
    # Unlike the model's booster: no signs, no weights and no bagging, since each true PD is known.
    return {
        "objective": objective,
        "learning_rate": trees.learning_rate,
        "num_leaves": trees.num_leaves,
        "min_data_in_leaf": MIN_DATA_IN_LEAF,
        "feature_fraction": trees.feature_fraction,
        "max_bin": MAX_BIN,
        **shared_settings(trees.threads, trees.seed),
    }


def _added(grown: lightgbm.Booster, rows: Dataset, trees: TreeParams) -> Floats:
    """Return the raw predictions of a booster, without what it started from."""
    return np.asarray(grown.predict(rows.features, raw_score=True, num_threads=trees.threads))
