"""Does the way from a model to its family shares find the shares that a world was made with (domain 7.6)?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .metrics import auc
from .shares import by_family, covariance_shares

TRAINING_SHARE = 0.6
TREES = 350
EXPLAINED = 40_000  # rows whose contributions are taken


def found_shares(
    x: NDArray[np.float32], bad: NDArray[np.int8], family_of: Sequence[str], families: Sequence[str], threads: int
) -> tuple[NDArray[np.float64], float]:
    """Covariance shares per family of a booster in which more is always safer, and its AUC, both on the rows it was not trained on."""
    import lightgbm as lgb

    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 200, "feature_fraction": 0.5, "max_bin": 63,
        "monotone_constraints": [-1] * x.shape[1], "num_threads": threads, "seed": 1, "deterministic": True, "force_col_wise": True,
        "verbosity": -1,
    }  # fmt: skip
    cut = int(TRAINING_SHARE * len(x))
    booster = lgb.train(settings, lgb.Dataset(x[:cut], bad[:cut]), TREES)
    phi = np.asarray(booster.predict(x[cut : cut + EXPLAINED], pred_contrib=True, num_threads=threads))[:, :-1]
    score = np.asarray(booster.predict(x[cut:], num_threads=threads))
    return covariance_shares(by_family(phi, family_of, families)), auc(bad[cut:].astype(float), score)
