"""The loop of the batch job: blocks in, per block the decisions of its good rows, what they were made of, and the bad rows."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.frames.input_frame import ID
from creditloom.serving.batch import row_faults
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import InputColumn
from creditloom.serving.ledger.entries import InputPlaces, Versions, entries
from creditloom.serving.ledger.hashing import canonical, decision_hashes, row_hashes

Decide = Callable[[pa.Table], pa.Table]
T = TypeVar("T")
R = TypeVar("R")

TEXTS = ("rule", "column", "reason")


@dataclass(frozen=True)
class BlockResult:
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

    rules: RowFaultInputs
    decide: Decide

    def __call__(self, numbered: tuple[int, pa.Table]) -> BlockResult:
        """Decide the good rows of a block given with the number of its first row, and set the bad ones aside."""
        start, coded = numbered
        block = canonical(coded, self.rules.columns)
        bad = row_faults.find(block, self.rules)
        is_good = np.ones(len(block), dtype=bool)
        is_good[bad["row"].to_numpy()] = False
        good = block if not len(bad) else block.filter(pa.array(is_good)).combine_chunks()
        decisions = self.decide(good)
        hashes = row_hashes(good, is_canonical=True), decision_hashes(decisions)
        return BlockResult(
            start,
            len(block),
            start + np.flatnonzero(is_good),
            decisions,
            *hashes,
            _rejected(block, bad, start),
        )


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


# Parts: a fixed number of rows of the input each, whatever the blocks they were decided in.


@dataclass(frozen=True)
class BatchPart:
    """Rows `first`..`first + rows` of the input: what was decided, and what was set aside with its reason."""

    number: int
    first: int
    rows: int
    outcomes: tuple[BlockResult, ...]

    @property
    def decisions(self) -> pa.Table:
        """All decisions, in the order of the input."""
        return _joined([outcome.decisions for outcome in self.outcomes])

    @property
    def rejected(self) -> pa.Table:
        """All rows set aside."""
        return _joined([outcome.rejected for outcome in self.outcomes])

    @property
    def decided_rows(self) -> np.ndarray:
        """Numbers of the decided rows in the whole input."""
        return np.concatenate([outcome.rows for outcome in self.outcomes])

    def ledger(
        self, decisions: pa.Table, places: InputPlaces, files: Sequence[str], versions: Versions
    ) -> pa.Table:
        """What the decisions were made of; see `entries`."""
        hashes = tuple(
            np.concatenate([getattr(outcome, name) for outcome in self.outcomes])
            for name in ("row_hash", "decision_hash")
        )
        return entries(decisions, (hashes[0], hashes[1]), places, files, versions)


def cut(blocks: Iterable[tuple[int, pa.Table]], size: int) -> Iterator[tuple[int, pa.Table]]:
    """The numbered blocks, cut where a part of `size` rows ends."""
    for start, block in blocks:
        done = 0
        while done < len(block):
            rows = min(len(block) - done, size - (start + done) % size)
            yield start + done, block.slice(done, rows)
            done += rows


def gathered(outcomes: Iterable[BlockResult], size: int, total: int) -> Iterator[BatchPart]:
    """Outcomes put together to parts of `size` rows, the last one smaller."""
    held: list[BlockResult] = []
    for outcome in outcomes:
        held.append(outcome)
        stop = outcome.start + outcome.size
        if stop % size == 0 or stop == total:
            first = held[0].start
            yield BatchPart(first // size, first, stop - first, tuple(held))
            held = []


def counts(decisions: pa.Table, rejected: pa.Table) -> dict[str, Any]:
    """How many were decided in which way, and set aside by which rule."""
    return {
        "decided": len(decisions),
        "decisions": _counted(decisions["decision"]),
        "rejected": len(rejected),
        "rejected_by_rule": _counted(rejected["rule"]),
    }


def _counted(words: pa.ChunkedArray) -> dict[str, int]:
    return dict(
        sorted((found["values"], found["counts"]) for found in words.value_counts().to_pylist())
    )


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries()


# What all parts of a batch share, and how one is made: read, decided, written, told in a receipt. Here or on another machine.

BLOCK_BYTES, BLOCK_ROWS = 20 << 20, (1_024, 16_384)
Receipt = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Input, output, what is read and by which versions; small, and made of plain values, so that it travels to other processes."""

    source: BatchInput
    folder: BatchFolder
    columns: tuple[InputColumn, ...]
    versions: Versions
    today: dt.date
    part_rows: int

    @property
    def names(self) -> list[str]:
        """The columns that are read, in the order in which a row is hashed."""
        return [column.name for column in self.columns]

    def rules(self, duplicates: pa.Array) -> RowFaultInputs:
        """What a row must keep to be decided."""
        return RowFaultInputs(self.columns, duplicates, self.today)

    def made(
        self, decide: Decide, duplicates: pa.Array, first: int, stop: int, threads: int
    ) -> Iterator[Receipt]:
        """Decide and write the parts of rows `first`..`stop`, both where a part begins or the input ends; yields their receipts.

        A receipt is without its link to the one before it: parts may be made in any order, by several machines.
        """
        ahead = cut(
            self.source.blocks(self.names, block_rows(len(self.columns)), first), self.part_rows
        )
        blocks = takewhile(lambda numbered: numbered[0] < stop, ahead)
        outcomes: Iterator[BlockResult] = in_order(
            Work(self.rules(duplicates), decide), blocks, threads
        )
        yield from map(
            self._written, gathered(outcomes, self.part_rows, self.source.rows)
        )  # no name keeps a written part alive

    def _written(self, part: BatchPart) -> Receipt:
        decisions, rejected = part.decisions, part.rejected
        places = self.source.places(part.decided_rows)
        footers = [file.footer_sha256 for file in self.source.fingerprints]
        ledger = part.ledger(decisions, places, footers, self.versions)
        files = self.folder.write(
            part.number, {"decisions": decisions, "ledger": ledger, "quarantine": rejected}
        )
        return {
            "part": part.number,
            "first": part.first,
            "rows": part.rows,
            **counts(decisions, rejected),
            "files": files,
        }


def block_rows(columns: int) -> int:
    """Rows decided at a time: few of a wide model, so that the blocks in work stay near BLOCK_BYTES each."""
    least, most = BLOCK_ROWS
    return max(least, min(most, BLOCK_BYTES // (8 * columns)))
