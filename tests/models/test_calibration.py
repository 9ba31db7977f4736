"""The affine calibration.

What it recovers, what selection costs without weights, what it refuses.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from creditloom.models.calibration.calibration import (
    CalibrationParams,
    fit,
    fit_held_out,
    level_of,
    to_json,
)
from creditloom.models.calibration.level import Level
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.errors import ModelError

PARAMS = CalibrationParams()


def selected_loans(n: int = 60_000) -> tuple[np.ndarray, ...]:
    """Return margins, true PD, booked and weight.

    Safe applicants are booked, of the others one in ten. The old score knows more than the margin.
    """
    rng = np.random.default_rng(3)
    signal = rng.normal(size=n)
    hidden = rng.normal(size=n)
    pd = expit(-4 + 1.1 * signal + 0.6 * hidden)
    passed = signal + hidden + rng.normal(size=n) < 0.8
    booked = passed | (rng.random(n) < 0.10)
    return (
        0.5 * signal - 3,
        pd,
        booked,
        np.where(passed, 1.0, 10.0),
        (rng.random(n) < pd).astype(float),
    )


def test_weights_by_propensity_bring_back_the_rate_through_the_door() -> None:
    margin, pd, booked, weight, bad = selected_loans()
    weighted = fit(margin[booked], bad[booked], weight[booked], PARAMS).pd(margin).mean()
    plain = fit(margin[booked], bad[booked], np.ones(booked.sum()), PARAMS).pd(margin).mean()
    assert weighted == pytest.approx(pd.mean(), rel=0.08)
    assert plain < 0.85 * pd.mean()


def test_refused_under_twenty_bads_and_on_a_margin_that_ranks_backwards() -> None:
    margin = np.linspace(-5, 0, 500)
    with pytest.raises(ModelError, match="19 bads among 500 labelled loans; expected at least 20"):
        fit(margin, np.arange(500) >= 481, np.ones(500), PARAMS)
    backwards = np.random.default_rng(0).random(500) < expit(-2 * margin - 6)
    with pytest.raises(ModelError, match="expected above 0"):
        fit(margin, backwards, np.ones(500), PARAMS)


def test_weights_are_clipped() -> None:
    margin, _, booked, weight, bad = selected_loans()
    rows = margin[booked], bad[booked]
    clipped = fit(*rows, np.where(weight[booked] > 1, 1e6, 1.0), PARAMS)
    assert clipped == fit(*rows, np.where(weight[booked] > 1, 20.0, 1.0), PARAMS)


def test_json_holds_line_and_scale() -> None:
    margin, _, booked, weight, bad = selected_loans()
    content = to_json(fit(margin[booked], bad[booked], weight[booked], PARAMS), PARAMS)
    assert (
        content["a"] > 0
        and content["n_rows"] == booked.sum()
        and content["n_bads"] == bad[booked].sum()
    )
    assert (
        content["pdo"],
        content["base_score"],
        content["base_odds"],
        content["pd_decimals"],
    ) == (20, 600, 50, 12)


def test_the_level_is_that_of_the_door_and_the_slope_that_of_held_out_loans() -> None:
    margin, _, booked, weight, bad = selected_loans()
    judged = undated_dataset(np.empty((booked.sum(), 0)), (), bad[booked], "train")
    judged = dataclasses.replace(judged, weight=weight[booked])
    plain = fit(margin[booked], bad[booked], weight[booked], PARAMS)
    level = Level(0.05, 0.05, 900, 300.0)
    line = fit_held_out(judged, margin[booked], margin, level, PARAMS)
    assert line.a == plain.a and line.level_bads == 900 and plain.level_bads == plain.n_bads
    assert line.mean_pd == pytest.approx(0.05, rel=1e-12)
    assert line.pd(margin).mean() == pytest.approx(0.05, rel=1e-12)


def test_young_loans_count_by_their_exposure() -> None:
    """Half of the defaults are still to come: without exposures the rate would look halved."""
    _, pd, booked, weight, bad = selected_loans()
    seen = bad * (np.random.default_rng(4).random(len(bad)) < 0.5)
    judged = undated_dataset(np.empty((booked.sum(), 0)), (), seen[booked], "train")
    young = dataclasses.replace(judged, weight=weight[booked], exposure=np.full(booked.sum(), 0.5))
    level = level_of(young, PARAMS)
    assert level.rate == pytest.approx(pd.mean(), rel=0.12)
    assert level_of(dataclasses.replace(young, exposure=None), PARAMS).rate < 0.6 * pd.mean()


def test_json_tells_the_level_where_there_is_one() -> None:
    margin, _, booked, weight, bad = selected_loans()
    line = fit(margin[booked], bad[booked], weight[booked], PARAMS)
    told = to_json(line, PARAMS, Level(0.05, 0.05, 900, 300.0, 0.04, 0.07, 0.2, 0.9))["level"]
    assert (told["rate"], told["low"], told["high"], told["interval"]) == (0.05, 0.04, 0.07, 0.9)
    assert "level" not in to_json(line, PARAMS)
