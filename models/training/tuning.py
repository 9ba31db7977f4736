"""Search of booster parameters by Optuna: journalled, resumable, judged on rolling origins inside the training months only."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import expit, logloss
from creditloom.models.sample.split import SplitParams, rolling_origins

if TYPE_CHECKING:
    import lightgbm
    import optuna

STUDY = "booster"


@dataclass(frozen=True)
class TuneParams:
    """trials: wanted in all, those of an earlier run counted; timeout_seconds: no trial goes on past it; seed: of the sampler."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    trials: int
    timeout_seconds: float
    seed: int


@dataclass(frozen=True)
class TunedParameters:
    """Best parameters, their mean log-loss over the origins, that of the given ones (None if cut off), and trials in the journal."""

    best: BoosterParams
    logloss: float
    logloss_given: float | None
    trials: int


def search(
    rows: Dataset,
    signs: Sequence[int],
    split: SplitParams,
    given: BoosterParams,
    params: TuneParams,
    journal: Path,
    *,
    progress: bool = False,
) -> TunedParameters:
    """Tries parameters on labelled training rows; the first trial is `given`. The journal may hold trials of an earlier run."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    sampler, pruner = (
        optuna.samplers.TPESampler(seed=params.seed),
        optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    store = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        study_name=STUDY, storage=store, sampler=sampler, pruner=pruner, load_if_exists=True
    )
    if not study.trials:
        study.enqueue_trial({name: getattr(given, name) for name in _space()})
    deadline = time.monotonic() + params.timeout_seconds
    left = max(0, params.trials - sum(t.state.is_finished() for t in study.trials))
    objective = Objective(rows, tuple(signs), split, given, deadline)
    study.optimize(
        objective, n_trials=left, timeout=params.timeout_seconds, show_progress_bar=progress
    )
    ended = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    if not ended:
        raise ModelError(
            f"Tuning: no trial came to its end in {params.timeout_seconds:g} s. Raise tune.timeout_seconds; {journal} is kept."
        )
    chosen: dict[str, Any] = {name: _short(value) for name, value in study.best_params.items()}
    best = dataclasses.replace(
        given, **chosen, max_trees=int(study.best_trial.user_attrs["max_trees"])
    )
    first = next((t.value for t in ended if t.number == 0), None)
    return TunedParameters(best, float(study.best_value), first, len(study.trials))


@dataclass(frozen=True)
class Objective:
    """Mean weighted log-loss over rolling origins at the number of trees that is best for their mean."""

    rows: Dataset
    signs: tuple[int, ...]
    split: SplitParams
    given: BoosterParams
    deadline: float

    def __call__(self, trial: optuna.Trial) -> float:
        """Reports to the pruner after each origin; a trial past the deadline is pruned."""
        import optuna

        choice: dict[str, Any] = {
            name: _suggest(trial, name, *bounds) for name, bounds in _space().items()
        }
        params = dataclasses.replace(self.given, **choice)
        curves: list[np.ndarray] = []
        for i, (fit, judge) in enumerate(rolling_origins(self.rows.month, self.split)):
            curves.append(
                curve(
                    self.rows.where(fit), self.rows.where(judge), self.signs, params, self.deadline
                )
            )
            trial.report(float(np.mean(curves, axis=0).min()), i)
            if time.monotonic() > self.deadline or trial.should_prune():
                raise optuna.TrialPruned
        mean = np.mean(curves, axis=0)
        trial.set_user_attr(
            "max_trees", max(params.min_trees, int((np.argmin(mean) + 1) * STEP * 1.25))
        )
        return float(mean.min())


STEP = 25  # trees between two looks at the judging months


def curve(
    fit: Dataset, judge: Dataset, signs: Sequence[int], params: BoosterParams, deadline: float
) -> np.ndarray:
    """Log-loss on `judge` after each 25 trees of a booster grown on `fit`, shape (max_trees // 25,); growth ends at the deadline."""
    import lightgbm as lgb

    def late(env: lgb.callback.CallbackEnv) -> None:
        if time.monotonic() > deadline:
            raise lgb.callback.EarlyStopException(env.iteration, [])

    grown = lgb.train(
        booster.settings(signs, params),
        booster.train_set(fit, params),
        params.max_trees,
        callbacks=[late],
    )
    w = booster.weights(judge, params.max_weight)
    return np.array(
        [
            logloss(judge.label, expit(margin), w)
            for margin in staged(grown, judge, params.max_trees)
        ]
    )


def staged(grown: lightgbm.Booster, judge: Dataset, max_trees: int) -> Iterator[np.ndarray]:
    """Margins of the rows after each 25 trees up to `max_trees`; a booster of fewer trees stays where it ended."""
    margin = np.zeros(len(judge.label))
    for start in range(0, max_trees - STEP + 1, STEP):
        margin = margin + _part(grown, judge, start)
        yield margin


def _part(grown: lightgbm.Booster, judge: Dataset, start: int) -> np.ndarray:
    if start >= grown.num_trees():
        return np.zeros(len(judge.label))
    return np.asarray(
        grown.predict(judge.features, raw_score=True, start_iteration=start, num_iteration=STEP)
    )


def _space() -> dict[str, tuple[float, float]]:
    return {
        "learning_rate": (0.01, 0.06), "feature_fraction": (0.02, 0.3), "min_data_in_leaf": (20, 300), "lambda_l2": (1.0, 100.0),
        "bagging_fraction": (0.5, 1.0),
    }  # fmt: skip


def _suggest(trial: optuna.Trial, name: str, low: float, high: float) -> float:
    if isinstance(low, int):
        return trial.suggest_int(name, low, int(high), log=True)
    return _short(trial.suggest_float(name, low, high, log=True))


def _short(value: float) -> float:
    """Three significant digits: what is tried is what can be committed."""
    return value if isinstance(value, int) else float(f"{value:.3g}")
