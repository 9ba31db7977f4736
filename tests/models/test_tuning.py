"""The search: the same trials however it is stopped, in time, and inside the training months."""

from __future__ import annotations

import dataclasses
import datetime
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import SplitParams
from creditloom.models.stacking.additive import AdditiveParams
from creditloom.models.stacking.boosted import Capacity
from creditloom.models.stacking.stack import StackParams
from creditloom.models.training.training import TrainParams
from creditloom.models.tuning.gain import gain_of_best, gain_of_searching, importances
from creditloom.models.tuning.journal import TrialJournal, TrialRecord, digest_of, open_journal
from creditloom.models.tuning.judging import JudgedTrial, TrialJudge
from creditloom.models.tuning.search import LAG, Search, best_of, give_up_limits
from creditloom.models.tuning.space import block, changed_values, given_point, widened, with_point
from creditloom.models.tuning.workers import InlineWorker, SpawnedWorkers, TrialTask, spawned

SPLIT = SplitParams(datetime.date(2024, 1, 1), 9, 3, 6, origins=2)
NAMES = ("f0", "f1", "f2", "f3")
SHAPE = BoosterParams(
    min_trees=10, max_trees=20, num_leaves=4, min_data_in_leaf=10, feature_fraction=0.9, threads=1
)
GIVEN = TrainParams(
    learners=("booster", "small", "additive"),
    booster=SHAPE,
    small=Capacity((5, 10), SHAPE),
    additive=AdditiveParams((100.0, 10.0), total_steps=0),
    stack=StackParams(),
)
SPACE = {
    "booster.learning_rate": (0.02, 0.3),
    "booster.num_leaves": (2.0, 8.0),
    "small.booster.lambda_l2": (1.0, 50.0),
    "additive.penalties": (0.1, 10.0),
}
POINT = given_point(GIVEN, SPACE)
BOUNDS = widened(POINT, SPACE)
N = 600


def rows(seed: int = 1) -> Dataset:
    """Loans of 12 months; the first two features tell of default."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, len(NAMES)))
    label = (rng.random(N) < 1 / (1 + np.exp(1.5 - x[:, 0] - x[:, 1]))).astype(float)
    month = np.arange(N) % 12
    return Dataset(np.arange(N), x, NAMES, label, label, np.ones(N), month, np.full(N, "train"))


def judge_of(sample: Dataset) -> TrialJudge:
    features = tuple(Feature(name, "f", "c", direction=0) for name in NAMES)
    catalogue = Catalogue((Concept("c", "f", "c", "c"),), features)
    return TrialJudge(sample, catalogue, SPLIT, ChosenFeatures.the_same(NAMES, SPLIT))


def stub(params: TrainParams, limits: Sequence[float]) -> JudgedTrial:
    """A loss with a known best: at a learning rate of .1 and 4 leaves."""
    off = np.log(params.booster.learning_rate / 0.1) ** 2 + (params.booster.num_leaves - 4) ** 2
    losses = (0.3 + off, 0.31 + off)
    late = len(limits) > 0 and losses[0] > limits[0]
    return JudgedTrial(losses[:1] if late else losses, np.full(N, off), late)


def search(trials: int, deadline: float = np.inf) -> Search:
    return Search(GIVEN, POINT, BOUNDS, seed=3, trials=trials, deadline=deadline)


def told(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials without their seconds, which differ in every run."""
    return [dataclasses.replace(record, seconds=0.0) for record in records]


def searched(
    folder: Path,
    trials: int,
    judge: Callable[[TrainParams, Sequence[float]], JudgedTrial] = stub,
) -> list[TrialRecord]:
    with open_journal(folder, "j", BOUNDS, POINT) as journal:
        search(trials).run(journal, InlineWorker(judge))
        return told(journal.records)


class Killed(Exception):
    """Stands for a run that ends in the middle of a trial."""


def test_a_search_stopped_in_the_middle_of_a_trial_goes_on_as_if_it_had_never_stopped(
    tmp_path: Path,
) -> None:
    whole = searched(tmp_path / "whole", 24)
    calls = []

    def dies(params: TrainParams, limits: Sequence[float]) -> JudgedTrial:
        calls.append(params)
        if len(calls) in (4, 15):
            raise Killed
        return stub(params, limits)

    for _ in range(2):
        with pytest.raises(Killed):
            searched(tmp_path / "parts", 24, dies)
    assert searched(tmp_path / "parts", 24, dies) == whole
    # The fault that this catches: a sampler seeded once a run would propose the first draws again.
    assert len({tuple(record.point.values()) for record in whole}) == 24


