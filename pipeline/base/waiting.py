"""Shows that a stage is at work, and how long it took last time: what somebody waits for.

A stage of one long step (a fit, a selection, an evaluation) cannot count its work. What it can say
is the time that has passed, and what is left if it takes as long as the last time.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# A bar for less would only flicker.
LEAST_SECONDS = 2.0
# Frames a second: the eye needs no more, and the work has the machine.
FRAMES = 2.0


@contextmanager
def waiting(name: str, last: float | None, *, is_shown: bool | None = None) -> Iterator[None]:
    """Show a bar on standard error while the block runs, if that is a terminal.

    last: seconds of the last run; None where there was none: the bar then has no end. A run that
    takes longer than the last one stays at its end.
    """
    is_terminal = sys.stderr.isatty() if is_shown is None else is_shown
    if not is_terminal or (last is not None and last < LEAST_SECONDS):
        yield
        return
    # Loaded here: nobody waits for it where nothing is shown.
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from creditloom.pipeline.base.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True, force_terminal=is_shown)
    with Progress(*columns, console=console, transient=True, refresh_per_second=FRAMES) as bar:
        task = bar.add_task(name, total=last)
        with _follow(bar, task, name, last):
            yield


@contextmanager
def _follow(bar: Progress, task: TaskID, name: str, last: float | None) -> Iterator[None]:
    """Move the bar with the clock, in a thread that ends with the block."""
    is_over = threading.Event()

    def move() -> None:
        while not is_over.wait(1 / FRAMES):
            passed = bar.tasks[task].elapsed or 0.0
            done = passed if last is None else min(passed, last)
            told = left(name, passed, last)
            bar.update(task, completed=done, description=told)

    mover = threading.Thread(target=move, daemon=True)
    mover.start()
    try:
        yield
    finally:
        is_over.set()
        mover.join()


def left(name: str, passed: float, last: float | None) -> str:
    """Return what a bar says beside itself.

    >>> left("select", 12.0, 31.4)
    'select: about 19 s left'
    >>> left("select", 40.0, 31.4), left("select", 3.0, None)
    ('select: longer than last time (31 s)', 'select: no earlier run to tell how long')
    """
    if last is None:
        return f"{name}: no earlier run to tell how long"
    if passed > last:
        return f"{name}: longer than last time ({last:.0f} s)"
    return f"{name}: about {last - passed:.0f} s left"


def last_seconds(record: Path) -> float | None:
    """Return the seconds that a stage noted after its last run; None where it noted none."""
    # Loaded here, with the folder of its stages only.
    from creditloom.storage.files.formats import RESULTS, read_document

    return float(read_document(record, RESULTS)["seconds"]) if record.is_file() else None
