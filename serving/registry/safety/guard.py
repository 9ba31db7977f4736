"""Check a registered model before its code runs, and run exactly the code that was checked.

This file is published beside the code of every version, as `creditloom_model_<sha256>.py`. The name
is the hash of all that decides: of this file, of the code and of the bundle. MLflow imports it in
the place of the code. It reads code and bundle once, compares them with its own name, and imports
the code from the bytes that it has read: no bytecode is read or written, and nothing that lies
beside the code is found. It needs the standard library alone, and of that only modules which MLflow
has imported by then, so that a file beside it cannot take their place.

What it cannot check is itself: whoever replaces this file, or MLmodel which names it, runs their
own. `creditloom verify-model` and `creditloom score` compare all of it with the registry's tags
before anything is imported.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

CODE_PREFIX = "creditloom_rt_"
LOADER_PREFIX = "creditloom_model_"
MANIFEST = "manifest.json"
BYTECODE = "__pycache__"
# A file of this name keeps Python from making the folder of that name, so that importing this
# module leaves no bytecode beside it.
NO_BYTECODE = b"This file keeps Python from leaving bytecode here.\n"


class UncheckedModelError(ValueError):
    """A model is not the one that was registered; none of its code was imported."""


@dataclass(frozen=True)
class CheckedModel:
    """A model whose files are those that were registered.

    `package` is the name of its code, `sources` that code by relative name, `folder` where it was
    read from. `code_sha256` is over names and contents of the sources, `bundle_sha256` of the
    manifest.
    """

    package: str
    folder: Path
    sources: Mapping[str, bytes]
    code_sha256: str
    bundle: Path
    bundle_sha256: str


def code_sha256(sources: Mapping[str, bytes]) -> str:
    """Return the sha256 over relative name and content of every Python file of a package."""
    digest = hashlib.sha256()
    # By name, so that the hash is the same wherever and in whatever order the files lie.
    for name in sorted(sources):
        content = hashlib.sha256(sources[name]).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def loader_name(guard: bytes, code: str, bundle: str) -> str:
    """Return the name under which this file (`guard`) stands for a code and a bundle (sha256)."""
    own = hashlib.sha256(guard).hexdigest()
    return LOADER_PREFIX + hashlib.sha256(f"{own}\0{code}\0{bundle}".encode()).hexdigest()


def read_sources(folder: Path, *, skip_bytecode: bool = False) -> dict[str, bytes]:
    """Return the Python files of a package, by relative name with "/".

    Raises UncheckedModelError for anything else that lies there: bytecode, links, other files.
    `skip_bytecode` passes over folders of bytecode, which MLflow leaves beside the code of versions
    that were registered before this file existed; it is not read.
    """
    found: dict[str, bytes] = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root) / name
            is_file = name in files
            if name == BYTECODE and skip_bytecode:
                continue
            if path.is_symlink() or name == BYTECODE or (is_file and path.suffix != ".py"):
                raise refusal("A stranger beside the code", path, "Python files alone", name)
            if is_file:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
        folders[:] = [name for name in folders if name != BYTECODE]
    return found


def checked_bundle(folder: Path) -> str:
    """Return the sha256 of a bundle's manifest, once every file that it lists has its hash."""
    path = folder / MANIFEST
    try:
        manifest = path.read_bytes()
        digests = dict(json.loads(manifest)["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("The bundle cannot be read", path, "a manifest", str(error)) from error
    for name, digest in digests.items():
        content = _content(folder / Path(name).name)
        actual = hashlib.sha256(content).hexdigest()
        if actual != digest:
            raise refusal("A changed file of the bundle", folder / name, digest, actual)
    return hashlib.sha256(manifest).hexdigest()


def check(code: Path, bundle: Path, loader: str) -> CheckedModel:
    """Return the model of the folders `code` and `bundle`, which `loader` names by their hash.

    Raises UncheckedModelError unless both are to the byte what was registered.
    """
    package = _package(code, loader)
    sources = read_sources(code / package)
    fingerprint = code_sha256(sources)
    sha = checked_bundle(bundle)
    actual = loader_name(_content(code / f"{loader}.py"), fingerprint, sha)
    if package != CODE_PREFIX + fingerprint:
        raise refusal("Changed code", code / package, package, CODE_PREFIX + fingerprint)
    if actual != loader:
        raise refusal("Another bundle, or another loader", code.parent, loader, actual)
    return CheckedModel(package, code / package, sources, fingerprint, bundle, sha)


def load(model: CheckedModel) -> Any:
    """Import the checked code, and return its model of the checked bundle.

    Raises UncheckedModelError where the bundle was exchanged after the check.
    """
    import_checked(model)
    loaded = importlib.import_module(f"{model.package}.loader")._load_pyfunc(str(model.bundle))
    # The runtime reads the files again: what it has read must be what was checked.
    version = loaded.decider.bundle.version
    if version != model.bundle_sha256:
        raise refusal("A bundle changed meanwhile", model.bundle, model.bundle_sha256, version)
    return loaded


def import_checked(model: CheckedModel) -> None:
    """Import the package from the sources that were read, unless it is there from equal ones."""
    there = sys.modules.get(model.package)
    if there is not None:
        if getattr(there.__loader__, "code_sha256", "") == model.code_sha256:
            return
        # It was imported unchecked, by somebody else: objects made by it keep working.
        prefix = f"{model.package}."
        for name in [name for name in sys.modules if f"{name}.".startswith(prefix)]:
            del sys.modules[name]
    sys.meta_path.insert(0, CheckedSources(model))
    importlib.import_module(model.package)


class CheckedSources(MetaPathFinder, InspectLoader):
    """Finds the modules of one package among sources in memory, and nowhere else."""

    def __init__(self, model: CheckedModel) -> None:
        self.model = model
        self.code_sha256 = model.code_sha256

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of the package comes from; None for another package's.

        A module that the package does not have is refused here: the finders that come next would
        look for it on disk.
        """
        package, _, inner = fullname.partition(".")
        if package != self.model.package:
            return None
        stem = inner.replace(".", "/")
        for name in (f"{stem}/__init__.py".removeprefix("/"), f"{stem}.py"):
            if name in self.model.sources:
                return self._spec(fullname, name)
        raise ModuleNotFoundError(f"{fullname}: not among the checked sources", name=fullname)

    def get_source(self, fullname: str) -> str:
        """Return the source of a module, which tracebacks show."""
        return self.model.sources[self._name(fullname)].decode()

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled source of a module, which `exec_module` of the base class runs."""
        name = self._name(fullname)
        return self.source_to_code(self.model.sources[name], str(self.model.folder / name))

    def _spec(self, fullname: str, name: str) -> ModuleSpec:
        file = self.model.folder / name
        is_package = file.name == "__init__.py"
        spec = ModuleSpec(fullname, self, origin=str(file), is_package=is_package)
        # Gives the module its `__file__`.
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [str(file.parent)]
        return spec

    def _name(self, fullname: str) -> str:
        stem = fullname.partition(".")[2].replace(".", "/")
        package = f"{stem}/__init__.py".removeprefix("/")
        return package if package in self.model.sources else f"{stem}.py"


def refusal(what: str, where: object, expected: str, got: str) -> UncheckedModelError:
    """Return the error whose message says what, where, expected, got and the next step."""
    return UncheckedModelError(
        f"{what}: the model is not imported\n  where:    {where}\n  expected: {expected}\n"
        f"  got:      {got}\n  next:     restore the files as they were registered, or register "
        "the model anew"
    )


def _package(code: Path, loader: str) -> str:
    """Return the one package of the folder; refuse all that does not belong there."""
    kept = {f"{loader}.py", BYTECODE}
    names = sorted(entry.name for entry in code.iterdir()) if code.is_dir() else []
    packages = [name for name in names if name.startswith(CODE_PREFIX)]
    strangers = [name for name in names if name not in (*kept, *packages[:1])]
    if strangers or not packages or not kept <= set(names):
        got = ", ".join(strangers or names) or "nothing"
        raise refusal(
            "A stranger beside the code, or code that is missing",
            code,
            f"{loader}.py, {BYTECODE} and one package {CODE_PREFIX}<sha256>",
            got,
        )
    if (code / BYTECODE).is_dir() or _content(code / BYTECODE) != NO_BYTECODE:
        raise refusal("Bytecode beside the code", code / BYTECODE, "a file of ours", "another")
    if any((code / name).is_symlink() for name in names):
        raise refusal("A link beside the code", code, "files and folders", "a link")
    return packages[0]


def _content(path: Path) -> bytes:
    """Return the bytes of a file; UncheckedModelError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise refusal("A file that cannot be read", path, "a file", str(error)) from error


def _load_pyfunc(path: str) -> Any:
    """Return the model of the bundle in the folder `path`; MLflow calls this by its name."""
    bundle = Path(path)
    # MLflow puts code and data side by side: code/ and data/<bundle>/.
    return load(check(bundle.parents[1] / "code", bundle, __name__))
