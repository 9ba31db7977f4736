"""How a DVC stage runs: timed, and refusing in words. `python -m pipeline.<verb>` ends in `run(verb, main)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.clock import timed
from pipeline.refusal import refusals


def run(stage: str, main: Callable[[], Mapping[str, int] | None]) -> None:
    """Run one stage's `main`, note its seconds in data/reports/runtime, exit with code 2 where one of our rooms refuses.

    `main` may return row counts by name; they are noted beside the seconds.
    """
    with refusals(), timed(stage) as rows:
        rows.update(main() or {})