def test_the_trials_do_not_hang_on_how_many_run_side_by_side_or_which_ends_first(
    tmp_path: Path,
) -> None:
    class Shuffled(InlineWorker):
        """Holds `LAG` trials and ends the one that began last."""

        @property
        def free(self) -> int:
            return LAG - len(self._tasks)

    with open_journal(tmp_path, "j", BOUNDS, POINT) as journal:
        search(24).run(journal, Shuffled(stub))
        side_by_side = told(journal.records)
    assert side_by_side == searched(tmp_path / "one", 24)


def test_half_a_line_that_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    searched(tmp_path, 3)
    with (tmp_path / "j.log").open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    assert len(searched(tmp_path, 4)) == 4


def test_two_runs_on_one_journal_are_refused(tmp_path: Path) -> None:
    with (
        open_journal(tmp_path, "j", BOUNDS, POINT),
        pytest.raises(ModelError, match="another run writes"),
        open_journal(tmp_path, "j", BOUNDS, POINT),
    ):
        pass


def test_other_rows_or_parameters_have_another_journal() -> None:
    judge = judge_of(rows())
    one = digest_of(judge, GIVEN, BOUNDS, 1)
    assert digest_of(judge_of(rows()), GIVEN, BOUNDS, 1) == one
    other = dataclasses.replace(GIVEN, learners=("booster",))
    assert digest_of(judge_of(rows(2)), GIVEN, BOUNDS, 1) != one
    assert digest_of(judge, other, BOUNDS, 1) != one
    assert digest_of(judge, GIVEN, BOUNDS, 2) != one


def test_the_first_trial_is_the_given_one_and_the_search_finds_the_known_best(
    tmp_path: Path,
) -> None:
    found = searched(tmp_path, 40)
    best = with_point(GIVEN, best_of(found).point)
    assert found[0].point == POINT
    assert 0.07 < best.booster.learning_rate < 0.14 and best.booster.num_leaves == 4


def test_a_setting_matters_as_much_as_it_orders_the_losses() -> None:
    """The best value lies in the middle of one setting; the other moves nothing."""
    middle = np.geomspace(0.1, 10.0, 21)
    other = np.random.default_rng(1).permutation(middle)
    known = [
        TrialRecord(k, {"a": one, "b": two}, (np.log(one) ** 2,), False, 1.0)
        for k, (one, two) in enumerate(zip(middle, other, strict=True))
    ]
    shares = importances(known)
    assert shares["a"] > 0.9 > 0.4 > shares["b"] and list(shares) == ["a", "b"]
    assert importances(known[:5]) == {}


def test_a_trial_behind_the_median_is_given_up_and_is_never_the_best() -> None:
    known = [TrialRecord(k, POINT, (0.1 * k, 0.2 * k), False, 1.0) for k in range(1, 6)]
    assert give_up_limits(known[:4]) == ()
    assert give_up_limits(known) == pytest.approx((0.3, 0.6))
    early = TrialRecord(9, POINT, (0.01,), True, 1.0)
    given = TrialRecord(0, POINT, (0.9, 0.9), False, 1.0)
    assert best_of([given, *known, early]).ordinal == 1
    with pytest.raises(ModelError, match="given parameters"):
        best_of(known)
    with pytest.raises(ModelError, match="no trial came to its end"):
        best_of([early])


def test_no_trial_begins_that_cannot_end(tmp_path: Path) -> None:
    begun = []

    def slow(params: TrainParams, limits: Sequence[float]) -> JudgedTrial:
        begun.append(time.monotonic())
        time.sleep(0.4)
        return stub(params, limits)

    deadline = time.monotonic() + 1.5
    with open_journal(tmp_path, "j", BOUNDS, POINT) as journal:
        search(40, deadline).run(journal, InlineWorker(slow))
        least = min(record.seconds for record in journal.records)
    assert len(begun) >= 1 and max(begun) + least <= deadline + 0.05


def test_what_comes_after_the_training_months_cannot_move_a_trial() -> None:
    sample = rows()
    later = sample.month >= SPLIT.train_months
    turned = dataclasses.replace(sample, label=np.where(later, 1 - sample.label, sample.label))
    one = judge_of(sample).judge(GIVEN)
    assert judge_of(turned).judge(GIVEN).losses == one.losses
    assert np.isnan(one.margins[later]).all() and len(one.losses) == SPLIT.origins
    # What it is judged on does move it.
    judged = judge_of(sample).origins[0]
    other = dataclasses.replace(sample, label=np.where(judged, 1 - sample.label, sample.label))
    assert judge_of(other).judge(GIVEN).losses != one.losses


def test_a_later_origin_is_judged_by_no_choice_that_it_has_made() -> None:
    sample = rows()
    last = judge_of(sample).origins[-1]
    turned = dataclasses.replace(sample, label=np.where(last, 1 - sample.label, sample.label))
    margins = [judge_of(one).judge(GIVEN).margins for one in (sample, turned)]
    assert np.array_equal(margins[0], margins[1], equal_nan=True)


