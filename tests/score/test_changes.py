"""An input that changes while the job runs: refused with the file named, or decided as it was.

With the input put back, the same command ends the batch to the byte.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _changed(bundle: Path, scratch: Path, runs: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.score.changes", str(bundle), str(scratch), str(runs)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(run.stdout)
    return told


@pytest.mark.slow
def test_ten_changes_at_random_moments(bundle: Path, tmp_path: Path) -> None:
    assert _changed(bundle, tmp_path, 10)["faults"] == []


@pytest.mark.slow
def test_two_hundred_changes_at_random_moments(bundle: Path, tmp_path: Path) -> None:
    told = _changed(bundle, tmp_path, 200)
    assert told["faults"] == []
    # Both ends are seen: else the moments would say nothing.
    assert sum(one["refused"] for one in told["outcomes"].values()) > 50
    assert sum(one["decided"] for one in told["outcomes"].values()) > 20
