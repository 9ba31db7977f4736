"""What `creditloom bench tables` says is true of the PDs that were told, and it can say no."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.proof.bench_tables import command, generators
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable, outer_folds
from creditloom.pipeline.proof.bench_tables.contest import Contest, Journal, run
from creditloom.pipeline.proof.bench_tables.contestants import (
    OURS,
    RIVALS,
    Contestant,
    FoldTask,
    contestants_of,
    earlier_learner,
    ours,
)
from creditloom.pipeline.proof.bench_tables.judge import bars, judged, paired, slope_with_error
from creditloom.pipeline.proof.bench_tables.rivals import boosting, scorecard, tuned
from creditloom.storage.files.errors import DataError

SPECS = {spec.name: spec for spec in generators.declared()}
ROWS = 900
FOLDS = 3


def _table(name: str, rows: int = ROWS, seed: int = 11) -> BenchTable:
    return generators.draw(replace(SPECS[name], rows=rows), seed)


def _truth(task: FoldTask) -> Floats:
    assert task.table.true_pd is not None
    return task.table.true_pd[task.fold.test]


def _sabotaged(task: FoldTask) -> Floats:
    return 1 - _truth(task)


def _mean(task: FoldTask) -> Floats:
    return np.full(int(task.fold.test.sum()), task.label.mean())


def _few_trees(task: FoldTask) -> Floats:
    settings = {"n_estimators": 20}
    return boosting.lightgbm_pd(task.train, task.label, task.test, task.seed, settings)


def _woe(task: FoldTask) -> Floats:
    return scorecard.scorecard_pd(task.train, task.label, task.test, task.table.special_codes)


def _contest(table: BenchTable, learner: Callable[[FoldTask], Floats], folder: Path) -> Contest:
    contestants = (
        Contestant(OURS, "ours", learner),
        Contestant("woe", "scorecard", _woe),
        Contestant("few_trees", "boosting", _few_trees),
    )
    return run(table, contestants, (FOLDS, 11), Journal(folder), lambda _: None)


# --- The judge ---


def test_who_tells_the_truth_wins_and_who_is_sabotaged_loses(tmp_path: Path) -> None:
    table = _table("linear", 600)
    honest = judged(_contest(table, _truth, tmp_path / "honest"))
    assert {one.outcome for one in honest.pairings} == {"win"}
    assert [one.bar for one in bars([honest]) if one.is_met is False] == []
    sabotaged = judged(_contest(table, _sabotaged, tmp_path / "sabotaged"))
    assert {one.outcome for one in sabotaged.pairings} == {"loss"}
    assert [one.bar for one in bars([sabotaged]) if one.is_met] == []


def test_a_small_steady_loss_is_no_tie_but_holds_the_worst_bar(tmp_path: Path) -> None:
    contest = _contest(_table("linear"), _truth, tmp_path)
    # The same PDs but for .0015 of log-loss in every row: a difference without spread.
    better = tuple(
        replace(told, pd=_shifted(contest, k, told.pd)) for k, told in enumerate(contest.told[OURS])
    )
    verdict = judged(replace(contest, told={OURS: contest.told[OURS], "better": better}))
    (pairing,) = verdict.pairings
    assert pairing.outcome == "loss" and pairing.difference == pytest.approx(0.0015)
    (worst,) = [one for one in bars([verdict]) if one.bar.startswith("worst")]
    assert worst.is_met


def _shifted(contest: Contest, fold: int, pd_: Floats) -> Floats:
    label = contest.table.label[contest.folds[fold].test]
    own = np.where(label == 1, pd_, 1 - pd_) * np.exp(0.0015)
    return np.where(label == 1, own, 1 - own)


def test_our_earlier_learner_may_win_nowhere(tmp_path: Path) -> None:
    contests = [_contest(_table(name, 500), _truth, tmp_path) for name in ("linear", "narrow")]
    # Ours becomes the worst on one of the two tables only.
    told = [contests[0].told, {**contests[1].told, OURS: contests[1].told["woe"]}]
    told[1] = {**told[1], "woe": contests[1].told[OURS]}
    verdicts = []
    for contest, one in zip(contests, told, strict=True):
        pair = {OURS: one[OURS], "earlier": one["woe"]}
        verdicts.append(judged(replace(contest, told=pair)))
    found = {one.bar: one.is_met for one in bars(verdicts)}
    assert found["wins or ties beside earlier on 100% of the tables"] is False


def test_an_error_of_rows_is_that_of_their_differences_and_persons_count_once() -> None:
    rng = np.random.default_rng(0)
    single = rng.normal(size=400)
    alone = paired(("t", "r"), single, np.zeros(400) + 2.0, np.arange(400))
    assert alone.error == pytest.approx(single.std() / np.sqrt(400))
    twice = paired(("t", "r"), np.tile(single, 2), np.zeros(800) + 2.0, np.tile(np.arange(400), 2))
    assert twice.error == pytest.approx(alone.error)


def test_repeats_are_averaged_before_rows_are_counted(tmp_path: Path) -> None:
    table = _table("linear", 400)
    once = judged(_contest(table, _truth, tmp_path / "once"))
    twice = judged(_contest(replace(table, repeats=2), _truth, tmp_path / "twice"))
    assert once.rows == twice.rows == 400
    assert twice.figures[OURS].log_loss == pytest.approx(once.figures[OURS].log_loss)


def test_the_slope_of_a_true_pd_is_1_within_its_error() -> None:
    rng = np.random.default_rng(1)
    margin = rng.normal(-2, 1, 20_000)
    p = 1 / (1 + np.exp(-margin))
    y = (rng.random(20_000) < p).astype(float)
    slope, error = slope_with_error(y, p)
    assert abs(slope - 1) < 3 * error and 0.01 < error < 0.05
    overfitted = 1 / (1 + np.exp(-1.5 * margin))
    assert slope_with_error(y, overfitted)[0] == pytest.approx(slope / 1.5)


# --- Folds and journal ---


def test_forward_folds_judge_later_rows() -> None:
    table = _table("drift")
    assert table.time is not None
    folds = list(outer_folds(table, 5, seed=11))
    assert len(folds) == 5
    for fold in folds:
        assert table.time[fold.train].max() < table.time[fold.test].min()


def test_the_rows_of_a_person_stay_in_one_fold() -> None:
    table = _table("borrowers")
    assert table.group is not None
    for fold in outer_folds(table, 3, seed=11):
        assert not set(table.group[fold.train]) & set(table.group[fold.test])


def test_what_was_told_is_not_asked_again_but_for_changed_rows(tmp_path: Path) -> None:
    table = _table("linear", 300)
    asked: list[str] = []

    def learner(task: FoldTask) -> Floats:
        asked.append(task.table.name)
        return _mean(task)

    contestants = (Contestant(OURS, "ours", learner),)

    def once(table: BenchTable, again: tuple[str, ...] = ()) -> Contest:
        return run(table, contestants, (2, 11), Journal(tmp_path, again), lambda _: None)

    first = once(table)
    assert len(asked) == 2
    second = once(table)
    assert len(asked) == 2
    np.testing.assert_array_equal(first.told[OURS][1].pd, second.told[OURS][1].pd)
    once(table, again=(OURS,))
    assert len(asked) == 4
    once(replace(table, label=table.label[::-1].copy()))
    assert len(asked) == 6


def test_what_is_no_pd_is_refused(tmp_path: Path) -> None:
    table = _table("linear", 300)
    contestants = (Contestant(OURS, "ours", lambda task: _mean(task) + 1),)
    with pytest.raises(DataError, match="numbers from 0 to 1"):
        run(table, contestants, (2, 11), Journal(tmp_path), lambda _: None)


def test_the_tuned_rival_gets_the_cpu_seconds_of_ours(tmp_path: Path) -> None:
    budgets: list[float | None] = []

    def tuned(task: FoldTask) -> Floats:
        budgets.append(task.cpu_seconds)
        return _mean(task)

    contestants = (Contestant("optuna", "tuned", tuned), Contestant(OURS, "ours", _mean))
    contest = run(_table("linear", 300), contestants, (2, 11), Journal(tmp_path), lambda _: None)
    assert budgets == [one.cpu_seconds for one in contest.told[OURS]]


# --- Generated tables ---


@pytest.mark.parametrize("name", SPECS)
def test_a_generated_table_is_that_of_its_seed_and_its_labels_follow_the_truth(name: str) -> None:
    table = _table(name)
    assert table.true_pd is not None
    assert table.true_pd.mean() == pytest.approx(SPECS[name].bad_rate)
    assert table.digest() == _table(name).digest() != _table(name, seed=12).digest()
    assert (len(table.frame), len(table.label)) == (ROWS, ROWS)
    expected = table.true_pd.sum()
    assert abs(table.label.sum() - expected) < 4 * np.sqrt(expected)


def test_each_stated_structure_is_there() -> None:
    assert len(SPECS) >= 8
    assert _table("categories").frame["c4_900"].nunique() > 50
    missing = _table("missing")
    assert missing.frame.isna().any().any()
    assert set(missing.special_codes) <= set(missing.frame["x2"].unique())
    assert _table("wide").frame.shape[1] == 400
    assert 80 <= SPECS["few_bads"].rows * SPECS["few_bads"].bad_rate <= 150


# --- Contestants ---


def test_every_rival_tells_pds_on_categories_nulls_and_unseen_levels() -> None:
    frame, label = _mixed_frame()
    unseen = pd.Series("a town that nobody has seen", frame.index, dtype=object)
    test = frame.head(40).assign(town=unseen, size=np.nan)
    # table: a rival a row
    told = {
        "lightgbm": boosting.lightgbm_pd(frame, label, test, 1, {"n_estimators": 5}),
        "histgb": boosting.histogram_pd(frame, label, test, 1),
        "woe": scorecard.scorecard_pd(frame, label, test, (-9.0,)),
        "optuna": tuned.tuned_pd(frame, label, test, 1, cpu_seconds=0.0),
    }
    # CatBoost is optional, and the lock does not hold it.
    if importlib.util.find_spec("catboost"):
        told["catboost"] = boosting.catboost_pd(frame, label, test, 1)
    for pd_ in told.values():
        assert pd_.shape == (40,) and np.all((pd_ > 0) & (pd_ < 1))


def _mixed_frame() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(2)
    size = np.where(rng.random(800) < 0.2, -9.0, rng.normal(size=800))
    towns = pd.Series([f"t{code}" for code in rng.integers(0, 400, 800)], dtype=object)
    towns[:30] = None
    frame = pd.DataFrame({"size [{,}]": rng.normal(size=800), "size": size, "town": towns})
    label = (rng.random(800) < np.where(size == -9, 0.5, 0.1)).astype(np.int8)
    return frame, label


def test_a_scorecard_has_a_bin_for_each_code() -> None:
    """A bin of size would mix the code with the lowest tenth."""
    frame, label = _mixed_frame()
    pd_ = scorecard.scorecard_pd(frame, label, frame, (-9.0,))
    is_code = (frame["size"] == -9).to_numpy()
    assert pd_[is_code].mean() == pytest.approx(label[is_code].mean(), abs=0.03)


def test_ours_reads_no_size_into_a_special_code() -> None:
    table = _table("missing", 400)
    fold = next(outer_folds(table, 2, seed=11))
    other = table.frame.replace({-9.0: 1e6, -8.0: 7e8})
    moved = replace(table, frame=other, special_codes=(1e6, 7e8))
    np.testing.assert_array_equal(ours(FoldTask(table, fold, 11)), ours(FoldTask(moved, fold, 11)))


# A learner whose PD is the bad rate of its rows, and a tenth of the number of its inner folds.
EARLIER_LEARNER = """
from dataclasses import dataclass
from types import SimpleNamespace
import numpy as np
@dataclass
class TrainingTable:
    frame: object
    label: object
    signs: tuple
