"""The challenger, a ridge logit.

The right answer, finite on anything, the same from its JSON, nothing learnt from judged months.
"""

from __future__ import annotations

import datetime
import json

import numpy as np
import pytest

from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import RidgeParams
from creditloom.models.sample.dataset import Dataset, join
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams

from .worlds import world

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
PARAMS = RidgeParams(penalties=(10.0, 100.0, 1000.0))


@pytest.fixture(scope="module")
def rows() -> Dataset:
    w = world(5000, 2)
    return join(w.matrix, w.labels, w.names, SPLIT)


@pytest.fixture(scope="module")
def fitted(rows: Dataset) -> ridge.Ridge:
    return ridge.fit(rows.training(), SPLIT, PARAMS)


def test_solution_equals_sklearn() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 5)).astype(np.float32)
    w = rng.uniform(0.5, 2, 2000)
    y = (rng.random(2000) < 1 / (1 + np.exp(2 - x @ np.array([1, -1, 0.5, 0, 0])))).astype(float)
    theta = ridge.solve(x, y, w, 50.0)
    reference = LogisticRegression(C=1 / 50, tol=1e-8).fit(x, y, sample_weight=w)
    assert theta == pytest.approx(np.append(reference.coef_[0], reference.intercept_), abs=2e-3)


def test_it_ranks_and_its_json_is_itself(rows: Dataset, fitted: ridge.Ridge) -> None:
    again = ridge.from_json(json.loads(json.dumps(ridge.to_json(fitted))))
    oot = rows.out_of_time()
    assert np.array_equal(again.margin(oot.features), fitted.margin(oot.features))
    known = ~np.isnan(oot.outcome)
    assert auc(oot.outcome[known], fitted.margin(oot.features)[known], oot.weight[known]) > 0.65


def test_columns_are_finite_for_null_huge_constant_and_empty(rows: Dataset) -> None:
    x = rows.training().features.copy()
    x[:, 0] = 7.0
    x[:, 1] = np.nan
    x[0, 2] = 1e300
    train = rows.training()
    strange = Dataset(
        train.application_id,
        x,
        train.names,
        train.label,
        train.outcome,
        train.weight,
        train.month,
        train.role,
    )
    assert np.isfinite(ridge.design_of(strange, PARAMS).columns(x)).all()


def test_one_flag_per_pattern_of_nulls(rows: Dataset) -> None:
    """Six families, each absent as a whole: six patterns, whatever the number of features."""
    assert len(ridge.design_of(rows.training(), PARAMS).flags) == 6


def test_penalty_has_the_least_loss_of_those_tried(fitted: ridge.Ridge) -> None:
    losses = dict(fitted.logloss_by_penalty)
    assert set(losses) == set(PARAMS.penalties) and losses[fitted.penalty] == min(losses.values())
