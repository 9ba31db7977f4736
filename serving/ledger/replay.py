"""Decide again what was decided, and compare input and outcome with the ledger bit for bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.serving.batch import row_faults
from creditloom.serving.batch.part import TEXTS, Decide
from creditloom.serving.batch.row_faults import RowFaultInputs
from creditloom.serving.inputs import InputColumn
from creditloom.serving.ledger.hashing import HashWords, canonical, id_column, row_hashes
from creditloom.serving.ledger.recorded import Aside, aside_of
from creditloom.serving.own.text_columns import TextColumns

APPLICATION_ID = "application_id"
NO_HASHES = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class Kept:
    """What a batch keeps of its decisions, one entry per decision.

    `ids` are the application ids, `row_hash` covers the input row, `decision_hash` the whole
    decision with the wording of its reasons.
    """

    ids: pd.Index
    row_hash: HashWords
    decision_hash: HashWords

    @classmethod
    def of(cls, parts: Iterable[tuple[pa.Table, pa.Table]]) -> Kept:
        """Collect them from blocks of (decisions, ledger); of a ledger only row_hash is read.

        A batch that decided nobody keeps nothing.
        """
        ids: list[pa.Array] = []
        row_hash_blocks = []
        decision_hash_blocks = []
        for decisions, ledger in parts:
            ids.extend(decisions[APPLICATION_ID].chunks)
            row_hash_blocks.append(ledger["row_hash"].to_numpy())
            decision_hash_blocks.append(row_hashes(decisions))
        return cls(
            ids=pd.Index(pa.chunked_array(ids).to_pandas() if ids else []),
            row_hash=np.concatenate([NO_HASHES, *row_hash_blocks]),
            decision_hash=np.concatenate([NO_HASHES, *decision_hash_blocks]),
        )


@dataclass(frozen=True)
class Replayed:
    """The outcome of a block, as places in `Kept`.

    `found` are all places that were decided again; `other_input` those whose input row differs;
    `other_decision` those with the same input and another decision. `aside` are the rows of
    the block that the batch did not decide and its rules set aside.
    """

    found: NDArray[np.int64]
    other_input: NDArray[np.int64]
    other_decision: NDArray[np.int64]
    aside: Counter[Aside]


@dataclass(frozen=True)
class Replay:
    """Decides blocks of the input again, `rows` at a time, by the versions that decided (`decide`).

    `texts` reads the texts of a CSV; None where the input has types.

    Input and decisions are compared a block at a time: rows decided one by one must not pay for
    hashes one by one.
    """

    kept: Kept
    columns: tuple[InputColumn, ...]
    decide: Decide
    rows: int
    rules: RowFaultInputs | None = None
    texts: TextColumns | None = None

    def __call__(self, block: pa.Table) -> Replayed:
        """Return the outcome of `block`.

        Rows that the batch did not decide are judged by `rules`, unless these are None.
        """
        typed = block if self.texts is None else self.texts.typed(block)[0]
        ids = id_column(typed, self.columns)
        place = self.kept.ids.get_indexer(pd.Index(ids.to_pandas()))
        # -1 marks a row that was set aside, or that is of another batch.
        is_decided = place >= 0
        aside = self._aside(block.filter(pa.array(~is_decided)))
        rows = canonical(typed.filter(pa.array(is_decided)), self.columns)
        place = place[is_decided]
        is_same_input = row_hashes(rows, is_canonical=True) == self.kept.row_hash[place]
        is_same_decision = row_hashes(self._decided(rows)) == self.kept.decision_hash[place]
        return Replayed(
            found=place,
            other_input=place[~is_same_input],
            other_decision=place[is_same_input & ~is_same_decision],
            aside=aside,
        )

    def _aside(self, block: pa.Table) -> Counter[Aside]:
        if self.rules is None or not len(block):
            return Counter()
        # The rules of the runtime that decided, where it has its own.
        rows, bad = row_faults.judged(block, self.rules, getattr(self.decide, "judge", None))
        ids = rows[APPLICATION_ID].take(pa.array(bad["row"].to_numpy()))
        texts = {name: pa.array(bad[name].tolist(), pa.string()) for name in TEXTS}
        return Counter(aside_of(pa.table({APPLICATION_ID: ids, **texts})))

    def _decided(self, rows: pa.Table) -> pa.Table:
        # One step at least: a block without rows still gives a table with the decisions' columns.
        starts = range(0, max(len(rows), 1), self.rows)
        return pa.concat_tables([self.decide(rows.slice(start, self.rows)) for start in starts])


def pieces(blocks: Iterable[pa.Table], rows: int, shuffle: int | None) -> Iterator[pa.Table]:
    """Yield blocks of at most `rows` rows; the seed `shuffle` puts each block in random order.

    A decision must not depend on its neighbours: replay shows it by other neighbours.
    """
    rng = None if shuffle is None else np.random.default_rng(shuffle)
    for block in blocks:
        ordered = block if rng is None else block.take(pa.array(rng.permutation(len(block))))
        yield from (ordered.slice(start, rows) for start in range(0, len(ordered), rows))
