"""Make the parts of a batch by Spark's workers, one task a part.

The code and the files are those of the embedded engine. The driver finds duplicates, links the
receipts in their order and seals the batch; a worker loads the model once and keeps it. Input,
output and model are read and written by their paths, so every machine must see them there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from creditloom.features.engine.spark_session import open_session
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.job import Engine
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Batch, Receipt, in_order
from creditloom.serving.registry.lookup import Version
from creditloom.storage.files.errors import exit_code, is_ours

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

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
class Task:
    """Makes parts by their number; sent to the workers."""

    batch: Batch
    origin: Path | Version
    options: tuple[tuple[str, str], ...]
    duplicates: pa.Array

    def __call__(self, part: int) -> dict[str, Any]:
        """Return the receipt of a part, or `refused` with its `exit_code`."""
        # A refusal travels as data: Spark would wrap an exception, and try the task again.
        try:
            return self._made(part)
        except ValueError as error:
            if not is_ours(error):
                raise
            return {"refused": str(error), "exit_code": exit_code(error)}

    def _made(self, part: int) -> Receipt:
        model = _loaded(self.origin)
        batch = self.batch
        options = dict(self.options)
        if model.versions(options.get("product", "")) != batch.versions:
            raise WorkerError(
                f"a worker has other versions of model or code at {model.bundle}; "
                "deploy the same checkout everywhere",
                OTHER_VERSIONS,
            )
        first = part * batch.part_rows
        stop = min(first + batch.part_rows, batch.source.rows)
        # One thread: Spark runs as many tasks as there are cores.
        return next(batch.made(model.decide(options), self.duplicates, first, stop, threads=1))


def on_spark(model: DecidingModel, options: dict[str, str], threads: int) -> Engine:
    """Return the engine that makes the parts by Spark.

    The session that is open is used, or a local one of `threads` cores. Raises FeatureError without
    pyspark or Java.
    """

    def made(batch: Batch, duplicates: pa.Array, first: int, stop: int) -> Iterator[Receipt]:
        task = Task(_placed(batch), model.origin, tuple(options.items()), duplicates)
        # Minus twice: the division rounds up, as the last part may be smaller.
        numbers = range(first // batch.part_rows, -(-stop // batch.part_rows))
        params = FeatureParams(engine="spark", threads=threads, memory_mb=DRIVER_MB)
        with open_session(params) as session:
            in_parallel = session.sparkContext.defaultParallelism
            for outcome in in_order(_job(session, task), numbers, in_parallel):
                if "refused" in outcome:
                    raise WorkerError(outcome["refused"], outcome["exit_code"])
                yield outcome

    return made


def _job(session: SparkSession, task: Task) -> Callable[[int], dict[str, Any]]:
    """Return a function that makes one part as a Spark job of one task.

    So receipts come in order, and a stop loses no more parts than are in work.
    """

    def receipts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            texts = [json.dumps(task(part)) for part in batch["id"].to_pylist()]
            yield pa.record_batch([pa.array(texts)], ["receipt"])

    def run(part: int) -> dict[str, Any]:
        rows = session.range(part, part + 1, 1, 1).mapInArrow(receipts, "receipt string").collect()
        outcome: dict[str, Any] = json.loads(rows[0]["receipt"])
        return outcome

    return run


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
