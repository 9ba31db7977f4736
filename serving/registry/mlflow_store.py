"""Use MLflow's store: publish a bundle with its runtime, read versions, move aliases.

This is the only module that imports mlflow at length, and only inside functions (the import takes
5 s). Without `MLFLOW_TRACKING_URI` the store is the sqlite file `mlflow.db` in a folder of ours, by
absolute URI, so that a run in another folder finds the same one. The artifacts of a sqlite file lie
beside it.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from creditloom.serving.registry import lookup
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version, bundle_sha256
from creditloom.serving.registry.runtime import copy_guard, copy_runtime, requirements
from creditloom.serving.registry.safety import guard
from creditloom.serving.registry.safety.files import files_sha256
from creditloom.serving.registry.safety.store_lock import locked_file, locked_server
from creditloom.storage.files.foreign import Worded
from creditloom.storage.reach import be_impatient, require_answer, some_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

# A server takes no more parameters in one request.
PARAMS_AT_ONCE = 100
# What a surrounding run or job leaves in the environment, and MLflow would take for ours.
OF_OTHER_RUNS = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")
STORES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


@dataclass(frozen=True)
class RunNotes:
    """What a run and its version say of themselves, beside the figures of the gate.

    name: of the run. text: a description in Markdown. params and figures: by name; tags: of run and
    version. files: a file or folder, and the folder of the run's artifacts that it goes into.
    """

    name: str
    text: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class Store:
    """Where MLflow keeps versions (`uri`) and artifacts (None: the tracking server decides)."""

    uri: str
    artifacts: str | None

    @classmethod
    def at(cls, folder: Path, environ: Mapping[str, str] = os.environ) -> Store:
        """Return the store of `MLFLOW_TRACKING_URI`, or else `folder`/mlflow.db."""
        uri = environ.get("MLFLOW_TRACKING_URI") or f"{lookup.SQLITE}{folder.absolute()}/mlflow.db"
        if not uri.startswith(lookup.SQLITE):
            return cls(uri, None)
        return cls(uri, (lookup.store_path(uri).absolute().parent / "artifacts").as_uri())

    @property
    def place(self) -> str:
        """Return the URI without its password, as messages name it."""
        secret = urlsplit(self.uri).password
        return self.uri if secret is None else self.uri.replace(f":{secret}@", "@", 1)

    @property
    def is_embedded(self) -> bool:
        """Return whether the store is a sqlite file, which `lookup` can read without mlflow."""
        return self.uri.startswith(lookup.SQLITE)

    @property
    def file(self) -> Path | None:
        """Return the sqlite file of an embedded store; None while there is none."""
        return lookup.store_file(self.uri)

    @property
    def is_folder(self) -> bool:
        """Return whether the store is a folder, as MLflow kept it until version 3."""
        return self.uri.startswith("file:") or "://" not in self.uri

    def client(self) -> MlflowClient:
        """Return MLflow's client of this store; no global state is changed.

        Raises NotReachableError where its server does not answer.
        """
        require_answer(self.uri)
        if self.is_embedded:
            lookup.store_path(self.uri).parent.mkdir(parents=True, exist_ok=True)
        mlflow = self._mlflow()
        with Worded(self.place):
            return mlflow.MlflowClient(self.uri, self.uri)

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Return a lock that keeps every other process from changing the model `name`."""
        if self.is_embedded:
            file = lookup.store_path(self.uri)
            return locked_file(file.with_name(f"{file.name}.lock"))
        if self.is_folder:
            return locked_file(lookup.local_path(self.uri) / "creditloom.lock")
        return locked_server(self.client(), name)

    def publishing(self, name: str) -> AbstractContextManager[None]:
        """Return the lock under which a version is published.

        A store of files takes one writer at a time; a server orders its writers itself.
        """
        is_local = self.is_embedded or self.is_folder
        return self.locked(name) if is_local else nullcontext()

    def publish(
        self,
        bundle: Path,
        runtime: Path,
        name: str,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        notes: RunNotes | None = None,
    ) -> Version:
        """Log the bundle with a copy of its runtime, and register it as a new version of `name`.

        notes: what run and version say of themselves; None names the run by bundle alone.
        """
        client = self.client()
        sha = bundle_sha256(bundle)
        with Worded(self.place), tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
            package = copy_runtime(runtime, Path(scratch))
            loader = copy_guard(package, sha)
            said = _with_figures(notes or RunNotes(f"{name} {sha[:8]}"), metrics)
            number, place = self._logged(client, bundle, package, loader, name, said)
            files = files_sha256(self._artifacts(name, number, place, Path(scratch)))
            # The tags of what decides come last: without them it was not published to the end.
            of_version = {
                **said.tags,
                **tags,
                lookup.LOADER_TAG: loader.stem,
                lookup.FILES_TAG: files,
                lookup.BUNDLE_TAG: sha,
                lookup.RUNTIME_TAG: package.name,
            }
            _describe(client, name, str(number), said.text, of_version)
        return Version(
            name=name,
            version=number,
            bundle_sha256=sha,
            runtime=package.name,
            location=place,
            loader=loader.stem,
            files_sha256=files,
        )

    def tags(self, name: str, version: int) -> dict[str, str]:
        """Return the tags of one version; RegistryError when there is no such version."""
        known = self.versions(name)
        if version not in known:
            raise RegistryError.of(
                f"No version {version} of `{name}`",
                where=self.place,
                expected=f"one of {sorted(known)}" if known else "at least one version",
                got=str(version),
                next_step="see `creditloom history`, or run `creditloom register`",
            )
        return known[version]

    def versions(self, name: str) -> dict[int, dict[str, str]]:
        """Return the tags of every version of `name`."""
        client = self.client()
        with Worded(self.place):
            registered = client.search_model_versions(f"name = '{name}'")
        return {int(entry.version): dict(entry.tags) for entry in registered}

    def find(self, name: str, tags: Mapping[str, str]) -> int | None:
        """Return the newest version of `name` that carries all of `tags`; None without one."""
        known = self.versions(name)
        return max((n for n, held in known.items() if tags.items() <= held.items()), default=None)

    def download(self, uri: str) -> Path:
        """Return a local folder with the artifacts of a model URI.

        What had to be downloaded is removed when the process ends.
        """
        require_answer(self.uri)
        folder = tempfile.mkdtemp(prefix="creditloom-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with self._pointed_at() as mlflow, Worded(self.place):
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))

    def aliases(self, name: str) -> dict[str, int]:
        """Return the version that each alias names; {} without such a model."""
        if self.is_embedded:
            return lookup.aliases(self.file, name) if self.file else {}
        return {alias: int(version) for alias, version in self._model(name).aliases.items()}

    def model_tags(self, name: str) -> dict[str, str]:
        """Return the tags of the registered model; {} without such a model."""
        if self.is_embedded:
            return lookup.tags(self.file, name) if self.file else {}
        return dict(self._model(name).tags)

    def tag_version(self, name: str, version: int, key: str, value: str) -> None:
        """Set one tag of a version."""
        client = self.client()
        with Worded(self.place):
            client.set_model_version_tag(name, str(version), key, value)

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set one tag of the registered model."""
        client = self.client()
        with Worded(self.place):
            client.set_registered_model_tag(name, key, value)

    def point(self, name: str, alias: str, version: int | None) -> None:
        """Let `alias` name `version`, or nothing."""
        client = self.client()
        with Worded(self.place):
            if version is None:
                client.delete_registered_model_alias(name, alias)
            else:
                client.set_registered_model_alias(name, alias, str(version))

    def _model(self, name: str) -> Any:
        client = self.client()
        with Worded(self.place):
            found = client.search_registered_models(f"name = '{name}'")
        return found[0] if found else _NoModel()

    def _logged(
        self,
        client: MlflowClient,
        bundle: Path,
        package: Path,
        loader: Path,
        name: str,
        notes: RunNotes,
    ) -> tuple[int, Path]:
        """Log and register; return the number of the version and the folder of its artifacts."""
        from creditloom.serving.registry.signature import input_example, signature

        # Beside the package, from which Python would make a folder of this name (`guard.py`).
        code = (loader, package, package.with_name(guard.BYTECODE))
        shape = {"signature": signature(bundle), "input_example": input_example(bundle)}
        with self._pointed_at() as mlflow:
            mlflow.start_run(
                experiment_id=self._experiment(client),
                run_name=notes.name,
                description=notes.text or None,
                tags=dict(notes.tags),
            )
            _log(mlflow, notes)
            logged = mlflow.pyfunc.log_model(
                name=name,
                loader_module=loader.stem,
                data_path=str(bundle),
                code_paths=[str(path) for path in code],
                pip_requirements=list(requirements(package)),
                registered_model_name=name,
                **shape,
            )
        return int(logged.registered_model_version), lookup.local_path(logged.artifact_path)

    def _artifacts(self, name: str, number: int, place: Path, scratch: Path) -> Path:
        """Return a folder with the artifacts as they were stored."""
        if place.is_dir():
            return place
        with self._pointed_at() as mlflow:
            uri = f"models:/{name}/{number}"
            (scratch / "stored").mkdir()
            stored = mlflow.artifacts.download_artifacts(
                artifact_uri=uri, dst_path=str(scratch / "stored")
            )
        return Path(stored)

    @contextmanager
    def _pointed_at(self) -> Iterator[Any]:
        """Point MLflow's fluent calls to this store for a while; any run ends with it.

        They know one store per process, and keep it in the environment: that is put back. Runs and
        experiments that the environment names are somebody else's.
        """
        mlflow = self._mlflow()
        before = {key: os.environ.get(key) for key in (*STORES, *OF_OTHER_RUNS)}
        for key in OF_OTHER_RUNS:
            os.environ.pop(key, None)
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            yield mlflow
        finally:
            mlflow.end_run()
            for key, value in before.items():
                os.environ.pop(key, None) if value is None else os.environ.update({key: value})

    def _experiment(self, client: MlflowClient) -> str:
        experiment = client.get_experiment_by_name(lookup.EXPERIMENT)
        if experiment is None:
            return client.create_experiment(lookup.EXPERIMENT, artifact_location=self.artifacts)
        # One that was deleted in MLflow's page is only marked so, and keeps its name: no other can
        # be made.
        if experiment.lifecycle_stage == "deleted":
            client.restore_experiment(experiment.experiment_id)
        return experiment.experiment_id

    def _mlflow(self) -> Any:
        """Return MLflow, imported when first needed, without telemetry and migration log."""
        # Before the import, which reads them.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        be_impatient()
        if self.is_folder:
            # MLflow 3 asks for this word before it opens a store of this kind.
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        with some_home():
            import mlflow.pyfunc

        # The loggers that report every migration of the sqlite file's tables.
        for name in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return mlflow


def _with_figures(notes: RunNotes, metrics: Mapping[str, float]) -> RunNotes:
    return replace(notes, figures={**notes.figures, **metrics})


def _describe(
    client: MlflowClient, name: str, version: str, text: str, tags: Mapping[str, str]
) -> None:
    """Give a version its description, and its tags in their order."""
    client.update_model_version(name, version, text)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)


def _log(mlflow: Any, notes: RunNotes) -> None:
    """Log parameters, figures and files to the run that is open."""
    params = list(notes.params.items())
    for first in range(0, len(params), PARAMS_AT_ONCE):
        mlflow.log_params(dict(params[first : first + PARAMS_AT_ONCE]))
    mlflow.log_metrics(dict(notes.figures))
    for file, folder in notes.files:
        log = mlflow.log_artifacts if file.is_dir() else mlflow.log_artifact
        log(str(file), folder or None)


class _NoModel:
    """Stands for a registered model that is not there."""

    aliases: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
