"""Calibration by group: a wrong group is found, a right one is not; intervals hold the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import t

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.calibration.calibration_tests import slope_test
from creditloom.models.calibration.group_calibration import (
    AskedMargins,
    JudgedLoans,
    ece_interval,
    group_table,
    offset_test,
    pd_draws,
    worst_group,
)
from creditloom.models.evaluation.groups.group_figures import file_type_offset
from creditloom.models.sample.affine import fit_affine
from creditloom.models.sample.dataset import Dataset

N = 30_000
# No training was repeated: the interval is that of the calibration alone.
NO_REFITS = np.empty((0, 0))
GROUP = np.where(np.arange(N) % 3 == 0, "a", "b")


def book(seed: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and their true PD, about 4 % bad."""
    rng = np.random.default_rng(seed)
    pd_ = expit(-3.6 + spread * rng.normal(size=N))
    return (rng.random(N) < pd_).astype(float), pd_


def table_of(y: np.ndarray, pd_: np.ndarray, **fields: np.ndarray) -> pd.DataFrame:
    loans = JudgedLoans(y, pd_, np.ones(N), level_sd=0.05, min_expected=20.0)
    return group_table(loans, pd.DataFrame(fields or {"g": GROUP}), draws=100, seed=1)


def test_a_right_pd_is_not_blamed() -> None:
    y, pd_ = book(1)
    table = table_of(y, pd_)
    assert (table["p_holm"] > 0.05).all() and (table["shape_p_holm"] > 0.05).all()
    assert ((table["low"] < 1) & (table["high"] > 1)).all()


def test_a_group_that_is_off_by_a_fifth_is_found_though_the_mean_is_right() -> None:
    y, pd_ = book(2)
    wrong = np.where(GROUP == "a", 1.25 * pd_, 0.875 * pd_)
    assert wrong.sum() == pytest.approx(pd_.sum(), rel=0.02)
    worst = worst_group(table_of(y, wrong), "shape_p_holm")
    assert worst["p"] < 0.01 and worst["field"] == "g"


def test_a_wrong_level_is_no_wrong_shape() -> None:
    y, pd_ = book(3)
    table = table_of(y, 2 * pd_)
    assert (table["p"] < 1e-6).all() and (table["shape_p"] > 0.05).all()


def test_months_have_a_level_and_no_shape() -> None:
    y, pd_ = book(4)
    table = table_of(y, pd_, vintage=GROUP)
    assert table["shape_p"].isna().all() and table["p"].notna().all()


def test_holm_counts_every_test_of_the_table() -> None:
    y, pd_ = book(5)
    parts = {f"f{i}": np.random.default_rng(i).integers(0, 2, N).astype(str) for i in range(5)}
    table = table_of(y, pd_, **parts)
    least = table["p"].min()
    assert len(table) == 10 and table["p_holm"].min() == pytest.approx(min(1.0, 10 * least))


def test_few_expected_bads_are_shown_and_not_tested() -> None:
    y, pd_ = book(6)
    rare = np.where(np.arange(N) < 50, "rare", "rest")
    row = table_of(y, pd_, g=rare).set_index("group").loc["rare"]
    assert row["n"] == 50 and np.isnan(row["p"]) and row["expected"] < 20


def test_the_p_values_of_a_right_pd_are_uniform() -> None:
    found = [table_of(*book(seed))["shape_p"].iloc[0] for seed in range(10, 50)]
    assert 0.3 < np.mean(found) < 0.7 and np.mean(np.array(found) < 0.1) < 0.25


def test_the_slope_is_told_with_its_error() -> None:
    y, pd_ = book(7)
    right = slope_test(y, pd_)
    assert abs(right.slope - 1) < 3 * right.se and right.p_value > 0.01
    # Log-odds spread a quarter too far: the outcome's slope on them is 0.8.
    far = slope_test(y, expit(1.25 * logit(pd_)))
    assert far.slope == pytest.approx(right.slope / 1.25) and far.p_value < 0.001


def test_rows_that_count_twice_are_not_twice_the_evidence() -> None:
    y, pd_ = book(8)
    half = np.arange(N) % 2 == 0
    weight = np.where(half, 20.0, 1.0)
    assert slope_test(y, pd_, weight).se > 1.2 * slope_test(y, pd_).se
    assert slope_test(y, pd_, np.full(N, 5.0)).se == pytest.approx(slope_test(y, pd_).se)


def test_the_ece_of_a_right_pd_is_luck_and_that_of_a_wrong_one_is_not() -> None:
    y, pd_ = book(9)
    right = ece_interval(y, pd_, np.ones(N), 10, 100, 1)
    assert right.p_value > 0.05 and right.low < right.ece < right.high
    wrong = ece_interval(y, expit(1.5 * (logit(pd_) + 3.6) - 3.6), np.ones(N), 10, 100, 1)
    assert wrong.p_value < 0.02 and wrong.ece > wrong.expected