def test_a_gain_is_told_from_noise(tmp_path: Path) -> None:
    judge = judge_of(rows())
    weight = np.ones(N)
    truth = judge.rows.features[:, 0] + judge.rows.features[:, 1] - 1.5
    noise = np.random.default_rng(5).normal(size=N)

    def with_margins(folder: str, given: np.ndarray, best: np.ndarray) -> TrialJournal:
        with open_journal(tmp_path / folder, "j", BOUNDS, POINT) as journal:
            journal.add(TrialRecord(0, POINT, (0.5, 0.5), False, 1.0), given)
            journal.add(TrialRecord(1, POINT, (0.4, 0.4), False, 1.0), best)
        return journal

    real = with_margins("real", truth + noise, truth)
    assert gain_of_best(real, judge, weight).is_told
    assert gain_of_best(real, judge, weight).auc.value > 0
    later = gain_of_searching(real, judge, weight)
    # Only the origins after the first one: what is chosen there is judged later.
    assert later is not None and later.n_rows == judge.origins[-1].sum()
    luck = with_margins("luck", truth + 0.02 * noise, truth - 0.02 * noise)
    assert not gain_of_best(luck, judge, weight).is_told


def test_what_is_printed_is_what_was_tried() -> None:
    point = {**POINT, "booster.num_leaves": 6, "additive.penalties": 0.333}
    best = with_point(GIVEN, point)
    assert best.additive.penalties == (33.3, 3.33) and best.small == GIVEN.small
    changed = changed_values(GIVEN, best, SPACE)
    assert changed == {"booster.num_leaves": 6, "additive.penalties": (33.3, 3.33)}
    assert "  additive:\n    penalties: [33.3, 3.33]" in block(changed)


# table: path, lowest, highest, message
REFUSED = [
    ("booster.leaves", 1.0, 2.0, "no such parameter"),
    ("booster.is_monotone", 1.0, 2.0, "expected a number"),
    ("booster.lambda_l2", 0.0, 2.0, "log scale"),
]


@pytest.mark.parametrize(("path", "low", "high", "message"), REFUSED)
def test_a_space_that_cannot_be_searched_is_refused(
    path: str, low: float, high: float, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        given_point(GIVEN, {path: (low, high)})


# A run of its own, which the test kills: trials of 0.3 s and more, one after the other.
PROGRAM = """
from pathlib import Path
import sys, time
import tests.models.test_tuning as t

if __name__ == "__main__":
    folder, trials = Path(sys.argv[1]), int(sys.argv[2])
    with t.open_journal(folder, "j", t.BOUNDS, t.POINT) as journal, \\
            t.spawned(t.judge_of(t.rows()), 2) as workers:
        t.search(trials).run(journal, workers)
"""


@pytest.mark.slow
def test_a_killed_process_and_a_resumed_one_give_the_trials_of_an_uninterrupted_one(
    tmp_path: Path,
) -> None:
    program = tmp_path / "run.py"
    program.write_text(PROGRAM, encoding="utf-8")
    # Longer than a killed run would take by itself on a busy machine.
    patience = time.monotonic() + 300
    parts = tmp_path / "parts"
    first = subprocess.Popen([sys.executable, program, parts, "400"])
    margins = parts / "j"
    while len(list(margins.glob("*.npy"))) < 3 and time.monotonic() < patience:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    begun = len(list(margins.glob("*.npy")))
    assert 3 <= begun < 400
    trials = str(begun + LAG)
    for folder in (parts, tmp_path / "whole"):
        subprocess.run([sys.executable, program, folder, trials], check=True)
    records = []
    for folder in (parts, tmp_path / "whole"):
        with open_journal(folder, "j", BOUNDS, POINT) as journal:
            records.append(told(journal.records))
            values = [journal.margins(record.ordinal) for record in journal.records]
        records.append(values)
    assert records[0] == records[2] and len(records[0]) == begun + LAG
    assert all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(records[1], records[3], strict=True)
    )


@pytest.mark.slow
def test_the_deadline_cuts_a_running_trial_within_a_tenth_of_the_budget(tmp_path: Path) -> None:
    endless = dataclasses.replace(GIVEN, booster=dataclasses.replace(SHAPE, max_trees=2_000_000))
    with spawned(judge_of(rows()), 1) as workers:
        # The process is there: its libraries are loaded.
        workers.start(TrialTask(0, GIVEN, ()))
        assert workers.ended(time.monotonic() + 300)
        budget = 8.0
        start = time.monotonic()
        one = dataclasses.replace(search(40, start + budget), given=endless)
        with open_journal(tmp_path, "j", BOUNDS, POINT) as journal:
            one.run(journal, workers)
            assert journal.records == []
        _end(workers)
    assert 0.9 * budget <= time.monotonic() - start <= 1.1 * budget


def _end(workers: SpawnedWorkers) -> None:
    """End the processes within the time that the test measures."""
    workers.stop()
