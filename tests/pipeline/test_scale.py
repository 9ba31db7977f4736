"""What a run costs is measured over its process tree, and two sizes are compared per event."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditloom.pipeline.proof.scale import ScaleRun, Stage, content
from creditloom.pipeline.proof.usage import UsageError, measure

HUNGRY = """
import subprocess, sys
block = bytearray(150_000_000)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, "-m", "hungry", "child"], check=True)
else:
    print(sum(range(20_000_000)))
"""


def test_children_count(tmp_path: Path) -> None:
    """A process and its child hold 150 MB each; the child works."""
    (tmp_path / "hungry.py").write_text(HUNGRY)
    used = measure("hungry", folder=tmp_path)
    assert used.said.strip() == str(sum(range(20_000_000)))
    assert 300 < used.peak_mb < 500
    assert 0.05 < used.cpu < 60


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
