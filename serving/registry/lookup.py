"""Look up versions in MLflow's embedded store by read-only SQL on its sqlite file.

`import mlflow` takes 5 s and is not needed for this. Only versions that this house registered are
found: they carry the tags `bundle_sha256` and `runtime`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from creditloom.serving.registry.errors import RegistryError

BUNDLE_TAG = "bundle_sha256"
RUNTIME_TAG = "runtime"
# The name of the guard (`safety/guard.py`), which is the hash of all that decides. Versions that
# were registered before it existed lack this tag and the next.
LOADER_TAG = "loader"
# The sha256 over names and contents of all files of the version.
FILES_TAG = "files_sha256"
# Who vouches for a version: a signature over its name, number and hashes, as JSON.
SIGNATURE_TAG = "signature"
# The first month, as 2025-07, of which no application was learnt from.
LEARNT_TAG = "learnt_until"
SQLITE = "sqlite:///"

# A deleted version stays in the table under the stage 'Deleted_Internal'.
_VERSIONS = """
select v.version, b.value, r.value, coalesce(l.value, ''), coalesce(f.value, ''),
  coalesce(s.value, ''), coalesce(v.storage_location, v.source)
from model_versions v
join model_version_tags b on b.name = v.name and b.version = v.version and b.key = 'bundle_sha256'
join model_version_tags r on r.name = v.name and r.version = v.version and r.key = 'runtime'
left join model_version_tags l on l.name = v.name and l.version = v.version and l.key = 'loader'
left join model_version_tags s
  on s.name = v.name and s.version = v.version and s.key = 'signature'
left join model_version_tags f
  on f.name = v.name and f.version = v.version and f.key = 'files_sha256'
where v.name = ? and v.current_stage <> 'Deleted_Internal'
order by v.version
"""
_ALIASES = "select alias, version from registered_model_aliases where name = ?"
_TAGS = "select key, value from registered_model_tags where name = ?"
_ARTIFACTS = "select artifact_location from experiments where name = ?"
# MLflow wants an experiment around every run; ours all belong to one.
EXPERIMENT = "creditloom"


@dataclass(frozen=True)
class Version:
    """One registered version: its bundle, its runtime and the folder that holds both.

    Inside `location` the bundle is `data/...` and the runtime `code/<runtime>`. `loader` names the
    guard in `code/`, `files_sha256` stands for all files; both are "" for a version of before, and
    `signature` is where nobody signs.
    """

    name: str
    version: int
    bundle_sha256: str
    runtime: str
    location: Path
    loader: str = ""
    files_sha256: str = ""
    signature: str = ""

    @property
    def statement(self) -> dict[str, str | int]:
        """Return what a signature of the version stands for."""
        return {
            "name": self.name,
            "version": self.version,
            "bundle_sha256": self.bundle_sha256,
            "runtime": self.runtime,
            "loader": self.loader,
            "files_sha256": self.files_sha256,
        }

    @property
    def is_whole(self) -> bool:
        """Return whether the artifacts are still where the store says."""
        loader = self.location / "code" / self.runtime / "loader.py"
        return loader.is_file() and self.bundle.is_dir()

    @property
    def bundle(self) -> Path:
        """Return the folder of the bundle inside the artifacts; `data` itself without a bundle."""
        # Sorted, so that the answer does not depend on the file system's order.
        manifests = sorted(self.location.glob("data/*/manifest.json"))
        return manifests[0].parent if manifests else self.location / "data"


def bundle_sha256(bundle: Path) -> str:
    """Return the bundle's version, the sha256 of its manifest; RegistryError without a bundle."""
    manifest = bundle / "manifest.json"
    if not manifest.is_file():
        raise RegistryError.of(
            "No bundle there",
            where=bundle,
            expected="manifest.json and the files it lists",
            got="no manifest",
            next_step="run `dvc repro`",
        )
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def store_file(uri: str) -> Path | None:
    """Return the sqlite file behind a tracking URI; None unless it is an existing sqlite file."""
    if not uri.startswith(SQLITE):
        return None
    file = store_path(uri)
    return file if file.is_file() else None


def store_path(uri: str) -> Path:
    """Return the path in a sqlite URI.

    >>> str(store_path("sqlite:///a%20b.db?timeout=5"))
    'a b.db'
    """
    return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0]))


def versions(store: Path, name: str) -> tuple[Version, ...]:
    """Return all versions of `name` that this house registered, oldest first.

    () when the store has no such tables yet.
    """
    before, now = roots(store)
    rows = _query(store, _VERSIONS, (name,))
    return tuple(_version(name, row, before, now) for row in rows)


def _version(name: str, row: tuple[str, ...], before: Path, now: Path) -> Version:
    number, sha, runtime, loader, files, signature, place = row
    return Version(
        name=name,
        version=int(number),
        bundle_sha256=sha,
        runtime=runtime,
        location=placed(local_path(place), before, now),
        loader=loader,
        files_sha256=files,
        signature=signature,
    )


def aliased(store: Path, name: str, alias: str) -> Version | None:
    """Return the version that an alias names; None when there is none."""
    number = aliases(store, name).get(alias)
    return next((version for version in versions(store, name) if version.version == number), None)


def aliases(store: Path, name: str) -> dict[str, int]:
    """Return the version that each alias of `name` names."""
    return {alias: int(version) for alias, version in _query(store, _ALIASES, (name,))}


def tags(store: Path, name: str) -> dict[str, str]:
    """Return the tags of the registered model `name`."""
    return {key: value or "" for key, value in _query(store, _TAGS, (name,))}


# A checkout that was renamed or copied takes its store along. MLflow keeps absolute paths of
# artifacts in the store, which then name the old place.


def roots(store: Path) -> tuple[Path, Path]:
    """Return the folder of artifacts that the store names, and the one beside the store."""
    here = store.absolute().parent / "artifacts"
    found = _query(store, _ARTIFACTS, (EXPERIMENT,))
    return (local_path(found[0][0]) if found else here), here


def placed(location: Path, before: Path, now: Path) -> Path:
    """Return where artifacts lie: beside the store if they are there, else where it says."""
    if before == now or not location.is_relative_to(before):
        return location
    moved = now / location.relative_to(before)
    return moved if moved.exists() else location


def _query(store: Path, sql: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
    # Read-only: connecting to a file must never make one, nor lock out a writer.
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            # MLflow makes its tables when it first writes: before that, nothing is registered.
            if "no such table" in str(error):
                return []
            raise RegistryError.of(
                "The registry cannot be read",
                where=store,
                expected="MLflow's sqlite store",
                got=str(error),
                next_step="move the file away and run `creditloom register`",
            ) from error


def local_path(place: str | None) -> Path:
    """Return the folder behind a `file:` URI or a plain path.

    >>> str(local_path("file:///tmp/a%20b"))
    '/tmp/a b'
    """
    parsed = urlparse(place or "")
    return Path(unquote(parsed.path) if parsed.scheme == "file" else place or "")
