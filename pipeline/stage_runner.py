"""The stages of dvc.yaml one after the other in a folder of their own, without DVC: for evidence at many seeds, and for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed
from creditloom.pipeline.base.stage import STAGES

TO_DECISIONS = STAGES[: STAGES.index("decide") + 1]
TO_METRICS = STAGES[: STAGES.index("evaluate") + 1]
TO_REPORT = STAGES


class ChainError(ValueError):
    """A stage failed: says which, in which folder, and what it said."""


def with_package() -> dict[str, str]:
    """The environment of a process of ours in another folder: it must import this package, installed or not."""
    search = os.pathsep.join(
        filter(None, (str(paths.PACKAGE.parent), os.environ.get("PYTHONPATH")))
    )
    return {**os.environ, "PYTHONPATH": search}


def prepare(folder: Path, changes: Mapping[str, Any], path: Path = paths.PARAMS) -> None:
    """Make `folder` a place where stages can run: a params.yaml with `changes` (dotted paths) in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / paths.PARAMS).write_text(changed(changes, path), encoding="utf-8")


def run(folder: Path, stages: Sequence[str]) -> None:
    """Run stages in `folder`, each in its own process. Raises ChainError with the stage's last words when one fails."""
    for stage in stages:
        command = [sys.executable, "-m", f"creditloom.pipeline.stages.{stage}"]
        ended = subprocess.run(  # noqa: S603  our own modules, no shell
            command, cwd=folder, env=with_package(), capture_output=True, text=True, check=False
        )
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines()[-25:]
            raise ChainError(
                f"stage {stage} failed in {folder} with exit code {ended.returncode}:\n"
                + "\n".join(said)
            )
