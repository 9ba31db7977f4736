"""A registered version in this process without `import mlflow`: its own runtime under its own name, nothing put on `sys.path`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version


def load(version: Version) -> Any:
    """The object that MLflow would call: `predict(frame, params)` of the version's own runtime.

    Raises RegistryError when the artifacts are not where the store says, and the runtime's own error when the bundle is damaged.
    """
    if not version.is_whole:
        raise RegistryError.of(
            f"The artifacts of {version.name} version {version.version} are not there",
            where=version.location,
            expected=f"code/{version.runtime}/ and data/<bundle>/",
            got="no such files",
            next_step="restore them, or run `creditloom register`",
        )
    _import_package(version)
    return importlib.import_module(f"{version.runtime}.loader")._load_pyfunc(str(version.bundle))


def _import_package(version: Version) -> None:
    """Import the runtime's package from the artifacts; its name is made of its contents, so one already there is the same code."""
    if version.runtime in sys.modules:
        return
    folder = version.location / "code" / version.runtime
    spec = importlib.util.spec_from_file_location(
        version.runtime, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise RegistryError(f"{folder}: not a Python package; run `creditloom register`")
    package = importlib.util.module_from_spec(spec)
    sys.modules[version.runtime] = package
    spec.loader.exec_module(package)
