"""Gradient boosting of other libraries, used as most people use it, with categories as they allow.

Each function returns the PD of the rows of `test`. Columns are renamed, because LightGBM refuses
some characters in names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats

# LightGBM as a data scientist sets it before any search: slow, shallow, with shares of columns and
# rows. The numbers are those of the first comparison.
PLAIN: Mapping[str, Any] = {
    "n_estimators": 500,
    "learning_rate": 0.02,
    "num_leaves": 8,
    "colsample_bytree": 0.7,
    "subsample": 0.8,
    "subsample_freq": 1,
}
# Most levels of a category that scikit-learn's boosting reads: its bins are bytes, and one of them
# is for nulls.
MAX_BYTE_LEVELS = 255
OTHER = "(other)"
NULL = "(null)"


def lightgbm_pd(
    train: pd.DataFrame,
    label: Labels,
    test: pd.DataFrame,
    seed: int,
    settings: Mapping[str, Any],
) -> Floats:
    """Return PDs of LightGBM with native categories."""
    import lightgbm

    train, test = with_categories(train, test)
    model = lightgbm.LGBMClassifier(n_jobs=1, random_state=seed, verbose=-1, **settings)
    model.fit(train, label)
    return bad_share(model.predict_proba(test))


def histogram_pd(train: pd.DataFrame, label: Labels, test: pd.DataFrame, seed: int) -> Floats:
    """Return PDs of scikit-learn's HistGradientBoosting with native categories.

    Of a category with more than 255 levels the rarest become one level.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    train, test = with_categories(*_common_levels(train, test))
    model = HistGradientBoostingClassifier(random_state=seed, categorical_features="from_dtype")
    model.fit(train, label)
    return bad_share(model.predict_proba(test))


def catboost_pd(train: pd.DataFrame, label: Labels, test: pd.DataFrame, seed: int) -> Floats:
    """Return PDs of CatBoost, which encodes categories itself; null is a level of its own."""
    from catboost import CatBoostClassifier

    categories = [name for name in train.columns if train[name].dtype == object]
    filled = dict.fromkeys(categories, NULL)
    model = CatBoostClassifier(
        thread_count=1,
        random_seed=seed,
        cat_features=categories,
        verbose=False,
        # It writes a folder of logs into the current folder otherwise.
        allow_writing_files=False,
    )
    model.fit(train.fillna(filled), label)
    return bad_share(model.predict_proba(test.fillna(filled)))


def with_categories(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both frames with pandas' categories, whose levels are those of the training rows.

    A level that was not trained on becomes null.
    """
    train = train.copy()
    test = test.copy()
    for name in [name for name in train.columns if train[name].dtype == object]:
        train[name] = train[name].astype("category")
        levels = train[name].cat.categories
        known = test[name].where(test[name].isin(levels), None)
        test[name] = pd.Categorical(known, categories=levels)
    names = [f"f{k}" for k in range(train.shape[1])]
    return train.set_axis(names, axis=1), test.set_axis(names, axis=1)


def bad_share(shares: Any) -> Floats:
    """Return the column of class 1, as float64."""
    return np.asarray(shares, np.float64)[:, 1]


def _common_levels(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    train = train.copy()
    test = test.copy()
    for name in [name for name in train.columns if train[name].dtype == object]:
        counts = train[name].value_counts()
        if len(counts) > MAX_BYTE_LEVELS:
            kept = set(counts.index[: MAX_BYTE_LEVELS - 1])
            for frame in (train, test):
                is_kept = frame[name].isin(kept) | frame[name].isna()
                frame[name] = frame[name].where(is_kept, OTHER)
    return train, test
