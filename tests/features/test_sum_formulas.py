"""Compiled formulas over sums give the bits of the array expressions that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.features.aggregates.event_columns import divide
from creditloom.features.aggregates.sum_formulas import (
    VARIANCE_ROUNDING,
    at_places,
    bin_slopes,
    bin_variations,
    interval_variations,
    largest_bin_shares,
    relative_differences,
    variances,
    variations,
)

APPLICATIONS = 50
COUNTS = np.array([1, 3, 12], np.int64)


def fold(planes: np.ndarray) -> np.ndarray:
    """The sum of planes, added one after the other."""
    total = planes[0].copy()
    for plane in planes[1:]:
        total += plane
    return total


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=True)


@pytest.fixture(scope="module")
def binned() -> np.ndarray:
    """Bins of amounts, with applications of which all bins are 0, or equal."""
    made = np.random.default_rng(3).gamma(0.3, 1e4, (13, APPLICATIONS))
    made[:, 0] = 0.0
    made[:, 1] = 0.1
    return made[:12]


def test_spread_of_bins(binned: np.ndarray) -> None:
    def variation(k: int) -> np.ndarray:
        mean = fold(binned[:k]) / k
        square = fold(binned[:k] * binned[:k]) / k
        return divide(np.sqrt(np.maximum(square - mean * mean, 0.0)), mean)

    wanted = np.stack([variation(k) for k in COUNTS.tolist()])
    assert same_bits(bin_variations(binned, COUNTS), wanted)
    assert np.isnan(wanted[:, 0]).all() and not np.isnan(wanted[:, 2]).any()


def test_slope_and_largest_share_of_bins(binned: np.ndarray) -> None:
    def slope(k: int) -> np.ndarray:
        centre = (k - 1) / 2
        weights = [centre - b for b in range(k)]
        moment = fold(np.stack([weight * binned[b] for b, weight in enumerate(weights)]))
        return divide(moment / sum(weight**2 for weight in weights), fold(binned[:k]) / k)

    counts = COUNTS[1:]
    assert same_bits(bin_slopes(binned, counts), np.stack([slope(k) for k in counts.tolist()]))
    shares = [divide(binned[:k].max(axis=0), fold(binned[:k])) for k in COUNTS.tolist()]
    assert same_bits(largest_bin_shares(binned, COUNTS), np.stack(shares))


def test_spread_of_values() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(0, 5, (3, APPLICATIONS)).astype(float)
    sums = n * rng.gamma(1.0, 100.0, n.shape)
    # Of every second cell all values are equal, but for rounding.
    squares = np.where(rng.random(n.shape) < 0.5, divide(sums * sums, n), n * 1e5)
    average = divide(sums, n)
    spread = divide(squares, n) - average * average
    is_real = spread > VARIANCE_ROUNDING * average * average
    wanted = np.where(n < 2, np.nan, np.where(is_real, spread, 0.0))
    assert same_bits(variances(n, sums, squares), wanted)
    assert same_bits(variations(n, sums, squares), divide(np.sqrt(wanted), average))
    assert (wanted == 0.0).any() and (wanted > 0.0).any() and np.isnan(wanted).any()
    assert same_bits(relative_differences(n, sums), divide(n - sums, n + sums))


def test_spread_of_intervals() -> None:
    rng = np.random.default_rng(5)
    gaps = rng.gamma(1.0, 3.0, (4, 3, APPLICATIONS))
    gaps[0] = rng.integers(0, 6, gaps.shape[1:])
    n, total, squares, _ = gaps
    mean = divide(total, np.where(n >= 3, n, 0.0))
    wanted = divide(np.sqrt(np.maximum(divide(squares, n) - mean * mean, 0.0)), mean)
    assert same_bits(interval_variations(gaps), wanted)
    assert np.isnan(wanted[n < 3]).all()


def test_entry_at_the_last_event_of_a_window() -> None:
    """Null without an event, and where it lies outside the window."""
    at = np.array([2, -1, 0])
    column = np.array([5.0, 6.0, 7.0])
    step = np.array([4, 3, 1], np.uint8)
    found = at_places(at, column, step, np.array([1, 4], np.int64))
    assert same_bits(found, np.array([[7.0, np.nan, np.nan], [7.0, np.nan, 5.0]]))
