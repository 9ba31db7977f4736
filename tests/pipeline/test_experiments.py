"""`dvc exp run` as the guide gives it: parameters change, and nothing is registered.

In a clone of its own, on a world of 2,000 applicants. It takes minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.headline import HEADLINE
from creditloom.pipeline.base.params import changed_text
from tests.checkout import ROOT, needs_checkout
from tests.docs.documented import all_blocks
from tests.pipeline.conftest import SMALL

# Columns of `dvc exp show` that a person can read: the eight figures, the changed parameters and
# what DVC says of each run. It showed 430.
MOST_COLUMNS = 40


def _documented() -> Iterator[str]:
    for block in all_blocks():
        yield from (one.text for one in block.commands if one.text.startswith("dvc exp run"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone whose committed parameters are those of a small world."""
    folder = tmp_path_factory.mktemp("experiments") / "clone"
    _run(ROOT, "git", "clone", "-q", str(ROOT), str(folder))
    text = changed_text(SMALL, folder / paths.PARAMS)
    (folder / paths.PARAMS).write_text(text, encoding="utf-8")
    names = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    _run(folder, "git", *names, "commit", "-qam", "a small world")
    return folder


def _run(folder: Path, *words: str) -> str:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    names = {
        f"GIT_{who}_{what}": f"test@{what}"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **names, "PATH": tools, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout


@needs_checkout
@pytest.mark.slow
def test_the_documented_experiments_run_and_can_be_read(clone: Path) -> None:
    """The small world of the guide stays small here: its size is that of the test."""
    commands = sorted(set(_documented()))
    assert any("social_graph" in command for command in commands)
    for command in commands:
        words = command.partition(" #")[0].replace("world.applicants=6000", "world.applicants=2000")
        _run(clone, "bash", "-c", words)
    assert not (clone / paths.REGISTRY).exists()
    figures = json.loads(_run(clone, "dvc", "metrics", "show", "--json"))
    (file,) = figures[""]["data"].values()
    assert 0 < len(file["data"]) <= len(HEADLINE)
    page = _run(clone, "dvc", "plots", "show").strip().splitlines()[-1]
    assert (clone / page.removeprefix("file://")).is_file()
    shown = _run(clone, "dvc", "exp", "show", "--csv", "--only-changed")
    assert len(shown.splitlines()[0].split(",")) <= MOST_COLUMNS
