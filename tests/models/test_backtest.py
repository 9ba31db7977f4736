"""The backtest: honest at each origin, and blind to what follows it."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams
from creditloom.models.selection.feature_choice import SelectionParams, SelectParams
from creditloom.models.stacking.additive import AdditiveParams
from creditloom.models.stacking.boosted import Capacity
from creditloom.models.stacking.stack import StackParams
from creditloom.models.training.backtest import (
    BacktestOrigin,
    BacktestParams,
    backtest,
    ended_months,
    inner_split,
)
from creditloom.models.training.training import TrainParams

N = 6_000
NAMES = tuple(f"f{i}" for i in range(30))
CATALOGUE = Catalogue(
    (Concept("c", "f", "c", "c"),), tuple(Feature(name, "f", "c") for name in NAMES)
)
SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
SHAPE = BoosterParams(
    max_trees=40,
    min_trees=20,
    num_leaves=4,
    feature_fraction=0.5,
    min_data_in_leaf=20,
    learning_rate=0.1,
    threads=1,
)
SELECT = SelectParams(8, 1, 1, SelectionParams(), SHAPE, origin_seeds=1)
ADDITIVE = AdditiveParams((100.0, 10.0), total_steps=0)
LEARNERS = ("booster", "additive")
TRAIN = TrainParams(LEARNERS, SHAPE, Capacity((20,), SHAPE), ADDITIVE, StackParams())
PARAMS = BacktestParams(SPLIT, SELECT, TRAIN, RidgeParams((10.0, 100.0, 1000.0)))


def loans() -> Dataset:
    """Loans of 18 months; four of thirty features tell of default."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(N, len(NAMES)))
    bad = (rng.random(N) < 1 / (1 + np.exp(2.0 - 0.6 * x[:, :4].sum(axis=1)))).astype(float)
    ids = np.arange(N)
    return Dataset(ids, x, NAMES, bad, bad, np.ones(N), ids % 18, np.full(N, "train"))


def run(rows: Dataset, became: Dataset | None = None) -> list[BacktestOrigin]:
    ended = rows if became is None else became
    return list(backtest(rows, rows, ended, CATALOGUE, PARAMS, lambda _: None))


@pytest.fixture(scope="module")
def found() -> list[BacktestOrigin]:
    return run(loans())


def test_each_origin_promises_about_what_follows(found: list[BacktestOrigin]) -> None:
    assert [one.first_month for one in found] == [6, 9, 12]
    assert all(one.bads > 100 and one.following_bads > 50 for one in found)
    assert all(0.65 < one.auc < 0.9 and 0.65 < one.ridge_auc < 0.9 for one in found)
    assert abs(np.mean([one.promised_too_much for one in found])) < 0.05


def test_what_follows_an_origin_changes_none_of_its_promise(found: list[BacktestOrigin]) -> None:
    """With the labels from month 12 on turned round, the last origin promises the same."""
    rows = loans()
    label = np.where(rows.month >= 12, 1 - rows.label, rows.label)
    turned = run(dataclasses.replace(rows, label=label, outcome=label))
    assert [one.inner_auc for one in turned] == [one.inner_auc for one in found]
    assert turned[-1].auc == pytest.approx(1 - found[-1].auc)


def test_what_became_of_the_loans_judges_and_not_what_was_known(
    found: list[BacktestOrigin],
) -> None:
    """Of months 12 to 14 two bads in three are not known yet: the origin is judged by all of them.

    The origins promise the same, as what became of the loans teaches nothing.
    """
    rows = loans()
    is_unknown = (rows.month >= 12) & (rows.application_id % 3 > 0)
    so_far = np.where(is_unknown, 0.0, rows.label)
    early = run(dataclasses.replace(rows, label=so_far, outcome=so_far), loans())
    assert [one.inner_auc for one in early] == [one.inner_auc for one in found]
    assert [one.auc for one in early] == [one.auc for one in found]
    assert early[-1].following_bads == found[-1].following_bads
    assert all(one.is_ended for one in early)


def test_a_month_whose_loans_have_not_ended_is_judged_by_what_is_known() -> None:
    """Of month 13 the file tells the bads and a few goods: by them alone it would be all bad."""
    known = loans()
    is_open = (known.month == 13) & (known.label == 0) & (known.application_id % 10 > 0)
    final = dataclasses.replace(known, outcome=np.where(is_open, np.nan, known.outcome))
    ended = ended_months(known, final)
    assert sorted(set(known.month) - set(ended.month)) == [13]
    origins = run(known, ended)
    assert [one.is_ended for one in origins] == [True, True, False]
    assert origins[-1].following_bads == int(known.label[known.month // 3 == 4].sum())


def test_half_of_the_months_before_an_origin_are_judged_inside_it() -> None:
    inner = [inner_split(SPLIT, months) for months in (2, 5, 6, 9, 15)]
    assert [(one.train_months, one.origin_months, one.origins) for one in inner] == [
        (2, 1, 1),
        (5, 1, 2),
        (6, 1, 3),
        (9, 1, 3),
        (15, 2, 3),
    ]
