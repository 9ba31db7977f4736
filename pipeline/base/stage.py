"""Runs a DVC stage: measures its seconds, and turns a refusal into a message.

`python -m creditloom.pipeline.stages.<group>.<verb>` calls `run(verb, main)`. GROUPS lists the
stages in order. A new stage needs three changes: its folder below pipeline/stages/<group>/, its
entry in dvc.yaml, and its name in GROUPS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.ending import ending
from creditloom.pipeline.base.waiting import last_seconds, waiting
from creditloom.storage.files.formats import RESULTS, write_document

# The stages in the order of the DAG. The stage runner, `creditloom evidence`, `creditloom scale`
# and the report read this list. `tune` is not in it: it is frozen, and no run of the DAG starts it.
# Each stands beside the folder below pipeline/stages/ that holds it.
GROUPS = {
    "simulate": "tables",
    "featurize": "tables",
    "select": "model",
    "train": "model",
    "calibrate": "model",
    "bundle": "model",
    "decide": "results",
    "evaluate": "results",
    "explain": "results",
    "report": "results",
}
STAGES = tuple(GROUPS)
# Stages that count their work, and show it: two bars at once would write over each other.
COUNTING = ("simulate", "featurize", "decide")


def module_of(stage: str) -> str:
    """Return the module that `python -m` runs for a stage.

    >>> module_of("train")
    'creditloom.pipeline.stages.model.train'
    """
    return f"creditloom.pipeline.stages.{GROUPS[stage]}.{stage}"


def up_to(stage: str) -> tuple[str, ...]:
    """Return the stages from the first one to `stage`, itself included.

    >>> up_to("select")
    ('simulate', 'featurize', 'select')
    """
    return STAGES[: STAGES.index(stage) + 1]


@contextmanager
def timed(stage: str) -> Iterator[dict[str, int]]:
    """Write `data/reports/runtime/<stage>.json` with the seconds of the block, if it succeeds.

    Yields a dict of row counts that the block may fill: `rows["payments"] = n`.
    """
    rows: dict[str, int] = {}
    start = time.perf_counter()
    yield rows
    # Seconds are not an out of the DAG: they differ in every run and would make every later stage
    # stale.
    seconds = round(time.perf_counter() - start, 3)
    measured = {"stage": stage, "seconds": seconds, "rows": rows}
    write_document(measured, paths.RUNTIME / f"{stage}.json", RESULTS)


def run(stage: str, main: Callable[[], Mapping[str, int] | None]) -> None:
    """Run the `main` of one stage and write its seconds to data/reports/runtime.

    `main` may return row counts by name, which are written beside the seconds. A refusal becomes
    a message and an exit code.
    """
    with ending(f"stage {stage}"), timed(stage) as rows, _bar(stage):
        rows.update(main() or {})


def _bar(stage: str) -> AbstractContextManager[None]:
    """Return the bar of a stage; those that count their work show their own."""
    record = paths.RUNTIME / f"{stage}.json"
    return nullcontext() if stage in COUNTING else waiting(stage, last_seconds(record))
