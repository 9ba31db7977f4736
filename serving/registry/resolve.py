"""Find the folder of bundle and runtime that a model URI names.

mlflow is imported only for a store that is not a sqlite file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from creditloom.serving.registry import lookup
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.mlflow_store import Store

URI = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def resolve(uri: str, store: Store) -> Version:
    """Return the version that `models:/<name>@<alias>` or `models:/<name>/<version>` names.

    Raises RegistryError when there is none.
    """
    parts = URI.fullmatch(uri)
    if parts is None:
        raise _unknown(uri, store, "models:/<name>@<alias> or models:/<name>/<version>")
    # The pattern lets one of alias and number be there; the other is None.
    name = parts["name"]
    alias = parts["alias"]
    number = parts["version"]
    if store.is_embedded:
        version = _in_file(store.file, name, alias, number)
    else:
        version = _by_mlflow(store, name, alias, number)
    if version is None:
        raise _unknown(uri, store, "a registered version")
    return version


def _in_file(file: Path | None, name: str, alias: str | None, number: str | None) -> Version | None:
    if file is None:
        return None
    if alias is not None:
        return lookup.aliased(file, name, alias)
    numbered = {str(version.version): version for version in lookup.versions(file, name)}
    return numbered.get(number or "")


def _by_mlflow(store: Store, name: str, alias: str | None, number: str | None) -> Version | None:
    version = int(number) if number else store.aliases(name).get(alias or "")
    if version is None:
        return None
    tags = store.tags(name, version)
    # table: field of a version -> the tag that holds it
    of_tags = {
        "bundle_sha256": lookup.BUNDLE_TAG,
        "runtime": lookup.RUNTIME_TAG,
        "loader": lookup.LOADER_TAG,
        "files_sha256": lookup.FILES_TAG,
        "signature": lookup.SIGNATURE_TAG,
    }
    fields = {field: tags.get(tag, "") for field, tag in of_tags.items()}
    registered = Version(name=name, version=version, location=Path(), **fields)
    # By number: an alias may have moved meanwhile.
    return replace(registered, location=store.download(f"models:/{name}/{version}"))


def _unknown(uri: str, store: Store, expected: str) -> RegistryError:
    return RegistryError.of(
        f"No such model: {uri}",
        where=store.place,
        expected=expected,
        got="none of that name",
        next_step="run `creditloom register`, see `creditloom history`, "
        "or decide with `--bundle data/model`",
    )
