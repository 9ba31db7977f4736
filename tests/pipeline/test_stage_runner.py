"""A stage that runs in a process of its own ends with the command that began it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from creditloom.pipeline import stage_runner

# Seconds until a process that was to end is called running on.
PATIENCE = 20.0
STAGE = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(120)"
COMMAND = """
from collections.abc import Callable
from pathlib import Path
from creditloom.pipeline import stage_runner
stage_runner._run_module(Path(), "long_stage", "stage long")
"""


def _is_running(pid: int) -> bool:
    """Whether the process lives; one that ended and was not asked for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _eventually(holds: Callable[[], object]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_a_stage_ends_when_its_command_is_terminated(tmp_path: Path) -> None:
    (tmp_path / "long_stage.py").write_text(STAGE)
    place = tmp_path / "pid"
    path = os.pathsep.join((str(tmp_path), stage_runner.with_package()["PYTHONPATH"]))
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    )
    assert _eventually(lambda: place.exists() and place.read_text())
    command.send_signal(signal.SIGTERM)
    assert command.wait(PATIENCE) == 128 + signal.SIGTERM
    assert _eventually(lambda: not _is_running(int(place.read_text())))
