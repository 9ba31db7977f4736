"""Shares that two models agree on.

Those of one model where the two are the same, without what each made of its own noise.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.sample.metrics import covariance_shares
from creditloom.pipeline.proof.share_recovery import (
    absent_families,
    common_shares,
    even_contributions,
)


def test_a_model_agrees_with_itself_on_its_covariance_shares() -> None:
    phi = np.random.default_rng(1).normal(size=(1000, 3)) * [3.0, 2.0, 1.0]
    np.testing.assert_allclose(common_shares(phi, phi), covariance_shares(phi))


def test_what_each_model_made_of_its_own_noise_is_no_share() -> None:
    """Truth 9 : 1; both models follow it and add noise of variance 9 under the second family."""
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(200_000, 2)) * [3.0, 1.0]
    one, other = (truth + rng.normal(size=truth.shape) * [0.0, 3.0] for _ in range(2))
    assert covariance_shares(one)[1] == pytest.approx(10 / 19, abs=0.01)
    assert common_shares(one, other) == pytest.approx([0.9, 0.1], abs=0.01)


def test_a_family_is_absent_where_none_of_its_columns_is_there() -> None:
    x = np.array([[1.0, np.nan, np.nan], [np.nan, np.nan, 2.0], [np.nan, 1.0, np.nan]], np.float32)
    found = absent_families(
        x, ("payment_flow", "payment_flow", "bureau"), ("payment_flow", "bureau")
    )
    assert found.tolist() == [[False, True], [True, False], [False, True]]


def test_what_an_absence_tells_is_shared_by_those_absent() -> None:
    """Two families that go missing together share alike.

    One that goes missing alone keeps its own share, and no total changes.
    """
    phi = np.array([[4.0, 0.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.0, 5.0]])
    absent = np.array([[True, True, False], [False, False, False], [False, False, True]])
    found = even_contributions(phi, absent)
    assert found.tolist() == [[2.0, 2.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.0, 5.0]]
    assert found.sum(axis=1) == pytest.approx(phi.sum(axis=1))
