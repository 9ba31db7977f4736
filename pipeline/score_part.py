"""What all parts of a batch share, and how one is made: read, decided, written, told in a receipt. Here or on another machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pyarrow as pa

from data.batch_input import BatchInput
from data.batch_output import BatchFolder
from models.batch import parts
from models.batch.faults import Rules
from models.batch.job import Decide, Outcome, Work, in_order
from models.batch.parts import Part
from models.inputs import Column
from models.ledger.versions import Versions

BLOCK_BYTES, BLOCK_ROWS = 20 << 20, (1_024, 16_384)
Receipt = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Input, output, what is read and by which versions; small, and made of plain values, so that it travels to other processes."""

    source: BatchInput
    folder: BatchFolder
    columns: tuple[Column, ...]
    versions: Versions
    today: dt.date
    part_rows: int

    @property
    def names(self) -> list[str]:
        """The columns that are read, in the order in which a row is hashed."""
        return [column.name for column in self.columns]

    def rules(self, duplicates: pa.Array) -> Rules:
        """What a row must keep to be decided."""
        return Rules(self.columns, duplicates, self.today)

    def made(self, decide: Decide, duplicates: pa.Array, first: int, stop: int, threads: int) -> Iterator[Receipt]:
        """Decide and write the parts of rows `first`..`stop`, both where a part begins or the input ends; yields their receipts.

        A receipt is without its link to the one before it: parts may be made in any order, by several machines.
        """
        ahead = parts.cut(self.source.blocks(self.names, block_rows(len(self.columns)), first), self.part_rows)
        blocks = takewhile(lambda numbered: numbered[0] < stop, ahead)
        outcomes: Iterator[Outcome] = in_order(Work(self.rules(duplicates), decide), blocks, threads)
        yield from map(self._written, parts.gathered(outcomes, self.part_rows, self.source.rows))  # no name keeps a written part alive

    def _written(self, part: Part) -> Receipt:
        decisions, rejected = part.decisions, part.rejected
        places = self.source.places(part.decided_rows)
        footers = [file.footer_sha256 for file in self.source.fingerprints]
        ledger = part.ledger(decisions, places, footers, self.versions)
        files = self.folder.write(part.number, {"decisions": decisions, "ledger": ledger, "quarantine": rejected})
        return {"part": part.number, "first": part.first, "rows": part.rows, **parts.counts(decisions, rejected), "files": files}


def block_rows(columns: int) -> int:
    """Rows decided at a time: few of a wide model, so that the blocks in work stay near BLOCK_BYTES each."""
    least, most = BLOCK_ROWS
    return max(least, min(most, BLOCK_BYTES // (8 * columns)))
