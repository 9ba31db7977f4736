"""Load a registered version into this process without `import mlflow`, once it is checked.

Its own runtime is imported under its own name, from the bytes that were checked; nothing is put on
`sys.path`, and nothing is left beside the code.
"""

from __future__ import annotations

from typing import Any

from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.safety import guard
from creditloom.serving.registry.safety.guard import CheckedModel

# Of the hash of its code, in the package name of a version of release 0.1.0 or 0.2.0.
FEWEST_DIGITS = 8


def load(version: Version) -> Any:
    """Return the object that MLflow would call: `predict(frame, params)` of the version's runtime.

    Raises RegistryError when the artifacts are not where the store says, UncheckedModelError when
    code or bundle are not those that were registered, and the runtime's own error when it cannot
    read the bundle.
    """
    return guard.load(checked(version))


def checked(version: Version) -> CheckedModel:
    """Return the version's code and bundle, held against the registry's tags; nothing is imported.

    Raises as `load` does.
    """
    code = version.location / "code"
    if not code.is_dir() or not version.bundle.is_dir():
        raise RegistryError.of(
            f"The artifacts of {version.name} version {version.version} are not there",
            where=version.location,
            expected=f"code/{version.runtime}/ and data/<bundle>/",
            got="no such files",
            next_step="restore them, or run `creditloom register`",
        )
    if version.loader:
        model = guard.check(code, version.bundle, version.loader)
    else:
        model = _checked_by_name(version)
    for what, expected, actual in (
        ("Other code than the tag says", version.runtime, model.package),
        ("Another bundle than the tag says", version.bundle_sha256, model.bundle_sha256),
    ):
        if expected != actual:
            raise guard.refusal(what, version.location, expected, actual)
    return model


def _checked_by_name(version: Version) -> CheckedModel:
    """Return a version of release 0.1.0 or 0.2.0, whose package name holds 8 digits of its hash.

    MLflow imports such a version without a check and leaves bytecode beside it. Here that bytecode
    is not read.
    """
    folder = version.location / "code" / version.runtime
    sources = guard.read_sources(folder, skip_bytecode=True)
    fingerprint = guard.code_sha256(sources)
    digits = version.runtime.removeprefix(guard.CODE_PREFIX)
    if len(digits) < FEWEST_DIGITS or not fingerprint.startswith(digits):
        raise guard.refusal("Changed code", folder, digits, fingerprint)
    return CheckedModel(
        package=version.runtime,
        folder=folder,
        sources=sources,
        code_sha256=fingerprint,
        bundle=version.bundle,
        bundle_sha256=guard.checked_bundle(version.bundle),
    )
