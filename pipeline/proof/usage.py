"""What a command costs: wall seconds, CPU seconds and peak memory of it and everything it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from creditloom.pipeline.stage_runner import with_package

EVERY = 0.25  # seconds between two looks at the memory


class UsageError(ValueError):
    """A measured command failed; the message ends in its last words."""


@dataclass(frozen=True)
class Usage:
    """Wall and CPU (user + system) seconds, and the largest sum of resident memory over the process tree, in MB."""

    seconds: float
    cpu: float
    peak_mb: float
    said: str


def measure(module: str, *arguments: str, folder: Path, threads: int | None = None) -> Usage:
    """Run one of our own modules in `folder` and measure its process tree. Raises UsageError when it fails."""
    env = with_package()
    if threads is not None:
        env |= dict.fromkeys(
            ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"), str(threads)
        )
    start, before, peak = time.perf_counter(), _children_cpu(), 0.0
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as ran:  # noqa: S603
        tree = psutil.Process(ran.pid)
        with ThreadPoolExecutor(1) as reader:
            words = reader.submit(ran.stdout.read if ran.stdout else str)
            while ran.poll() is None:
                peak = max(peak, _resident(tree))
                time.sleep(EVERY)
        said = words.result()
    if ran.returncode:
        raise UsageError(
            f"{' '.join(command[1:])} failed in {folder} with exit code {ran.returncode}:\n{said[-2_000:]}"
        )
    return Usage(time.perf_counter() - start, _children_cpu() - before, peak, said)


def _resident(tree: psutil.Process) -> float:
    """MB held by a process and its descendants; memory they share counts once per process."""
    try:
        return (
            sum(process.memory_info().rss for process in (tree, *tree.children(recursive=True)))
            / 1e6
        )
    except psutil.NoSuchProcess:  # ended between two looks
        return 0.0


def _children_cpu() -> float:
    used = os.times()
    return used.children_user + used.children_system
