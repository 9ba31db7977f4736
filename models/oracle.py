"""What could be known at best, from the truth of a synthetic world: read by `evaluate` only (design 9).

Truth-side Ginis weight each applicant by the true PD (pd bad, 1 - pd good), so no noise of drawn labels is in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import ridge
from .dataset import Dataset
from .metrics import gini
from .ridge import RidgeParams

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """Gini of the oracle (family states and month, no shock, no fraud intent) and of the best predictor from the same matrix."""

    gini_oracle: float
    gini_reachable: float


@dataclass(frozen=True)
class TreeParams:
    """The booster that follows a linear fit of the true log-odds; large, since the truth has no label noise."""

    rounds: int = 200
    learning_rate: float = 0.06
    num_leaves: int = 31
    feature_fraction: float = 0.3
    threads: int = 2
    seed: int = 1


def limits(pd_true: Floats, oracle_score: Floats, reachable_score: Floats) -> Limits:
    """Both Ginis over every out-of-time applicant; scores rise with risk."""
    return Limits(gini(pd_true, oracle_score), gini(pd_true, reachable_score))


def reachable(known: Dataset, logodds: Floats, oot: Dataset, trees: TreeParams) -> Floats:
    """True log-odds predicted for `oot` by a linear fit on the ridge's columns plus a booster on what it leaves.

    Fitted on the training and calibration months of all applicants, booked or not, whose `logodds` are the truth.
    """
    design = ridge.design_of(known, RidgeParams())
    coef = least_squares(design.columns(known.features), logodds)
    linear_known, linear_oot = (predict(design.columns(rows.features), coef) for rows in (known, oot))
    return linear_oot + _boosted(known, logodds - linear_known, oot, trees)


PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)  # of the linear fit; the truth has no label noise, but a small world has few rows


def least_squares(x: NDArray[np.float32], y: Floats) -> Floats:
    """Coefficients and intercept of a ridge fit, its penalty the one that predicts every fifth row best from the others."""
    held = np.arange(len(x)) % 5 == 4
    paths = {penalty: _solved(x[~held], y[~held], penalty) for penalty in PENALTIES}
    best = min(PENALTIES, key=lambda penalty: float(np.var(y[held] - predict(x[held], paths[penalty]))))
    return _solved(x, y, best)


def _solved(x: NDArray[np.float32], y: Floats, penalty: float) -> Floats:
    sums = x.sum(axis=0, dtype=np.float64)
    gram = (x.T @ x).astype(np.float64) - np.outer(sums, sums) / len(x) + penalty * np.eye(x.shape[1])
    coef = np.linalg.solve(gram, ((y - y.mean()).astype(np.float32) @ x).astype(np.float64))
    return np.append(coef, y.mean() - sums / len(x) @ coef)


def predict(x: NDArray[np.float32], coef: Floats) -> Floats:
    """Fitted values of `least_squares`."""
    return (x @ coef[:-1].astype(np.float32)).astype(np.float64) + coef[-1]


def r2(x: NDArray[np.float32], y: Floats, x_new: NDArray[np.float32], y_new: Floats) -> float:
    """Share of the variance of `y_new` that a linear fit on (x, y) explains."""
    error = y_new - predict(x_new, least_squares(x, y))
    return float(1 - np.var(error) / np.var(y_new))


def _boosted(known: Dataset, residual: Floats, oot: Dataset, trees: TreeParams) -> Floats:
    import lightgbm as lgb

    settings = {
        "objective": "regression", "learning_rate": trees.learning_rate, "num_leaves": trees.num_leaves, "min_data_in_leaf": 100,
        "feature_fraction": trees.feature_fraction, "max_bin": 63, "num_threads": trees.threads, "seed": trees.seed,
        "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip
    grown = lgb.train(settings, lgb.Dataset(known.features, residual), trees.rounds)
    return np.asarray(grown.predict(oot.features))
