"""Stage `tune` (frozen): searches the learner's settings inside the training months.

It prints the block to commit in params.yaml. `creditloom tune` does the same with options.
"""

from __future__ import annotations

import sys
import time

from creditloom.models.tuning.space import TuneParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.stages.model.tune.tuning_run import show, tuned
from creditloom.storage.files.store import write_json


def main() -> dict[str, int]:
    """Write data/tuning/best.json; return the number of trials.

    A journal is written beside it. With it a later run goes on where this one stopped.
    """
    start = time.monotonic()
    found = tuned(section("tune", TuneParams), paths.TUNING, start, _tell)
    write_json(found.figures(), paths.TUNING / "best.json")
    show(found)
    return {"trials": len(found.records)}


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    run("tune", main)
