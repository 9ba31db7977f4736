"""`creditloom verify`: finds every change that was made to a batch after it was finished."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base.console import Console
from creditloom.serving.batch.output import MANIFEST
from creditloom.serving.verify import verify as verify_batch
from creditloom.storage.files.store import read_json

CHANGED = 6  # exit code
_err = Console(stderr=True, soft_wrap=True, highlight=False)

FolderArgument = Annotated[
    Path, typer.Argument(help="the folder of a batch, as `creditloom score` wrote it")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the findings as JSON on standard output")]


def verify(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Find any changed byte of a finished batch, and name file, part and row.

    Exit code 0: nothing; 6: something.
    """
    manifest = read_json(folder / MANIFEST)
    findings = verify_batch(folder)
    root = manifest["root"]
    if as_json:
        content = {"root": root, "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    for finding in findings:
        _err.print(f"{finding.where}: {finding.what}")
    counts = f"{len(manifest['parts'])} parts, {manifest['decided']:,} decisions"
    _err.print(f"{folder}: {counts}, {len(findings)} findings, root {root}")
    if findings:
        raise SystemExit(CHANGED)
