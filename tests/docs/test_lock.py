"""A lock says by which command it was made, and that of a release is held against a whole run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from creditloom.pipeline.base.params import mapping
from creditloom.pipeline.proof.evidence.same_run import differences
from tests.checkout import ROOT, needs_checkout
from tests.docs.documented import all_blocks


def test_the_documented_command_of_the_lock_is_that_which_made_it() -> None:
    (command,) = [
        command.text
        for block in all_blocks()
        for command in block.commands
        if command.text.startswith("uv pip compile")
    ]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    head = " ".join(lock.partition("\n\n")[0].replace("#", " ").replace("\\\n", " ").split())
    words = set(command.split()) - {"--no-emit-index-url"}
    assert [word for word in sorted(words) if word not in head] == []


@pytest.fixture
def differing(tmp_path: Path) -> Callable[[Path], list[str]]:
    """Return `differing(made)`: what the run in a copy of lock and figures does not give again."""
    for name in ("dvc.lock", "data/reports/figures.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return lambda made: differences(ROOT, made)


@needs_checkout
def test_a_run_on_another_processor_is_the_same_run(
    tmp_path: Path, differing: Callable[[Path], list[str]]
) -> None:
    """Its data have other bytes, and its figures differ in the fourth place."""
    lock = mapping(tmp_path / "dvc.lock")
    for stage in lock["stages"].values():
        for one in (
            *stage["outs"],
            *(dep for dep in stage["deps"] if dep["path"].startswith("data/")),
        ):
            one["md5"] = "0" * 32
    (tmp_path / "dvc.lock").write_text(json.dumps(lock))
    figures = json.loads((tmp_path / "data/reports/figures.json").read_text())
    figures = {name: value * 1.0001 for name, value in figures.items()}
    (tmp_path / "data/reports/figures.json").write_text(json.dumps(figures))
    assert differing(tmp_path) == []


@needs_checkout
def test_a_run_of_other_code_or_with_another_figure_is_refused(
    tmp_path: Path, differing: Callable[[Path], list[str]]
) -> None:
    lock = mapping(tmp_path / "dvc.lock")
    code = next(dep for dep in lock["stages"]["train"]["deps"] if dep["path"].startswith("models"))
    code["md5"] = "0" * 32
    (tmp_path / "dvc.lock").write_text(json.dumps(lock))
    figures = json.loads((tmp_path / "data/reports/figures.json").read_text())
    figures["auc_oot"] += 0.01
    (tmp_path / "data/reports/figures.json").write_text(json.dumps(figures))
    train, auc = differing(tmp_path)
    assert "stage train" in train and "auc_oot" in auc
