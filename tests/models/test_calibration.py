"""The affine calibration.

What it recovers, what selection costs without weights, what it refuses.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from creditloom.models.calibration.calibration import CalibrationParams, Level, fit, to_json
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


def test_the_level_is_that_of_all_months_and_the_slope_that_of_its_own() -> None:
    margin, _, booked, weight, bad = selected_loans()
    rows = margin[booked], bad[booked], weight[booked], PARAMS
    plain = fit(*rows)
    anchored = fit(*rows, Level(0.05, 0.05, 900, 300.0))
    assert anchored.a == plain.a and anchored.level_bads == 900 and plain.level_bads == plain.n_bads
    assert anchored.mean_pd == pytest.approx(0.05, rel=1e-12)
    assert np.average(anchored.pd(rows[0]), weights=rows[2]) == pytest.approx(0.05, rel=1e-12)
