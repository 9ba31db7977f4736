"""A seal and an erasure, killed or cut off at any moment, lose no answer and double none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Of a seal: two batches, each with features, parts, receipts, manifest and log.
LEAST_OPERATIONS = {"seal": 60, "erase": 4}


def killed(scratch: Path, share: int) -> dict[str, dict[str, Any]]:
    """What went wrong, by scenario; every `share`-th operation is a kill, and a power cut."""
    command = [sys.executable, "-m", "tests.online.kills", str(scratch), str(share)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told: dict[str, dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return told


@pytest.mark.slow
@pytest.mark.parametrize("share", [61, 1])
def test_every_answer_stands_in_one_batch(tmp_path: Path, share: int) -> None:
    told = killed(tmp_path, share)
    assert {name: one["faults"] for name, one in told.items()} == {"seal": [], "erase": []}
    for name, least in LEAST_OPERATIONS.items():
        assert told[name]["operations"] > least, told[name]
