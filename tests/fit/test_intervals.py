"""Held-out figures: what a weight is, how uncertain a figure is, and that both are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from creditloom.models.fit.judgement import validation
from creditloom.models.fit.judgement.fairness import COLUMNS, fairness_of
from creditloom.models.fit.judgement.intervals import (
    FIGURES,
    NO_INTERVAL,
    Figure,
    Outcomes,
    SortedPds,
    figures_of_models,
    plain_figures,
)
from creditloom.models.sample.arrays import Floats
from tests.fit.test_learner import FEW, table_of

SEEDS = st.integers(0, 10_000)
# Rates of the fairness table; its counts count rows, and its intervals rest on rows as they are.
RATES = [name for name in COLUMNS if name.endswith(("rate", "ratio")) or name == "mean_pd"]


def judged(seed: int, n: int, *, is_rounded: bool = True) -> tuple[Outcomes, Floats]:
    """Outcomes of PDs, some of which are equal, with whole weights from 0 to 4."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1, n)
    pd_ = 1 / (1 + np.exp(-logit))
    label = (rng.random(n) < pd_).astype(np.int8)
    # Both classes are there, also among rows whose weight is not 0.
    label[:4] = [0, 1, 0, 1]
    weight = rng.integers(0, 5, n).astype(float)
    weight[:4] = 1.0
    told = 1 / (1 + np.exp(-logit - rng.normal(0, 0.5, n)))
    return Outcomes(label, weight), np.round(told, 2) if is_rounded else told


