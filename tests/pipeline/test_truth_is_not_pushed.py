"""`dvc push` sends the truth of the simulated world nowhere but to the remote of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from creditloom.pipeline.base import paths
from tests.checkout import needs_checkout

ROOT = paths.PACKAGE.parent
ANSWER = "the true PD of everyone"
AUTHOR = {
    f"GIT_{who}_{what}": "me" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def _outs() -> list[object]:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outs: list[object] = stages["simulate"]["outs"]
    return outs


def _run(folder: Path, *words: str, expected: int = 0) -> str:
    environ = {**os.environ, **AUTHOR, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(
        words, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def _dvc(folder: Path, *words: str, expected: int = 0) -> str:
    return _run(folder, sys.executable, "-m", "dvc", *words, expected=expected)


@needs_checkout
def test_the_truth_names_its_remote() -> None:
    assert {"data/truth": {"remote": "truth"}} in _outs()


@pytest.mark.slow
@pytest.mark.parametrize("words", [("push",), ("push", "-r", "store")])
def test_push_clone_and_pull(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Outs of `simulate` and remotes are those of this repository; its stages are stand-ins."""
    mine = tmp_path / "mine"
    mine.mkdir()
    _run(mine, "git", "init", "-q")
    _dvc(mine, "init", "-q")
    shutil.copy(ROOT / ".dvc" / "config", mine / ".dvc" / "config")
    make = f"mkdir -p data/raw data/truth && echo raw > data/raw/a && echo {ANSWER} > data/truth/a"
    stages = {
        "simulate": {"cmd": make, "outs": _outs()},
        "evaluate": {"cmd": "cp data/raw/a m", "deps": ["data/raw", "data/truth"], "outs": ["m"]},
    }
    (mine / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    _dvc(mine, "repro", "-q")
    _dvc(mine, "remote", "add", "-d", "store", str(tmp_path / "store"))
    _run(mine, "git", "add", "-A")
    _run(mine, "git", "commit", "-qm", "a run")
    _dvc(mine, *words)
    sent = [path.read_text() for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert sent
    assert not any(ANSWER in text for text in sent)

    if words == ("push",):
        _run(tmp_path, "git", "clone", "-q", str(mine), "beside")
        _dvc(tmp_path / "beside", "pull")
        assert "up to date" in _dvc(tmp_path / "beside", "status")
        assert "Running" not in _dvc(tmp_path / "beside", "repro")
    (tmp_path / "far").mkdir()
    _run(tmp_path / "far", "git", "clone", "-q", str(mine), "away")
    away = tmp_path / "far" / "away"
    _dvc(away, "remote", "modify", "--local", "store", "url", str(tmp_path / "store"))
    _dvc(away, "pull", "--allow-missing")
    assert not (away / "data" / "truth").exists()
    assert "Running" not in _dvc(away, "repro", "--allow-missing")
