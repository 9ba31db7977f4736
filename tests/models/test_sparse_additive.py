"""Sparse penalties of the additive logit, and complexities chosen as the stack will use them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import TRAIN, Dataset, undated_dataset
from creditloom.models.sample.metrics import logloss
from creditloom.models.stacking import additive
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.procedure import HeldOutPaths, chosen, scaled_loss

N = 600
COLUMNS = 60
TOLD = 3  # columns that tell of default
PENALTIES = (300.0, 30.0, 3.0)
SPARSE = (40.0, 10.0)
# Without steps a column has one coefficient: the group lasso is then the lasso.
PARAMS = AdditiveParams(PENALTIES, SPARSE, total_steps=0)
LEARNER = AdditiveLearner(PARAMS)
FREE = (0,) * COLUMNS


def wide_rows(seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, COLUMNS))
    label = (rng.random(N) < expit(x[:, :TOLD].sum(axis=1) - 1)).astype(float)
    return undated_dataset(x, tuple(f"x{k}" for k in range(COLUMNS)), label, TRAIN)


ROWS = wide_rows(11)


def sizes(step: int, learner: AdditiveLearner = LEARNER) -> Floats:
    """Return how far the log-odds of each column reach."""
    return np.array([np.ptp(table) for table in learner.fit(ROWS, FREE, step).tables])


def test_of_many_columns_those_that_tell_nothing_lose_nearly_all() -> None:
    sparse = sizes(len(PENALTIES))
    ridge = sizes(1)
    assert sparse[:TOLD].min() > 20 * np.median(sparse[TOLD:])
    assert ridge[:TOLD].min() < 20 * np.median(ridge[TOLD:])


def test_a_sparse_penalty_finds_more_than_the_best_even_one_on_new_rows() -> None:
    new = wide_rows(12)
    margins = LEARNER.path(ROWS, FREE, new.features).T
    losses = [logloss(new.label, expit(margin)) for margin in margins]
    assert min(losses[len(PENALTIES) :]) < min(losses[: len(PENALTIES)]) - 0.01


def test_with_many_bads_for_a_column_no_sparse_penalty_is_tried_and_none_is_chosen() -> None:
    bads = ROWS.label.sum()
    dense = replace(PARAMS, enough_bads=bads / COLUMNS)
    margins = AdditiveLearner(dense).path(ROWS, FREE, ROWS.features)
    even = margins[:, : len(PENALTIES)]
    assert all(any((even == column[:, None]).all(axis=0)) for column in margins.T)
    one_more = replace(PARAMS, enough_bads=(bads + 1) / COLUMNS)
    tried = AdditiveLearner(one_more).path(ROWS, FREE, ROWS.features)
    assert (tried[:, len(PENALTIES) :] != margins[:, len(PENALTIES) :]).any()
    # A step that is the same fit again comes later: of equal losses the first is chosen.
    everyone = np.ones(N, bool)
    paths = HeldOutPaths({"additive": margins}, everyone)
    assert chosen(paths, ROWS.label, np.ones(N)).steps["additive"] < len(PENALTIES)


def test_many_reweightings_come_to_the_lasso(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow oracle: scikit-learn's lasso on the same design.

    penalty / 2 coef^2 / size has the slope of penalty |coef| at size = |coef|, so C = 1 / penalty.
    """
    monkeypatch.setattr(additive, "REWEIGHTINGS", 30)
    monkeypatch.setattr(additive, "LEAST_SIZE", 1e-6)
    columns, x, w = LEARNER._design(ROWS)
    task = additive._Task(columns, x, ROWS.label, w, None)
    found = dict(LEARNER._solutions(task))[len(PENALTIES) + 1][:-1]
    lasso = LogisticRegression(l1_ratio=1.0, C=1 / SPARSE[1], solver="saga", max_iter=5000)
    oracle = lasso.fit(x, ROWS.label).coef_[0]
    assert np.allclose(found, oracle, atol=0.01)


@pytest.mark.parametrize("step", range(LEARNER.steps))
def test_the_member_is_the_one_that_was_judged(step: int) -> None:
    judged = LEARNER.path(ROWS, FREE, ROWS.features)[:, step]
    assert np.allclose(LEARNER.fit(ROWS, FREE, step).margin(ROWS.features), judged, atol=1e-5)


def test_a_sparse_fit_keeps_the_signs() -> None:
    signs = (-1, 1, *FREE[2:])
    member = LEARNER.fit(ROWS, signs, len(PENALTIES))
    assert (np.diff(member.tables[0][:-1]) <= 0).all()
    assert (np.diff(member.tables[1][:-1]) >= 0).all()


# --- Complexities are chosen by the loss after a line ---


def test_a_margin_loses_nothing_by_its_scale() -> None:
    margin = ROWS.features[:, :TOLD].sum(axis=1) - 1
    told = scaled_loss(margin, ROWS.label, np.ones(N))
    assert scaled_loss(3 * margin + 2, ROWS.label, np.ones(N)) == pytest.approx(told, abs=1e-9)
    assert told <= logloss(ROWS.label, expit(margin))


def test_a_margin_that_ranks_backwards_tells_the_base_rate() -> None:
    margin = -ROWS.features[:, :TOLD].sum(axis=1)
    rate = np.full(N, ROWS.label.mean())
    assert scaled_loss(margin, ROWS.label, np.ones(N)) == logloss(ROWS.label, rate)


def test_the_better_ranking_is_chosen_though_it_is_too_sure_of_itself() -> None:
    """Catches a choice by the raw log-loss, which the stack's scaling makes wrong."""
    rng = np.random.default_rng(11)
    truth = ROWS.features[:, :TOLD].sum(axis=1) - 1
    modest = truth + rng.normal(size=N)
    path = np.stack([0.7 * modest, 5 * truth], axis=1)
    everyone = np.ones(N, bool)
    raw = [logloss(ROWS.label, expit(margin)) for margin in path.T]
    choice = chosen(HeldOutPaths({"one": path}, everyone), ROWS.label, np.ones(N))
    assert raw[0] < raw[1]
    assert choice.steps == {"one": 1}


def test_margins_of_one_value_have_a_loss_too() -> None:
    assert np.isfinite(scaled_loss(np.zeros(N), ROWS.label, np.ones(N)))
