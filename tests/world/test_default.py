"""Claims about who defaults and when (domain 7.5, 7.7, 7.8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.arrears import PERFORMING
from creditloom.world.risk.default import exposure_exponent, oracle_pd
from creditloom.world.world import World

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "identity"])
def test_more_able_people_default_less(state: World, family: str) -> None:
    able = state.people.families[:, FAMILIES.index(family)]
    bad = state.outcome.default_month > 0
    assert bad[able > 0.5].mean() < 0.8 * bad[able < -0.5].mean()


def test_the_base_rate_is_met(state: World) -> None:
    assert state.outcome.pd_neutral.mean() == pytest.approx(0.0235, rel=0.04)
    assert (state.outcome.default_month > 0).mean() == pytest.approx(
        state.outcome.pd_true.mean(), rel=0.06
    )


def test_default_comes_between_month_4_and_12_mostly_in_the_middle(state: World) -> None:
    months = state.outcome.default_month[state.outcome.default_month > 0]
    assert months.min() == 4
    assert months.max() == 12
    assert np.isin(months, (5, 6, 7)).mean() > np.isin(months, (10, 11, 12)).mean()


def test_fraud_raises_the_odds_twentyfold(state: World) -> None:
    pd = state.outcome.pd_neutral
    fraud = state.people.is_fraud
    assert fraud.mean() == pytest.approx(0.006, abs=0.001)
    assert 5.0 < pd[fraud].mean() / pd[~fraud].mean() < 25.0


def test_the_oracle_is_right_on_average_for_honest_people(
    state: World, nature: WorldConfig
) -> None:
    honest = ~state.people.is_fraud
    oracle = oracle_pd(nature, state.outcome.log_odds_systematic)
    assert oracle[honest].mean() == pytest.approx(
        state.outcome.pd_neutral[honest].mean(), rel=0.05
    )  # limit and price add a little


def test_a_default_is_ninety_days_or_a_restructuring(state: World) -> None:
    """Whoever defaults by month 12 shows it in that month, and nobody else ever does."""
    outcome = state.outcome
    is_bad = (outcome.missed >= 4) | (outcome.status != PERFORMING)
    first = np.where(is_bad.any(axis=1), is_bad.argmax(axis=1) + 1, 0)
    assert np.array_equal(first, outcome.default_month)


def test_nobody_misses_more_than_one_instalment_a_month(state: World) -> None:
    missed = state.outcome.missed.astype(int)
    assert missed[:, 0].max() == 1
    assert np.diff(missed, axis=1).max() == 1


def test_life_shocks_add_a_few_per_cent_to_the_hazard(nature: WorldConfig) -> None:
    assert 1.02 < exposure_exponent(nature.hazard) < 1.08
    calm = replace(nature.hazard, life_shock_rate=1e-9)
    assert exposure_exponent(calm) == pytest.approx(1.0, abs=1e-6)


def test_the_oracle_averages_the_unobservable_shock(nature: WorldConfig) -> None:
    rng = np.random.default_rng(5)
    drawn = oracle_pd(
        replace(nature, effects=replace(nature.effects, shock_sigma=0.0)),
        -3.0 + 0.45 * rng.standard_normal(400_000),
    ).mean()
    assert oracle_pd(nature, np.array([-3.0]))[0] == pytest.approx(drawn, rel=0.01)


def test_segments_differ_as_declared(state: World) -> None:
    segment = state.people.segment
    pd = state.outcome.pd_neutral
    white, blue, merchant = (pd[segment == code].mean() for code in (0, 1, 2))
    assert merchant < white < blue
    approved = state.booking.is_approved
    assert approved[segment == 2].mean() > approved[segment == 0].mean()
