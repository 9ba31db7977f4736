"""Is a batch still, byte for byte, what was written when it was sealed?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from creditloom.serving.batch.output import BATCH, KINDS, MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.check import Finding, chain_findings, changed_rows
from creditloom.storage.files.store import read_json, read_table

SHOWN = 5


def verify(folder: Path | str) -> list[Finding]:
    """Everything in the folder of a finished batch that is not, byte for byte, as it was sealed; [] where all is.

    Raises DataError where no finished batch lies there.
    """
    return list(_findings(BatchFolder(Path(folder))))


def _findings(batch: BatchFolder) -> Iterator[Finding]:
    manifest = read_json(batch.root / MANIFEST)
    receipts = [read_json(file) for file in sorted((batch.root / "receipts").glob("part-*.json"))]
    yield from chain_findings(read_json(batch.root / BATCH), receipts, manifest)
    for receipt in receipts:
        yield from _files(batch, receipt)
    known = {batch.file(kind, receipt["part"]) for receipt in receipts for kind in receipt["files"]}
    for file in sorted(
        path for kind in KINDS for path in (batch.root / kind).glob("*") if path not in known
    ):
        yield Finding(_name(batch, file), "no receipt knows this file")


def _files(batch: BatchFolder, receipt: dict[str, Any]) -> Iterator[Finding]:
    for kind, sealed in receipt["files"].items():
        file = batch.file(kind, receipt["part"])
        found = sha256(file)
        if found is None:
            yield Finding(_name(batch, file), "the file is gone")
        elif found != sealed:
            yield Finding(
                _name(batch, file),
                f"sha256 was {sealed[:12]}, is {found[:12]}; {_rows(batch, kind, receipt)}",
            )


def _rows(batch: BatchFolder, kind: str, receipt: dict[str, Any]) -> str:
    """Which rows of a changed file are others, as far as it can still be read."""
    if kind == "quarantine":
        return "rows that were set aside"
    part = receipt["part"]
    try:
        rows = changed_rows(
            read_table(batch.file("decisions", part)), read_table(batch.file("ledger", part))
        )
    except (OSError, ValueError) as error:  # what Arrow raises, and DataError
        rows_of_part = f"rows {receipt['first']}-{receipt['first'] + receipt['rows'] - 1}"
        return f"it can no longer be read ({str(error).splitlines()[0]}): any of {rows_of_part}"
    if not len(rows):
        return "no figure of a decision changed: the wording of a reason, a place in the ledger, or the frame of the file"
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"decisions {', '.join(str(row) for row in rows[:SHOWN])}{more} of part {part} (counted from 0)"


def _name(batch: BatchFolder, file: Path) -> str:
    return file.relative_to(batch.root).as_posix()
