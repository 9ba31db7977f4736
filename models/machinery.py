"""Does the way from a model to its family shares find the shares that a world was made with (domain 7.6)?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .metrics import auc
from .shares import by_family, covariance_shares

TRAINING_SHARE = 0.6
TREES = 1_000
EXPLAINED = 40_000  # rows whose contributions are taken


def found_shares(
    x: NDArray[np.float32], bad: NDArray[np.int8], family_of: Sequence[str], families: Sequence[str], threads: int
) -> tuple[NDArray[np.float64], float]:
    """Covariance shares per family of a booster, and its AUC, both on the rows it was not trained on.

    The booster is the one of least log-loss of those tried (also with the signs imposed, deeper, and with plain cuts): what it adds to a
    family by noise or loses by stopping short is then least.
    """
    import lightgbm as lgb

    settings = {
        "objective": "binary", "learning_rate": 0.03, "max_depth": 3, "num_leaves": 8, "min_data_in_leaf": 200, "lambda_l2": 30.0,
        "feature_fraction": 0.2, "bagging_fraction": 0.8, "bagging_freq": 1, "extra_trees": True, "max_bin": 63, "num_threads": threads,
        "seed": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip
    cut = int(TRAINING_SHARE * len(x))
    booster = lgb.train(settings, lgb.Dataset(x[:cut], bad[:cut]), TREES)
    phi = np.asarray(booster.predict(x[cut : cut + EXPLAINED], pred_contrib=True, num_threads=threads))[:, :-1]
    score = np.asarray(booster.predict(x[cut:], num_threads=threads))
    return covariance_shares(by_family(phi, family_of, families)), auc(bad[cut:].astype(float), score)
