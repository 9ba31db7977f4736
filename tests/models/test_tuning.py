"""The search: stays inside the training months, resumes from its journal, ends in time."""

from __future__ import annotations

import dataclasses
import datetime
import time
from pathlib import Path

import numpy as np
import pytest

from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.tuning import TuneParams, search

from .worlds import world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6, origins=2)
GIVEN = BoosterParams(min_trees=25, max_trees=50, min_data_in_leaf=20, threads=1)
PARAMS = TuneParams(trials=3, timeout_seconds=300.0, seed=1)
W = world(3000, 4, per_concept=2, noise=2)


@pytest.fixture(scope="module")
def rows() -> Dataset:
    return join(W.matrix, W.labels, W.names, SPLIT)


def test_the_first_trial_is_the_committed_one_and_the_best_is_no_worse(
    rows: Dataset, tmp_path: Path
) -> None:
    found = search(rows.training(), W.signs, SPLIT, GIVEN, PARAMS, tmp_path / "journal.log")
    assert found.trials == 3 and found.logloss <= found.logloss_given
    assert found.best.threads == GIVEN.threads and found.best.max_trees >= GIVEN.min_trees


def test_a_second_run_goes_on_where_the_first_stopped(rows: Dataset, tmp_path: Path) -> None:
    journal = tmp_path / "journal.log"
    first = search(
        rows.training(), W.signs, SPLIT, GIVEN, dataclasses.replace(PARAMS, trials=2), journal
    )
    again = search(
        rows.training(), W.signs, SPLIT, GIVEN, dataclasses.replace(PARAMS, trials=2), journal
    )
    more = search(rows.training(), W.signs, SPLIT, GIVEN, PARAMS, journal)
    assert (first.trials, again.trials, more.trials) == (2, 2, 3)
    assert again.logloss_given == first.logloss_given


def test_what_comes_after_the_training_months_cannot_move_it(rows: Dataset, tmp_path: Path) -> None:
    later = rows.role != "train"
    turned = dataclasses.replace(rows, label=np.where(later, 1 - rows.label, rows.label))
    few = dataclasses.replace(PARAMS, trials=1)
    both = [
        search(r.training(), W.signs, SPLIT, GIVEN, few, tmp_path / f"{i}.log").logloss
        for i, r in enumerate((rows, turned))
    ]
    assert both[0] == both[1]


def test_time_runs_out_inside_a_trial(rows: Dataset, tmp_path: Path) -> None:
    endless = dataclasses.replace(GIVEN, max_trees=100_000)
    start = time.monotonic()
    journal = tmp_path / "journal.log"
    with pytest.raises(ModelError, match="no trial came to its end"):
        search(
            rows.training(),
            W.signs,
            SPLIT,
            endless,
            dataclasses.replace(PARAMS, timeout_seconds=1.0),
            journal,
        )
    assert time.monotonic() - start < 30
