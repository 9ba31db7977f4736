"""The booster keeps its signs, its text, its bits and its trees.

The check of signs finds a booster that does not.
"""

from __future__ import annotations

import dataclasses
import datetime

import lightgbm as lgb
import numpy as np
import pytest

from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams
from creditloom.models.training import training

from .worlds import World, world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
PARAMS = BoosterParams(
    feature_fraction=0.2, min_trees=30, max_trees=120, patience=30, min_data_in_leaf=20, threads=1
)


@pytest.fixture(scope="module")
def small() -> World:
    return world(5000, 1)


@pytest.fixture(scope="module")
def rows(small: World) -> Dataset:
    return join(small.matrix, small.labels, small.names, SPLIT)


@pytest.fixture(scope="module")
def fitted(small: World, rows: Dataset) -> tuple[lgb.Booster, dict[str, object]]:
    return booster.fit(rows.training(), small.signs, SPLIT, PARAMS)


def test_it_ranks_applicants_it_has_not_seen(
    rows: Dataset, small: World, fitted: tuple[lgb.Booster, dict[str, object]]
) -> None:
    oot = rows.out_of_time()
    truth = small.truth["defaulted"].to_numpy(float)[rows.role == "oot"]
    assert auc(truth, fitted[0].predict(oot.features)) > 0.65


def test_text_holds_exactly_the_trees_kept(
    rows: Dataset, fitted: tuple[lgb.Booster, dict[str, object]]
) -> None:
    grown, record = fitted
    text = grown.model_to_string()
    assert text.count("\nTree=") == record["trees"] == grown.num_trees()
    x = rows.features[:50]
    assert np.array_equal(booster.margins(text, x), grown.predict(x, raw_score=True))


def test_same_rows_same_text(
    small: World, rows: Dataset, fitted: tuple[lgb.Booster, dict[str, object]]
) -> None:
    again, _ = booster.fit(rows.training(), small.signs, SPLIT, PARAMS)
    assert again.model_to_string() == fitted[0].model_to_string()


def test_early_stopping_months_choose_the_number_of_trees(small: World, rows: Dataset) -> None:
    """Without a refit the last months must not shape the trees.

    Other labels there change how many trees are kept, not what they are.
    """
    train = rows.training()
    plain = dataclasses.replace(PARAMS, is_refit=False, min_trees=1)
    late = train.month >= 12
    turned = dataclasses.replace(train, label=np.where(late, 1 - train.label, train.label))
    first, second = (booster.fit(part, small.signs, SPLIT, plain)[0] for part in (train, turned))
    shared = min(first.num_trees(), second.num_trees())
    a, b = (
        f.predict(rows.features[:200], raw_score=True, num_iteration=shared)
        for f in (first, second)
    )
    assert np.array_equal(a, b) and second.num_trees() < first.num_trees()


def test_one_class_in_the_stopping_months_is_refused(small: World, rows: Dataset) -> None:
    train = rows.training()
    with pytest.raises(ModelError, match="in the last 3 months hold one class only"):
        booster.fit(
            dataclasses.replace(train, label=np.where(train.month >= 12, 0.0, train.label)),
            small.signs,
            SPLIT,
            PARAMS,
        )


def test_signs_hold_by_brute_force_and_break_without_constraints(
    small: World, rows: Dataset, fitted: tuple[lgb.Booster, dict[str, object]]
) -> None:
    train = rows.training()
    broken = training.check(fitted[0], train.features, train.names, small.signs)
    assert [b.name for b in broken if b.wrong_step > 0] == []
    free, _ = booster.fit(train, small.signs, SPLIT, dataclasses.replace(PARAMS, is_monotone=False))
    assert any(
        b.wrong_step > 0.01 for b in training.check(free, train.features, train.names, small.signs)
    )


def test_a_null_that_pays_is_found() -> None:
    """Applications without the value default least.

    Constraints bind values only, so null comes out safer than every value.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 1))
    x[rng.random(4000) < 0.3] = np.nan
    risk = np.where(np.isnan(x[:, 0]), 0.02, 0.2 + 0.2 * (x[:, 0] < 0))
    train_set = lgb.Dataset(x, (rng.random(4000) < risk).astype(float), feature_name=["paid"])
    grown = lgb.train(
        booster.settings(
            [-1], dataclasses.replace(PARAMS, feature_fraction=1.0, is_extra_trees=False)
        ),
        train_set,
        30,
    )
    (found,) = training.check(grown, x, ["paid"], [-1])
    assert found.wrong_step == 0 and found.null_gain > 0.1


def test_weights_are_clipped_to_mean_one(rows: Dataset) -> None:
    train = rows.training()
    w = booster.weights(train, 3.0)
    assert (
        w.mean() == pytest.approx(1)
        and w.max() / w.min() == pytest.approx(3)
        and train.weight.max() == 20
    )
