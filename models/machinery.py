"""Does the way from a model to its family shares find the shares that a world was made with (domain 7.6)?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .metrics import auc
from .shares import by_family, covariance_shares

FOLDS = 3
TREES = 1_500
EXPLAINED = 20_000  # rows of a fold whose contributions are taken


def found_shares(
    x: NDArray[np.float32], bad: NDArray[np.int8], family_of: Sequence[str], families: Sequence[str], threads: int
) -> tuple[NDArray[np.float64], float]:
    """Covariance shares per family of boosters, and their AUC: mean over FOLDS, each on the rows it was not trained on.

    Trees are of depth two, near the least log-loss in straight worlds and bent ones alike. Every label counts in two of three fits: a share
    moves with the luck of the bads.
    """
    fold = np.arange(len(x)) % FOLDS
    found = [_fold(x, bad, fold == k, family_of, families, threads) for k in range(FOLDS)]
    return np.mean([shares for shares, _ in found], axis=0), float(np.mean([auc_ for _, auc_ in found]))


def _fold(
    x: NDArray[np.float32], bad: NDArray[np.int8], out: NDArray[np.bool_], family_of: Sequence[str], families: Sequence[str], threads: int
) -> tuple[NDArray[np.float64], float]:
    """Shares and AUC on the rows `out` of a booster trained on the others."""
    import lightgbm as lgb

    settings = {
        "objective": "binary", "learning_rate": 0.03, "max_depth": 2, "num_leaves": 4, "min_data_in_leaf": 200, "lambda_l2": 30.0,
        "bagging_fraction": 0.8, "bagging_freq": 1, "extra_trees": True, "max_bin": 63, "num_threads": threads,
        "seed": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip
    booster = lgb.train(settings, lgb.Dataset(x[~out], bad[~out]), TREES)
    phi = np.asarray(booster.predict(x[out][:EXPLAINED], pred_contrib=True, num_threads=threads))[:, :-1]
    score = np.asarray(booster.predict(x[out], num_threads=threads))
    return covariance_shares(by_family(phi, family_of, families)), auc(bad[out].astype(float), score)
