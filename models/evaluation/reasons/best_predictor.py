"""The best predictor of the true contributions from the matrix of the model: the yardstick.

It is the learner that is delivered, a booster, one per concept. It learns the contributions
themselves, which only a simulated world knows, on the months before out-of-time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.evaluation.reasons.true_losses import PREFIX
from creditloom.models.learners.booster import shared_settings, train_booster
from creditloom.models.sample.arrays import Floats

# The delivered booster without what few bads ask for: true contributions have no label noise.
# table: setting -> value
SETTINGS = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.15,
    "lambda_l2": 10.0,
    "max_bin": 63,
}
ROUNDS = 150


def best_contributions(
    features: NDArray[np.floating],
    truth: pd.DataFrame,
    concepts: Sequence[str],
    asked: Floats,
    threads: int,
    seed: int,
) -> Floats:
    """Return the predicted contributions of the rows `asked`, shape (n, concepts), log-odds.

    features, truth: rows to learn from, in one order. A concept without contributions is 0.
    """
    import lightgbm as lgb

    settings = {**SETTINGS, **shared_settings(threads, seed)}
    # Binned once; each concept then brings its own label.
    rows = lgb.Dataset(features, np.zeros(len(features)), params=settings, free_raw_data=False)
    rows.construct()
    predicted = np.zeros((len(asked), len(concepts)))
    for k, concept in enumerate(concepts):
        label = truth[PREFIX + concept].to_numpy(np.float64) if PREFIX + concept in truth else None
        if label is None or not label.std() > 0:
            continue
        rows.set_label(label)
        grown = train_booster(settings, rows, ROUNDS)
        predicted[:, k] = np.asarray(grown.predict(asked, num_threads=threads))
    return predicted
