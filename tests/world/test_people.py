"""Claims about the population: segments, presence, rings and acquaintance (domain 7.2-7.4, 7.8)."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.world.calendar import DAY_US
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import DISC, family_rows
from creditloom.world.world import World


def test_every_concept_belongs_to_its_family_state(state: World, nature: WorldConfig) -> None:
    correlation = np.corrcoef(state.people.concepts.T, state.people.families.T)
    n = len(nature.concepts)
    own = correlation[np.arange(n), n + family_rows(nature)]
    # red_packet_balance weighs .08 in its family, and little of the trait `soc` binds the concepts
    # there; all others lie above .4.
    assert own.min() > 0.2
    assert np.sort(own)[1] > 0.4
    assert np.abs(state.people.families.mean(axis=0)).max() < 1e-9
    assert np.allclose(state.people.families.std(axis=0), 1.0)


def test_families_correlate_as_the_loadings_say(state: World) -> None:
    between = np.corrcoef(state.people.families.T)
    assert between[0, 2] == pytest.approx(0.49, abs=0.06)  # payment flow and assets
    assert between[2, 4] == pytest.approx(0.48, abs=0.06)  # assets and bureau
    assert between.min() > -0.05


def test_segments_keep_their_shares_and_the_mix_drifts(state: World, nature: WorldConfig) -> None:
    people = state.people
    share = np.bincount(people.segment, minlength=6) / people.size
    assert np.allclose(share, [s.share for s in nature.segments], atol=0.01)
    early, late = (people.segment[people.vintage // 6 == k] == 1 for k in (0, 3))
    assert late.mean() - early.mean() == pytest.approx(18 * 0.0025, abs=0.02)


@pytest.mark.parametrize(("segment", "share"), [(0, 0.06), (1, 0.39), (4, 0.15)])
def test_thin_files_are_as_frequent_as_the_source_says(
    state: World, segment: int, share: float
) -> None:
    """S5-R36, S4-R29, C23: 39 % of blue collar."""
    assert state.people.is_thin[state.people.segment == segment].mean() == pytest.approx(
        share, abs=0.02
    )


def test_students_are_mostly_unknown_to_the_bureau(state: World) -> None:
    people = state.people
    assert people.has_bureau[people.segment == 3].mean() == pytest.approx(0.19, abs=0.04)
    others = people.segment != 3
    assert (
        people.has_bureau[others & (people.vintage >= 6)].mean()
        - people.has_bureau[others & (people.vintage < 6)].mean()
        > 0.05
    )


def test_consents_are_refused_at_their_rates(state: World) -> None:
    refused = [
        1 - getattr(state.people, f"consent_{what}").mean()
        for what in ("social", "assets", "location", "bureau")
    ]
    assert np.allclose(refused, [0.12, 0.09, 0.15, 0.01], atol=0.006)


def test_a_ring_applies_within_two_days_at_night(state: World) -> None:
    ring = state.rings.ring
    as_of = state.people.as_of
    assert (ring >= 0).sum() / state.people.is_fraud.sum() == pytest.approx(0.6, abs=0.15)
    for number in range(ring.max() + 1):
        times = as_of[ring == number]
        assert 3 <= times.size <= 12
        assert times.max() - times.min() <= 2 * DAY_US
        assert (times % DAY_US).max() < 6 * 3600 * 1_000_000


def test_friends_resemble_each_other_in_discipline(state: World) -> None:
    disc = state.people.traits[:, DISC]
    graph = state.graph
    assert np.corrcoef(disc[graph.owner], disc[graph.contact])[0, 1] == pytest.approx(0.2, abs=0.06)


def test_a_contact_list_holds_the_strongest_thirty_and_never_oneself(state: World) -> None:
    graph = state.graph
    assert np.bincount(graph.owner).max() == 30
    assert (graph.owner != graph.contact).all()
    assert np.unique(graph.owner * state.people.size + graph.contact).size == graph.owner.size
    connected = state.concept("contact_network") > 0
    degree = np.bincount(graph.owner, minlength=state.people.size)
    assert degree[connected].mean() > 1.5 * degree[~connected].mean()


def test_a_quarter_know_two_hundred_people_of_whom_a_tenth_apply_here(state: World) -> None:
    usual = ~state.people.is_thin & ~state.people.is_fraud
    assert (state.graph.degree[usual] >= 20).mean() == pytest.approx(0.26, abs=0.04)
    assert state.graph.degree[usual].mean() == pytest.approx(15.0, rel=0.1)
