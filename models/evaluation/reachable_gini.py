"""What could be known at best, from the truth of a synthetic world: read by `evaluate` only (design 9).

Truth-side Ginis weight each applicant by the true PD (pd bad, 1 - pd good), so no noise of drawn labels is in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import gini

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReachableLimits:
    """Gini of the oracle (family states and month, no shock, no fraud intent) and of the best predictor from the same matrix."""

    gini_oracle: float
    gini_reachable: float


@dataclass(frozen=True)
class TreeParams:
    """The boosters that follow a linear fit of the true log-odds; large, since the truth has no label noise."""

    rounds: int = 80
    learning_rate: float = 0.08
    num_leaves: int = 31
    feature_fraction: float = 0.2
    threads: int = 2
    seed: int = 1


def limits(pd_true: Floats, oracle_score: Floats, reachable_score: Floats) -> ReachableLimits:
    """Both Ginis over every out-of-time applicant; scores rise with risk."""
    return ReachableLimits(gini(pd_true, oracle_score), gini(pd_true, reachable_score))


def related(sample: Dataset, targets: Floats, keep: int) -> tuple[str, ...]:
    """The `keep` features with the largest |correlation| to any of the `targets` (n, k), as values or as being null; in the order given.

    Bounds the memory of the judges: what is reachable is a matter of a few hundred features, not of all that a matrix holds.
    """
    aim = targets - targets.mean(axis=0)
    aim = aim / np.sqrt((aim**2).sum(axis=0))
    found = np.array(
        [max(_relation(c, aim), _relation(np.isnan(c), aim)) for c in sample.features.T]
    )
    first = set(np.argsort(-found, kind="stable")[:keep].tolist())
    return tuple(name for i, name in enumerate(sample.names) if i in first)


def _relation(column: NDArray[Any], aim: Floats) -> float:
    """Largest |correlation| of a column, on the scale of ln(1 + |x|) and with null at its mean, with the columns of `aim`."""
    x = (
        np.sign(column) * np.log1p(np.abs(column.astype(np.float64)))
        if column.dtype != bool
        else column.astype(np.float64)
    )
    centred = np.nan_to_num(x - np.nanmean(x)) if not np.isnan(x).all() else np.zeros(len(x))
    length = float(np.sqrt((centred**2).sum()))
    return float(np.abs(centred @ aim).max() / length) if length > 0 else 0.0


def reachable(
    known: Dataset, logodds: Floats, pd: Floats, oot: Dataset, trees: TreeParams
) -> Floats:
    """The best predictor of the truth from the matrix, as log-odds for `oot`: a linear fit, and boosters on what it leaves.

    Fitted on the training and calibration months of all applicants, booked or not. `logodds` is the systematic truth; the last booster
    follows `pd` (neutral macro), so that what the matrix tells of fraud is reachable too.
    """
    design = ridge.design_of(known, RidgeParams())
    columns = design.columns(known.features)
    coef = least_squares(columns, logodds)
    at_known, at_oot = predict(columns, coef), predict(design.columns(oot.features), coef)
    for objective, target in (("regression", logodds - at_known), ("cross_entropy", pd)):
        start = at_known if objective == "cross_entropy" else None
        more_known, more_oot = _boosted(objective, known, target, start, oot, trees)
        at_known, at_oot = at_known + more_known, at_oot + more_oot
    return at_oot


PENALTIES = (
    1.0,
    10.0,
    100.0,
    1000.0,
    10_000.0,
)  # of the linear fit; the truth has no label noise, but a small world has few rows


def least_squares(x: NDArray[np.float32], y: Floats) -> Floats:
    """Coefficients and intercept of a ridge fit, its penalty the one that predicts every fifth row best from the others."""
    held = np.arange(len(x)) % 5 == 4
    fit, rest = _moments(x[~held], y[~held]), _moments(x[held], y[held])
    tried = {penalty: _solved(fit, penalty) for penalty in PENALTIES}
    best = min(
        PENALTIES, key=lambda penalty: float(np.var(y[held] - predict(x[held], tried[penalty])))
    )
    return _solved(tuple(a + b for a, b in zip(fit, rest, strict=True)), best)


def _moments(x: NDArray[np.float32], y: Floats) -> tuple[Any, ...]:
    """n, sum x, sum y, x'x, x'y: they add over parts."""
    return (
        float(len(x)),
        x.sum(axis=0, dtype=np.float64),
        y.sum(),
        (x.T @ x).astype(np.float64),
        (y.astype(np.float32) @ x).astype(np.float64),
    )


def _solved(moments: tuple[Any, ...], penalty: float) -> Floats:
    n, sum_x, sum_y, xx, xy = moments
    coef = np.linalg.solve(
        xx - np.outer(sum_x, sum_x) / n + penalty * np.eye(len(sum_x)), xy - sum_x * sum_y / n
    )
    return np.append(coef, (sum_y - sum_x @ coef) / n)


def predict(x: NDArray[np.float32], coef: Floats) -> Floats:
    """Fitted values of `least_squares`."""
    return (x @ coef[:-1].astype(np.float32)).astype(np.float64) + coef[-1]


def r2(x: NDArray[np.float32], y: Floats, x_new: NDArray[np.float32], y_new: Floats) -> float:
    """Share of the variance of `y_new` that a linear fit on (x, y) explains."""
    error = y_new - predict(x_new, least_squares(x, y))
    return float(1 - np.var(error) / np.var(y_new))


def _boosted(
    objective: str,
    known: Dataset,
    target: Floats,
    start: Floats | None,
    oot: Dataset,
    trees: TreeParams,
) -> tuple[Floats, Floats]:
    """Raw predictions of a booster for `known` and `oot`, to be added to `start`."""
    import lightgbm as lgb

    settings = {
        "objective": objective, "learning_rate": trees.learning_rate, "num_leaves": trees.num_leaves, "min_data_in_leaf": 100,
        "feature_fraction": trees.feature_fraction, "max_bin": 63, "num_threads": trees.threads, "seed": trees.seed,
        "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip
    grown = lgb.train(settings, lgb.Dataset(known.features, target, init_score=start), trees.rounds)
    first, second = (
        np.asarray(grown.predict(rows.features, raw_score=True, num_threads=trees.threads))
        for rows in (known, oot)
    )
    return first, second
