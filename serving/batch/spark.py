"""The parts of a batch made by Spark's workers: one task a part, with the code and into the files of the embedded engine.

The driver finds duplicates, links the receipts in their order and seals the batch; a worker loads the model once and keeps it. Input,
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

from creditloom.features.engine.spark import open_session
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.job import Engine
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import Batch, Receipt, in_order
from creditloom.serving.registry.lookup import Version
from creditloom.storage.files.errors import exit_code, is_ours

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DRIVER_MB = 1_000


class WorkerError(ValueError):
    """What a worker refused, with the exit code that it has here."""

    def __init__(self, told: str, exit_code: int) -> None:
        super().__init__(told)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Task:
    """Makes parts by their number; sent to the workers."""

    batch: Batch
    origin: Path | Version
    options: tuple[tuple[str, str], ...]
    duplicates: pa.Array

    def __call__(self, part: int) -> dict[str, Any]:
        """The receipt of a part, or `refused` with its `exit_code`."""
        try:
            return self._made(part)
        except ValueError as error:
            if not is_ours(error):
                raise
            return {"refused": str(error), "exit_code": exit_code(error)}

    def _made(self, part: int) -> Receipt:
        model, batch = _loaded(self.origin), self.batch
        versions = model.versions(dict(self.options).get("product", ""))
        if versions != batch.versions:
            raise WorkerError(
                f"a worker has other versions of model or code at {model.bundle}; deploy the same checkout everywhere",
                2,
            )
        first = part * batch.part_rows
        stop = min(first + batch.part_rows, batch.source.rows)
        return next(
            batch.made(model.decide(dict(self.options)), self.duplicates, first, stop, threads=1)
        )


def on_spark(model: DecidingModel, options: dict[str, str], threads: int) -> Engine:
    """The parts are made by the session that is open, or by a local one of `threads` cores. FeatureError without pyspark or Java."""

    def made(batch: Batch, duplicates: pa.Array, first: int) -> Iterator[Receipt]:
        task = Task(_placed(batch), model.origin, tuple(options.items()), duplicates)
        numbers = range(first // batch.part_rows, -(-batch.source.rows // batch.part_rows))
        with open_session(
            FeatureParams(engine="spark", threads=threads, memory_mb=DRIVER_MB)
        ) as session:
            for outcome in in_order(
                _job(session, task), numbers, session.sparkContext.defaultParallelism
            ):
                if "refused" in outcome:
                    raise WorkerError(outcome["refused"], outcome["exit_code"])
                yield outcome

    return made


def _job(session: SparkSession, task: Task) -> Callable[[int], dict[str, Any]]:
    """A Spark job of one task per part: receipts come in order, and a stop loses no more parts than are in work."""

    def receipts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.record_batch(
                [pa.array([json.dumps(task(part)) for part in batch["id"].to_pylist()])],
                ["receipt"],
            )

    def run(part: int) -> dict[str, Any]:
        rows = session.range(part, part + 1, 1, 1).mapInArrow(receipts, "receipt string").collect()
        found: dict[str, Any] = json.loads(rows[0]["receipt"])
        return found

    return run


@lru_cache(maxsize=2)
def _loaded(origin: Path | Version) -> DecidingModel:
    return DecidingModel.of(origin)


def _placed(batch: Batch) -> Batch:
    """The batch by absolute paths: a worker runs in a folder of its own."""
    source, folder = (
        BatchInput.open(batch.source.source.absolute()),
        BatchFolder(batch.folder.root.absolute()),
    )
    return replace(batch, source=source, folder=folder)
