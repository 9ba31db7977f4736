"""Claims about communities.

A process holds one at a time, and each is the same whatever the others are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.people.communities import communities
from creditloom.world.simulate import emit_chunk, simulate
from creditloom.world.world import Setting, World, build, solve_coefficients
from tests.world.written import SIMULATED, Written

APPLICANTS = 1_800
COMMUNITY = 1_000
CHUNK = 500
SHARED = 10**12


@pytest.fixture(scope="module")
def small(params: WorldParams) -> WorldParams:
    return replace(
        params, applicants=APPLICANTS, community_applicants=COMMUNITY, chunk_applicants=CHUNK
    )


@pytest.fixture(scope="module")
def setting(small: WorldParams, nature: WorldConfig, calendar: Calendar) -> Setting:
    known = replace(
        nature,
        effects=replace(nature.effects, probe_applicants=5_000),
        fraud=replace(nature.fraud, share=0.03),
    )
    return Setting.of(small, known, calendar, 1)


@pytest.fixture(scope="module")
def parts(setting: Setting) -> list[World]:
    coefficients = solve_coefficients(setting)
    return [build(setting, coefficients, community) for community in communities(setting.params)]


@pytest.fixture(scope="module")
def made(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("communities")
    rows = simulate(
        setting.params,
        setting.nature,
        setting.calendar,
        folder / "raw",
        folder / "truth",
        seed=setting.seed,
    )
    return Written(folder / "raw", folder / "truth", rows)


@given(
    applicants=st.integers(100, 10**6), chunk=st.integers(100, 10**4), most=st.integers(100, 10**5)
)
def test_communities_are_whole_chunks_that_cover_everyone_once(
    params: WorldParams, applicants: int, chunk: int, most: int
) -> None:
    found = communities(
        replace(params, applicants=applicants, chunk_applicants=chunk, community_applicants=most)
    )
    assert [c.first for c in found] == [0, *(c.last for c in found[:-1])]
    assert found[-1].last == applicants
    assert [index for c in found for index in c.chunks] == list(range(-(-applicants // chunk)))
    assert max(c.size for c in found) <= max(most, chunk)
    assert max(len(c.chunks) for c in found) - min(len(c.chunks) for c in found) <= 1


def test_two_communities_have_even_vintages_each(parts: list[World], calendar: Calendar) -> None:
    assert [part.people.size for part in parts] == [1_000, 800]
    for part in parts:
        honest = part.people.vintage[part.rings.ring < 0]  # a ring moves to its leader's month
        per_month = np.bincount(honest, minlength=calendar.n_vintages)
        assert np.ptp(per_month) <= (part.rings.ring >= 0).sum() + 1
        assert np.bincount(part.people.vintage).min() > 0.6 * part.people.size / calendar.n_vintages


def test_a_community_is_the_same_whatever_follows_it(parts: list[World], setting: Setting) -> None:
    """The first of two communities is that of a world that ends with it.

    The second differs from it.
    """
    alone = Setting.of(
        replace(setting.params, applicants=COMMUNITY),
        setting.nature,
        setting.calendar,
        setting.seed,
    )
    (only,) = communities(alone.params)
    first = build(alone, parts[0].coefficients, only)
    assert np.array_equal(first.people.concepts, parts[0].people.concepts)
    assert np.array_equal(first.graph.contact, parts[0].graph.contact)
    assert np.array_equal(first.outcome.default_month, parts[0].outcome.default_month)
    assert not np.array_equal(first.people.income_cny[:800], parts[1].people.income_cny)


def test_a_written_part_is_that_of_its_community_built_alone(
    parts: list[World], setting: Setting, made: Written
) -> None:
    _, second = communities(setting.params)
    for index in second.chunks:
        for name, rows in emit_chunk(parts[1], second, index):
            written = pd.read_parquet(made.raw / name / f"part-{index:05d}.parquet")
            assert written.equals(rows.to_pandas()), name


def test_nobody_knows_or_shares_anything_across_communities(made: Written) -> None:
    def home(ids: pd.Series) -> np.ndarray:
        return (ids.to_numpy(dtype="int64") >= COMMUNITY).astype(int)

    for name, column in (
        ("contacts", "contact_id"),
        ("interactions", "contact_id"),
        ("payments", "counterparty_id"),
    ):
        rows = made.table(name, ["applicant_id", column]).dropna()
        assert len(rows) > 0
        assert np.array_equal(home(rows.applicant_id), home(rows[column])), name
        assert set(home(rows.applicant_id)) == {0, 1}
    logins = made.table("logins", ["applicant_id", "device_id", "ip_id", "network"])
    # A carrier's addresses are everybody's: they tie nobody to anybody.
    logins = logins[logins.network != "mobile"].drop(columns="network")
    for column in ("device_id", "ip_id"):
        shared = logins[logins[column] >= SHARED].dropna()
        assert (
            shared.assign(home=home(shared.applicant_id)).groupby(column).home.nunique().max() == 1
        )
        assert set(home(shared.applicant_id)) == {0, 1}


def test_ids_and_rings_are_counted_through(made: Written) -> None:
    people = made.people
    assert np.array_equal(people.index, np.arange(APPLICANTS))
    assert people.application_id.is_unique
    ring = people.ring.dropna()
    assert set(ring[ring.index < COMMUNITY]) & set(ring[ring.index >= COMMUNITY]) == set()
    assert np.array_equal(np.sort(made.table("applications").applicant_id), np.arange(APPLICANTS))
    for name in SIMULATED:
        ids = made.table(name, ["applicant_id"]).applicant_id
        assert ids.between(0, APPLICANTS - 1).all()
        assert (ids >= COMMUNITY).any()


def test_everyone_is_the_communities_side_by_side(parts: list[World], setting: Setting) -> None:
    whole = everyone(setting, parts[0].coefficients)
    assert whole.people.size == APPLICANTS
    assert np.array_equal(
        whole.outcome.pd_true, np.concatenate([part.outcome.pd_true for part in parts])
    )
    second = slice(int(whole.graph.start[COMMUNITY]), None)
    assert np.array_equal(whole.graph.owner[second] - COMMUNITY, parts[1].graph.owner)
    assert np.array_equal(whole.graph.contact[second] - COMMUNITY, parts[1].graph.contact)
    assert np.array_equal(
        np.diff(whole.graph.start), np.concatenate([np.diff(part.graph.start) for part in parts])
    )
    leaders = whole.people.is_fraud[whole.rings.leader]
    assert leaders.all()
    assert np.array_equal(whole.rings.ring[whole.rings.leader], np.arange(whole.rings.leader.size))
    assert (
        whole.rings.ring[whole.transfers.payer] == whole.rings.ring[whole.transfers.payee]
    ).all()
    assert whole.transfers.motif.size == whole.rings.leader.size
