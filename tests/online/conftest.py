"""One small world for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.online.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.made(tmp_path_factory.mktemp("online"), people=25, seed=1)
