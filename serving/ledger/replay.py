"""Decide again what was decided, and hold input and outcome against what was written down, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.serving.inputs import InputColumn
from creditloom.serving.ledger.hashing import HashWords, canonical, row_hashes

ID = "application_id"
Decide = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Kept:
    """What a batch keeps of its decisions, row by row: id, hash of the input row, hash of the whole decision with its reasons in words."""

    ids: pd.Index
    row_hash: HashWords
    decision_hash: HashWords

    @classmethod
    def of(cls, parts: Iterable[tuple[pa.Table, pa.Table]]) -> Kept:
        """From blocks of (decisions, ledger), of which the row_hash is read."""
        ids, rows, whole = [], [], []
        for decisions, ledger in parts:
            ids.extend(decisions[ID].chunks)
            rows.append(ledger["row_hash"].to_numpy())
            whole.append(row_hashes(decisions))
        return cls(
            pd.Index(pa.chunked_array(ids).to_pandas()), np.concatenate(rows), np.concatenate(whole)
        )


@dataclass(frozen=True)
class Replayed:
    """Outcome of a block: places in Kept that were found, and of those which differ by input or by decision."""

    found: NDArray[np.int64]
    other_input: NDArray[np.int64]
    other_decision: NDArray[np.int64]


@dataclass(frozen=True)
class Replay:
    """Decide blocks of the input again, `rows` at a time; `decide` is the runtime of the versions that decided.

    Input and decisions are compared a block at a time: rows decided one by one must not pay for hashes one by one.
    """

    kept: Kept
    columns: tuple[InputColumn, ...]
    decide: Decide
    rows: int

    def __call__(self, block: pa.Table) -> Replayed:
        """Rows of `block` that the batch does not know (set aside, or of another batch) are left out."""
        place = self.kept.ids.get_indexer(pd.Index(block[ID].to_pandas()))
        read = canonical(block.filter(pa.array(place >= 0)), self.columns)
        place = place[place >= 0]
        inputs = row_hashes(read, is_canonical=True) == self.kept.row_hash[place]
        decisions = row_hashes(self._decided(read)) == self.kept.decision_hash[place]
        return Replayed(place, place[~inputs], place[inputs & ~decisions])

    def _decided(self, read: pa.Table) -> pa.Table:
        starts = range(0, max(len(read), 1), self.rows)
        return pa.concat_tables([self.decide(read.slice(start, self.rows)) for start in starts])


def pieces(blocks: Iterable[pa.Table], rows: int, shuffle: int | None) -> Iterator[pa.Table]:
    """Blocks of at most `rows` rows; with a seed the rows of each block come in a random order."""
    rng = None if shuffle is None else np.random.default_rng(shuffle)
    for block in blocks:
        mixed = block if rng is None else block.take(pa.array(rng.permutation(len(block))))
        yield from (mixed.slice(start, rows) for start in range(0, len(mixed), rows))