def test_thin_files_get_a_level_of_their_own_only_on_evidence() -> None:
    y, pd_ = book(10)
    thin = GROUP == "a"
    none = offset_test(y, pd_, np.ones(N), thin)
    assert none is not None and not none.is_asked
    low = np.where(thin, expit(logit(pd_) - 0.4), pd_)
    asked = offset_test(y, low, np.ones(N), thin)
    assert asked is not None and asked.is_asked and asked.offset == pytest.approx(0.4, abs=0.15)
    assert offset_test(np.zeros(N), pd_, np.ones(N), thin) is None


def test_an_offset_asks_each_loan_once() -> None:
    """A few loans that were booked against the odds, of weight 20, must not be the evidence."""
    y, pd_ = book(11)
    thin = GROUP == "a"
    catalogue = Catalogue(
        (Concept("c", "payment_flow", "c", "c"),), (Feature("pay_a", "payment_flow", "c"),)
    )
    heavy = np.where(thin & (np.arange(N) % 20 == 0), 20.0, 1.0)
    empty = np.where(thin, np.nan, 0.0)[:, None]
    loans = replace(loans_of(y), weight=heavy, features=empty, names=("pay_a",))
    told = file_type_offset(loans, pd_, catalogue)
    once = offset_test(y, pd_, np.ones(N), thin)
    assert told is not None and once is not None
    assert told["offset"] == once.offset


def loans_of(y: np.ndarray) -> Dataset:
    # table: column -> content
    return Dataset(
        application_id=np.arange(len(y)),
        features=np.empty((len(y), 0)),
        names=(),
        label=y,
        outcome=y,
        weight=np.ones(len(y)),
        month=np.arange(len(y)) * 18 // len(y),
        role=np.full(len(y), "train"),
    )


def test_the_interval_of_a_mean_pd_narrows_with_the_labels() -> None:
    y, pd_ = book(11)
    widths = []
    for n in (2_000, 30_000):
        loans = loans_of(y[:n])
        margin = logit(pd_[:n])
        asked = AskedMargins(logit(pd_), NO_REFITS)
        drawn = pd_draws(margin, loans, loans, margin, asked, CalibrationParams(), 30, 1)
        means = drawn.mean(axis=1)
        assert means.min() < pd_.mean() * 1.3 and drawn.shape == (30, N)
        widths.append(np.std(np.log(means)))
    assert widths[1] < 0.5 * widths[0]


def slope_held(seed: int, n: int = 6_000) -> bool:
    """Whether the 90 % of the drawn slopes hold the true one, 1, of a stack taught by these loans.

    About 240 bads, as many as the months that the default world holds out.
    """
    y, pd_ = book(seed)
    loans = loans_of(y[:n])
    stacked = fit_affine(logit(pd_[:n]), y[:n])[0]
    asked = AskedMargins(stacked * np.array([-3.0, -2.0]), NO_REFITS)
    margin = stacked * logit(pd_[:n])
    calibrating = CalibrationParams(slope_sd=0.1)
    drawn = logit(pd_draws(margin, loans, loans, margin, asked, calibrating, 25, seed))
    low, high = np.quantile(drawn[:, 1] - drawn[:, 0], [0.05, 0.95])
    return bool(low <= 1.0 <= high)


def test_the_draws_know_the_slope_no_better_than_the_loans_tell() -> None:
    """With the line's prior around the slope that the stack has taken, 7 of 12 hold it, not 10."""
    assert np.mean([slope_held(seed) for seed in range(12)]) > 0.7


def test_without_bads_there_is_no_interval() -> None:
    y = np.zeros(100)
    loans = loans_of(y)
    margin = np.linspace(-4, -2, 100)
    asked = AskedMargins(margin, NO_REFITS)
    drawn = pd_draws(margin, loans, loans, margin, asked, CalibrationParams(), 3, 1)
    assert drawn.shape == (0, 100)


def test_the_draws_of_margins_move_as_the_refits_do() -> None:
    """Two people whom the refits move together, one whom they do not move at all."""
    rng = np.random.default_rng(4)
    luck = rng.normal(size=(40, 1))
    refits = np.hstack([luck, 2.0 * luck, np.zeros((40, 1))])
    drawn = np.stack(list(AskedMargins(np.array([1.0, 2.0, 3.0]), refits).draws(4_000, 1)))
    assert drawn.mean(axis=0) == pytest.approx([1.0, 2.0, 3.0], abs=0.1)
    # Student's t with 39 degrees of freedom is a little wider than the normal.
    assert drawn[:, 0].std() == pytest.approx(refits[:, 0].std(ddof=1), rel=0.1)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(1.0)
    assert set(drawn[:, 2]) == {3.0}


def test_few_refits_give_a_wider_interval_than_their_own_deviation() -> None:
    """With the normal in the place of t, an interval from four refits holds too rarely."""
    refits = np.random.default_rng(2).normal(size=(4, 1))
    drawn = np.concatenate(list(AskedMargins(np.zeros(1), refits).draws(4_000, 1)))
    low, high = np.quantile(drawn, [0.05, 0.95])
    assert (high - low) / 2 == pytest.approx(t.ppf(0.95, 3) * refits.std(ddof=1), rel=0.1)


def test_one_refit_moves_nothing() -> None:
    asked = AskedMargins(np.zeros(2), np.ones((1, 2)))
    assert [row.tolist() for row in asked.draws(2, 1)] == [[0.0, 0.0], [0.0, 0.0]]
