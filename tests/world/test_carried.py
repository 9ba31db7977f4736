"""Claim: shares are those of what columns tell of the log-odds, all families' columns together; plain least squares is the oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from data.world import Nature
from data.world.carried import Columns, carried, columns_of
from data.world.people import family_rows
from data.world.world import World
from features.tables import FAMILIES


def of_families(state: World) -> np.ndarray:
    """Each family's part of the log-odds, centred, n x 6."""
    rows = family_rows(state.setting.nature)
    parts = np.column_stack([state.contributions[:, rows == f].sum(axis=1) for f in range(len(FAMILIES))])
    return np.asarray(parts - parts.mean(axis=0))


def shares(columns: Columns, effects: np.ndarray) -> np.ndarray:
    parts = carried(columns, effects).sum(axis=(1, 2))
    return np.asarray(parts / parts.sum())


@pytest.fixture(scope="module")
def seen(state: World) -> Columns:
    return columns_of(state.setting.nature, state.people, np.random.default_rng(3))


def test_a_column_belongs_to_the_family_whose_events_it_needs(seen: Columns, state: World) -> None:
    rows = family_rows(state.setting.nature)
    assert list(seen.owner[: len(rows)]) == list(rows)
    social = FAMILIES.index("social_graph")
    unseen = seen.values[state.people.present[:, social] == 0][:, seen.owner == social]
    assert (unseen == unseen[0]).all()


def test_a_state_is_seen_at_the_reliability_of_its_family(seen: Columns, state: World, nature: Nature) -> None:
    for column, row in enumerate(family_rows(nature)):
        there = state.people.present[:, row] > 0
        r = np.corrcoef(seen.values[there, column], state.people.concepts[there, column])[0, 1]
        assert r**2 == pytest.approx(nature.effects.reliability[row], abs=0.02)


def test_what_is_told_is_the_least_squares_fit(seen: Columns, state: World) -> None:
    effects = of_families(state)
    slow = LinearRegression().fit(seen.values.astype(float), effects).predict(seen.values.astype(float))
    np.testing.assert_allclose(carried(seen, effects).sum(axis=0), slow.T @ slow / len(slow), atol=5e-3)


def test_other_people_than_the_probe_tell_the_same_shares(seen: Columns, state: World) -> None:
    assert np.abs(shares(seen, of_families(state)) - state.coefficients.shares_observed).max() < 0.02


def test_a_family_seen_through_more_noise_tells_less_and_its_neighbours_tell_more(state: World, nature: Nature) -> None:
    """Assets and the bureau know about payment flow (correlations of about .3, domain 7.3)."""
    noisy = tuple(0.3 if family == "payment_flow" else r for family, r in zip(FAMILIES, nature.effects.reliability, strict=True))
    worse = replace(nature, effects=replace(nature.effects, reliability=noisy))
    told = dict(zip(FAMILIES, shares(columns_of(worse, state.people, np.random.default_rng(3)), of_families(state)), strict=True))
    usual = dict(zip(FAMILIES, state.coefficients.shares_observed, strict=True))
    assert told["payment_flow"] < usual["payment_flow"] - 0.05
    assert told["assets"] > usual["assets"] + 0.01
