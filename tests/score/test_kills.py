"""A batch killed before any of its file operations is ended by the same command, to the byte.

So it is after a power cut, which takes what was not synced.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.registry.small import applications

ROOT = Path(__file__).resolve().parents[2]
# Of a job: three parts with two files, a receipt and rows set aside each, then manifest and export.
LEAST_OPERATIONS = 90


def _killed(bundle: Path, home: Path, share: int) -> dict[str, dict[str, Any]]:
    frame = applications(60)
    frame.loc[[4, 30], "wealth_fen"] = -1
    frame.to_parquet(home / "in.parquet")
    (home / "scratch").mkdir()
    words = [str(bundle), str(home / "in.parquet"), str(home / "scratch"), str(share)]
    command = [sys.executable, "-m", "tests.score.kills", *words]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return told


@pytest.mark.slow
def test_a_kill_or_a_power_cut_at_some_moments_loses_nothing(bundle: Path, tmp_path: Path) -> None:
    told = _killed(bundle, tmp_path, share=37)
    assert {name: one["faults"] for name, one in told.items()} == {
        "job and export": [],
        "resume": [],
        "replace": [],
    }
    assert all(one["operations"] > LEAST_OPERATIONS for one in told.values())


@pytest.mark.slow
def test_a_kill_or_a_power_cut_before_every_file_operation_loses_nothing(
    bundle: Path, tmp_path: Path
) -> None:
    told = _killed(bundle, tmp_path, share=1)
    assert [one["points"] for one in told.values()] == [one["operations"] for one in told.values()]
    assert [fault for one in told.values() for fault in one["faults"]] == []
