"""Seconds per stage, kept outside the DAG because they are never the same twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from data.store import write_json
from pipeline import paths


@contextmanager
def timed(stage: str) -> Iterator[dict[str, int]]:
    """Write `data/reports/runtime/<stage>.json` with the seconds of the block, if the block succeeds.

    Yields a dict of row counts that the block may fill: `rows["payments"] = n`.
    """
    rows: dict[str, int] = {}
    start = time.perf_counter()
    yield rows
    seconds = round(time.perf_counter() - start, 3)
    write_json({"stage": stage, "seconds": seconds, "rows": rows}, paths.RUNTIME / f"{stage}.json")
