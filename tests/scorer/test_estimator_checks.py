"""scikit-learn's own checks of estimators: one is excepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.scorer.light import LightScorer

EXCEPTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 lies in one fold inside the fit, its two copies in two folds: the stack "
        "and the rounds are then chosen on other rows. With the copies in one group they agree "
        "nearly (test_scikit_learn)"
    ),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([LightScorer()], expected_failed_checks=lambda _: EXCEPTED)
def test_check(estimator: LightScorer, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.filterwarnings("ignore:no column tells")
def test_names_of_columns_are_checked_as_by_every_estimator() -> None:
    """scikit-learn asks this of its own estimators only."""
    estimator_checks.check_dataframe_column_names_consistency("LightScorer", LightScorer())


def test_few_checks_are_excepted() -> None:
    assert len(EXCEPTED) <= 5
    assert all(EXCEPTED.values())
