"""A disk that is really full: the job ends with what to do, and goes on once there is room."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.small import applications
from tests.score.conftest import Run
from tests.score.test_resume import bytes_of

ROWS = 6_000
OPTIONS = ("--part-rows", "500", "--today", "2026-12-31", "--json")


def _mount(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", "-t", "tmpfs", *words], capture_output=True, text=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or _mount("-o", "size=256k", "tmpfs", str(place)).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_and_the_batch_goes_on_once_there_is_room(
    score: Run, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    applications(ROWS).to_parquet("in.parquet", index=False)
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", *OPTIONS, "--output", str(disk / "night"))
    assert stopped.value.code == 4
    assert "No space left on device" in capsys.readouterr().err
    assert list((disk / "night/receipts").iterdir())
    assert not list((disk / "night").rglob(".*.tmp"))
    assert _mount("-o", "remount,size=20m", "tmpfs", str(disk)).returncode == 0
    assert (
        json.loads(score("in.parquet", *OPTIONS, "--output", str(disk / "night")).stdout)[
            "resumed_rows"
        ]
        >= 500
    )
    score("in.parquet", *OPTIONS, "--output", "through")
    assert bytes_of(disk / "night") == bytes_of(Path("through"))
