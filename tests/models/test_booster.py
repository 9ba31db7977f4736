"""The booster keeps its signs, its text, its bits and its trees.

The check of signs finds a booster that does not.
"""

from __future__ import annotations

import dataclasses
import datetime

import lightgbm as lgb
import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners import booster
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import ChosenFeatures, Dataset, join, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams
from creditloom.models.stacking.additive import AdditiveParams
from creditloom.models.stacking.boosted import Capacity
from creditloom.models.stacking.procedure import chosen, held_out_paths
from creditloom.models.stacking.stack import StackParams
from creditloom.models.training import training
from creditloom.models.training.held_out import origin_folds
from creditloom.models.training.training import TrainingResult, TrainParams

from .worlds import World, world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
PARAMS = BoosterParams(
    feature_fraction=0.2, min_trees=20, max_trees=120, min_data_in_leaf=20, threads=1
)
LEARNERS = ("booster", "small", "additive")
TRAIN = TrainParams(
    learners=LEARNERS,
    booster=PARAMS,
    small=Capacity((20, 40), dataclasses.replace(PARAMS, num_leaves=4)),
    additive=AdditiveParams(penalties=(300.0, 30.0), total_steps=0),
    stack=StackParams(),
)


@pytest.fixture(scope="module")
def small() -> World:
    return world(5000, 1)


@pytest.fixture(scope="module")
def rows(small: World) -> Dataset:
    return join(small.matrix, small.labels, small.names, SPLIT)


@pytest.fixture(scope="module")
def fitted(small: World, rows: Dataset) -> TrainingResult:
    return trained(small, rows.training())


def trained(small: World, train: Dataset, learners: tuple[str, ...] = LEARNERS) -> TrainingResult:
    params = dataclasses.replace(TRAIN, learners=learners)
    return training.train(train, catalogue(small), SPLIT, params, RidgeParams(penalties=(300.0,)))


def catalogue(small: World) -> Catalogue:
    """A concept per feature, with the world's signs."""
    features = [
        Feature(name=name, family="f", concept=name, direction=sign)
        for name, sign in zip(small.names, small.signs, strict=True)
    ]
    concepts = [Concept(name, "f", name, name) for name in small.names]
    return Catalogue(tuple(concepts), tuple(features))


def test_it_ranks_applicants_it_has_not_seen(
    rows: Dataset, small: World, fitted: TrainingResult
) -> None:
    oot = rows.out_of_time()
    truth = small.truth["defaulted"].to_numpy(float)[rows.role == "oot"]
    assert auc(truth, fitted.booster.predict(oot.features)) > 0.65


def test_text_gives_the_margins_of_the_stack(rows: Dataset, fitted: TrainingResult) -> None:
    assert fitted.text.count("\nTree=") == fitted.record["trees"] == fitted.booster.num_trees()
    x = rows.features[:50]
    margin = fitted.booster.predict(x, raw_score=True)
    assert np.array_equal(booster.margins(fitted.text, x), margin)


def test_same_rows_same_text(small: World, rows: Dataset, fitted: TrainingResult) -> None:
    assert trained(small, rows.training()).text == fitted.text


def test_judged_months_choose_and_do_not_teach(small: World, rows: Dataset) -> None:
    """They choose the number of trees of members that have not learnt from them.

    With other labels in the last origin's months, the losses differ and its margins do not.
    """
    train = rows.training()
    late = train.month >= 12
    turned = dataclasses.replace(train, label=np.where(late, 1 - train.label, train.label))
    learners = dataclasses.replace(TRAIN, learners=("booster",)).named_learners()
    sign_of = dict(zip(small.names, small.signs, strict=True))
    same = ChosenFeatures.the_same(small.names, SPLIT)
    first, second = (
        held_out_paths(origin_folds(part, sign_of, SPLIT, same), learners, len(late))
        for part in (train, turned)
    )
    judged = first.is_judged
    assert sorted(set(train.month[judged])) == list(range(6, 15))
    assert np.array_equal(first.paths["booster"][judged], second.paths["booster"][judged])
    weight = np.ones(len(late))
    steps = [chosen(paths, train.label, weight).losses for paths in (first, second)]
    assert steps[0] == steps[1]
    assert chosen(second, turned.label, weight).losses != steps[0]


