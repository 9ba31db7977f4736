"""Search booster parameters by Optuna, on rolling origins inside the training months only.

The search writes a journal, and a later run continues where an earlier one stopped.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams, train_booster
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.sample.split import SplitParams, rolling_origins
from creditloom.models.stacking.boosted import stop_at

if TYPE_CHECKING:
    import lightgbm
    import optuna

STUDY = "booster"
# Number of trees between two measurements on the judging months.
STEP = 25
# The final fit has more rows than an origin and may need more trees. So `max_trees` is a quarter
# above the best number of the origins; early stopping then decides.
TREES_OF_FULL_SAMPLE = 1.25
# Number of trials that run to their end before any is cut off: the pruner compares with their
# median.
TRIALS_BEFORE_PRUNING = 5
# Bounds of the search. Values are drawn on a log scale; integer bounds mean integer values. The
# bounds suit few bads: small steps, few features per tree, strong regularisation (design 8).
SEARCH_SPACE: dict[str, tuple[float, float]] = {
    "learning_rate": (0.01, 0.06),
    "feature_fraction": (0.02, 0.3),
    "min_data_in_leaf": (20, 300),
    "lambda_l2": (1.0, 100.0),
    "bagging_fraction": (0.5, 1.0),
}


@dataclass(frozen=True)
class TuneParams:
    """The `tune` block.

    trials: total number of trials; those of an earlier run count.
    timeout_seconds: limit of the whole search; it also ends a running trial.
    seed: of the sampler.
    """

    trials: int
    timeout_seconds: float
    seed: int


@dataclass(frozen=True)
class TunedParameters:
    """The result of a search.

    logloss: mean log-loss of the best parameters over the origins.
    logloss_given: that of the parameters given; None if their trial was cut off before its end.
    trials: number of trials in the journal.
    """

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
    """Try parameters on labelled training rows; the first trial is `given`.

    journal: file that may hold trials of an earlier run; its folder is made.
    Raise ModelError when no trial is complete in time.
    """
    study = _study(journal, given, params.seed)
    # At this moment the search ends, and so does a running trial.
    deadline = time.monotonic() + params.timeout_seconds
    left = max(0, params.trials - sum(trial.state.is_finished() for trial in study.trials))
    objective = Objective(
        rows=rows, signs=tuple(signs), split=split, given=given, deadline=deadline
    )
    study.optimize(
        objective, n_trials=left, timeout=params.timeout_seconds, show_progress_bar=progress
    )
    return _result(study, given, params, journal)


def _study(journal: Path, given: BoosterParams, seed: int) -> optuna.Study:
    """Return the study of the journal; a new one has `given` as its first trial."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=STUDY,
        storage=JournalStorage(JournalFileBackend(str(journal))),
        # The seed fixes the draws of one run. A run that continues an earlier one starts from the
        # same seed.
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial({name: getattr(given, name) for name in SEARCH_SPACE})
    return study


def _result(
    study: optuna.Study, given: BoosterParams, params: TuneParams, journal: Path
) -> TunedParameters:
    """Return the best parameters of the trials that came to their end."""
    import optuna

    ended = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    if not ended:
        raise ModelError(
            f"Tuning: no trial came to its end in {params.timeout_seconds:g} s. "
            f"Raise tune.timeout_seconds; {journal} is kept."
        )
    chosen: dict[str, Any] = {name: _short(value) for name, value in study.best_params.items()}
    max_trees = int(study.best_trial.user_attrs["max_trees"])
    return TunedParameters(
        best=dataclasses.replace(given, **chosen, max_trees=max_trees),
        logloss=float(study.best_value),
        logloss_given=next((trial.value for trial in ended if trial.number == 0), None),
        trials=len(study.trials),
    )


@dataclass(frozen=True)
class Objective:
    """The objective: mean weighted log-loss over rolling origins, at the best number of trees.

    deadline: moment on the clock of `time.monotonic`, in seconds.
    """

    rows: Dataset
    signs: tuple[int, ...]
    split: SplitParams
    given: BoosterParams
    deadline: float

    def __call__(self, trial: optuna.Trial) -> float:
        """Return the loss of a trial; report to the pruner after each origin.

        A trial past the deadline is pruned.
        """
        import optuna

        suggested: dict[str, Any] = {
            name: _suggest(trial, name, *bounds) for name, bounds in SEARCH_SPACE.items()
        }
        params = dataclasses.replace(self.given, **suggested)
        curves: list[np.ndarray] = []
        for i, (fit, judge) in enumerate(rolling_origins(self.rows.month, self.split)):
            fit_rows = self.rows.where(fit)
            judge_rows = self.rows.where(judge)
            curves.append(curve(fit_rows, judge_rows, self.signs, params, self.deadline))
            trial.report(float(np.mean(curves, axis=0).min()), i)
            if time.monotonic() > self.deadline or trial.should_prune():
                raise optuna.TrialPruned
        mean = np.mean(curves, axis=0)
        best_trees = (np.argmin(mean) + 1) * STEP
        max_trees = max(params.min_trees, int(best_trees * TREES_OF_FULL_SAMPLE))
        trial.set_user_attr("max_trees", max_trees)
        return float(mean.min())


def curve(
    fit: Dataset, judge: Dataset, signs: Sequence[int], params: BoosterParams, deadline: float
) -> np.ndarray:
    """Return the log-loss on `judge` after each 25 trees of a booster grown on `fit`.

    The shape is (max_trees // 25,). Growth ends at the deadline.
    """
    grown = train_booster(
        booster.settings(signs, params),
        booster.train_set(fit, params),
        params.max_trees,
        callbacks=[stop_at(deadline)],
    )
    w = booster.weights(judge, params.max_weight)
    margins = staged_margins(grown, judge, params.max_trees)
    return np.array([logloss(judge.label, expit(margin), w) for margin in margins])


def staged_margins(grown: lightgbm.Booster, judge: Dataset, max_trees: int) -> Iterator[np.ndarray]:
    """Yield the margins of the rows, shape (n,), after each 25 trees up to `max_trees`.

    Beyond the last tree of the booster the margins stay the same.
    """
    margin = np.zeros(len(judge.label))
    # Predict each block of trees once and add it to the blocks before.
    for start in range(0, max_trees - STEP + 1, STEP):
        margin = margin + _part(grown, judge, start)
        yield margin


def _part(grown: lightgbm.Booster, judge: Dataset, start: int) -> np.ndarray:
    """Return what 25 trees from `start` on add to the margins; 0 after the last tree."""
    if start >= grown.num_trees():
        return np.zeros(len(judge.label))
    part = grown.predict(judge.features, raw_score=True, start_iteration=start, num_iteration=STEP)
    return np.asarray(part)


def _suggest(trial: optuna.Trial, name: str, low: float, high: float) -> float:
    """Return a value that the sampler draws between the bounds."""
    if isinstance(low, int):
        return trial.suggest_int(name, low, int(high), log=True)
    return _short(trial.suggest_float(name, low, high, log=True))


def _short(value: float) -> float:
    """Round to three significant digits, so that the value tried can be committed as it is.

    >>> _short(0.0123456), _short(120)
    (0.0123, 120)
    """
    return value if isinstance(value, int) else float(f"{value:.3g}")
