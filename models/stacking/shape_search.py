"""Search shapes of boosters by Optuna, on the folds inside one training set.

The search is one more choice that is made inside the rows of a fit, so the rows on which the fit is
judged have no part in it. A journal per training set is kept: a later run goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.stacking.boosted import BoostedLearner
from creditloom.models.stacking.procedure import Fold

if TYPE_CHECKING:
    import optuna

# The name under which the best shape joins the stack.
SEARCHED = "searched"
# Significant digits of a value that is tried.
DIGITS = 3
# Bounds of the search; values are drawn on a log scale, and whole bounds mean whole values.
# table: setting of the booster -> lowest and highest
SHAPES: dict[str, tuple[float, float]] = {
    "learning_rate": (0.01, 0.1),
    "num_leaves": (3, 63),
    "min_data_in_leaf": (5, 200),
    "lambda_l2": (0.1, 100.0),
    "feature_fraction": (0.15, 1.0),
    "bagging_fraction": (0.5, 1.0),
}
EXTRA_TREES = "is_extra_trees"
# Trials that are tried on all folds before one may be given up: others are compared with them.
FULL_TRIALS = 4


@dataclass(frozen=True)
class SearchRecord:
    """What the search of one training set did.

    fit: whose it was. trials: in the journal, those of earlier runs among them; new: of this run;
    ended: those that came to their end, the others were behind after some folds, or out of time.
    seconds: of this run. logloss: of the best shape on the inner folds; null where none ended.
    """

    fit: str
    trials: int
    new: int
    ended: int
    seconds: float
    logloss: float | None
    shape: dict[str, Any]


@dataclass(frozen=True)
class ShapeSearch:
    """The search of one fit.

    fit: a name of the fit. seconds: its share; no trial begins later. most_seconds: from then on a
    trial that has begun is cut. trial_seconds: of a trial elsewhere in this run, or None: where not
    even one has time, none begins. folder: of the journals. tell: is given one line. records: get
    what was done.
    """

    fit: str
    seconds: float
    most_seconds: float
    folder: Path
    trial_seconds: float | None = None
    tell: Callable[[str], object] = str
    records: list[SearchRecord] = field(default_factory=list)

    def best(
        self, folds: Sequence[Fold], label: Floats, weight: Floats, given: BoostedLearner
    ) -> BoostedLearner | None:
        """Return `given` in the best shape found; None where no trial came to its end in time.

        label, weight: of all rows of the training set.
        """
        start = time.monotonic()
        trying = _Trying(folds, label, weight, given, start + self.most_seconds)
        study = _study(self.folder, _digest(folds, label, given), given.params.seed)
        before = len(study.trials)
        while self._has_time(start, len(study.trials) - before):
            study.optimize(trying, n_trials=1)
        record = _record(self.fit, study, before, time.monotonic() - start)
        self.records.append(record)
        self.tell(f"search of {self.fit}: {_told(record)}")
        return (
            replace(given, params=replace(given.params, **record.shape)) if record.ended else None
        )

    def _has_time(self, start: float, done: int) -> bool:
        """Return whether another trial is to begin: one that will hardly end is left to others."""
        spent = time.monotonic() - start
        if spent >= self.seconds:
            return False
        # The last fit has nobody to leave its time to.
        if self.seconds == self.most_seconds and done:
            return True
        a_trial = spent / done if done else self.trial_seconds
        if a_trial is None:
            return True
        return spent + a_trial <= (self.seconds if done else self.most_seconds)


def require_search() -> None:
    """Raise ModelError where the library of the search is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise ModelError(
            "A budget needs a library that is not installed: expected optuna. "
            "Run pip install 'creditloom[search]', or leave the budget out."
        ) from error


@dataclass(frozen=True)
class _Trying:
    """The objective: the log-loss on held-out rows at the best number of trees.

    A shape that is behind most others on the first folds is not tried on the rest.
    """

    folds: Sequence[Fold]
    label: Floats
    weight: Floats
    given: BoostedLearner
    deadline: float

    def __call__(self, trial: optuna.Trial) -> float:
        """Return the loss of a trial; one that passes the deadline is pruned."""
        import optuna

        shape: dict[str, Any] = {name: _drawn(trial, name) for name in SHAPES}
        shape[EXTRA_TREES] = trial.suggest_categorical(EXTRA_TREES, [False, True])
        # Leaves alone bound the tree: a depth would be a second bound on the same thing.
        params = replace(self.given.params, **shape, max_depth=-1)
        learner = replace(self.given, params=params, deadline=self.deadline)
        path = np.full((len(self.label), learner.steps), np.nan)
        loss = np.inf
        for k, fold in enumerate(self.folds):
            path[fold.is_judged] = learner.path(fold.rows, fold.signs, fold.held_out)
            # A booster that the deadline has cut is not the one that was asked for.
            if time.monotonic() > self.deadline:
                raise optuna.TrialPruned
            loss = self._loss(path)
            trial.report(loss, k)
            if k + 1 < len(self.folds) and trial.should_prune():
                raise optuna.TrialPruned
        return loss

    def _loss(self, path: Floats) -> float:
        """Return the loss at the best number of trees, on the folds so far."""
        judged = ~np.isnan(path[:, 0])
        y = self.label[judged]
        w = self.weight[judged]
        return min(logloss(y, expit(margin), w) for margin in path[judged].T)


def _drawn(trial: optuna.Trial, name: str) -> float:
    low, high = SHAPES[name]
    if isinstance(low, int):
        return trial.suggest_int(name, low, int(high), log=True)
    return _short(trial.suggest_float(name, low, high, log=True))


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _study(folder: Path, digest: str, seed: int) -> optuna.Study:
    """Return the study of one training set, with the trials of earlier runs."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(folder / f"{digest}.log")))
    study = optuna.create_study(study_name=SEARCHED, storage=storage, load_if_exists=True)
    # A run that continues an earlier one has another seed: with the same it would try the same.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=FULL_TRIALS)
    return study


def _digest(folds: Sequence[Fold], label: Floats, given: BoostedLearner) -> str:
    """Return a name of the training set as it is learnt from: other rows, another journal."""
    digest = hashlib.sha256(repr((asdict(given.params), given.rounds, SHAPES)).encode())
    digest.update(label.tobytes())
    for fold in folds:
        digest.update(repr((fold.rows.names, tuple(fold.signs))).encode())
        for array in (fold.rows.features, fold.rows.weight, fold.held_out, fold.is_judged):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _record(fit: str, study: optuna.Study, before: int, seconds: float) -> SearchRecord:
    """Return what the journal holds; of equal losses the first trial counts."""
    import optuna

    ended = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    # By number among equal losses: the order in a journal is no reason.
    best = min(ended, key=lambda trial: (trial.value, trial.number), default=None)
    trials = len(study.trials)
    return SearchRecord(
        fit=fit,
        trials=trials,
        new=trials - before,
        ended=len(ended),
        seconds=round(seconds, 3),
        logloss=best.value if best else None,
        shape=_shape(best.params) if best else {},
    )


def _shape(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a trial, in digits that a person reads."""
    short = {
        name: _short(value) if isinstance(value, float) else value for name, value in found.items()
    }
    return {**short, "max_depth": -1}


def _told(record: SearchRecord) -> str:
    tried = f"{record.new} shapes tried in {record.seconds:.0f} s"
    if record.trials > record.new:
        tried += f", {record.trials - record.new} in earlier runs"
    if record.logloss is None:
        return f"{tried}, none to its end; give more minutes"
    best = f"best log-loss {record.logloss:.5f} on the inner folds"
    return f"{tried}, {record.ended} of all to the end; {best}"
