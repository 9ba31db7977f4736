"""The loop of the batch job: blocks in, per block the decisions of its good rows, what they were made of, and the bad rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from models.batch import faults
from models.batch.faults import Rules
from models.decision.frame import ID
from models.ledger.canonical import canonical
from models.ledger.hashing import decision_hashes, row_hashes

Decide = Callable[[pa.Table], pa.Table]
T = TypeVar("T")
R = TypeVar("R")

TEXTS = ("rule", "column", "reason")


@dataclass(frozen=True)
class Outcome:
    """What became of one block that starts at row `start` of the input.

    `rows` are the numbers of the decided rows in the whole input; `row_hash` and `decision_hash` belong to them, in order.
    """

    start: int
    size: int
    rows: NDArray[np.int64]
    decisions: pa.Table
    row_hash: NDArray[np.uint64]
    decision_hash: NDArray[np.uint64]
    rejected: pa.Table


@dataclass(frozen=True)
class Work:
    """What is done to every block: the rules it must keep, then the decision."""

    rules: Rules
    decide: Decide

    def __call__(self, numbered: tuple[int, pa.Table]) -> Outcome:
        """Decide the good rows of a block given with the number of its first row, and set the bad ones aside."""
        start, coded = numbered
        block = canonical(coded, self.rules.columns)
        bad = faults.find(block, self.rules)
        is_good = np.ones(len(block), dtype=bool)
        is_good[bad["row"].to_numpy()] = False
        good = block if not len(bad) else block.filter(pa.array(is_good)).combine_chunks()
        decisions = self.decide(good)
        hashes = row_hashes(good, is_canonical=True), decision_hashes(decisions)
        return Outcome(start, len(block), start + np.flatnonzero(is_good), decisions, *hashes, _rejected(block, bad, start))


def in_order(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """work(item) for every item, in their order, `threads` at a time; items are taken only a few ahead, so memory stays bounded."""
    ahead: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > threads + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _rejected(block: pa.Table, bad: pd.DataFrame, before: int) -> pa.Table:
    """One row per bad row: its number in the whole input, id, rule, column, reason."""
    rows = bad["row"].to_numpy()
    ids = block[ID].take(pa.array(rows)).combine_chunks()
    texts = {name: pa.array(bad[name].tolist(), pa.string()) for name in TEXTS}
    return pa.table({"row": pa.array(rows + before), ID: ids, **texts})
