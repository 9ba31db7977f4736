"""Copy the decision runtime to a package whose name is made of its own contents.

MLflow puts a model's code on `sys.path`. Two versions that bring the same package name then share
whichever was imported first, and the second one silently runs the first one's code. A name made of
the contents, `creditloom_rt_<sha256>`, cannot clash unless the code is equal. Beside the package
lies the guard, which checks it before it is imported.
"""

from __future__ import annotations

import ast
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from importlib.resources import files
from pathlib import Path

from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.safety import guard

# The code that a bundle is registered with.
RUNTIME = Path(str(files("creditloom.decision")))
PREFIX = guard.CODE_PREFIX
GUARD = Path(str(files("creditloom.serving.registry.safety") / "guard.py"))
# What the frame that goes in and comes out needs, whether or not the runtime imports it.
ALWAYS_REQUIRED = ("pandas", "numpy")


def source_files(folder: Path) -> tuple[Path, ...]:
    """Return the Python files of a package in a fixed order; caches and all else are left out."""
    # By relative name with "/", so that the order is the same wherever the folder lies.
    return tuple(sorted(folder.rglob("*.py"), key=lambda file: file.relative_to(folder).as_posix()))


def fingerprint(folder: Path) -> str:
    """Return the sha256 over relative name and content of every Python file of the package."""
    sources = {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in source_files(folder)
    }
    return guard.code_sha256(sources)


def runtime_name(folder: Path) -> str:
    """Return the package name of these contents: `creditloom_rt_` and their sha256."""
    return PREFIX + fingerprint(folder)


def copy_package(folder: Path, target: Path) -> Path:
    """Copy the Python files of `folder` to the new package folder `target`.

    Raises RegistryError when there is nothing to copy.
    """
    sources = source_files(folder)
    if not sources:
        raise RegistryError.of(
            "No code to copy",
            where=folder,
            expected="a Python package",
            got="no .py file",
            next_step="run from a complete checkout",
        )
    for file in sources:
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return target


def copy_runtime(folder: Path, target: Path) -> Path:
    """Copy the runtime into the folder `target` under the name that its contents give it."""
    # The copy is named by what was copied, not by what lies in the checkout a moment later.
    copy = copy_package(folder, target / "copying")
    return copy.rename(target / runtime_name(copy))


def copy_guard(package: Path, bundle_sha256: str) -> Path:
    """Copy the guard beside a copied runtime, under the name that stands for it and a bundle."""
    content = GUARD.read_bytes()
    code = package.name.removeprefix(PREFIX)
    loader = package.parent / f"{guard.loader_name(content, code, bundle_sha256)}.py"
    loader.write_bytes(content)
    (package.parent / guard.BYTECODE).write_bytes(guard.NO_BYTECODE)
    return loader


def imported_packages(*folders: Path) -> tuple[str, ...]:
    """Return the top-level packages that the code of `folders` imports, sorted.

    The standard library is left out.
    """
    names = {
        name
        for folder in folders
        for file in source_files(folder)
        for name in _absolute_imports(file)
    }
    return tuple(sorted(names - sys.stdlib_module_names))


def pinned(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Return `distribution==version` as installed here, for import names.

    An import name may differ from its distribution's (`ibis`); a name that is not installed is
    left out.
    """
    known = packages_distributions()
    # Several distributions may bring one import name: the one of the same name is meant.
    distributions = sorted(
        {name if name in known[name] else known[name][0] for name in packages if name in known}
    )
    return tuple(f"{name}=={version(name)}" for name in distributions)


def requirements(folder: Path) -> tuple[str, ...]:
    """Return what a consumer must install to run the runtime through MLflow.

    Versions are pinned as they were when the model was registered.
    """
    return pinned(tuple(sorted({*imported_packages(folder), *ALWAYS_REQUIRED, "mlflow"})))


def _absolute_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
