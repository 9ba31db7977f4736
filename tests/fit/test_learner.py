"""The one procedure: what it may look at, what it reads of values that training never had."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.inner_folds import inner_folds
from creditloom.models.fit.judgement.validation import cross_validate, out_of_time
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.sign_suggestions import suggested_signs
from creditloom.models.fit.training_table import TrainingTable, fold_masks
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.pipeline.commands.model.fit_options import PARAMS
from tests.fit.conftest import few_trees

FEW: FitParams = few_trees("fit", FitParams, PARAMS)
# A mean of equal PDs may miss them by the last bit.
LAST_BIT = 1e-15


def table_of(seed: int = 1, n: int = 500, levels: int = 5, **columns: object) -> TrainingTable:
    """Income (safer), debt (riskier), a city of some levels that tell; income is never null."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(size=n)
    debt = rng.normal(size=n)
    city = rng.integers(0, levels, n)
    effect = rng.normal(0, 1, levels)
    logit = -1.2 - 0.8 * np.log(income) + 0.8 * debt + effect[city]
    debt[rng.random(n) < 0.1] = np.nan
    names = np.array([f"c{k}" for k in city], object)
    frame = pd.DataFrame({"income": income, "debt": debt, "city": names, **columns})
    label = (rng.random(n) < expit(logit)).astype(np.int8)
    return TrainingTable(frame, label, (0,) * frame.shape[1])


@pytest.fixture(scope="module")
def table() -> TrainingTable:
    return table_of()


@pytest.fixture(scope="module")
def fitted(table: TrainingTable) -> CalibratedModel:
    return fit_calibrated(table, FEW)


def by_text(fitted: CalibratedModel, frame: pd.DataFrame) -> Floats:
    """The PD by the text alone, without our own members."""
    x = fitted.model.encoding.apply(frame)
    booster = lgb.Booster(model_str=fitted.model.text)
    return fitted.calibration.pd(booster.predict(x, raw_score=True))


def test_the_text_gives_the_pd_of_the_members(
    table: TrainingTable, fitted: CalibratedModel
) -> None:
    beyond = table.frame.assign(income=np.nan, city=None)
    for frame in (table.frame, beyond):
        assert np.abs(by_text(fitted, frame) - fitted.pd(frame)).max() < 1e-12


def test_a_null_that_training_never_had_is_the_median(
    table: TrainingTable, fitted: CalibratedModel
) -> None:
    """Catches a null that LightGBM reads as 0, which was the safest or the riskiest value."""
    median = float(np.quantile(table.frame["income"], 0.5, method="lower"))
    asked = [table.frame.assign(income=value) for value in (np.nan, median)]
    assert np.array_equal(by_text(fitted, asked[0]), by_text(fitted, asked[1]))
    assert np.array_equal(*(fitted.pd(frame) for frame in asked))


@pytest.mark.parametrize(("seed", "levels"), [(1, 2), (2, 6), (3, 60), (4, 300)])
def test_an_unseen_level_is_never_safer_than_the_average_level(seed: int, levels: int) -> None:
    """Per row: the mean over all levels, each once, and as often as training has it."""
    made = table_of(seed, 600, levels)
    model = fit_calibrated(made, FEW)
    other = table_of(seed + 50, 60).frame
    share = made.frame["city"].value_counts(normalize=True)
    by_level = np.stack([model.pd(other.assign(city=level)) for level in share.index])
    unseen = model.pd(other.assign(city="never heard of"))
    assert (unseen >= by_level.mean(axis=0) - LAST_BIT).all()
    assert (unseen >= share.to_numpy() @ by_level - LAST_BIT).all()
    # City is never null in training: a null stands for a level that nobody knows.
    null = model.pd(other.assign(city=None))
    assert (null >= share.to_numpy() @ by_level - LAST_BIT).all()


def test_a_column_of_noise_with_900_levels_costs_under_half_a_point() -> None:
    merchant = np.array([f"m{k}" for k in np.random.default_rng(9).integers(0, 900, 5000)], object)
    with_noise = table_of(3, 5000, merchant=merchant)
    learn = np.arange(5000) < 3000
    figures = []
    for columns in (["income", "debt", "city"], list(with_noise.frame)):
        own = replace(with_noise, frame=with_noise.frame[columns], signs=(0,) * len(columns))
        model = fit_calibrated(own.where(learn), FEW)
        figures.append(auc(own.label[~learn], model.pd(own.frame[~learn])))
    assert figures[1] > figures[0] - 0.005


