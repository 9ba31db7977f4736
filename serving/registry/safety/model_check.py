"""Check a registered version against the registry's tags: what it is, and what is refused of it.

Nothing of it is imported. `creditloom verify-model` shows the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from creditloom.serving.ledger.signing import PublicKey
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.load import checked
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.safety import guard
from creditloom.serving.registry.safety.files import files_sha256
from creditloom.serving.registry.safety.guard import UncheckedModelError
from creditloom.serving.registry.safety.signature_check import change_fault, version_fault

MLMODEL = "MLmodel"
# The line of MLmodel that names the module which MLflow imports.
LOADER_LINE = re.compile(r"^ {4}loader_module: (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class ModelFinding:
    """What a version is, and why it is refused: () when all of it is as registered.

    The hashes are those of the files that lie there, "" where they cannot be read.
    """

    version: Version
    bundle_sha256: str
    code_sha256: str
    files_sha256: str
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def check_version(version: Version, key: PublicKey | None = None) -> ModelFinding:
    """Return the outcome for a version; RegistryError where its artifacts are not there.

    With `key`, the version must be signed by it.
    """
    refused = []
    bundle = ""
    code = ""
    try:
        model = checked(version)
        bundle = model.bundle_sha256
        code = model.code_sha256
    except UncheckedModelError as error:
        refused.append(str(error))
    files = files_sha256(version.location)
    refused.extend(_of_files(version, files))
    fault = None if key is None else version_fault(version, key)
    if fault is not None:
        refused.append(f"{version.name} version {version.version}: {fault}")
    return ModelFinding(version, bundle, code, files, tuple(refused), tuple(_notes(version)))


def alias_fault(
    changes: tuple[Change, ...], alias: str, version: int, key: PublicKey
) -> str | None:
    """Return why nobody with the key has let `alias` name `version`; None where somebody has."""
    last = next((change for change in reversed(changes) if change.alias == alias), None)
    if last is None or last.version != version:
        return f"{alias}: moved to version {version} in MLflow, which nobody signed"
    fault = change_fault(last, key)
    return None if fault is None else f"{alias}, change {last.number}: {fault}"


def of_folder(folder: Path) -> Version:
    """Return a version that was downloaded into a folder, by what its MLmodel says of itself.

    No registry is asked: such a version is whole in itself, or not. RegistryError for a folder
    without MLmodel.
    """
    path = folder / MLMODEL
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    named = LOADER_LINE.search(text)
    if named is None:
        raise RegistryError.of(
            "No registered model there",
            where=folder,
            expected=f"{MLMODEL} of a python_function",
            got="none",
            next_step="name models:/<name>@<alias>, or the folder of a downloaded version",
        )
    module = named[1].removesuffix(".loader")
    is_guarded = module.startswith(guard.LOADER_PREFIX)
    packages = sorted((folder / "code").glob(f"{guard.CODE_PREFIX}*")) if is_guarded else []
    version = Version(
        name=str(folder),
        version=0,
        bundle_sha256="",
        runtime=packages[0].name if packages else module,
        location=folder,
        loader=module if is_guarded else "",
    )
    manifest = version.bundle / guard.MANIFEST
    sha = guard.checked_bundle(version.bundle) if manifest.is_file() else ""
    return Version(**{**vars(version), "bundle_sha256": sha})


def _of_files(version: Version, files: str) -> Iterator[str]:
    """Yield what is refused of the files that MLflow reads before the guard can check."""
    if version.files_sha256 and files != version.files_sha256:
        yield str(guard.refusal("A changed file", version.location, version.files_sha256, files))
    path = version.location / MLMODEL
    named = LOADER_LINE.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    expected = version.loader or f"{version.runtime}.loader"
    if named is None or named[1] != expected:
        got = "none" if named is None else named[1]
        yield str(guard.refusal("MLmodel names another loader", path, expected, got))


def _notes(version: Version) -> Iterator[str]:
    """Yield what the check cannot say of a version."""
    if not version.loader:
        yield (
            "registered by release 0.1.0 or 0.2.0: its code is named by 8 digits of its hash, and "
            "MLflow imports it without a check; bytecode beside it is not read by creditloom"
        )
    if not version.files_sha256:
        yield "no registry says what all files were: MLmodel and requirements are not held against"