def test_one_class_before_an_origin_is_refused(small: World, rows: Dataset) -> None:
    train = rows.training()
    good = dataclasses.replace(train, label=np.where(train.month < 6, 0.0, train.label))
    with pytest.raises(ModelError, match="Months before 6: expected bads and goods, got 0 bads"):
        trained(small, good)


def test_the_record_tells_what_the_nested_procedure_reaches(fitted: TrainingResult) -> None:
    origins = fitted.record["inner_auc_by_origin"]
    assert [one["first_month"] for one in origins] == [6, 9, 12]
    assert [one["n_bads"] > 10 for one in origins] == [True] * 3
    assert 0.55 < fitted.record["inner_auc"] < 0.85
    assert len(fitted.held_out.margin) == len(fitted.held_out.ridge_margin)
    assert np.isfinite(fitted.held_out.margin).all()


def test_signs_hold_by_brute_force_and_break_without_constraints(
    small: World, rows: Dataset, fitted: TrainingResult
) -> None:
    train = rows.training()
    broken = training.check(fitted.booster, train.features, train.names, small.signs)
    assert [b.name for b in broken if b.wrong_step > 0] == []
    free = booster.boost(train, small.signs, dataclasses.replace(PARAMS, is_monotone=False), 120)
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


def test_columns_of_arrow_are_binned_as_the_matrix_is(rows: Dataset) -> None:
    """Nulls, whole numbers and one value alone among them; a null read as 0 is another forest."""
    loans = rows.training()
    features = loans.features.copy()
    features[::7, 0] = np.nan
    features[:, 1] = np.round(features[:, 1])
    features[:, 2] = 1.0
    spoilt = dataclasses.replace(loans, features=features)
    zeroed = dataclasses.replace(loans, features=np.nan_to_num(features))
    settings = booster.settings([0] * len(loans.names), PARAMS)

    def trees(given: object) -> str:
        grown = booster.train_booster(settings, lgb.Dataset(given, loans.label), 20)
        # Before and behind the trees stand the names of the columns, which a matrix does not have.
        return grown.model_to_string().partition("Tree=0")[2].partition("end of trees")[0]

    assert trees(booster.by_column(spoilt)) == trees(features)
    assert trees(booster.by_column(zeroed)) != trees(features)


def test_columns_that_share_a_bundle_are_binned_the_same_each_time() -> None:
    """Sparse columns share bins; where two have a value in one row, the last one written counts.

    With a thread for each column the writer differs from time to time, and so do the trees.
    """
    rng = np.random.default_rng(3)
    x = np.zeros((40_000, 30))
    for column in range(30):
        x[column::31, column] = rng.integers(1, 8, len(x[column::31]))
    # So few rows with two values that LightGBM bundles the columns nevertheless.
    for pair in range(4):
        x[31 * (600 + pair) - 1, [pair, 15 + pair]] = 7.0
    bad = (rng.random(len(x)) < 0.2 + 0.03 * x[:, [0, 1, 2, 3, 15, 16, 17, 18]].sum(axis=1)) * 1.0
    loans = undated_dataset(x, tuple(f"f{i}" for i in range(30)), bad, "train")
    shape = {"num_threads": 2, "feature_fraction": 1.0, "extra_trees": False, "num_leaves": 31}
    growing = {**booster.settings([0] * 30, PARAMS), **shape}

    def trees(data: lgb.Dataset) -> str:
        grown = booster.train_booster(growing, data, 3)
        return grown.model_to_string().partition("Tree=0")[2].partition("end of trees")[0]

    weight = booster.weights(loans, PARAMS.max_weight)
    by_row = trees(lgb.Dataset(x, loans.label, weight=weight))
    found = {trees(booster.train_set(loans, PARAMS, growing)) for _ in range(20)}
    assert found == {by_row}
