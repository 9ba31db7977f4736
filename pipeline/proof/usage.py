"""Measures a command with all processes that it starts: wall and CPU seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from creditloom.pipeline.stage_runner import with_package

# Seconds between two measurements of the memory: short for a stage, and cheap.
INTERVAL = 0.25
LAST_CHARACTERS = 2_000  # of a failed command's output that its error repeats
# The variables by which the libraries take their number of threads.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")


class UsageError(ValueError):
    """A measured command failed; the message ends with the last lines that the command wrote."""


@dataclass(frozen=True)
class Usage:
    """What a command took, and what it wrote.

    `seconds` of wall time, `cpu` seconds (user + system), `peak_mb`: the largest sum of resident
    memory over the process tree, in MB; `said`: standard output and error. `tree_cpu` sums what
    each process of the tree was last seen to have used: also of those that nobody waits for, as
    the workers of Spark. It misses what a process did after the last look, a quarter of a second.
    """

    seconds: float
    cpu: float
    peak_mb: float
    said: str
    tree_cpu: float = 0.0


def measure(
    module: str,
    *arguments: str,
    folder: Path,
    threads: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Usage:
    """Run one of our own modules in `folder` and measure its process tree.

    `env`: variables beside those of this process, as PYTHONPATH for the code of another checkout.
    Raises UsageError when it fails.
    """
    env = {**with_package(), **(env or {})}
    if threads is not None:
        env |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-m", module, *arguments]
    start = time.perf_counter()
    cpu_before = _children_cpu()
    peak = 0.0
    seen: dict[tuple[int, float], float] = {}
    with subprocess.Popen(  # noqa: S603  our own modules, no shell
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as ran:
        tree = psutil.Process(ran.pid)
        # A thread reads the output meanwhile, because a full pipe would stop the command.
        with ThreadPoolExecutor(1) as reader:
            output = reader.submit(ran.stdout.read if ran.stdout else str)
            while ran.poll() is None:
                peak = max(peak, resident_mb(tree))
                seen |= _cpu_of(tree)
                time.sleep(INTERVAL)
        said = output.result()
    if ran.returncode:
        raise UsageError(
            f"{' '.join(command[1:])} failed in {folder} with exit code {ran.returncode}:\n"
            f"{said[-LAST_CHARACTERS:]}"
        )
    seconds = time.perf_counter() - start
    return Usage(seconds, _children_cpu() - cpu_before, peak, said, sum(seen.values()))


def _cpu_of(tree: psutil.Process) -> dict[tuple[int, float], float]:
    """Return the CPU seconds of each process of a tree, by its number and start."""
    used = {}
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used[process.pid, process.create_time()] = times.user + times.system
    return used


def resident_mb(tree: psutil.Process) -> float:
    """Return the MB of a process and its descendants; shared memory counts for each of them.

    A process that ends meanwhile counts as 0; the others count all the same.
    """
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_resident_bytes, processes)) / 1e6


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _children_cpu() -> float:
    used = os.times()
    return used.children_user + used.children_system
