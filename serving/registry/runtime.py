"""The decision runtime under a package name made of its own contents.

MLflow puts a model's code on `sys.path`. Two versions that bring the same package name then share whichever was imported first, and the
second one silently runs the first one's code. A name made of the contents, `creditloom_rt_<sha8>`, cannot clash unless the code is equal.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from importlib.resources import files
from pathlib import Path

from creditloom.serving.registry.errors import RegistryError

RUNTIME = Path(str(files("creditloom.decision")))  # the code that a bundle is registered with
PREFIX = "creditloom_rt_"
ALWAYS = (
    "pandas",
    "numpy",
)  # the frame that goes in and comes out, whether or not the runtime names them


def source_files(folder: Path) -> tuple[Path, ...]:
    """The Python files of a package in a fixed order; caches and anything else stay behind."""
    return tuple(sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).as_posix()))


def fingerprint(folder: Path) -> str:
    """sha256 over the relative name and the content of every Python file of the package."""
    digest = hashlib.sha256()
    for file in source_files(folder):
        digest.update(
            f"{file.relative_to(folder).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return digest.hexdigest()


def runtime_name(folder: Path) -> str:
    """The package name that these contents get: `creditloom_rt_` and the first 8 digits of the fingerprint."""
    return PREFIX + fingerprint(folder)[:8]


def copy_package(folder: Path, target: Path) -> Path:
    """Copy the Python files of `folder` to the new package folder `target`; RegistryError when there is nothing to copy."""
    files = source_files(folder)
    if not files:
        raise RegistryError.of(
            "No code to copy",
            where=folder,
            expected="a Python package",
            got="no .py file",
            next_step="run from a complete checkout",
        )
    for file in files:
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return target


def copy_runtime(folder: Path, target: Path) -> Path:
    """Copy the runtime into the folder `target` under the name that its contents give it."""
    copy = copy_package(folder, target / "copying")
    return copy.rename(target / runtime_name(copy))


def imported_packages(*folders: Path) -> tuple[str, ...]:
    """Top-level packages outside the standard library that the code of `folders` imports, sorted."""
    found = {
        name
        for folder in folders
        for file in source_files(folder)
        for name in _absolute_imports(file)
    }
    return tuple(sorted(found - sys.stdlib_module_names))


def pinned(packages: tuple[str, ...]) -> tuple[str, ...]:
    """`distribution==version` as installed here, for import names that may differ from the distribution's (`ibis`)."""
    known = packages_distributions()
    distributions = sorted(
        {name if name in known[name] else known[name][0] for name in packages if name in known}
    )
    return tuple(f"{name}=={version(name)}" for name in distributions)


def requirements(folder: Path) -> tuple[str, ...]:
    """Everything that a consumer must install to run the runtime through MLflow, pinned as it was when the model was registered."""
    return pinned(tuple(sorted({*imported_packages(folder), *ALWAYS, "mlflow"})))


def _absolute_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
