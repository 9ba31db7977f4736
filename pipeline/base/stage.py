"""How a DVC stage runs: timed, and refusing in words.

`python -m creditloom.pipeline.stages.<verb>` ends in `run(verb, main)`. Seconds are kept outside the DAG, as they are never the same twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from creditloom.pipeline.base import paths
from creditloom.storage.files.errors import refusals
from creditloom.storage.files.formats import RESULTS, write_document

STAGES = (
    "simulate",
    "featurize",
    "select",
    "train",
    "calibrate",
    "bundle",
    "decide",
    "evaluate",
    "explain",
    "report",
)
"""The stages in the order of the DAG; `tune` is frozen and stands beside them."""


@contextmanager
def timed(stage: str) -> Iterator[dict[str, int]]:
    """Write `data/reports/runtime/<stage>.json` with the seconds of the block, if the block succeeds.

    Yields a dict of row counts that the block may fill: `rows["payments"] = n`.
    """
    rows: dict[str, int] = {}
    start = time.perf_counter()
    yield rows
    seconds = round(time.perf_counter() - start, 3)
    write_document(
        {"stage": stage, "seconds": seconds, "rows": rows}, paths.RUNTIME / f"{stage}.json", RESULTS
    )


def run(stage: str, main: Callable[[], Mapping[str, int] | None]) -> None:
    """Run one stage's `main`, note its seconds in data/reports/runtime, exit with code 2 where one of our rooms refuses.

    `main` may return row counts by name; they are noted beside the seconds.
    """
    with refusals(), timed(stage) as rows:
        rows.update(main() or {})
