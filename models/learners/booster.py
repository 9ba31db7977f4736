"""The default model: a LightGBM booster of shallow trees with the signs of the catalogue.

A sign says whether more of a feature may only raise or only lower the risk. With few bads the model
needs small steps, few features per tree, random cuts (`extra_trees`), depth 4 and weights clipped
low. The default parameters are set so (design 8). The same rows, parameters and number of threads
give the same model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset

if TYPE_CHECKING:
    import lightgbm
    import pyarrow as pa


# Trains LightGBM for this room, with the settings that every booster shares.

# By default LightGBM's threads spin while they wait. On shared cores that is 1.5 times slower
# (design 8). OpenMP reads the setting when LightGBM is loaded, so it is set before any import of
# LightGBM.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Column-wise histograms and `deterministic` add in one fixed order. The same rows, settings and
# number of threads then give the same trees to the bit. Without `force_col_wise` LightGBM would
# time both orders on each run and take the faster one.
REPRODUCIBLE = {"deterministic": True, "force_col_wise": True, "verbosity": -1}


def shared_settings(threads: int, seed: int) -> dict[str, Any]:
    """Return the settings of every booster: threads, seed, and what makes a run repeatable."""
    return {"num_threads": threads, "seed": seed, **REPRODUCIBLE}


def train_booster(
    settings: Mapping[str, Any],
    rows: lightgbm.Dataset,
    trees: int,
    *,
    judge: Mapping[str, lightgbm.Dataset] | None = None,
    callbacks: Sequence[Callable[..., Any]] = (),
    is_read_back: bool = True,
) -> lightgbm.Booster:
    """Return a booster of at most `trees` rounds on `rows`.

    settings: those of `shared_settings` and the caller's own.
    judge: data sets by name; LightGBM records the loss on them after each round.
    callbacks: LightGBM callbacks, which may record or stop the training.
    is_read_back: the booster is read from its text again, and so holds no rows; else the caller
    does that.
    """
    import lightgbm as lgb

    # A copy, because LightGBM writes into the settings that it gets.
    return lgb.train(
        dict(settings),
        rows,
        num_boost_round=trees,
        valid_sets=list(judge.values()) if judge else None,
        valid_names=list(judge) if judge else None,
        callbacks=list(callbacks) or None,
        keep_training_booster=not is_read_back,
    )


# Rows that LightGBM looks at to find the edges of its bins. It holds them in float64: its own
# default of 200,000 rows would take 5 GB for 2,500 columns.
BINNING_ROWS = 50_000
LOSS = "binary_logloss"


def signs_of(catalogue: Catalogue, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the sign of each named feature: +1 more is riskier, -1 more is safer, 0 free."""
    direction = {feature.name: feature.direction for feature in catalogue.features}
    return tuple(direction[name] for name in names)


@dataclass(frozen=True)
class BoosterParams:
    """Size of the trees and speed of learning; the names are LightGBM's where it has one.

    max_weight: clip of 1 / propensity.
    min_trees, max_trees: bounds of the number of trees, which held-out months choose.
    """

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
    threads: int = 2
    seed: int = 1


def boost(
    rows: Dataset,
    signs: Sequence[int],
    params: BoosterParams,
    trees: int,
    callbacks: Sequence[Callable[..., Any]] = (),
) -> lightgbm.Booster:
    """Return a booster of exactly `trees` rounds on the rows, unless a callback ends it before."""
    growing = settings(signs, params)
    rows_in = train_set(rows, params, growing)
    # `first_trees` reads it back from its text: once is enough.
    booster = train_booster(growing, rows_in, trees, callbacks=callbacks, is_read_back=False)
    return first_trees(booster, trees)


def first_trees(booster: lightgbm.Booster, trees: int) -> lightgbm.Booster:
    """Return the booster with its first `trees` trees only.

    The booster is read back from its text, so that text and predictions agree.
    """
    import lightgbm as lgb

    return lgb.Booster(model_str=booster.model_to_string(num_iteration=trees))


