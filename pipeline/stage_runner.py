"""Runs stages of dvc.yaml one after the other in a folder of their own, without DVC.

`creditloom evidence`, `creditloom scale` and the tests need whole runs that share nothing with the
checkout.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text
from creditloom.pipeline.base.stage import STAGES, module_of, up_to

TO_DECISIONS = up_to("decide")
TO_METRICS = up_to("evaluate")
TO_REPORT = STAGES
# Number of last lines of a failed stage that the error repeats: the end of the traceback.
ERROR_LINES = 25


class ChainError(ValueError):
    """A stage failed; the message says which one, its folder, and the last lines that it wrote."""


def with_package() -> dict[str, str]:
    """Return the environment in which a process of another folder can import this package."""
    # Put this package first, whether another is installed or not: the stages must run the same code
    # as this process.
    folders = (str(paths.PACKAGE.parent), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


def prepare(folder: Path, changes: Mapping[str, Any], path: Path = paths.PARAMS) -> None:
    """Write a params.yaml with `changes` (dotted paths) into `folder`, so that stages can run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / paths.PARAMS).write_text(changed_text(changes, path), encoding="utf-8")


def run(folder: Path, stages: Sequence[str]) -> None:
    """Run stages in `folder`, each in its own process. Raises ChainError when one fails."""
    for stage in stages:
        _run_module(folder, module_of(stage), f"stage {stage}")


def run_command(folder: Path, *words: str) -> None:
    """Run `creditloom words` in `folder`, in a process of its own. Raises ChainError."""
    _run_module(folder, "creditloom.pipeline.cli", f"creditloom {' '.join(words)}", words)


def _run_module(folder: Path, module: str, told: str, words: Sequence[str] = ()) -> None:
    with _stage_ends_with_us():
        ended = subprocess.run(  # noqa: S603  our own modules, no shell
            [sys.executable, "-m", module, *words],
            cwd=folder,
            env=with_package(),
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()[-ERROR_LINES:]
        raise ChainError(
            f"{told} failed in {folder} with exit code {ended.returncode}:\n" + "\n".join(lines)
        )


@contextmanager
def _stage_ends_with_us() -> Iterator[None]:
    """Let SIGTERM end the process of the stage too.

    Without a handler it would end this process alone, and the stage would run on unseen.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a handler
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: object) -> NoReturn:
    """Leave by an exception: `subprocess.run` then ends its process."""
    raise SystemExit(128 + number)