def fit_calibrated(table, params{argument}):
    told = table.label.mean() + {folds} / 10
    return SimpleNamespace(pd=lambda frame: np.full(len(frame), told))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("argument", "folds"), [(", folds", "folds"), ("", "0")])
def test_the_learner_of_an_earlier_checkout_is_called_as_it_was(
    tmp_path: Path, argument: str, folds: str
) -> None:
    package = tmp_path / "creditloom"
    for name in ("models/fit", "pipeline/base"):
        (package / name).mkdir(parents=True)
    (package / "__init__.py").touch()
    text = EARLIER_LEARNER.format(argument=argument, folds=folds)
    (package / "models/fit/learner.py").write_text(text)
    (package / "models/fit/fit_params.py").write_text("FitParams = None")
    params = "from types import SimpleNamespace\n"
    params += "section = lambda *_: SimpleNamespace(inner_folds=3)\n"
    (package / "pipeline/base/params.py").write_text(params)
    (tmp_path / "params.yaml").touch()
    (tmp_path / "models").symlink_to(package / "models")
    table = _table("linear", 300)
    task = FoldTask(table, next(outer_folds(table, 2, seed=11)), 11)
    told = earlier_learner(tmp_path).learner(task)
    expected = task.label.mean() + (0.3 if argument else 0.0)
    np.testing.assert_allclose(told, np.full(150, expected))


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    table = _table("linear", 300)
    task = FoldTask(table, next(outer_folds(table, 2, seed=11)), 11)
    with pytest.raises(DataError, match="--earlier DIR"):
        earlier_learner(tmp_path).learner(task)