# table: a fact that 3 % of the rows have -> how a table holds it
RARE = {
    "0 or 1": lambda has, amount: has * 1.0,
    "yes or null": lambda has, amount: np.where(has, "Y", None),
    "1 or null": lambda has, amount: np.where(has, 1.0, np.nan),
    "an amount or null": lambda has, amount: np.where(has, amount, np.nan),
}


@pytest.mark.parametrize("kind", RARE)
def test_a_fact_about_few_rows_is_learnt_however_it_is_held(kind: str) -> None:
    """Catches a limit on nulls, or on the commonest value: 36 rows of 1,200 are enough to tell."""
    made = table_of(3, 1_200)
    rng = np.random.default_rng(4)
    has = rng.permutation(1_200) < 36
    label = (made.label | (has & (rng.random(1_200) < 0.7))).astype(np.int8)
    frame = made.frame[["income"]].assign(x=RARE[kind](has, rng.gamma(2, 5, 1_200)))
    log_odds = fit_calibrated(TrainingTable(frame, label, (0, 0)), FEW).model.margin(frame)
    assert log_odds[has].mean() > log_odds[~has].mean() + 0.6


# --- What may be looked at ---


def test_a_level_that_a_fold_has_not_seen_leans_to_neither_side() -> None:
    """The stack is fitted on held-out rows: with the riskiest code rare levels looked risky."""
    made = table_of(6, 600, levels=300)
    for fold in inner_folds(made, FEW):
        train = made.frame["city"][~fold.is_judged]
        held_out = made.frame["city"][fold.is_judged]
        unseen = fold.held_out[~held_out.isin(set(train)).to_numpy(), 2]
        assert len(unseen) > 10
        assert unseen == pytest.approx(np.full(len(unseen), fold.rows.label.mean()), abs=1e-9)


def test_the_labels_of_judged_rows_choose_nothing(table: TrainingTable) -> None:
    """Catches rounds, columns or weights that are chosen on the rows that are judged."""
    time = np.datetime64("2023-01-01") + np.arange(500).astype("timedelta64[D]")
    late = time >= time[350]
    turned = replace(table, label=np.where(late, 1 - table.label, table.label).astype(np.int8))
    one, other = (out_of_time(made, time, FEW).figures for made in (table, turned))
    assert one and other
    assert one["model"]["mean_pd"].value == other["model"]["mean_pd"].value
    assert one["model"]["auc"].value == pytest.approx(1 - other["model"]["auc"].value)


def test_a_group_never_stands_on_both_sides(table: TrainingTable) -> None:
    group = np.random.default_rng(1).integers(0, 120, 500)
    grouped = replace(table, group=group)
    for held_out in fold_masks(table.label, 5, 1, group):
        assert set(group[held_out]).isdisjoint(group[~held_out])
        inside = grouped.where(~held_out)
        for fold in inner_folds(inside, FEW):
            assert inside.group is not None
            own = inside.group[fold.is_judged]
            assert set(own).isdisjoint(inside.group[~fold.is_judged])
            assert len(fold.rows.label) == (~fold.is_judged).sum()


def test_weights_count_and_their_scale_does_not(table: TrainingTable) -> None:
    weight = np.where(table.label == 1, 2.0, 1.0)
    heavy = fit_calibrated(replace(table, weight=weight), FEW)
    again = fit_calibrated(replace(table, weight=weight * 1024), FEW)
    assert heavy.model.text == again.model.text
    rate = np.average(table.label, weights=weight)
    mean_pd = np.average(heavy.pd(table.frame), weights=weight)
    assert mean_pd == pytest.approx(rate, abs=0.02)


def test_dates_move_the_level_and_not_the_slope(
    table: TrainingTable, fitted: CalibratedModel
) -> None:
    """The last half year holds twice the bads that the columns explain."""
    time = np.datetime64("2021-01-15") + (np.arange(500) * 3).astype("timedelta64[D]")
    assert (fitted.calibration.a, fitted.calibration.b) == (1.0, 0.0)
    label = table.label.copy()
    label[440:] |= (np.random.default_rng(2).random(60) < 0.4).astype(np.int8)
    made = fit_calibrated(replace(table, label=label, time=time), FEW)
    assert made.calibration.a == 1.0
    assert made.calibration.b > 0.05
    # The challenger gets the step of its own.
    assert fitted.challenger_calibration.b == 0.0
    assert made.challenger_calibration.b == pytest.approx(made.calibration.b, rel=0.3)
    assert made.model.text == fit_calibrated(replace(table, label=label), FEW).model.text


