"""Claim: the coefficients give each family the share of the log-odds in the weight table.

See domain 7.6, 0.5, 0.14.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.world.config.config_types import FAMILIES, Calendar, WorldError, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.world import Setting, World, solve_coefficients

# How far a share may lie from the table: families without weight know of the others, because
# families correlate (claims.yaml family_correlation). In S3-auth that is above all the bureau.
FARTHEST = {"S1-A": 0.05, "S1-B": 0.055, "S2": 0.03, "S3-auth": 0.08, "S5": 0.03}
PROFILES = tuple(FARTHEST)


@pytest.fixture(scope="module")
def quick(nature: WorldConfig) -> WorldConfig:
    return replace(nature, effects=replace(nature.effects, probe_applicants=20_000))


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_met_as_far_as_events_show_it(
    profile: str, params: WorldParams, quick: WorldConfig, calendar: Calendar
) -> None:
    found = solve_coefficients(Setting.of(replace(params, profile=profile), quick, calendar, 1))
    table = np.array(quick.shares(profile))
    observed = np.array(found.shares_observed)
    assert (
        np.ptp((table - observed)[table > 0]) < 1e-4
    )  # what families without weight know is taken from the others alike
    assert np.abs(observed - table).max() < FARTHEST[profile]
    assert 0.10 <= found.nonlinear_share <= 0.15
    assert found.nu * quick.effects.saturation < 1.0  # better never turns into worse
    assert all((beta > 0) == (share > 0) for beta, share in zip(found.betas, table, strict=True))


def test_what_goes_missing_must_weigh_more_in_truth(state: World) -> None:
    shares = dict(zip(FAMILIES, state.coefficients.shares_true, strict=True))
    assert shares["social_graph"] > 0.25 + 0.003  # a quarter of people show no social events
    assert shares["assets"] < 0.15


def test_explained_variance_is_the_declared_one(state: World, nature: WorldConfig) -> None:
    assert np.var(state.outcome.log_odds_systematic) == pytest.approx(
        nature.effects.explained_variance, rel=0.04
    )


def test_switched_off_the_world_is_a_straight_line(
    params: WorldParams, quick: WorldConfig, calendar: Calendar
) -> None:
    found = solve_coefficients(Setting.of(replace(params, nonlinear=False), quick, calendar, 1))
    assert found.nu == 0.0
    assert found.nonlinear_share == 0.0
    assert np.abs(np.array(found.shares_observed) - quick.shares("S2")).max() < 0.01


def test_contributions_add_up_to_the_log_odds(state: World) -> None:
    total = state.coefficients.alpha + state.contributions.sum(axis=1)
    assert np.allclose(total, state.outcome.log_odds_systematic, atol=1e-12)


def test_an_unknown_profile_is_refused_by_name(
    params: WorldParams, nature: WorldConfig, calendar: Calendar
) -> None:
    with pytest.raises(WorldError, match=r"S9[\s\S]*choose one"):
        solve_coefficients(Setting.of(replace(params, profile="S9"), nature, calendar, 1))
