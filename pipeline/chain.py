"""The stages of dvc.yaml one after the other in a folder of their own, without DVC: for evidence at many seeds, and for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import paths
from pipeline.params import changed

TO_DECISIONS = ("simulate", "featurize", "select", "train", "calibrate", "bundle", "decide")
TO_METRICS = (*TO_DECISIONS, "evaluate")
TO_REPORT = (*TO_METRICS, "explain", "report")


class ChainError(ValueError):
    """A stage failed: says which, in which folder, and what it said."""


def prepare(folder: Path, changes: Mapping[str, Any], path: Path = paths.PARAMS) -> None:
    """Make `folder` a place where stages can run: a params.yaml with `changes` (dotted paths) in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / paths.PARAMS).write_text(changed(changes, path), encoding="utf-8")


def run(folder: Path, stages: Sequence[str]) -> None:
    """Run stages in `folder`, each in its own process. Raises ChainError with the stage's last words when one fails."""
    search = os.pathsep.join(filter(None, (str(paths.HOUSE), os.environ.get("PYTHONPATH"))))
    for stage in stages:
        command = [sys.executable, "-m", f"pipeline.{stage}"]
        ended = subprocess.run(  # noqa: S603  our own modules, no shell
            command, cwd=folder, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines()[-25:]
            raise ChainError(f"stage {stage} failed in {folder} with exit code {ended.returncode}:\n" + "\n".join(said))