# --- Weights ---


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_weight_of_k_is_k_copies_of_the_row_in_each_figure(seed: int) -> None:
    """Catches a figure that forgets the weight; 0 is no row."""
    outcomes, pd_ = judged(seed, 60)
    rows = np.repeat(np.arange(60), outcomes.weights.astype(int))
    weighted = plain_figures(outcomes.label, pd_, outcomes.weight)
    copied = plain_figures(outcomes.label[rows], pd_[rows])
    assert list(weighted) == list(FIGURES)
    assert weighted == pytest.approx(copied, rel=1e-7, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_weight_of_k_is_k_copies_of_the_row_in_fairness(seed: int) -> None:
    outcomes, pd_ = judged(seed, 200)
    protected = pd.DataFrame({"sex": np.where(np.arange(200) % 2, "f", "m")})
    there = outcomes.weights > 0
    rows = np.repeat(np.arange(200), outcomes.weights.astype(int))
    weighted = fairness_of(protected[there], pd_[there] < 0.3, pd_[there], outcomes.where(there))
    copied = fairness_of(
        protected.iloc[rows], pd_[rows] < 0.3, pd_[rows], Outcomes(outcomes.label[rows])
    )
    np.testing.assert_allclose(weighted[RATES], copied[RATES], rtol=1e-9)


def test_the_judgement_counts_rows_by_their_weight() -> None:
    table = table_of(4, 300)
    weight = np.where(table.frame["income"] > 1, 3.0, 0.5)
    found = validation.cross_validate(replace(table, weight=weight), FEW, lambda: None)
    rate = np.average(table.label, weights=weight)
    assert rate != pytest.approx(table.label.mean(), abs=0.01)
    assert found.figures["model"]["bad_rate"].value == pytest.approx(rate)
    assert found.figures["ridge"]["auc"].value == pytest.approx(
        plain_figures(table.label, found.ridge_pd, weight)["auc"]
    )


# --- Intervals ---


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_the_figures_of_a_draw_are_those_of_its_rows(seed: int, is_rounded: bool) -> None:
    """The slow obvious way: the metrics of the project on the rows of the draw."""
    outcomes, pd_ = judged(seed, 80, is_rounded=is_rounded)
    drawn = SortedPds.of(Outcomes(outcomes.label), pd_).figures(outcomes.weights)
    fast = dict(zip(FIGURES, drawn.tolist(), strict=True))
    slow = plain_figures(outcomes.label, pd_, outcomes.weight)
    # The slope is the end of a few steps, known to a thousandth or so.
    assert fast.pop("slope") == pytest.approx(slow.pop("slope"), abs=0.01)
    assert fast == pytest.approx(slow, rel=1e-9, abs=1e-12)


def half_width(figure: Figure) -> float:
    assert figure.low is not None and figure.high is not None
    return (figure.high - figure.low) / 2


def delong_error(label: np.ndarray, pd_: Floats) -> float:
    """The standard error of an AUC by DeLong: from the share of goods below each bad, and back."""
    bad = pd_[label == 1]
    good = pd_[label == 0]
    ranks = rankdata(np.concatenate([bad, good]))
    of_bads = (ranks[: len(bad)] - rankdata(bad)) / len(good)
    of_goods = (ranks[len(bad) :] - rankdata(good)) / len(bad)
    return float(np.sqrt(of_bads.var(ddof=1) / len(bad) + of_goods.var(ddof=1) / len(good)))


def both(outcomes: Outcomes, pd_: Floats) -> dict[str, dict[str, Figure]]:
    return figures_of_models(outcomes, {"model": pd_[None], "ridge": pd_[None] ** 1.2}, seed=1)


def test_the_interval_of_an_auc_is_that_of_delong() -> None:
    outcomes, pd_ = judged(11, 2_000)
    found = both(Outcomes(outcomes.label), pd_)
    error = delong_error(outcomes.label, pd_)
    assert half_width(found["model"]["auc"]) / 1.96 == pytest.approx(error, rel=0.12)
    for figure in found["model"].values():
        assert figure.value is not None and figure.low is not None and figure.high is not None
        assert figure.low <= figure.value <= figure.high
    # Paired: both models rank alike, so no luck is between them.
    assert found["difference"]["auc"] == Figure(0.0, 0.0, 0.0)


def test_copies_of_a_borrowers_rows_make_no_figure_surer() -> None:
    """Catches draws by row: four copies of each row would halve every interval."""
    outcomes, pd_ = judged(12, 500)
    rows = np.repeat(np.arange(500), 4)
    alone = both(Outcomes(outcomes.label), pd_)["model"]
    label = outcomes.label[rows]
    copied = both(Outcomes(label, group=rows), pd_[rows])["model"]
    by_row = both(Outcomes(label), pd_[rows])["model"]
    for name in ("auc", "logloss", "slope", "level_ratio"):
        assert half_width(copied[name]) == pytest.approx(half_width(alone[name]), rel=1e-6)
        assert half_width(by_row[name]) < 0.65 * half_width(alone[name])
    assert Outcomes(label, group=rows).effective(1) == outcomes.label.sum()


def test_few_bads_are_plain_to_see() -> None:
    rng = np.random.default_rng(13)
    pd_ = rng.random(400)
    few = Outcomes((np.arange(400) < 40).astype(np.int8))
    assert few.evidence.is_few
    assert few.evidence.told == "40 bads of 400 rows"
    assert not Outcomes((np.arange(400) < 140).astype(np.int8)).evidence.is_few
    # As many bads of two borrowers tell hardly anything.
    of_two = Outcomes((np.arange(400) < 140).astype(np.int8), group=np.arange(400) // 70)
    assert of_two.evidence.is_few and "as much as 2 of" in of_two.evidence.told
    auc = both(few, pd_)["model"]["auc"]
    assert half_width(auc) > 0.05 and auc.decimals <= 3 and " to " in auc.interval_told
    none = both(Outcomes((np.arange(400) < 2).astype(np.int8)), pd_)["model"]["auc"]
    assert (none.low, none.interval_told, len(none.told)) == (None, NO_INTERVAL, len("0.00"))


def test_a_figure_that_is_not_defined_is_null() -> None:
    label = np.array([0, 0, 1, 1], np.int8)
    apart = plain_figures(label, np.array([0.1, 0.2, 0.8, 0.9]))
    assert (apart["auc"], apart["slope"]) == (1.0, None)
    one_class = plain_figures(np.zeros(4, np.int8), np.full(4, 0.1))
    known = {name for name, value in one_class.items() if value is not None}
    assert known == {"brier", "logloss", "ece", "mean_pd", "bad_rate"}
    assert validation.summary((apart, one_class))["slope"] == {"mean": None, "sd": None}
    assert validation.summary((apart, one_class))["auc"] == {"mean": 1.0, "sd": None}
