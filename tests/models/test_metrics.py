"""Figures against brute force and against the vectors N25-N31 of docs/formulas.md."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from creditloom.decision.base.stability import psi
from creditloom.models.calibration import calibration_tests as ct
from creditloom.models.calibration.level import binomial_sd, relative_sd
from creditloom.models.sample import metrics
from creditloom.models.sample.affine import fit_affine
from creditloom.models.sample.errors import ModelError

RNG = np.random.default_rng(7)
Y = (RNG.random(300) < 0.3).astype(float)
SCORE = np.round(Y + RNG.normal(size=300), 1)  # rounded: many ties
WEIGHT = RNG.uniform(0.5, 3, size=300)


def brute_auc(y: np.ndarray, s: np.ndarray, w: np.ndarray) -> float:
    pair = (s[:, None] > s[None, :]) + 0.5 * (s[:, None] == s[None, :])
    mass = (w * y)[:, None] * (w * (1 - y))[None, :]
    return float((pair * mass).sum() / mass.sum())


def test_auc_equals_all_pairs_with_ties_and_weights() -> None:
    assert metrics.auc(Y, SCORE) == pytest.approx(brute_auc(Y, SCORE, np.ones(300)), abs=1e-12)
    assert metrics.auc(Y, SCORE, WEIGHT) == pytest.approx(brute_auc(Y, SCORE, WEIGHT), abs=1e-12)


def test_a_weight_of_two_is_the_row_twice() -> None:
    w = RNG.integers(1, 4, size=300)
    twice = np.repeat(Y, w), np.repeat(SCORE, w)
    for figure in (metrics.auc, metrics.ks):
        assert figure(Y, SCORE, w) == pytest.approx(figure(*twice), abs=1e-12)
    p = expit(SCORE)
    q = expit(twice[1])
    for figure in (metrics.brier, metrics.logloss):
        assert figure(Y, p, w) == pytest.approx(figure(twice[0], q), abs=1e-12)


def test_auc_on_true_probabilities_is_the_mean_over_drawn_outcomes() -> None:
    p = expit(RNG.normal(-1, 1.5, size=4000))
    score = metrics.logit(p) + RNG.normal(size=4000)
    drawn = [metrics.auc((RNG.random(4000) < p).astype(float), score) for _ in range(60)]
    assert metrics.auc(p, score) == pytest.approx(
        np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(60)
    )


def test_gini_and_ks_of_perfect_and_reversed_scores() -> None:
    assert (
        metrics.gini(Y, Y) == 1.0
        and metrics.gini(Y, -Y) == -1.0
        and metrics.gini(Y, np.zeros(300)) == 0.0
    )
    assert metrics.ks(Y, Y) == 1.0


def test_ks_equals_scipy() -> None:
    from scipy.stats import ks_2samp

    assert metrics.ks(Y, SCORE) == pytest.approx(
        ks_2samp(SCORE[Y == 1], SCORE[Y == 0]).statistic, abs=1e-12
    )


def test_ece_is_zero_when_each_bin_is_right_and_counts_the_gap_otherwise() -> None:
    p = np.repeat([0.1, 0.5], 10)
    y = np.r_[1, np.zeros(9), np.ones(5), np.zeros(5)]
    assert metrics.ece(y, p, bins=2) == pytest.approx(0)
    assert metrics.ece(y, p + 0.2, bins=2) == pytest.approx(0.2)


def test_figures_refuse_one_class_null_and_empty() -> None:
    for y, s in (([0, 0], [1, 2]), ([0, 1], [1, np.nan]), ([], [])):
        with pytest.raises(ModelError):
            metrics.auc(y, s)


# table: a case a row
@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ((8, 9, 10, 10, 10, 10, 10, 10, 11, 12), 0.01012),
        ((5, 6, 8, 9, 10, 10, 11, 12, 14, 15), 0.09894),
    ],
)
def test_psi_vectors_n30_n31(actual: tuple[int, ...], expected: float) -> None:
    assert psi(np.full(10, 0.1), np.array(actual) / 100) == pytest.approx(expected, abs=5e-6)


def test_psi_is_finite_where_a_bin_or_a_whole_sample_is_empty() -> None:
    """A column that moves away, comes empty or was empty in training, and one of a single value."""
    x = np.random.default_rng(1).normal(size=1000)
    none = np.full(1000, np.nan)
    moved = [metrics.psi_of(x, x + 50), metrics.psi_of(x, none), metrics.psi_of(none, x)]
    assert min(moved) > 1 and np.isfinite(moved).all()
    assert metrics.psi_of(none, none) == metrics.psi_of(np.ones(9), np.ones(9)) == 0
    assert np.isfinite(metrics.psi_of(np.ones(1000), x))
    assert np.isfinite(metrics.psi_of(x, np.empty(0)))


def test_psi_of_samples_sees_a_jump_in_nulls() -> None:
    x = RNG.normal(size=5000)
    holes = np.where(RNG.random(5000) < 0.3, np.nan, x)
    assert metrics.psi_of(x, x) == 0.0
    assert metrics.psi_of(x, holes) > 0.25


# table: a case a row
@pytest.mark.parametrize(
    ("n", "d", "pd", "jeffreys", "binomial"),
    [
        (1000, 20, 0.012, 0.01523, 0.02060),  # N25
        (1000, 12, 0.012, 0.48097, 0.53909),  # N26
        (5000, 80, 0.012, 0.006352, 0.007488),  # N27
        (2000, 45, 0.02, 0.20949, 0.23231),  # N28
    ],
)
def test_grade_vectors_n25_n28(n: int, d: int, pd: float, jeffreys: float, binomial: float) -> None:
    assert ct.jeffreys(n, d, pd) == pytest.approx(jeffreys, abs=6e-6)
    assert ct.binomial(n, d, pd) == pytest.approx(binomial, abs=6e-6)


@pytest.mark.parametrize("d", [0, 1, 7, 30])
def test_the_binomial_test_is_the_tail_of_the_distribution_and_takes_weighted_counts(
    d: int,
) -> None:
    from scipy.stats import binom

    assert ct.binomial(30, d, 0.2) == pytest.approx(float(binom.sf(d - 1, 30, 0.2)), rel=1e-12)
    # Between two whole counts lies a value between theirs.
    assert ct.binomial(30, d, 0.2) >= ct.binomial(30, min(d + 0.5, 30), 0.2)


def test_hosmer_lemeshow_vector_n29() -> None:
    groups = [1000] * 5, [5, 7, 15, 18, 58], [0.004, 0.008, 0.012, 0.02, 0.05]
    assert ct.hosmer_lemeshow(*groups) == pytest.approx((2.6876, 0.7480), abs=6e-5)
    assert ct.hosmer_lemeshow(*groups, fitted=True)[1] == pytest.approx(0.4423, abs=6e-5)


def test_holm_by_hand() -> None:
    assert ct.holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert ct.holm([0.6, 0.9]) == pytest.approx((1.0, 1.0))


def test_calibration_in_the_large_by_hand() -> None:
    y = np.r_[np.ones(30), np.zeros(970)]
    p = np.full(1000, 0.02)
    large = ct.in_the_large(y, p, level_sd=0.2)
    binomial = 1000 * 0.02 * 0.98
    assert large.z == pytest.approx((30 - 20) / np.sqrt(binomial + (0.2 * 20) ** 2))
    assert ct.in_the_large(y, p, 0.0).p_value < large.p_value


@pytest.mark.parametrize(
    ("level_sd", "off_by", "is_seen"),
    [
        # A level known from 500 bads, with no economy: a fifth is seen.
        (binomial_sd(500), 0.2, True),
        # The forecast of the default world (seed 11) holds an economy that moves by a quarter. It
        # hides a fifth, and no number of bads helps.
        (0.24, 0.2, False),
        (0.24, 0.7, True),
    ],
)
def test_calibration_in_the_large_sees_what_the_level_may_not_move(
    level_sd: float, off_by: float, is_seen: bool
) -> None:
    y = (np.arange(100_000) % 40 == 0).astype(float)
    p = np.full(len(y), y.mean() / (1 + off_by))
    assert (ct.in_the_large(y, p, level_sd).p_value < 0.01) is is_seen


def test_the_deviation_of_a_level_is_that_of_its_interval() -> None:
    low, high = np.exp(np.log(0.02) + 0.15 * norm.ppf([0.05, 0.95]))
    assert relative_sd(low, high, 0.9) == pytest.approx(0.15)


def test_spiegelhalter_accepts_the_truth_and_rejects_a_double() -> None:
    p = RNG.uniform(0.01, 0.2, size=20_000)
    y = (RNG.random(20_000) < p).astype(float)
    assert ct.spiegelhalter(y, p)[1] > 0.001
    assert ct.spiegelhalter(y, p / 2)[1] < 1e-6


def test_affine_fit_finds_slope_and_intercept_and_equals_sklearn() -> None:
    from sklearn.linear_model import LogisticRegression

    m = RNG.normal(3, 2, size=4000)
    y = (RNG.random(4000) < expit(0.7 * m - 4)).astype(int)
    w = RNG.uniform(0.5, 3, size=4000)
    a, b = fit_affine(m, y, w)
    reference = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(
        m[:, None], y, sample_weight=w
    )
    assert (a, b) == pytest.approx((reference.coef_[0, 0], reference.intercept_[0]), abs=1e-4)
    assert ct.slope_intercept(y, expit(a * m + b), w) == pytest.approx((1, 0), abs=1e-6)


def test_a_prior_draws_the_slope_of_few_rows_to_one_and_hardly_moves_that_of_many() -> None:
    m = RNG.normal(-3, 1, size=40_000)
    y = (RNG.random(40_000) < expit(1.6 * m + 1)).astype(float)
    few = slice(0, 400)
    many = slice(None)
    free, drawn = (fit_affine(m[few], y[few], slope_sd=sd)[0] for sd in (None, 0.1))
    assert abs(drawn - 1) < 0.5 * abs(free - 1)
    assert fit_affine(m[many], y[many], slope_sd=0.1)[0] == pytest.approx(
        fit_affine(m[many], y[many])[0], abs=0.08
    )
    assert fit_affine(m[few], y[few], slope_sd=1e6) == pytest.approx(
        fit_affine(m[few], y[few]), abs=1e-6
    )
    assert fit_affine(m[few], y[few], slope_sd=1e-6)[0] == pytest.approx(1, abs=1e-6)


def test_under_a_prior_the_scale_of_weights_says_nothing() -> None:
    m = RNG.normal(-2, 1, size=500)
    w = RNG.uniform(0.5, 3, size=500)
    y = (RNG.random(500) < expit(m)).astype(float)
    assert fit_affine(m, y, w, slope_sd=0.1) == pytest.approx(
        fit_affine(m, y, 7 * w, slope_sd=0.1), abs=1e-9
    )
