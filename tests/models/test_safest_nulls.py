"""A null that a promised change turns into a value: no value is safer, in every form of a model."""

from __future__ import annotations

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset, undated_dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.split import TRAIN
from creditloom.models.stacking.additive import AdditiveLearner, AdditiveParams
from creditloom.models.stacking.boosted import BoostedLearner, stand_ins
from creditloom.models.stacking.learner import Learner
from creditloom.models.stacking.procedure import stacked_trees
from creditloom.models.stacking.stack import Stack
from creditloom.models.stacking.tree_text import feature_infos, model_text
from creditloom.models.training.safest_nulls import (
    SafestNullsLearner,
    null_readings,
    safest_values,
)

NAMES = ("risky", "safe", "whole", "free")
SIGNS = (1, -1, 1, 0)
# In log-odds: less would be noise.
RISKIER = 0.1
# Sums of the same leaves in another order.
TOLERANCE = 1e-12
# The path of the additive learner is computed in float32.
PATH_TOLERANCE = 1e-6
BOOSTED = BoostedLearner(
    BoosterParams(num_leaves=5, min_data_in_leaf=10, min_sum_hessian=0.0, threads=1), (6,), 4
)
ADDITIVE = AdditiveLearner(AdditiveParams(penalties=(3.0,), max_bins=8))
HELD = AdditiveLearner(AdditiveParams(penalties=(3.0,), max_bins=8, is_null_held=True))
BOTH = pytest.mark.parametrize("learner", [BOOSTED, ADDITIVE], ids=["booster", "additive"])


def rows_of(seed: int, null_log_odds: float, n: int = 400) -> Dataset:
    """Two signed columns with nulls of so many log-odds, one without nulls, and a free one."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    logit = -0.5 + x[:, 0] - x[:, 1] + 0.5 * x[:, 2]
    for k in (0, 1):
        is_null = rng.random(n) < 0.3
        x[is_null, k] = np.nan
        logit[is_null] = null_log_odds
    label = (rng.random(n) < expit(logit)).astype(float)
    return undated_dataset(x, NAMES, label, TRAIN)


def text_margins(learner: Learner, rows: Dataset, names: Sequence[str], asked: Floats) -> Floats:
    """What the text of the model says: consumers have nothing else."""
    member = learner.fit(rows, SIGNS, 0)
    trees = stacked_trees([member], Stack(("a",), (1.0,), 0.0), null_readings(rows, SIGNS, names))
    text = model_text(trees, rows.names, feature_infos(rows.features), SIGNS)
    said = lgb.Booster(model_str=text).predict(asked, raw_score=True)
    np.testing.assert_allclose(said, member.margin(asked), atol=TOLERANCE)
    base, phi = member.contributions(asked)
    np.testing.assert_allclose(said, base + phi.sum(axis=1), atol=TOLERANCE)
    path = learner.path(rows, SIGNS, asked)[:, 0]
    np.testing.assert_allclose(said, path, atol=PATH_TOLERANCE)
    return said


def gain_of_null(learner: Learner, rows: Dataset, names: Sequence[str], column: int) -> float:
    """How much safer the safest of many values is than null, in log-odds, all else equal."""
    values = np.array([np.nan, -1e9, *np.nanquantile(rows.features[:, column], [0, 0.5, 1]), 1e9])
    asked = np.repeat(rows.features[:20], len(values), axis=0)
    asked[:, column] = np.tile(values, 20)
    said = text_margins(learner, rows, names, asked).reshape(20, len(values))
    return float((said[:, 0] - said[:, 1:].min(axis=1)).max())


@BOTH
@settings(max_examples=5)
@given(st.integers(0, 1000), st.sampled_from([-3.0, 3.0]))
def test_no_value_is_safer_than_the_null_of_a_feature_on_the_list(
    learner: Learner, seed: int, null_log_odds: float
) -> None:
    rows = rows_of(seed, null_log_odds)
    names = NAMES[:3]
    for column in range(3):
        wrapped = SafestNullsLearner(learner, names)
        assert gain_of_null(wrapped, rows, names, column) <= TOLERANCE


@BOTH
def test_a_null_that_is_not_on_the_list_may_be_risky(learner: Learner) -> None:
    """So the claim above can fail: nulls of many bads are riskier than the safest value."""
    assert (
        gain_of_null(SafestNullsLearner(learner, ("safe",)), rows_of(1, 3.0), ("safe",), 0)
        > RISKIER
    )


@BOTH
def test_an_empty_list_changes_nothing(learner: Learner) -> None:
    rows = rows_of(2, 1.0)
    asked = rows.features[:50]
    wrapped = SafestNullsLearner(learner, ())
    assert np.array_equal(
        wrapped.fit(rows, SIGNS, 0).margin(asked), learner.fit(rows, SIGNS, 0).margin(asked)
    )


def test_the_safest_value_is_the_least_of_a_risky_feature_and_the_most_of_a_safe_one() -> None:
    rows = rows_of(3, 1.0)
    found = safest_values(rows, SIGNS, ("safe", "risky", "strange"))
    x = rows.features
    assert found[:2].tolist() == [np.nanmin(x[:, 0]), np.nanmax(x[:, 1])]
    assert np.isnan(found[2:]).all()


def test_a_null_that_training_never_had_is_read_as_the_safest_value_too() -> None:
    rows = rows_of(3, 1.0)
    usual = stand_ins(rows.features)
    found = null_readings(rows, SIGNS, ("risky", "whole"))
    assert np.isnan(found[:2]).all() and found[3] == usual[3]
    assert found[2] == rows.features[:, 2].min() < usual[2]


def test_a_feature_without_a_sign_is_refused() -> None:
    with pytest.raises(ModelError, match="`free` has no sign"):
        safest_values(rows_of(3, 1.0), SIGNS, ("free",))


@pytest.mark.parametrize(("column", "safest_bin"), [(0, 0), (1, -2)])
def test_the_null_of_a_signed_column_is_held_at_its_safest_value_where_asked(
    column: int, safest_bin: int
) -> None:
    """Nulls of few bads are safer than every value, unless the null is held."""
    rows = rows_of(4, -3.0)
    plain, held = (one.fit(rows, SIGNS, 0).tables[column] for one in (ADDITIVE, HELD))
    assert plain[-1] < plain[safest_bin] == plain[:-1].min()
    assert held[-1] == held[safest_bin] == plain[safest_bin]
    assert np.array_equal(held[:-1], plain[:-1])
