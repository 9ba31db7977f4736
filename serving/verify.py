"""Check that a finished batch is still, byte for byte, what was written when it was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from creditloom.serving.batch.output import BATCH, KINDS, MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.check import Finding, chain_findings, changed_rows
from creditloom.storage.files.store import read_json, read_table

# Changed rows named in one finding; enough to start looking, short enough for one line.
MAX_SHOWN_ROWS = 5


def verify(folder: Path | str) -> list[Finding]:
    """Return all that differs from what was sealed in a finished batch's folder; [] for nothing.

    Raises DataError where the folder holds no finished batch.
    """
    return list(_findings(BatchFolder(Path(folder))))


def _findings(batch: BatchFolder) -> Iterator[Finding]:
    manifest = read_json(batch.root / MANIFEST)
    receipts = [read_json(file) for file in sorted((batch.root / "receipts").glob("part-*.json"))]
    yield from chain_findings(read_json(batch.root / BATCH), receipts, manifest)
    for receipt in receipts:
        yield from _files(batch, receipt)
    named = {batch.file(kind, receipt["part"]) for receipt in receipts for kind in receipt["files"]}
    present = [path for kind in KINDS for path in (batch.root / kind).glob("*")]
    # Sorted, as a folder's listing has no order of its own.
    for file in sorted(path for path in present if path not in named):
        yield Finding(_name(batch, file), "no receipt knows this file")


def _files(batch: BatchFolder, receipt: dict[str, Any]) -> Iterator[Finding]:
    for kind, sealed in receipt["files"].items():
        file = batch.file(kind, receipt["part"])
        current = sha256(file)
        if current is None:
            yield Finding(_name(batch, file), "the file is gone")
        elif current != sealed:
            rows = _rows(batch, kind, receipt)
            change = f"sha256 was {sealed[:12]}, is {current[:12]}; {rows}"
            yield Finding(_name(batch, file), change)


def _rows(batch: BatchFolder, kind: str, receipt: dict[str, Any]) -> str:
    """Say which rows of a changed file differ, as far as the file can still be read."""
    if kind == "quarantine":
        return "rows that were set aside"
    part = receipt["part"]
    try:
        decisions = read_table(batch.file("decisions", part))
        ledger = read_table(batch.file("ledger", part))
        rows = changed_rows(decisions, ledger)
    except (OSError, ValueError) as error:
        # Arrow raises the one, DataError is the other; a damaged file is a finding, not a crash.
        rows_of_part = f"rows {receipt['first']}-{receipt['first'] + receipt['rows'] - 1}"
        return f"it can no longer be read ({str(error).splitlines()[0]}): any of {rows_of_part}"
    if not len(rows):
        return (
            "no figure of a decision changed: the wording of a reason, a place in the ledger, "
            "or the frame of the file"
        )
    shown = ", ".join(str(row) for row in rows[:MAX_SHOWN_ROWS])
    more = f" and {len(rows) - MAX_SHOWN_ROWS} more" if len(rows) > MAX_SHOWN_ROWS else ""
    return f"decisions {shown}{more} of part {part} (counted from 0)"


def _name(batch: BatchFolder, file: Path) -> str:
    return file.relative_to(batch.root).as_posix()