def margins(model_text: str, features: Floats, threads: int = 1) -> Floats:
    """Return the margins of the model in `model_text`: log-odds, not calibrated, shape (n,)."""
    import lightgbm as lgb

    booster = lgb.Booster(model_str=model_text)
    return np.asarray(booster.predict(features, raw_score=True, num_threads=threads))


def weights(rows: Dataset, max_weight: float) -> Floats:
    """Return 1 / propensity, clipped and scaled to mean 1, times what each row tells."""
    # The clip: one loan with a tiny propensity must not outweigh hundreds of others.
    clipped = np.minimum(rows.weight, max_weight)
    # With mean 1 the regularisation has the same strength at any clip. Exposure comes after: young
    # loans tell less, and then the penalties shall weigh more.
    return clipped / clipped.mean() * rows.learning_share


def settings(signs: Sequence[int], params: BoosterParams) -> dict[str, Any]:
    """Return LightGBM's settings; signs: +1, -1 or 0 (free) per feature."""
    return {
        "objective": "binary",
        "metric": LOSS,
        **_growth(params),
        **_sampling(params),
        "max_bin": params.max_bin,
        "bin_construct_sample_cnt": BINNING_ROWS,
        **shared_settings(params.threads, params.seed),
        **_monotone(signs, params),
    }


def _growth(params: BoosterParams) -> dict[str, Any]:
    """Return the settings for the size of each tree and its step."""
    return {
        "learning_rate": params.learning_rate,
        "max_depth": params.max_depth,
        "num_leaves": params.num_leaves,
        "min_data_in_leaf": params.min_data_in_leaf,
        "min_sum_hessian_in_leaf": params.min_sum_hessian,
        "lambda_l2": params.lambda_l2,
    }


def _sampling(params: BoosterParams) -> dict[str, Any]:
    """Return the settings for the features and rows that each tree may use."""
    return {
        "feature_fraction": params.feature_fraction,
        "feature_fraction_bynode": params.feature_fraction_bynode,
        "bagging_fraction": params.bagging_fraction,
        # LightGBM draws rows only if a frequency is set. With 1 it draws new rows for each tree.
        "bagging_freq": int(params.bagging_fraction < 1),
        "extra_trees": params.is_extra_trees,
    }


def _monotone(signs: Sequence[int], params: BoosterParams) -> dict[str, Any]:
    """Return the constraints on the signs; none where they are switched off or no sign is set."""
    if not params.is_monotone or not any(signs):
        return {}
    # Only the method `basic` keeps the signs in all trees (design 8).
    return {"monotone_constraints": list(signs), "monotone_constraints_method": "basic"}


def train_set(rows: Dataset, params: BoosterParams, growing: Mapping[str, Any]) -> lightgbm.Dataset:
    """Return the rows as LightGBM takes them: binned, weighted, with the names of the features.

    growing: settings of the boosters that will be grown on them; {} = bins as LightGBM makes them.
    """
    import lightgbm as lgb

    data = lgb.Dataset(
        by_column(rows),
        rows.label,
        weight=weights(rows, params.max_weight),
        feature_name=list(rows.names),
    )
    return binned(data, growing)


# Of columns of Arrow each thread fills its own. Two columns may share a bundle of bins, and where
# both have a value in one row, the last writer wins: the bins, and then the trees, would hang on
# which thread was first. One thread goes by the order of the columns, as a matrix by rows does.
ONE_AFTER_THE_OTHER = {"num_threads": 1}


def binned(data: lightgbm.Dataset, growing: Mapping[str, Any]) -> lightgbm.Dataset:
    """Return the columns of Arrow in bins, the same each time. growing: as in `train_set`."""
    data.params = {"verbosity": -1, **growing, **ONE_AFTER_THE_OTHER}
    data.construct()
    data.params = dict(growing)
    return data


def by_column(rows: Dataset) -> pa.Table:
    """Return the features as a table of Arrow, one column each; NaN stays NaN."""
    import pyarrow as pa

    # LightGBM bins columns of Arrow faster than a matrix by rows, to the same edges.
    columns = np.asfortranarray(rows.features)
    arrays = [pa.array(columns[:, i]) for i in range(columns.shape[1])]
    return pa.Table.from_arrays(arrays, names=list(rows.names))
