"""Who competes: our learner, and what people would otherwise use.

Each returns the PDs of held-out rows. Every contestant gets the same frame, and may treat
categories, nulls and special codes in its own best way. All of them run on one thread.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.training_table import Labels, TrainingTable
from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.paths import params_file
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable, OuterFold
from creditloom.pipeline.proof.bench_tables.rivals import boosting, earlier, scorecard, tuned
from creditloom.storage.files.errors import DataError

OURS = "ours"
TUNED = "optuna"
EARLIER = "earlier"


@dataclass(frozen=True)
class FoldTask:
    """What a contestant gets for one fold: rows to learn from, and rows whose PD it must tell.

    cpu_seconds: the CPU time of ours in this fold; None while ours has not run.
    """

    table: BenchTable
    fold: OuterFold
    seed: int
    cpu_seconds: float | None = None

    @property
    def train(self) -> pd.DataFrame:
        """Return the features of the training rows."""
        return self.table.frame[self.fold.train].reset_index(drop=True)

    @property
    def label(self) -> Labels:
        """Return the labels of the training rows."""
        return self.table.label[self.fold.train]

    @property
    def test(self) -> pd.DataFrame:
        """Return the features of the held-out rows."""
        return self.table.frame[self.fold.test].reset_index(drop=True)

    @property
    def train_time(self) -> NDArray[np.datetime64] | None:
        """Return the dates of the training rows; None for a table without dates."""
        return None if self.table.time is None else self.table.time[self.fold.train]

    @property
    def train_group(self) -> NDArray[np.int64] | None:
        """Return the persons of the training rows; None where each row is one of its own."""
        return None if self.table.group is None else self.table.group[self.fold.train]


Learner = Callable[[FoldTask], Floats]


@dataclass(frozen=True)
class Contestant:
    """A method under its name.

    modules: libraries that must be installed.
    identity: what else than the name says who it is; of another identity nothing is taken from the
    journal.
    """

    name: str
    what: str
    learner: Learner
    modules: tuple[str, ...] = ()
    identity: str = ""


def ours(task: FoldTask) -> Floats:
    """Return the PDs of our learner, by the committed parameters."""
    params = section("fit", FitParams, params_file())
    numbers = task.train.select_dtypes("number").columns
    table = TrainingTable(
        frame=task.train,
        label=task.label,
        signs=(0,) * task.train.shape[1],
        special_codes={str(name): tuple(task.table.special_codes) for name in numbers},
        group=task.train_group,
        time=task.train_time,
    )
    return fit_calibrated(table, params).pd(task.test)


def _without_codes(frame: pd.DataFrame, codes: Sequence[float]) -> pd.DataFrame:
    """Return the frame with null in place of special codes."""
    numbers = frame.select_dtypes("number")
    return frame.assign(**numbers.mask(numbers.isin(list(codes)))) if codes else frame


def _plain(task: FoldTask) -> Floats:
    return boosting.lightgbm_pd(task.train, task.label, task.test, task.seed, boosting.PLAIN)


def _lightgbm(task: FoldTask) -> Floats:
    return boosting.lightgbm_pd(task.train, task.label, task.test, task.seed, {})


def _histogram(task: FoldTask) -> Floats:
    return boosting.histogram_pd(task.train, task.label, task.test, task.seed)


def _catboost(task: FoldTask) -> Floats:
    return boosting.catboost_pd(task.train, task.label, task.test, task.seed)


def _woe(task: FoldTask) -> Floats:
    return scorecard.scorecard_pd(task.train, task.label, task.test, task.table.special_codes)


def _tuned(task: FoldTask) -> Floats:
    if task.cpu_seconds is None:
        raise AssertionError("the budget of the search is the CPU time of ours, which runs first")
    return tuned.tuned_pd(task.train, task.label, task.test, task.seed, task.cpu_seconds)


# table: a contestant a row, ours first and the one that needs its time last
CONTESTANTS = {
    one.name: one
    for one in (
        Contestant(OURS, "creditloom, committed parameters", ours),
        Contestant("lightgbm", "LightGBM, defaults", _lightgbm, ("lightgbm",)),
        Contestant("plain", "LightGBM, 500 trees, rate .02, 8 leaves", _plain, ("lightgbm",)),
        Contestant("histgb", "HistGradientBoosting, defaults", _histogram, ("sklearn",)),
        Contestant("catboost", "CatBoost, defaults", _catboost, ("catboost",)),
        Contestant("woe", "WOE and logistic regression", _woe, ("sklearn",)),
        Contestant(TUNED, "Optuna on LightGBM, CPU time of ours", _tuned, ("optuna", "lightgbm")),
    )
}
RIVALS = tuple(name for name in CONTESTANTS if name != OURS)


def earlier_learner(checkout: Path) -> Contestant:
    """Return our learner of another checkout as a contestant.

    Its CPU seconds hold the start of its process.
    """

    def told(task: FoldTask) -> Floats:
        # The learner of before knew no codes: the command read them as null.
        train = _without_codes(task.train, task.table.special_codes)
        test = _without_codes(task.test, task.table.special_codes)
        return earlier.earlier_pd(train, task.label, test, checkout)

    return Contestant(
        EARLIER, "creditloom of an earlier commit", told, identity=str(checkout.resolve())
    )


def contestants_of(names: Sequence[str]) -> tuple[Contestant, ...]:
    """Return ours and the named rivals.

    Raises DataError for an unknown name, and for a library that is not installed.
    """
    chosen = []
    for name in dict.fromkeys((OURS, *names)):
        if name not in CONTESTANTS:
            raise DataError.of(
                "No such rival",
                where="--rivals",
                expected=f"some of {', '.join(RIVALS)}",
                got=name,
                next_step="correct the name",
            )
        _require_installed(CONTESTANTS[name])
        chosen.append(CONTESTANTS[name])
    return tuple(chosen)


def _require_installed(one: Contestant) -> None:
    absent = [module for module in one.modules if importlib.util.find_spec(module) is None]
    if absent:
        others = ",".join(name for name in RIVALS if name != one.name)
        raise DataError.of(
            f"The library of the rival `{one.name}` is not installed",
            where="--rivals",
            expected=absent[0],
            got="no such module",
            next_step=f'pip install "creditloom[rivals]", or leave it out: --rivals {others}',
        )


def is_probability(pd_: Floats, rows: int) -> bool:
    """Return whether a contestant told one probability for each of `rows` rows."""
    return pd_.shape == (rows,) and bool(np.all((pd_ >= 0) & (pd_ <= 1)))
