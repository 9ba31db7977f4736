"""Parts: a fixed number of rows of the input each, whatever the blocks they were decided in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from models.batch.job import Outcome
from models.ledger.entries import Places, entries
from models.ledger.versions import Versions


@dataclass(frozen=True)
class Part:
    """Rows `first`..`first + rows` of the input: what was decided, and what was set aside with its reason."""

    number: int
    first: int
    rows: int
    outcomes: tuple[Outcome, ...]

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

    def ledger(self, decisions: pa.Table, places: Places, files: Sequence[str], versions: Versions) -> pa.Table:
        """What the decisions were made of; see `entries`."""
        hashes = tuple(np.concatenate([getattr(outcome, name) for outcome in self.outcomes]) for name in ("row_hash", "decision_hash"))
        return entries(decisions, (hashes[0], hashes[1]), places, files, versions)


def cut(blocks: Iterable[tuple[int, pa.Table]], size: int) -> Iterator[tuple[int, pa.Table]]:
    """The numbered blocks, cut where a part of `size` rows ends."""
    for start, block in blocks:
        done = 0
        while done < len(block):
            rows = min(len(block) - done, size - (start + done) % size)
            yield start + done, block.slice(done, rows)
            done += rows


def gathered(outcomes: Iterable[Outcome], size: int, total: int) -> Iterator[Part]:
    """Outcomes put together to parts of `size` rows, the last one smaller."""
    held: list[Outcome] = []
    for outcome in outcomes:
        held.append(outcome)
        stop = outcome.start + outcome.size
        if stop % size == 0 or stop == total:
            first = held[0].start
            yield Part(first // size, first, stop - first, tuple(held))
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
    return dict(sorted((found["values"], found["counts"]) for found in words.value_counts().to_pylist()))


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries()
