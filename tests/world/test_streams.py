"""Random streams are keyed by position.

Who reorders the modules makes another world of the same seed.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.world.book.panel import PANEL_LUCK
from creditloom.world.book.state import STREAM
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.world import MODULES, Setting

SEED = 11

# As they were when the worlds of 0.1.0 were made. New modules follow behind.
FIRST = (
    "probe", "people", "fraud", "graph", "policy", "macro", "default", "payment_flow",
    "social_graph", "assets", "device_stability", "bureau", "identity", "applications", "loans",
    "life", "transfers", "short",
)  # fmt: skip


@pytest.fixture(scope="module")
def setting(params: WorldParams, nature: WorldConfig, calendar: Calendar) -> Setting:
    return Setting.of(params, nature, calendar, SEED)


def test_modules_keep_their_places() -> None:
    assert MODULES[: len(FIRST)] == FIRST and len(set(MODULES)) == len(MODULES)


@pytest.mark.parametrize("place", range(len(FIRST)))
def test_a_stream_is_that_of_its_place(setting: Setting, place: int) -> None:
    expected = np.random.Generator(
        np.random.SFC64(np.random.SeedSequence(SEED, spawn_key=(place, 3)))
    ).random(4)
    assert setting.rng(FIRST[place], 3).random(4).tolist() == expected.tolist()


def test_modules_of_one_world_draw_apart(setting: Setting) -> None:
    """Swapping two of them would swap what they draw."""
    drawn = {name: setting.rng(name).random() for name in MODULES}
    assert len(set(drawn.values())) == len(MODULES)


def test_a_books_streams_lie_beyond_those_of_the_modules() -> None:
    assert len(MODULES) < STREAM < PANEL_LUCK
