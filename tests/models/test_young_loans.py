"""Young loans judge a PD by the defaults that are known so far, and a worse model shows."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.evaluation.rivals.duels import Luck
from creditloom.models.evaluation.rivals.young_loans import (
    YoungLoans,
    paired_figures,
    require_both_classes,
    young_figures,
)
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError

N = 20_000
LUCK = Luck(draws=100, seed=1)


def young(seed: int = 11) -> tuple[YoungLoans, Floats]:
    """Loans of all ages, and the PD by which they default within the year."""
    rng = np.random.default_rng(seed)
    pd_ = 1 / (1 + np.exp(3 - rng.normal(size=N)))
    exposure = rng.random(N)
    # A default comes at a moment that is uniform over the year.
    y = (rng.random(N) < pd_) & (rng.random(N) < exposure)
    return YoungLoans(y.astype(float), exposure, np.ones(N)), pd_


def test_a_right_pd_of_the_year_is_right_for_loans_of_some_months() -> None:
    loans, pd_ = young()
    figures = young_figures(loans, pd_, level_sd=0.0)
    assert abs(figures.o_e - 1) < 0.1 and figures.p > 0.01


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_pd_that_is_off_by_a_fifth_is_seen(factor: float) -> None:
    loans, pd_ = young()
    assert young_figures(loans, factor * pd_, level_sd=0.0).p < 0.01


def test_without_exposure_a_right_pd_would_look_too_high() -> None:
    """The plausible fault: a year's PD held against the bads of some months."""
    loans, pd_ = young()
    whole = YoungLoans(loans.y, np.ones(N), loans.weight)
    assert young_figures(whole, pd_, level_sd=0.0).p < 1e-6


def test_a_model_with_noise_in_it_is_behind_and_the_same_model_is_level() -> None:
    loans, pd_ = young()
    noise = np.random.default_rng(3).normal(size=N)
    worse = paired_figures(loans, np.log(pd_) + 1.5 * noise, pd_, LUCK)
    assert worse.verdict == "behind" and worse.high < 0 and worse.p_delong < 0.01
    same = paired_figures(loans, pd_, pd_, LUCK)
    assert same.verdict == "level" and same.delta == 0 and same.p_delong == 1


def test_too_few_outcomes_are_refused_in_words() -> None:
    loans, _ = young()
    with pytest.raises(ModelError, match=r"expected at least 2 bads .* got 0 bads .* later month"):
        require_both_classes(loans.where(loans.y == 0), "Months from 2025-07 on")