# --- Tables of all kinds ---


def test_names_of_the_user_change_no_bit(table: TrainingTable, fitted: CalibratedModel) -> None:
    names = dict(zip(table.frame, ["f1", "a=b,\n", "f0 "], strict=True))
    renamed = fit_calibrated(replace(table, frame=table.frame.rename(columns=names)), FEW)
    assert renamed.model.text == fitted.model.text


def test_few_bads_are_refused_in_words(table: TrainingTable) -> None:
    few = replace(table, label=(np.arange(500) < 7).astype(np.int8))
    with pytest.raises(ModelError, match="at least 20 bads and 20 goods, got 7 bads among 500"):
        fit_calibrated(few, FEW)
    label = (np.arange(500) < 25).astype(np.int8)
    one_borrower = replace(table, label=label, group=np.maximum(np.arange(500) - 24, 0))
    with pytest.raises(ModelError, match="stay together"):
        fit_calibrated(one_borrower, FEW)


def test_many_rows_with_few_bads_are_judged_on_all_folds() -> None:
    assert FEW.folds_inside(100_000, 5_000) == (3, 1)
    assert FEW.folds_inside(100_000, 200) == (3, 3)


def test_columns_that_a_fold_knows_nothing_of_do_no_harm() -> None:
    """Known in eight rows, a level of its own per row, constant but for one row; 25 bads."""
    base = table_of(5, 260)
    rare = np.where(np.arange(260) % 33 == 0, 1.5, np.nan)
    own = np.array([f"id{k}" for k in range(260)], object)
    frame = base.frame.assign(rare=rare, own=own, flat=(np.arange(260) == 3).astype(float))
    label = (np.argsort(np.argsort(-base.frame["debt"].fillna(0))) < 25).astype(np.int8)
    label[::40] = 1 - label[::40]
    made = TrainingTable(frame, label, (0,) * 6)
    model = fit_calibrated(made, FEW)
    assert np.isfinite(model.pd(frame)).all()
    assert np.isfinite(model.held_out).all()
    cross_validate(made, FEW, lambda: None)


SAME = """
import hashlib
from creditloom.models.fit.learner import fit_calibrated
from tests.fit.test_learner import FEW, table_of
print(hashlib.sha256(fit_calibrated(table_of(), FEW).model.text.encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_same_bits_in_another_process_with_two_threads(fitted: CalibratedModel) -> None:
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", SAME],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(fitted.model.text.encode()).hexdigest()


# --- Signs ---


def test_signs_are_kept_or_the_text_is_refused(table: TrainingTable) -> None:
    signed = fit_calibrated(replace(table, signs=(-1, 1, 0)), FEW)
    richer = table.frame.assign(income=table.frame["income"] * 3)
    assert (signed.pd(richer) <= signed.pd(table.frame)).all()
    free = fit_calibrated(table, FEW).model
    with pytest.raises(ModelError, match="breaks the sign of 1 features, most `income`"):
        _ = replace(free, signs=(1, 0, 1)).text


def test_signs_are_suggested_where_they_cost_nothing() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3000, 4))
    # Both ends of `bent` are risky: no sign would be right.
    bent = np.abs(x[:, 2]) > 1
    logit = -1 - 1.5 * x[:, 0] + 1.2 * x[:, 1] + 1.5 * bent
    label = (rng.random(3000) < expit(logit)).astype(np.int8)
    frame = pd.DataFrame(x, columns=["income", "debt", "bent", "noise"])
    made = TrainingTable(frame, label, (0,) * 4)
    enough = replace(FEW, small=replace(FEW.small, rounds=(100, 400)))
    found = suggested_signs(made, enough)
    assert {one.column: one.sign for one in found.signs} == {"income": -1, "debt": 1}
    assert found.cost <= 0.002
    assert "--monotone income=-" in found.options
    stated = suggested_signs(replace(made, signs=(-1, 0, 0, 0)), enough)
    assert "income" not in [one.column for one in stated.signs]


def test_a_table_of_many_rows_and_bads_is_judged_on_few_folds() -> None:
    rows = FEW.split_rows
    bads = FEW.split_bads
    assert FEW.judged_on(rows, bads).folds == FEW.few_folds < FEW.folds
    # A smaller table, and one of few bads, keep all folds.
    assert FEW.judged_on(rows - 1, bads) == FEW == FEW.judged_on(rows, bads - 1)
