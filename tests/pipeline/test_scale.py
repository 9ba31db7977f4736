"""What a run costs is measured over its process tree, and two sizes are compared per event."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from creditloom.pipeline.proof import usage
from creditloom.pipeline.proof.scale import ScaleRun, Stage, content
from creditloom.pipeline.proof.usage import UsageError, measure, resident_mb

# Parent and child hold their memory until the test has seen both, however slow the machine is. Half
# a minute later the child gives up, and the test fails.
HUNGRY = """
import pathlib, subprocess, sys, time
block = bytearray(150_000_000)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, "-m", "hungry", "child"], check=True)
else:
    print(sum(range(2_000_000)))
    end = time.monotonic() + 30
    while time.monotonic() < end and not pathlib.Path("seen").exists():
        time.sleep(0.01)
"""


def test_children_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process and its child hold 150 MB each; the child works."""
    (tmp_path / "hungry.py").write_text(HUNGRY)

    def watched(tree: psutil.Process) -> float:
        mb = resident_mb(tree)
        if mb > 300:
            (tmp_path / "seen").touch()
        return mb

    monkeypatch.setattr(usage, "resident_mb", watched)
    used = measure("hungry", folder=tmp_path)
    assert used.said.strip() == str(sum(range(2_000_000)))
    assert 300 < used.peak_mb < 500
    assert 0.05 < used.cpu < 60


def test_a_child_that_has_ended_hides_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed and gone before its memory is asked for."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    gone = psutil.Process(ended.pid)
    ended.wait()
    here = psutil.Process()
    monkeypatch.setattr(here, "children", lambda recursive: [gone])
    assert resident_mb(here) > 10


def test_a_failure_says_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('no such world')")
    with pytest.raises(UsageError, match="no such world"):
        measure("broken", folder=tmp_path)


def test_cpu_per_event_is_compared() -> None:
    small = ScaleRun(1_000, 10**6, (Stage("simulate", 10.0, 10.0, 500.0),))
    large = ScaleRun(4_000, 4 * 10**6, (Stage("simulate", 60.0, 60.0, 900.0),))
    found = content(small, large)
    assert found["cpu_per_event_ratio"] == 1.5
    assert found["held"] == {"seconds": True, "peak_mb": True, "cpu_per_event": False}
