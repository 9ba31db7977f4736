"""Covariance shares: sums, signs, correlation, tolerance, interval."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.sample import metrics

RNG = np.random.default_rng(2)


def test_independent_families_share_by_variance() -> None:
    phi = RNG.normal(size=(200_000, 3)) * [3.0, 1.0, 0.0]
    assert metrics.covariance_shares(phi) == pytest.approx([0.9, 0.1, 0.0], abs=0.01)


def test_shares_sum_to_one_and_a_family_that_works_against_the_rest_is_negative() -> None:
    lead = RNG.normal(size=5000)
    found = metrics.covariance_shares(np.column_stack([3 * lead, -lead]))
    assert found.sum() == pytest.approx(1) and found[1] < 0


def test_features_are_summed_into_their_family() -> None:
    phi = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    assert metrics.by_family(phi, ("a", "b", "a"), ("a", "b")).tolist() == [
        [1 + 4, 2],
        [8 + 32, 16],
    ]


def test_table_holds_target_tolerance_and_an_interval_around_the_share() -> None:
    phi = RNG.normal(size=(2000, 2)) * [2.0, 1.0]
    first, second = metrics.table(phi, ("a", "b"), {"a": 0.8}, (0.14, 0.1), 100, 1)
    assert first.low < first.share < first.high and (
        first.target,
        second.target,
        first.tolerance,
    ) == (0.8, 0.0, 0.14)
    free = metrics.table(phi, ("a", "b"), None, (0.1, 0.1), 10, 1)
    assert [row.target for row in free] == [None, None]


def test_the_worst_family_is_the_one_farthest_from_its_target() -> None:
    rows = [
        metrics.Share("a", 0.50, 0, 0, 0.46, 0.04),
        metrics.Share("b", 0.30, 0, 0, 0.36, 0.04),
        metrics.Share("c", 0.20, 0, 0, 0.18, 0.04),
    ]
    assert metrics.worst_family(rows) == {"family": "b", "of_tolerance": pytest.approx(1.5)}
    assert metrics.worst_family([metrics.Share("a", 1.0, 1, 1, None, 0.04)]) == {
        "family": None,
        "of_tolerance": None,
    }
