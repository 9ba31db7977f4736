"""Makes each place once; every document gets a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.docs.documented import Block, all_blocks
from tests.docs.places import PLACES, Place

At = Callable[[str], Place]
TWINS = ("docs/how_to/zh/", "README.zh.md")


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> At:
    @cache
    def made(name: str) -> Place:
        return PLACES[name](tmp_path_factory.mktemp("places") / name)

    return made


@pytest.fixture
def at(_made: At, tmp_path: Path) -> At:
    """Return `at("world")`: a copy of the place, which the test may change."""

    def copied(name: str) -> Place:
        place = _made(name)
        return replace(place, folder=shutil.copytree(place.folder, tmp_path / name))

    return copied


def by_document(tier: str) -> dict[str, list[Block]]:
    """Return the blocks that run in places in one tier: `document in place` -> its blocks.

    The Chinese pages have the blocks of their twins (`test_how_to`), which run once.
    """
    found: dict[str, list[Block]] = {}
    for block in all_blocks():
        if block.file.startswith(TWINS):
            continue
        if block.tier is not None and block.tier.name == tier and block.tier.place:
            found.setdefault(f"{block.file} in {block.tier.place}", []).append(block)
    return found
