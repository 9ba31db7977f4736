"""Claim: shares are those of what all families' columns together tell of default.

scikit-learn's logistic regression is the oracle.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import family_rows
from creditloom.world.risk.default import oracle_pd
from creditloom.world.risk.shares import (
    FamilyColumns,
    columns_of,
    logistic_coefficients,
    prediction_shares,
)
from creditloom.world.world import World

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow


def pd_of_all(state: World) -> np.ndarray:
    """PD of everyone, but for fraud and the macro path."""
    return oracle_pd(state.setting.nature, state.outcome.log_odds_systematic)


def shares(columns: FamilyColumns, pd: np.ndarray) -> dict[str, float]:
    return dict(
        zip(FAMILIES, prediction_shares(columns, logistic_coefficients(columns, pd)), strict=True)
    )


@pytest.fixture(scope="module")
def seen(state: World) -> FamilyColumns:
    return columns_of(state.setting.nature, state.people, np.random.default_rng(3))


def test_a_column_belongs_to_the_family_whose_events_it_needs(
    seen: FamilyColumns, state: World
) -> None:
    rows = family_rows(state.setting.nature)
    assert list(seen.owner[: len(rows)]) == list(rows)
    social = FAMILIES.index("social_graph")
    unseen = seen.values[state.people.present[:, social] == 0][:, seen.owner == social]
    assert (unseen == unseen[0]).all()


def test_a_state_is_seen_at_the_reliability_of_its_family(
    seen: FamilyColumns, state: World, nature: WorldConfig
) -> None:
    for column, row in enumerate(family_rows(nature)):
        there = state.people.present[:, row] > 0
        r = np.corrcoef(seen.values[there, column], state.people.concepts[there, column])[0, 1]
        assert r**2 == pytest.approx(nature.effects.reliability[row], abs=0.02)


def test_what_is_told_is_the_logistic_regression_on_all_columns(
    seen: FamilyColumns, state: World
) -> None:
    """Fit soft labels by the slow way.

    Everyone is there twice, bad with weight PD and good with the rest.
    """
    pd = pd_of_all(state)
    x = seen.values.astype(float)
    slow = LogisticRegression(C=1e4, tol=1e-8, max_iter=1_000)
    slow.fit(
        np.vstack([x, x]), np.repeat([1, 0], len(x)), sample_weight=np.concatenate([pd, 1.0 - pd])
    )
    fit = logistic_coefficients(seen, pd)
    np.testing.assert_allclose(x @ fit[:-1] + fit[-1], slow.decision_function(x), atol=0.02)


def test_shares_are_covariances_with_all_that_is_told(seen: FamilyColumns, state: World) -> None:
    fit = logistic_coefficients(seen, pd_of_all(state))
    parts = np.column_stack(
        [seen.values[:, seen.owner == f] @ fit[:-1][seen.owner == f] for f in range(len(FAMILIES))]
    )
    slow = np.array([np.cov(part, parts.sum(axis=1))[0, 1] for part in parts.T]) / np.var(
        parts.sum(axis=1), ddof=1
    )
    np.testing.assert_allclose(prediction_shares(seen, fit), slow, atol=1e-5)


def test_with_thresholds_labels_tell_other_shares_than_the_log_odds_do(
    seen: FamilyColumns, state: World
) -> None:
    """Why betas are solved on the scale of labels.

    What lowers a small PD hardly shows there, so the columns of the social graph tell less.
    """
    line = LinearRegression().fit(seen.values.astype(float), state.outcome.log_odds_systematic)
    social = FAMILIES.index("social_graph")
    assert (
        prediction_shares(seen, np.append(line.coef_, 0.0))[social]
        > shares(seen, pd_of_all(state))["social_graph"] + 0.02
    )


def test_other_people_than_the_probe_tell_the_same_shares(
    seen: FamilyColumns, state: World
) -> None:
    found = shares(seen, pd_of_all(state)).values()
    assert np.abs(np.array(list(found)) - state.coefficients.shares_observed).max() < 0.02


def test_a_family_seen_through_more_noise_tells_less_and_its_neighbours_tell_more(
    state: World, nature: WorldConfig
) -> None:
    """Assets and the bureau know about payment flow (correlations of about .3, domain 7.3)."""
    noisy = tuple(
        0.3 if family == "payment_flow" else r
        for family, r in zip(FAMILIES, nature.effects.reliability, strict=True)
    )
    worse = replace(nature, effects=replace(nature.effects, reliability=noisy))
    found = shares(columns_of(worse, state.people, np.random.default_rng(3)), pd_of_all(state))
    usual = dict(zip(FAMILIES, state.coefficients.shares_observed, strict=True))
    assert found["payment_flow"] < usual["payment_flow"] - 0.05
    assert found["assets"] > usual["assets"] + 0.01
