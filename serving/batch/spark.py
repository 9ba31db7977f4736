"""Make the parts of a batch by Spark's workers, one task a part.

The code and the files are those of the embedded engine. The driver finds duplicates, links the
receipts in their order and seals the batch; a worker loads the model once and keeps it. Input,
output and model are read and written by their paths, so every machine must see them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.engine.cluster.tasks import Outcome, spark_tasks
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.job import Engine
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Batch, Receipt, Work
from creditloom.serving.registry.lookup import Version
from creditloom.storage.files.errors import exit_code, is_ours

# Of the driver, which holds the ids that are duplicates and the receipts.
DRIVER_MB = 1_000
# The exit code of a worker that would decide by other versions.
OTHER_VERSIONS = 2


class WorkerError(ValueError):
    """The refusal of a worker, with the exit code that it has here."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Refusing:
    """Does the work of a task; an error of ours becomes `refused` with its `exit_code`.

    A refusal travels as data: Spark would wrap an exception, and try the task again.
    """

    work: Callable[[int], Outcome]

    def __call__(self, item: int) -> Outcome:
        """Return the outcome for an item, or why it is refused."""
        try:
            return self.work(item)
        except ValueError as error:
            if not is_ours(error):
                raise
            return {"refused": str(error), "exit_code": exit_code(error)}


def accepted(outcome: Outcome) -> Outcome:
    """Return the outcome of a task; WorkerError where it was refused."""
    if "refused" in outcome:
        raise WorkerError(outcome["refused"], outcome["exit_code"])
    return outcome


@dataclass(frozen=True)
class Task:
    """Makes parts by their number; sent to the workers."""

    batch: Batch
    origin: Path | Version
    options: tuple[tuple[str, str], ...]
    duplicates: pa.Array

    def __call__(self, part: int) -> Receipt:
        """Return the receipt of a part."""
        model = _loaded(self.origin)
        batch = self.batch
        options = dict(self.options)
        if model.versions(options.get("product", "")) != batch.versions:
            raise WorkerError(
                f"a worker has other versions of model or code at {model.bundle}; "
                "deploy the same checkout everywhere",
                OTHER_VERSIONS,
            )
        # In this thread: Spark runs as many tasks as there are cores.
        return batch.alone(Work(batch.rules(self.duplicates), model.decide(options)), part)


def on_spark(model: DecidingModel, options: dict[str, str], threads: int) -> Engine:
    """Return the engine that makes the parts by Spark.

    The session that is open is used, or a local one of `threads` cores. Raises FeatureError without
    pyspark or Java.
    """

    def made(batch: Batch, duplicates: pa.Array, first: int, stop: int) -> Iterator[Receipt]:
        task = Task(_placed(batch), model.origin, tuple(options.items()), duplicates)
        numbers = batch.numbers(first, stop)
        params = FeatureParams(engine="spark", threads=threads, memory_mb=DRIVER_MB)
        with open_session(params) as session:
            yield from map(accepted, spark_tasks(session, Refusing(task), numbers))

    return made


# A worker lives longer than a batch: it keeps the last two models, of which a batch needs one.
@lru_cache(maxsize=2)
def _loaded(origin: Path | Version) -> DecidingModel:
    return DecidingModel.of(origin)


def _placed(batch: Batch) -> Batch:
    """Return the batch by absolute paths: a worker runs in a folder of its own."""
    return replace(
        batch,
        source=batch.source.placed(),
        folder=BatchFolder(batch.folder.root.absolute()),
    )
