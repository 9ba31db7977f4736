"""Read what a batch says that it decided and set aside, as far as its files can still be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.serving.batch.output import MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import erasures
from creditloom.storage.files import formats
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import iter_tables, open_parquet, read_table

KEPT_ROWS = 16_384  # rows of decisions and ledger that are read at a time
# The first format of which a replay judges the rows set aside: the rules of earlier ones were not
# part of what was recorded.
JUDGED = 3
# What a row set aside is known by: its id as text, rule, column and reason.
Aside = tuple[str, str, str, str]
NOTED = ("application_id", "rule", "column", "reason")


@dataclass
class Recorded:
    """A batch as it lies there.

    `expected` counts the decisions that must be made again: those that were sealed, without the
    `erased` ones. `damaged` says what of the batch cannot be relied on.
    """

    batch: BatchFolder
    expected: int
    erased: int
    receipts: list[dict[str, Any]]
    erased_files: dict[str, str | None]
    damaged: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, batch: BatchFolder, log: Path | None = None) -> Recorded:
        """Read receipts and erasures; DataError for a format of a later release."""
        files = sorted((batch.root / "receipts").glob("part-*.json"))
        receipts = [read_document(file, formats.BATCH) for file in files]
        sealed = batch.root / MANIFEST
        manifest = read_document(sealed, formats.BATCH) if sealed.is_file() else {}
        place = Log.beside(batch.root, log)
        entries = place.entries() if place.exists else batch.erasures()
        erased = 0
        rewritten: dict[str, str | None] = {}
        for entry in erasures(entries, manifest.get("root", "")):
            rewritten.update(entry["files"])
            erased += sum(
                _decided_among(batch, int(part), rows) for part, rows in entry["rows"].items()
            )
        decided = manifest.get("decided", sum(receipt["decided"] for receipt in receipts))
        return cls(batch, decided - erased, erased, receipts, rewritten)

    def decisions(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Yield blocks of (decisions, row hashes of the ledger), part by part.

        A part that is not what was sealed is noted as damaged, and yields what can be read of it.
        """
        for receipt in self.receipts:
            part = receipt["part"]
            for kind, sealed in receipt["files"].items():
                file = self.batch.file(kind, part)
                name = f"{kind}/{file.name}"
                if sha256(file) != self.erased_files.get(name, sealed):
                    self.damaged.append(f"{name} is not what was sealed")
            try:
                yield from zip(
                    iter_tables(self.batch.file("decisions", part), rows=KEPT_ROWS),
                    iter_tables(self.batch.file("ledger", part), ["row_hash"], KEPT_ROWS),
                    strict=True,
                )
            # Arrow raises the one, DataError is the other: the other parts are still decided again.
            except (OSError, ValueError) as error:
                self.damaged.append(f"part {part} cannot be read: {str(error).splitlines()[0]}")

    def aside(self) -> Counter[Aside] | None:
        """Return the rows that were set aside, counted; None where no replay judges them."""
        # A receipt of an earlier release in a batch that today's went on with counts as that.
        formats_ = {receipt.get("format", 1) for receipt in self.receipts}
        if not formats_ or min(formats_) < JUDGED:
            return None
        counted: Counter[Aside] = Counter()
        for receipt in self.receipts:
            file = self.batch.file("quarantine", receipt["part"])
            if file.is_file():
                try:
                    counted.update(aside_of(read_table(file, list(NOTED))))
                except (OSError, ValueError) as error:
                    self.damaged.append(f"quarantine/{file.name}: {str(error).splitlines()[0]}")
        return counted

    @property
    def id_type(self) -> pa.DataType:
        """The type of the ids that were decided: a text id stays a text in CSV."""
        for receipt in self.receipts:
            file = self.batch.file("decisions", receipt["part"])
            try:
                with open_parquet(file) as table:
                    return table.schema_arrow.field("application_id").type
            except (OSError, ValueError):
                # A damaged part is noted by `decisions`; the next one has ids of the same type.
                continue
        return pa.int64()


def aside_of(table: pa.Table) -> Iterator[Aside]:
    """Yield what each row set aside is known by."""
    columns = [table[name].cast(pa.string()).to_pylist() for name in NOTED]
    for application, rule, column, reason in zip(*columns, strict=True):
        yield str(application), str(rule), str(column), str(reason)


def repeated_ids(blocks_of_ids: Iterable[pa.Array], id_type: pa.DataType) -> pa.Array:
    """Return the ids that more than one row of an input has, sorted; null is no id."""
    chunks = [ids.drop_null() for ids in blocks_of_ids]
    counts = pa.chunked_array(chunks, None if chunks else id_type).value_counts()
    is_repeated = pc.greater(counts.field("counts"), 1)
    repeated = counts.field("values").filter(is_repeated)
    return repeated.take(pc.sort_indices(repeated))


def _decided_among(batch: BatchFolder, part: int, rows: list[int]) -> int:
    file = batch.file("leaves", part)
    if not file.is_file():
        return 0
    is_decided = read_table(file, ["is_decided"])["is_decided"].to_numpy()
    places = np.array([row for row in rows if row < len(is_decided)], np.int64)
    return int(is_decided[places].sum())