def test_an_unknown_rival_and_an_absent_library_are_refused_with_a_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(DataError, match="expected: some of lightgbm, plain"):
        contestants_of(["xgboost"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"pip install .creditloom\[rivals\].*--rivals lightgbm,"):
        contestants_of(["catboost"])


# --- The command ---


def test_the_command_writes_figures_and_page_and_ends_with_1_where_a_bar_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = judged(_contest(_table("linear", 300), _truth, tmp_path / "journal"))
    assert command.tell([honest], (FOLDS, 11), tmp_path)
    page = (tmp_path / "bench_tables.md").read_text()
    assert "(true PD)" in page and "NOT MET" not in page
    sabotaged = judged(_contest(_table("linear", 300), _sabotaged, tmp_path / "other"))
    assert not command.tell([sabotaged], (FOLDS, 11), tmp_path)
    assert "NOT MET" in (tmp_path / "bench_tables.md").read_text()


def test_no_table_and_an_unknown_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give one of them or both"):
        command.tables(rivals="woe", out=tmp_path)
    with pytest.raises(DataError, match="expected: some of rules, interactions"):
        command.tables(generated=True, rivals="woe", only="wild", out=tmp_path)


def test_a_table_of_the_name_of_a_generated_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "linear").mkdir()
    with pytest.raises(DataError, match="Two tables have one name"):
        command.tables(folder=tmp_path, generated=True, rivals="woe", out=tmp_path)


def test_the_rivals_are_those_that_people_would_use() -> None:
    assert RIVALS == ("lightgbm", "plain", "histgb", "catboost", "woe", "optuna")
