"""Paired comparisons of rankings: DeLong against its formula, intervals against known truths."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.evaluation.rivals.paired import (
    SortedScore,
    delong,
    interval,
    paired_draws,
    placements,
)
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc


def drawn(n: int, seed: int, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes, and a score with ties whose strength is given."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(float)
    return y, np.round(strength * y + rng.normal(size=n), 1)


def _by_formula(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Difference and standard error by the double sum of DeLong, DeLong and Clarke-Pearson."""

    def kernel(score: np.ndarray) -> np.ndarray:
        bad = score[y == 1][:, None]
        good = score[y == 0][None, :]
        return (bad > good) + 0.5 * (bad == good)

    difference = kernel(a) - kernel(b)
    of_bad = difference.mean(axis=1)
    of_good = difference.mean(axis=0)
    variance = of_bad.var(ddof=1) / len(of_bad) + of_good.var(ddof=1) / len(of_good)
    return float(difference.mean()), float(np.sqrt(variance))


def test_the_fast_test_is_delongs_to_the_digit() -> None:
    y, a = drawn(400, 1)
    b = np.round(0.6 * a + np.random.default_rng(2).normal(size=400), 1)
    found = delong(y, (a,), (b,), np.ones(400))
    delta, se = _by_formula(y, a, b)
    assert found.delta == pytest.approx(delta) and found.se == pytest.approx(se)
    assert found.auc == pytest.approx(auc(y, a)) and found.rival_auc == pytest.approx(auc(y, b))


def test_equal_rankings_do_not_differ_and_a_noise_loses() -> None:
    y, a = drawn(2_000, 3)
    ones = np.ones(2_000)
    assert delong(y, (a,), (2 * a + 5,), ones)[2:] == (0.0, 0.0, 1.0)
    noise = np.random.default_rng(4).normal(size=2_000)
    assert delong(y, (a,), (noise,), ones).p_value < 1e-6


def test_a_weight_of_two_moves_the_auc_as_a_row_twice_does() -> None:
    y, a = drawn(300, 5)
    weight = np.random.default_rng(6).integers(1, 4, 300).astype(float)
    twice = np.repeat(np.arange(300), weight.astype(int))
    assert placements(y, a, weight).auc == pytest.approx(auc(y[twice], a[twice]))
    assert placements(y, a, weight).auc == pytest.approx(auc(y, a, weight))


def test_the_mean_over_seeds_is_compared() -> None:
    y, a = drawn(500, 7)
    b, c = (a + np.random.default_rng(seed).normal(size=500) for seed in (8, 9))
    found = delong(y, (a,), (b, c), np.ones(500))
    assert found.rival_auc == pytest.approx((auc(y, b) + auc(y, c)) / 2)


def test_the_auc_of_a_draw_is_the_auc_of_the_drawn_rows() -> None:
    y, a = drawn(200, 10)
    counts = np.bincount(np.random.default_rng(11).integers(0, 200, 200), minlength=200)
    rows = np.repeat(np.arange(200), counts)
    assert SortedScore.of(a).auc(counts * y, counts * (1 - y)) == pytest.approx(
        auc(y[rows], a[rows])
    )


def test_the_p_value_is_right_where_nothing_differs() -> None:
    """Two equally noisy views: about 5 % of the p-values lie below 5 %."""
    p = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        y = (rng.random(300) < 0.2).astype(float)
        views = [y + rng.normal(size=300) for _ in range(2)]
        p.append(delong(y, (views[0],), (views[1],), np.ones(300)).p_value)
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_the_paired_interval_is_narrower_than_one_that_forgets_the_pairs() -> None:
    y, a = drawn(3_000, 12)
    b = a + np.random.default_rng(13).normal(scale=0.3, size=3_000)
    draws = paired_draws(y, np.ones(3_000), {"a": (a,), "b": (b,)}, 300, 1)
    low, high = interval(draws["a"] - draws["b"])
    apart = interval(draws["a"] - np.roll(draws["b"], 1))
    assert low < auc(y, a) - auc(y, b) < high
    assert (high - low) < 0.7 * (apart[1] - apart[0])
    se = delong(y, (a,), (b,), np.ones(3_000)).se
    assert (high - low) / (2 * 1.96) == pytest.approx(se, rel=0.2)


def test_too_few_bads_and_nulls_are_refused() -> None:
    y = np.array([0.0, 0.0, 1.0])
    with pytest.raises(ModelError, match="two bads and two goods"):
        delong(y, (y,), (y,), np.ones(3))
    with pytest.raises(ModelError, match="1 nulls among 3"):
        SortedScore.of(np.array([0.1, np.nan, 0.2]))
