"""Work through items in order: by threads of this process, or by tasks of Spark.

Spark is then a scheduler of work that reads and writes files by itself: no rows travel.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")
R = TypeVar("R")
# The outcome of a task of Spark: an object of JSON with counts and names, and no rows.
Outcome = dict[str, Any]


def in_order(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield work(item) for every item, in their order, `threads` at a time.

    Items are taken only a few ahead, so memory stays bounded.
    """
    ahead: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            # One more than the threads waits, so that none is idle while a result is used.
            if len(ahead) > threads + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        # Also when the reader stops early, or one item fails.
        pool.shutdown(cancel_futures=True)


def spark_tasks(
    session: SparkSession, work: Callable[[T], Outcome], items: Iterable[T]
) -> Iterator[Outcome]:
    """Yield work(item) for every item, in their order, each made by a task of its own.

    As many run at a time as the cluster has cores. Only outcomes come back to the driver. `work`
    and the item travel to the workers, so they are small.
    """

    def run(item: T) -> Outcome:
        def outcomes(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                texts = [json.dumps(work(item)) for _ in range(len(batch))]
                yield pa.record_batch([pa.array(texts)], ["outcome"])

        # A job a task: outcomes come in order, and a stop loses no more than is in work.
        rows = session.range(0, 1, 1, 1).mapInArrow(outcomes, "outcome string").collect()
        outcome: Outcome = json.loads(rows[0]["outcome"])
        return outcome

    yield from in_order(run, items, session.sparkContext.defaultParallelism)
