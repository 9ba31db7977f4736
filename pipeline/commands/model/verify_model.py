"""`creditloom verify-model`: checks a registered model without importing any of it.

For whoever loads the model with MLflow, before that. It needs the wheel, and MLflow where the
registry is a server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.safety.model_check import ModelFinding, check_version, of_folder

DIFFERS = 6  # exit code, as of `creditloom verify`
MODELS = "models:/"
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
UriArgument = Annotated[
    str, typer.Argument(help="models:/<name>@<alias>, models:/<name>/<version>, or a folder")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the outcome as JSON on standard output")]


def verify_model(uri: UriArgument, as_json: JsonOption = False) -> None:
    """Hold a registered model against the registry: code, bundle, and every file that MLflow reads.

    Exit code 0: as registered; 6: not, and what is refused; 2: no such model; 7: the registry
    cannot be reached now.
    """
    if uri.startswith(MODELS):
        version = resolve(uri, Store.at(paths.REGISTRY))
    else:
        version = of_folder(Path(uri))
    finding = check_version(version)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(uri, finding), indent=1, sort_keys=True) + "\n")
    else:
        _report(uri, finding)
    if finding.refused:
        raise SystemExit(DIFFERS)


def _as_json(uri: str, finding: ModelFinding) -> dict[str, object]:
    return {
        "model": uri,
        "name": finding.version.name,
        "version": finding.version.version,
        "bundle_sha256": finding.bundle_sha256,
        "code_sha256": finding.code_sha256,
        "files_sha256": finding.files_sha256,
        "loader": finding.version.loader,
        "refused": list(finding.refused),
        "notes": list(finding.notes),
        "exit_code": DIFFERS if finding.refused else 0,
    }


def _report(uri: str, finding: ModelFinding) -> None:
    for name in ("bundle_sha256", "code_sha256", "files_sha256"):
        _err.print(f"{name.removesuffix('_sha256'):7} {getattr(finding, name) or 'not as it was'}")
    for line in (*finding.refused, *finding.notes):
        _err.print(line)
    outcome = "refused" if finding.refused else "as registered"
    _err.print(f"{uri} (version {finding.version.version}): {outcome}")
