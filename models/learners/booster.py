"""The default model: a LightGBM of shallow trees whose signs follow the catalogue.

What few bads ask for, and what the parameters hold: small steps, few features per tree, random cuts (`extra_trees`), depth 4, and
weights clipped low (design 8). Deterministic for given rows, parameters and number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import SplitParams, stopping

if TYPE_CHECKING:
    import lightgbm

Floats = NDArray[np.float64]
BINNED_ROWS = 50_000  # rows looked at for the bins' edges; LightGBM holds them in float64, 5 GB of 2,500 columns at its own 200,000
os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # read when LightGBM loads; spinning threads are 1.5 times slower (design 8)


@dataclass(frozen=True)
class BoosterParams:
    """Shape and pace of the boosting; the names follow LightGBM's where it has one.

    max_weight clips 1 / propensity; min_trees and max_trees bound what early stopping may choose; is_refit trains once more on all
    training months with the number of trees found.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    learning_rate: float = 0.03
    max_depth: int = 4
    num_leaves: int = 15
    min_data_in_leaf: int = 60
    min_sum_hessian: float = 3.0
    lambda_l2: float = 10.0
    feature_fraction: float = 0.15
    feature_fraction_bynode: float = 1.0
    bagging_fraction: float = 0.8
    is_extra_trees: bool = True
    is_monotone: bool = True
    max_bin: int = 63
    max_weight: float = 3.0
    min_trees: int = 100
    max_trees: int = 800
    patience: int = 100
    is_refit: bool = True
    threads: int = 2
    seed: int = 1


def fit(
    rows: Dataset, signs: Sequence[int], split: SplitParams, params: BoosterParams
) -> tuple[lightgbm.Booster, dict[str, Any]]:
    """Booster and a record of how it came about, from labelled training rows.

    The last `early_stopping_months` choose the number of trees; they then take part in a refit with that number, if asked.
    """
    late = stopping(rows.month, split)
    early_rows, late_rows = rows.where(~late), rows.where(late)
    for part, name in ((early_rows, "before"), (late_rows, "in")):
        if len(np.unique(part.label)) < 2:
            raise ModelError(
                f"Training rows {name} the last {split.early_stopping_months} months hold one class only ({len(part.label)} rows); "
                "expected bads and goods. Change split.early_stopping_months."
            )
    booster, losses = _stopped(early_rows, late_rows, signs, params)
    trees = max(params.min_trees, int(np.argmin(losses)) + 1)
    booster = boost(rows, signs, params, trees) if params.is_refit else trimmed(booster, trees)
    return booster, {
        "trees": trees,
        "stopping_logloss": losses[trees - 1],
        "stopping_bads": int(late_rows.label.sum()),
        "is_refit": params.is_refit,
    }


def boost(
    rows: Dataset, signs: Sequence[int], params: BoosterParams, trees: int
) -> lightgbm.Booster:
    """A booster of exactly `trees` rounds on the rows."""
    import lightgbm as lgb

    return trimmed(
        lgb.train(settings(signs, params), train_set(rows, params), num_boost_round=trees), trees
    )


def trimmed(booster: lightgbm.Booster, trees: int) -> lightgbm.Booster:
    """The booster with its first `trees` trees only, as read back from its own text, so that text and predictions agree."""
    import lightgbm as lgb

    return lgb.Booster(model_str=booster.model_to_string(num_iteration=trees))


def margins(model_text: str, features: Floats, threads: int = 1) -> Floats:
    """Raw margins (log-odds, not calibrated) of a model as its text says, shape (n,)."""
    import lightgbm as lgb

    return np.asarray(
        lgb.Booster(model_str=model_text).predict(features, raw_score=True, num_threads=threads)
    )


def weights(rows: Dataset, max_weight: float) -> Floats:
    """1 / propensity clipped, scaled to mean 1 so that regularisation means the same at any clip."""
    clipped = np.minimum(rows.weight, max_weight)
    return clipped / clipped.mean()


def settings(signs: Sequence[int], params: BoosterParams) -> dict[str, Any]:
    """LightGBM's parameters; `basic` monotone constraints are the ones that keep their promise (design 8)."""
    monotone = (
        {"monotone_constraints": list(signs), "monotone_constraints_method": "basic"}
        if params.is_monotone and any(signs)
        else {}
    )
    return {
        "objective": "binary", "metric": "binary_logloss", "learning_rate": params.learning_rate, "max_depth": params.max_depth,
        "num_leaves": params.num_leaves, "min_data_in_leaf": params.min_data_in_leaf, "min_sum_hessian_in_leaf": params.min_sum_hessian,
        "lambda_l2": params.lambda_l2, "feature_fraction": params.feature_fraction,
        "feature_fraction_bynode": params.feature_fraction_bynode,
        "bagging_fraction": params.bagging_fraction, "bagging_freq": int(params.bagging_fraction < 1), "extra_trees": params.is_extra_trees,
        "max_bin": params.max_bin, "bin_construct_sample_cnt": BINNED_ROWS, "num_threads": params.threads, "seed": params.seed,
        "deterministic": True, "force_col_wise": True, "verbosity": -1, **monotone,
    }  # fmt: skip


def _stopped(
    early: Dataset, late: Dataset, signs: Sequence[int], params: BoosterParams
) -> tuple[lightgbm.Booster, list[float]]:
    import lightgbm as lgb

    history: dict[str, dict[str, list[float]]] = {}
    grown_on = train_set(early, params)
    judge = lgb.Dataset(
        late.features,
        late.label,
        weight=weights(late, params.max_weight),
        reference=grown_on,
        free_raw_data=True,
    )
    stop: list[Callable[..., Any]] = [
        lgb.early_stopping(params.patience, verbose=False),
        lgb.record_evaluation(history),
    ]
    booster = lgb.train(
        settings(signs, params),
        grown_on,
        params.max_trees,
        valid_sets=[judge],
        valid_names=["late"],
        callbacks=stop,
    )
    return booster, history["late"]["binary_logloss"]


def train_set(rows: Dataset, params: BoosterParams) -> lightgbm.Dataset:
    """Rows as LightGBM takes them, weighted and with their names."""
    import lightgbm as lgb

    return lgb.Dataset(
        rows.features,
        rows.label,
        weight=weights(rows, params.max_weight),
        feature_name=list(rows.names),
    )
