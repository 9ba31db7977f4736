"""The rooms: few entries in each folder, code nowhere else, one name for each module."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

import pytest

from tests.architecture.source import PACKAGE, ROOMS, ROOT

MOST_ENTRIES = 12  # .py files and folders that hold one: what a reader takes in at a look
LINKED = (*ROOMS, "products", "params.yaml")


def _tracked(pattern: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def _entries(files: list[str]) -> dict[str, set[str]]:
    """Folder -> its .py files and the folders in it that hold one."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        parts = file.split("/")
        for depth in range(1, len(parts)):
            found["/".join(parts[:depth])].add(parts[depth])
    return found


def test_no_folder_of_code_is_a_heap() -> None:
    entries = _entries(
        [file for file in _tracked("*.py") if not file.startswith(("tests/", "examples/"))]
    )
    assert {
        folder: len(names) for folder, names in entries.items() if len(names) > MOST_ENTRIES
    } == {}


def test_a_heap_is_seen() -> None:
    entries = _entries([f"models/m{k}.py" for k in range(12)] + ["models/fit/one.py"])
    assert len(entries["models"]) == MOST_ENTRIES + 1


def test_code_lies_in_the_rooms() -> None:
    """`data/` holds what stages write, and nothing else."""
    tops = {file.partition("/")[0] for file in _tracked("*.py")}
    assert tops - {"examples"} == {*ROOMS, PACKAGE, "tests"}


def test_every_room_is_linked_into_the_package() -> None:
    assert sorted(path.name for path in (ROOT / PACKAGE).iterdir() if path.is_symlink()) == sorted(
        LINKED
    )
    assert all((ROOT / PACKAGE / name).resolve() == (ROOT / name).resolve() for name in LINKED)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_no_second_name(room: str) -> None:
    """At the root of a checkout `import models` would find the folder.

    The room itself refuses and says what to write.
    """
    done = subprocess.run(
        [sys.executable, "-c", f"import {room}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and f"write `import {PACKAGE}.{room}`" in done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_one_name(room: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {PACKAGE}.{room}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
