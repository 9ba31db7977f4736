"""Two worlds for all claims: a large one without events, and a small one written to disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.simulate import simulate
from creditloom.world.world import Setting, World
from tests.solved import solved
from tests.world.written import Written

SEED = 1
SMALL = 2_400


@pytest.fixture(scope="session")
def nature() -> WorldConfig:
    return document(WorldConfig, paths.WORLD)


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return section("calendar", Calendar, paths.DEFAULTS)


@pytest.fixture(scope="session")
def params() -> WorldParams:
    committed = section("world", WorldParams, paths.DEFAULTS)
    return replace(committed, applicants=SMALL, base_rate=0.12, processes=1, chunk_applicants=1_000)


@pytest.fixture(scope="session")
def state(params: WorldParams, nature: WorldConfig, calendar: Calendar) -> World:
    """60,000 people at the default base rate, with outcomes and without events."""
    setting = Setting.of(
        replace(params, applicants=60_000, base_rate=0.0235), nature, calendar, SEED
    )
    return everyone(setting, solved(setting))


@pytest.fixture(scope="session")
def written(
    _solved_once: None,
    params: WorldParams,
    nature: WorldConfig,
    calendar: Calendar,
    tmp_path_factory: pytest.TempPathFactory,
) -> Written:
    folder = tmp_path_factory.mktemp("world")
    rows = simulate(params, nature, calendar, folder / "raw", folder / "truth", seed=SEED)
    return Written(folder / "raw", folder / "truth", rows)
