"""A command of a lake that is killed leaves the old lake or the new one, whole.

Features are made of the files that count alone: the same files give the same features (test_same).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from creditloom.storage.lake.change import add, compact, reshard
from tests.features.raw import random_raw
from tests.lake.conftest import WORK, content, write
from tests.lake.faults import Stopped, stopped_at

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("applications", "bills", "enquiries")
Command = Callable[[Path], object]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two deliveries of three tables of six people."""
    root = tmp_path_factory.mktemp("small")
    raw = random_raw(people=6)
    first = {name: raw[name].slice(0, 60) for name in TABLES}
    second = {name: raw[name].slice(60) for name in TABLES if name != "applications"}
    return write(first, root / "first"), write(second, root / "second")


def commands(small: tuple[Path, Path]) -> dict[str, Command]:
    return {
        "add": lambda lake: add(lake, small[1], WORK, name="second"),
        "compact": lambda lake: compact(lake, WORK),
        "reshard": lambda lake: reshard(lake, 1, WORK),
    }


# table: few stops, or every one
@pytest.mark.parametrize("name", ["add", "compact", "reshard"])
@pytest.mark.parametrize(
    "share", [pytest.param(41, id="some"), pytest.param(1, id="every", marks=pytest.mark.slow)]
)
def test_a_stop_before_an_operation_leaves_the_old_or_the_new(
    small: tuple[Path, Path], tmp_path: Path, name: str, share: int
) -> None:
    begin = tmp_path / "begin"
    add(begin, small[0], WORK, shards=2)
    if name != "add":
        add(begin, small[1], WORK)
    old = content(begin)
    command = commands(small)[name]
    lake = tmp_path / "lake"
    shutil.copytree(begin, lake)
    with stopped_at(lake) as whole:
        command(lake)
    new = content(lake)
    # Of two shards one may be merged already.
    between: list[object] = []
    assert whole.count > 30 and new != old
    for stop in [*range(share // 2, whole.count, share), whole.count - 1]:
        shutil.rmtree(lake)
        shutil.copytree(begin, lake)
        with pytest.raises(Stopped), stopped_at(lake, stop):
            command(lake)
        left = content(lake)
        between += [left] * (left not in (old, new))
        command(lake)
        assert content(lake) == new, stop
    assert None not in between
    assert not between or (name == "compact" and all(one == between[0] for one in between))


def test_a_first_addition_that_is_killed_leaves_nothing_that_counts(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    with pytest.raises(Stopped), stopped_at(lake, 9):
        add(lake, small[0], WORK, shards=2)
    assert content(lake) == () and any(lake.rglob("*.parquet*"))
    add(lake, small[0], WORK, shards=2)
    assert content(lake)


@pytest.mark.slow
def test_kill_9_and_a_power_cut_before_every_operation(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    words = [str(small[0]), str(small[1]), str(tmp_path)]
    command = [sys.executable, "-m", "tests.lake.kills", *words]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told = json.loads(run.stdout)
    assert {name: one["faults"] for name, one in told.items()} == {name: [] for name in told}
    assert all(one["operations"] > 20 for one in told.values())
