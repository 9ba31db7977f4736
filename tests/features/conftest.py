"""Random raw tables shared by the tests of this room."""

from __future__ import annotations

import pytest

from tests.features.raw import Raw, random_raw


@pytest.fixture(scope="session")
def raw() -> Raw:
    return random_raw()
