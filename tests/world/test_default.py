"""Claims about who defaults and when (domain 7.5, 7.7, 7.8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.default import exposure_exponent, macro_path, oracle_pd, outcomes
from creditloom.world.world import World


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


def test_default_comes_between_month_3_and_12_mostly_in_the_middle(state: World) -> None:
    months = state.outcome.default_month[state.outcome.default_month > 0]
    assert months.min() == 3
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


def test_without_macro_both_pds_are_one(state: World, nature: WorldConfig) -> None:
    calm = macro_path(nature, 24, np.random.default_rng(0), on=False)
    nothing = np.zeros(state.people.size)
    same = outcomes(
        nature,
        state.people,
        nothing + 99,
        state.outcome.log_odds_systematic,
        nothing,
        nothing,
        calm,
        np.random.default_rng(0),
    )
    assert np.array_equal(same.pd_neutral, same.pd_true)


def test_the_macro_path_averages_out_over_the_vintages(nature: WorldConfig) -> None:
    path = macro_path(nature, 24, np.random.default_rng(3), on=True)
    assert path.mean() == pytest.approx(0.0, abs=1e-12)
    assert path.std() > 0.1


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
    assert (
        0.13 < approved[segment == 2].mean() - approved[segment == 0].mean() < 0.23
    )  # S5: +18 points


def test_one_half_year_is_bad(nature: WorldConfig) -> None:
    first = nature.effects.bad_half_year
    bad = [macro_path(nature, 24, np.random.default_rng(seed), on=True) for seed in range(400)]
    inside = np.array(
        [
            path[first : first + 6].mean() - np.delete(path, np.s_[first : first + 6]).mean()
            for path in bad
        ]
    )
    assert inside.mean() == pytest.approx(nature.effects.bad_half_year_size, abs=0.1)
