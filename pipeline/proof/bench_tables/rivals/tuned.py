"""Optuna on LightGBM within a stated CPU time: what a person gets who tunes as long as we fit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.fit.training_table import Labels
from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.proof.bench_tables.rivals.boosting import (
    PLAIN,
    lightgbm_pd,
    with_categories,
)

# Folds of a trial; the rounds of a trial are those with the best mean log-loss over them.
INNER_FOLDS = 3
# Rounds without a better loss after which a trial ends, and the most rounds of one.
PATIENCE = 50
MAX_ROUNDS = 1_500


def tuned_pd(
    train: pd.DataFrame, label: Labels, test: pd.DataFrame, seed: int, cpu_seconds: float
) -> Floats:
    """Return PDs of the best settings that were found within `cpu_seconds` of this process.

    A trial that has begun is ended, and the last fit is not counted: both are to the good of this
    rival.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    started = time.process_time()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    # The settings of `plain` are the first trial, so that a short search is never lost.
    study.enqueue_trial({"learning_rate": PLAIN["learning_rate"], "num_leaves": 8})

    def stop_in_time(study: Any, _: Any) -> None:
        if time.process_time() - started >= cpu_seconds:
            study.stop()

    def loss(trial: Any) -> float:
        settings = _suggested(trial)
        found, rounds = _cross_validated(train, label, seed, settings)
        trial.set_user_attr("settings", {**settings, "n_estimators": rounds})
        return found

    study.optimize(loss, n_trials=None, callbacks=[stop_in_time])
    return lightgbm_pd(train, label, test, seed, study.best_trial.user_attrs["settings"])


def _suggested(trial: Any) -> dict[str, Any]:
    """Return settings of a trial, from the ranges that are usual for such tables."""
    # table: a setting a row
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 128, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 200, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 1.0),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "subsample_freq": 1,
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 100.0, log=True),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-3, 10.0, log=True),
    }


def _cross_validated(
    train: pd.DataFrame, label: Labels, seed: int, settings: Mapping[str, Any]
) -> tuple[float, int]:
    """Return the least mean log-loss over the inner folds, and its number of rounds."""
    import lightgbm

    frame, _ = with_categories(train, train.head(0))
    found = lightgbm.cv(
        {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": seed, **settings},
        lightgbm.Dataset(frame, label),
        num_boost_round=MAX_ROUNDS,
        nfold=INNER_FOLDS,
        stratified=True,
        seed=seed,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    losses = np.array(found["valid binary_logloss-mean"])
    return float(losses.min()), int(losses.argmin()) + 1
