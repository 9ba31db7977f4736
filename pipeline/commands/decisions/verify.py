"""`creditloom verify`: is a batch still, byte for byte, what was written when it was sealed?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from creditloom.serving.batch.output import BATCH, KINDS, MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.check import Finding, chain_findings, changed_rows
from creditloom.storage.files.store import read_json, read_table

CHANGED = 6  # exit code
SHOWN = 5
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def verify(
    folder: Annotated[Path, typer.Argument(help="the folder of a batch, as `creditloom score` wrote it")],
    as_json: Annotated[bool, typer.Option("--json", help="the findings as JSON on standard output")] = False,
) -> None:
    """Find any changed byte of a finished batch, and name file, part and row. Exit code 0: nothing; 6: something."""
    batch = BatchFolder(folder)
    manifest = read_json(folder / MANIFEST)
    findings = list(check(batch))
    if as_json:
        told = {"root": manifest["root"], "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    for finding in findings:
        _err.print(f"{finding.where}: {finding.what}")
    _err.print(
        f"{folder}: {len(manifest['parts'])} parts, {manifest['decided']:,} decisions, {len(findings)} findings, root {manifest['root']}"
    )
    if findings:
        raise SystemExit(CHANGED)


def check(batch: BatchFolder) -> Iterator[Finding]:
    """Everything that is not as it was sealed."""
    manifest = read_json(batch.root / MANIFEST)
    receipts = [read_json(file) for file in sorted((batch.root / "receipts").glob("part-*.json"))]
    yield from chain_findings(read_json(batch.root / BATCH), receipts, manifest)
    for receipt in receipts:
        yield from _files(batch, receipt)
    known = {batch.file(kind, receipt["part"]) for receipt in receipts for kind in receipt["files"]}
    for file in sorted(path for kind in KINDS for path in (batch.root / kind).glob("*") if path not in known):
        yield Finding(_name(batch, file), "no receipt knows this file")


def _files(batch: BatchFolder, receipt: dict[str, Any]) -> Iterator[Finding]:
    for kind, sealed in receipt["files"].items():
        file = batch.file(kind, receipt["part"])
        found = sha256(file)
        if found is None:
            yield Finding(_name(batch, file), "the file is gone")
        elif found != sealed:
            yield Finding(_name(batch, file), f"sha256 was {sealed[:12]}, is {found[:12]}; {_rows(batch, kind, receipt)}")


def _rows(batch: BatchFolder, kind: str, receipt: dict[str, Any]) -> str:
    """Which rows of a changed file are others, as far as it can still be read."""
    if kind == "quarantine":
        return "rows that were set aside"
    part = receipt["part"]
    try:
        rows = changed_rows(read_table(batch.file("decisions", part)), read_table(batch.file("ledger", part)))
    except (OSError, ValueError) as error:  # what Arrow raises, and DataError
        rows_of_part = f"rows {receipt['first']}-{receipt['first'] + receipt['rows'] - 1}"
        return f"it can no longer be read ({str(error).splitlines()[0]}): any of {rows_of_part}"
    if not len(rows):
        return "no figure of a decision changed: the wording of a reason, a place in the ledger, or the frame of the file"
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"decisions {', '.join(str(row) for row in rows[:SHOWN])}{more} of part {part} (counted from 0)"


def _name(batch: BatchFolder, file: Path) -> str:
    return file.relative_to(batch.root).as_posix()
