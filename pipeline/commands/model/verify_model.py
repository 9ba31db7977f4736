"""`creditloom verify-model`: checks a registered model without importing any of it.

For whoever loads the model with MLflow, before that. It needs the wheel, and MLflow where the
registry is a server.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.serving.ledger.signing import PublicKey
from creditloom.serving.registry.alias_history import effective
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.safety.alias_record import AliasRecord
from creditloom.serving.registry.safety.model_check import (
    ModelFinding,
    alias_fault,
    check_version,
    of_folder,
)

HASHES = ("bundle_sha256", "code_sha256", "files_sha256")
DIFFERS = 6  # exit code, as of `creditloom verify`
MODELS = "models:/"
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
UriArgument = Annotated[
    str, typer.Argument(help="models:/<name>@<alias>, models:/<name>/<version>, or a folder")
]
KeyOption = Annotated[
    Path | None, typer.Option(help="a public key: the version, and its alias, must be signed by it")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the outcome as JSON on standard output")]


def verify_model(uri: UriArgument, key: KeyOption = None, as_json: JsonOption = False) -> None:
    """Hold a registered model against the registry: code, bundle, and every file that MLflow reads.

    Exit code 0: as registered; 6: not, and what is refused; 2: no such model; 7: the registry
    cannot be reached now. With --key, version and alias must be signed by it.
    """
    store = Store.at(paths.REGISTRY)
    version = resolve(uri, store) if uri.startswith(MODELS) else of_folder(Path(uri))
    public = None if key is None else PublicKey.read(key)
    finding = check_version(version, public)
    alias = uri.partition("@")[2] if uri.startswith(MODELS) else ""
    if public is not None and alias:
        changes = effective(AliasRecord(store, version.name, paths.ALIASES).log().changes)
        fault = alias_fault(changes, alias, version.version, public)
        finding = replace(finding, refused=(*finding.refused, *([fault] if fault else [])))
    if as_json:
        sys.stdout.write(json.dumps(_as_json(uri, finding), indent=1, sort_keys=True) + "\n")
    else:
        _report(uri, finding)
    if finding.refused:
        raise SystemExit(DIFFERS)


def _as_json(uri: str, finding: ModelFinding) -> dict[str, object]:
    version = finding.version
    named = {"model": uri, "name": version.name, "version": version.version}
    hashes = {name: getattr(finding, name) for name in HASHES}
    outcome = {"refused": finding.refused, "notes": finding.notes}
    is_signed = bool(version.signature)
    exit_code = DIFFERS if finding.refused else 0
    return {**named, **hashes, **outcome, "is_signed": is_signed, "exit_code": exit_code}


def _report(uri: str, finding: ModelFinding) -> None:
    for name in HASHES:
        _err.print(f"{name.removesuffix('_sha256'):7} {getattr(finding, name) or 'not as it was'}")
    signature = finding.version.signature
    _err.print(f"signed  by key {json.loads(signature)['key']}" if signature else "not signed")
    for line in (*finding.refused, *finding.notes):
        _err.print(line)
    outcome = "refused" if finding.refused else "as registered"
    _err.print(f"{uri} (version {finding.version.version}): {outcome}")
