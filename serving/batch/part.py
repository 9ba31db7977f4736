"""Decide a batch block by block, and gather the blocks to parts of a fixed number of rows.

Of each block: the decisions of its good rows, what they were made of, and the bad rows. A part is
read, decided, written and noted in a receipt, here or on another machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise, takewhile
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.frames.columns import ID
from creditloom.decision.score.drift import PopulationCounts, total_counts
from creditloom.features.engine.cluster.tasks import in_order
from creditloom.serving.batch import row_faults
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import InputColumn
from creditloom.serving.ledger.entries import InputPlaces, Versions, entries
from creditloom.serving.ledger.hashing import decision_hashes, row_hashes
from creditloom.serving.ledger.rows.leaves import file_salt, leaf_root, part_leaves
from creditloom.serving.ledger.rows.leaves import salts as row_salts
from creditloom.serving.own.text_columns import TextColumns

# Applications in, decisions out, in the same order.
Decide = Callable[[pa.Table], pa.Table]

TEXTS = ("rule", "column", "reason")
# Of a receipt: the counts per column of what training never saw.
BEYOND = "beyond_training"


@dataclass(frozen=True)
class BlockResult:
    """The outcome of one block that starts at row `start` of the input.

    `rows` are the numbers of the decided rows in the whole input; `row_hash` and `decision_hash`
    belong to them, in order. `counted` is what training never saw, per column of all rows; None
    where the bundle has no rule for it.
    """

    start: int
    size: int
    rows: NDArray[np.int64]
    decisions: pa.Table
    row_hash: NDArray[np.uint64]
    decision_hash: NDArray[np.uint64]
    rejected: pa.Table
    counted: PopulationCounts | None = None


@dataclass(frozen=True)
class Work:
    """The steps of every block: the rules that its rows must keep, then the decision."""

    rules: RowFaultInputs
    decide: Decide

    def __call__(self, numbered: tuple[int, pa.Table]) -> BlockResult:
        """Decide the good rows of a block and set the bad ones aside.

        `numbered` is the number of the block's first row, and the block.
        """
        start, coded = numbered
        # The rules are those of the runtime that decides, where it brings its own.
        judge = getattr(self.decide, "judge", None)
        block, bad = row_faults.judged(coded, self.rules, judge)
        is_good = np.ones(len(block), dtype=bool)
        is_good[bad["row"].to_numpy()] = False
        # Filtering copies all columns: a block without bad rows is taken as it is.
        good = block if not len(bad) else block.filter(pa.array(is_good)).combine_chunks()
        counted = self._counted(block)
        decisions = self.decide(good)
        rejected = _rejected(block, bad, start)
        return BlockResult(
            start=start,
            size=len(block),
            rows=start + np.flatnonzero(is_good),
            decisions=decisions,
            row_hash=row_hashes(good, is_canonical=True),
            decision_hash=decision_hashes(decisions),
            rejected=rejected,
            counted=counted,
        )

    def _counted(self, block: pa.Table) -> PopulationCounts | None:
        """Return what training never saw of all rows of a block that was judged.

        A row that is set aside tells as much of where the data come from. None where the runtime
        does not count, or its rule book says nothing of such rows.
        """
        beyond = getattr(self.decide, "beyond", None)
        counts = None if beyond is None else beyond(block)
        return None if counts is None else PopulationCounts.from_plain(counts)


def _rejected(block: pa.Table, bad: pd.DataFrame, before: int) -> pa.Table:
    """Return one row per bad row: its number in the whole input, id, rule, column, reason."""
    rows = bad["row"].to_numpy()
    ids = block[ID].take(pa.array(rows)).combine_chunks()
    texts = {name: pa.array(bad[name].tolist(), pa.string()) for name in TEXTS}
    return pa.table({"row": pa.array(rows + before), ID: ids, **texts})


# Parts: so many rows of the input each, whatever the blocks they were decided in.


@dataclass(frozen=True)
class BatchPart:
    """Rows `first`..`first + rows` of the input: what was decided, and what was set aside."""

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
        """Return what the decisions were made of; see `entries`."""
        row_hash = np.concatenate([outcome.row_hash for outcome in self.outcomes])
        decision_hash = np.concatenate([outcome.decision_hash for outcome in self.outcomes])
        return entries(decisions, (row_hash, decision_hash), places, files, versions)


def part_bounds(starts: Sequence[int], size: int, *, is_by_file: bool) -> NDArray[np.int64]:
    """Return the first row of each part, and the number of all rows at the end.

    `starts` are the first rows of the input's files, and their end. A part has `size` rows, less
    where the input ends, or, `is_by_file`, where a file does.

    >>> part_bounds([0, 3, 3, 10], 4, is_by_file=True).tolist()
    [0, 3, 7, 10]
    >>> part_bounds([0, 3, 3, 10], 4, is_by_file=False).tolist()
    [0, 4, 8, 10]
    """
    spans = pairwise(starts) if is_by_file else [(starts[0], starts[-1])]
    firsts = [first for start, stop in spans for first in range(start, stop, size)]
    return np.array([*firsts, starts[-1]], np.int64)


def cut(
    blocks: Iterable[tuple[int, pa.Table]], bounds: NDArray[np.int64]
) -> Iterator[tuple[int, pa.Table]]:
    """Yield the numbered blocks, cut where a part ends; `bounds` as of `part_bounds`."""
    for start, block in blocks:
        done = 0
        while done < len(block):
            end = int(bounds[np.searchsorted(bounds, start + done, side="right")])
            rows = min(len(block) - done, end - start - done)
            yield start + done, block.slice(done, rows)
            done += rows


def gathered(outcomes: Iterable[BlockResult], bounds: NDArray[np.int64]) -> Iterator[BatchPart]:
    """Yield the outcomes as parts; `bounds` as of `part_bounds`."""
    held: list[BlockResult] = []
    for outcome in outcomes:
        held.append(outcome)
        stop = outcome.start + outcome.size
        first = held[0].start
        number = int(np.searchsorted(bounds, first))
        if stop == bounds[number + 1]:
            yield BatchPart(number=number, first=first, rows=stop - first, outcomes=tuple(held))
            held = []


def counts(decisions: pa.Table, rejected: pa.Table) -> dict[str, Any]:
    """Return how many rows were decided in which way, and set aside by which rule."""
    return {
        "decided": len(decisions),
        "decisions": _counted(decisions["decision"]),
        "rejected": len(rejected),
        "rejected_by_rule": _counted(rejected["rule"]),
    }


def _counted(words: pa.ChunkedArray) -> dict[str, int]:
    # Sorted, as a receipt must be the same whichever word came first.
    pairs = ((entry["values"], entry["counts"]) for entry in words.value_counts().to_pylist())
    return dict(sorted(pairs))


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    # Blocks have dictionaries of their own; a file takes one per column.
    return pa.concat_tables(tables).unify_dictionaries()


# A batch: what all its parts share, and how one is made.

# Parts that a worker makes at least, where each reads and writes for itself: with fewer, one of
# them would end long before the others.
PARTS_A_WORKER = 2
# Share of the rows that may be read twice for it: reading is a quarter of the work, so a tenth of
# it costs less than one reader for all does.
MAX_READ_TWICE = 0.1
# Bytes of a block's numbers: a few of them, one per thread and one ahead, are held at once.
BLOCK_BYTES = 20 << 20
# Below, the cost of each call of the runtime shows; above, blocks win no speed any more.
MIN_BLOCK_ROWS = 1_024
MAX_BLOCK_ROWS = 16_384
FLOAT_BYTES = 8
Receipt = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Input, output, what is read and by which versions.

    It is small and made of plain values, so that it travels to other processes. `texts` reads the
    texts of a CSV. A part has `part_rows` rows, or less where a file of the input ends and
    `is_by_file`: the files are then the shards of a lake.
    """

    source: BatchInput
    folder: BatchFolder
    columns: tuple[InputColumn, ...]
    versions: Versions
    today: dt.date
    part_rows: int
    texts: TextColumns | None = None
    is_by_file: bool = False

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """The first row of each part, and the number of all rows at the end."""
        return part_bounds(self.source.starts, self.part_rows, is_by_file=self.is_by_file)

    def numbers(self, first: int, stop: int) -> range:
        """Return the numbers of the parts of rows `first`..`stop`, which lie where parts begin."""
        begin, end = np.searchsorted(self.bounds, (first, stop)).tolist()
        return range(begin, end)

    @property
    def names(self) -> list[str]:
        """The columns that are read, by their names in the input, in the order of a row's hash."""
        return [column.read_from for column in self.columns]

    def rules(self, duplicates: pa.Array) -> RowFaultInputs:
        """Return what a row must keep to be decided."""
        return RowFaultInputs(self.columns, duplicates, self.today, self.texts)

    def made(
        self, decide: Decide, duplicates: pa.Array, first: int, stop: int, threads: int
    ) -> Iterator[Receipt]:
        """Decide and write the parts of rows `first`..`stop`; yield their receipts.

        `first` and `stop` lie where a part begins, or the input ends. A receipt is without its link
        to the one before it: parts may be made in any order, by several machines.
        """
        work = Work(self.rules(duplicates), decide)
        numbers = self.numbers(first, stop)
        if threads > 1 and self._is_for_workers(numbers, threads):
            yield from in_order(partial(self.alone, work), numbers, threads)
            return
        outcomes: Iterator[BlockResult] = in_order(work, self._blocks(first, stop), threads)
        # By `map` and not a loop: a loop's variable would keep a written part in memory while the
        # next one is made.
        yield from map(self._written, gathered(outcomes, self.bounds))

    def alone(self, work: Work, number: int) -> Receipt:
        """Read, decide and write one part in this thread; return its receipt as `made` does."""
        first, stop = self.bounds[number : number + 2].tolist()
        outcomes = map(work, self._blocks(first, stop))
        return self._written(next(gathered(outcomes, self.bounds)))

    def _is_for_workers(self, numbers: range, threads: int) -> bool:
        """Return whether each thread shall read and write for itself, and not one for all.

        One that reads and writes for all holds many of them up. But a row group is read from its
        start: where few parts begin near one, most rows would be read several times.
        """
        if len(numbers) < threads * PARTS_A_WORKER:
            return False
        firsts = self.bounds[numbers.start : numbers.stop]
        rows = int(self.bounds[numbers.stop]) - int(firsts[0])
        return self.source.rows_before(firsts) <= MAX_READ_TWICE * rows

    def _blocks(self, first: int, stop: int) -> Iterator[tuple[int, pa.Table]]:
        """Yield the numbered blocks of rows `first`..`stop`, cut where a part ends."""
        read = self.source.blocks(self.names, block_rows(len(self.columns)), first)
        return takewhile(lambda numbered: numbered[0] < stop, cut(read, self.bounds))

    def _written(self, part: BatchPart) -> Receipt:
        decisions = part.decisions
        rejected = part.rejected
        source = self.source.around(part.first, part.first + part.rows)
        file, group, row = source.places(part.decided_rows)
        # Only the files of the part are named: a part that is kept must not depend on the others.
        used, place = np.unique(file, return_inverse=True)
        contents = [source.contents[index] for index in used]
        ledger = part.ledger(decisions, (place, group, row), contents, self.versions)
        # Read of files that were the same before and after: else no part is made of them.
        self.source.check(part.first, part.first + part.rows)
        tables = {"decisions": decisions, "ledger": ledger, "quarantine": rejected}
        salts = row_salts(self.folder.root, part.number, part.rows)
        leaves = part_leaves(part.first, part.rows, part.decided_rows, tables, salts)
        counted = [one.counted for one in part.outcomes if one.counted is not None]
        beyond = {BEYOND: total_counts(counted).as_plain()} if counted else {}
        noted = {kind: file_salt(salts, kind) for kind in (*tables, "leaves")}
        files = self.folder.write(part.number, {**tables, "leaves": leaves}, noted)
        return {
            "part": part.number,
            "first": part.first,
            "rows": part.rows,
            **counts(decisions, rejected),
            **beyond,
            "leaves": leaf_root(leaves),
            "files": files,
        }


def block_rows(columns: int) -> int:
    """Return the rows decided at a time.

    They are fewer for a wide model, so that the blocks in work stay near BLOCK_BYTES each.

    >>> block_rows(columns=50), block_rows(columns=2_500)
    (16384, 1048)
    """
    rows = BLOCK_BYTES // (FLOAT_BYTES * columns)
    return max(MIN_BLOCK_ROWS, min(MAX_BLOCK_ROWS, rows))
