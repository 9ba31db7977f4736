"""Load a registered version into this process without `import mlflow`.

Its own runtime is imported under its own name; nothing is put on `sys.path`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version


def load(version: Version) -> Any:
    """Return the object that MLflow would call: `predict(frame, params)` of the version's runtime.

    Raises RegistryError when the artifacts are not where the store says, and the runtime's own
    error when the bundle is damaged.
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
    """Import the runtime's package from the artifacts."""
    # The name is made of the contents: a package of this name that is there is the same code.
    if version.runtime in sys.modules:
        return
    folder = version.location / "code" / version.runtime
    spec = importlib.util.spec_from_file_location(
        version.runtime, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise RegistryError(f"{folder}: not a Python package; run `creditloom register`")
    package = importlib.util.module_from_spec(spec)
    # Entered before it runs, as the package's modules import each other relatively.
    sys.modules[version.runtime] = package
    spec.loader.exec_module(package)
