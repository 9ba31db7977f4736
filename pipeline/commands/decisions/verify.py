"""`creditloom verify`: finds every change that was made to a batch after it was finished."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.pipeline.base.console import Console
from creditloom.serving.batch.output import MANIFEST
from creditloom.serving.ledger.check import Finding
from creditloom.serving.ledger.log.log import ENTRIES, Log
from creditloom.serving.verify import Anchor, verify_export, verify_log
from creditloom.serving.verify import verify as verify_batch
from creditloom.storage.files.store import read_json

CHANGED = 6  # exit code
SUFFIX = ".parquet"
_err = Console(stderr=True, soft_wrap=True, highlight=False)

PlaceArgument = Annotated[
    Path,
    typer.Argument(
        help="the folder of a batch, a .parquet that `creditloom score` exported, or a log"
    ),
]
RootOption = Annotated[
    str,
    typer.Option(help="a root kept elsewhere: of the batch (64 digits), or of the log (SIZE:ROOT)"),
]
KeyOption = Annotated[
    Path | None, typer.Option(help="the public key by which root and log must be signed")
]
LogOption = Annotated[
    Path | None, typer.Option(help="the folder of the log; default: creditloom.ledger beside it")
]
BatchOption = Annotated[
    Path | None, typer.Option(help="the batch of an exported file; default: <name>.batch beside it")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the findings as JSON on standard output")]


def verify(
    place: PlaceArgument,
    root: RootOption = "",
    key: KeyOption = None,
    log: LogOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find any changed byte of a finished batch, and name file, part and row.

    Exit code 0: nothing; 6: something.
    """
    kept = Anchor.of(root, key)
    if (place / ENTRIES).is_file():
        _tell(place, verify_log(place, kept), {"root": str(Log(place).head())}, as_json=as_json)
        return
    if place.suffix == SUFFIX:
        folder = batch or place.with_suffix(".batch")
        findings = verify_export(place, folder, kept, log)
    else:
        folder = place
        findings = verify_batch(place, kept, log)
    _tell(place, findings, read_json(folder / MANIFEST), as_json=as_json)


def _tell(
    place: Path, findings: Sequence[Finding], manifest: dict[str, Any], *, as_json: bool
) -> None:
    """Print the findings; exit with 6 where there are any."""
    root = manifest["root"]
    if as_json:
        content = {"root": root, "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    for finding in findings:
        _err.print(f"{finding.where}: {finding.what}")
    counts = ""
    if "parts" in manifest:
        parts = len(manifest["parts"])
        counts = f"{parts} part{'s'[: parts != 1]}, {manifest['decided']:,} decisions, "
    _err.print(f"{place}: {counts}{len(findings)} findings, root {root}")
    if findings:
        raise SystemExit(CHANGED)
