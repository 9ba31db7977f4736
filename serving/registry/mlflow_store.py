"""MLflow's store as this house uses it: publish a bundle with its runtime, read versions, move aliases.

The only module that imports mlflow, and only inside functions (5 s). Without `MLFLOW_TRACKING_URI` the store is the sqlite file
`mlflow.db` in a folder of ours, by absolute URI, so that a queue or temporary run in another folder finds the same one.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creditloom.serving.registry import lookup
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.lookup import Version, bundle_sha256
from creditloom.serving.registry.runtime import copy_runtime, requirements

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "creditloom"


@dataclass(frozen=True)
class Store:
    """Where MLflow keeps versions (`uri`) and artifacts (None: the tracking server decides)."""

    uri: str
    artifacts: str | None

    @classmethod
    def at(cls, folder: Path, environ: Mapping[str, str] = os.environ) -> Store:
        """The store of `MLFLOW_TRACKING_URI` where that is set, else `folder`/mlflow.db with artifacts beside it."""
        if environ.get("MLFLOW_TRACKING_URI"):
            return cls(environ["MLFLOW_TRACKING_URI"], None)
        folder = folder.absolute()
        return cls(f"{lookup.SQLITE}{folder / 'mlflow.db'}", (folder / "artifacts").as_uri())

    @property
    def is_embedded(self) -> bool:
        """Whether the store is a sqlite file, which answers cheap questions without mlflow."""
        return self.uri.startswith(lookup.SQLITE)

    @property
    def file(self) -> Path | None:
        """The sqlite file of an embedded store; None while there is none."""
        return lookup.store_file(self.uri)

    def client(self) -> MlflowClient:
        """MLflow's client of this store; changes no global state."""
        if self.is_embedded:
            Path(self.uri.removeprefix(lookup.SQLITE)).parent.mkdir(parents=True, exist_ok=True)
        return _mlflow().MlflowClient(self.uri, self.uri)

    def publish(
        self,
        bundle: Path,
        runtime: Path,
        name: str,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
    ) -> Version:
        """Log the bundle and a copy of its runtime as a model, and register it as a new version of `name`."""
        from creditloom.serving.registry.signature import input_example, signature

        client, mlflow = self.client(), _mlflow()
        sha = bundle_sha256(bundle)
        with self._pointed_at(), tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
            package = copy_runtime(runtime, Path(scratch))
            mlflow.start_run(experiment_id=self._experiment(client))
            mlflow.log_metrics(dict(metrics))
            logged = mlflow.pyfunc.log_model(
                name=name,
                loader_module=f"{package.name}.loader",
                data_path=str(bundle),
                code_paths=[str(package)],
                signature=signature(bundle),
                input_example=input_example(bundle),
                pip_requirements=list(requirements(package)),
                registered_model_name=name,
            )
        version = Version(
            name,
            int(logged.registered_model_version),
            sha,
            package.name,
            lookup.local_path(logged.artifact_path),
        )
        for key, value in {
            **tags,
            lookup.BUNDLE_TAG: sha,
            lookup.RUNTIME_TAG: package.name,
        }.items():
            client.set_model_version_tag(name, str(version.version), key, value)
        return version

    def tags(self, name: str, version: int) -> dict[str, str]:
        """The tags of one version; RegistryError when there is no such version."""
        client = self.client()
        known = {
            int(found.version): found.tags
            for found in client.search_model_versions(f"name = '{name}'")
        }
        if version not in known:
            raise RegistryError.of(
                f"No version {version} of `{name}`",
                where=self.uri,
                expected=f"one of {sorted(known)}" if known else "at least one version",
                got=str(version),
                next_step="see `creditloom history`, or run `creditloom register`",
            )
        return dict(known[version])

    def find(self, name: str, tags: Mapping[str, str]) -> int | None:
        """The newest version of `name` that carries all of `tags`; None when there is none."""
        found = [
            version
            for version in self.client().search_model_versions(f"name = '{name}'")
            if tags.items() <= version.tags.items()
        ]
        return max((int(version.version) for version in found), default=None)

    def download(self, uri: str) -> Path:
        """A local folder with the artifacts of a model URI."""
        with self._pointed_at():
            return Path(_mlflow().artifacts.download_artifacts(artifact_uri=uri))

    def alias(self, name: str, alias: str) -> int | None:
        """The version that `alias` names; None when it names none."""
        models = self.client().search_registered_models(f"name = '{name}'")
        found = models[0].aliases.get(alias) if models else None
        return None if found is None else int(found)

    def point(self, name: str, alias: str, version: int | None) -> None:
        """Let `alias` name `version`, or nothing."""
        if version is None:
            self.client().delete_registered_model_alias(name, alias)
        else:
            self.client().set_registered_model_alias(name, alias, str(version))

    @contextmanager
    def _pointed_at(self) -> Iterator[None]:
        """MLflow's fluent calls know one store per process, kept in the environment: point them here, end any run, and put it back."""
        mlflow = _mlflow()
        before = {
            key: os.environ.get(key) for key in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
        }
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            yield
        finally:
            mlflow.end_run()
            for key, value in before.items():
                os.environ.pop(key, None) if value is None else os.environ.update({key: value})

    def _experiment(self, client: MlflowClient) -> str:
        found = client.get_experiment_by_name(EXPERIMENT)
        return (
            found.experiment_id
            if found
            else client.create_experiment(EXPERIMENT, artifact_location=self.artifacts)
        )


def _mlflow() -> Any:
    """MLflow, imported when first needed; no telemetry, no migration log."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow.pyfunc

    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow
