"""Use MLflow's store: publish a bundle with its runtime, read versions, move aliases.

This is the only module that imports mlflow, and only inside functions (the import takes 5 s).
Without `MLFLOW_TRACKING_URI` the store is the sqlite file `mlflow.db` in a folder of ours, by
absolute URI, so that a run in another folder finds the same one.
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
from creditloom.storage.reach import be_impatient, require_answer, some_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow wants an experiment around every run; ours all belong to one.
EXPERIMENT = "creditloom"


@dataclass(frozen=True)
class Store:
    """Where MLflow keeps versions (`uri`) and artifacts (None: the tracking server decides)."""

    uri: str
    artifacts: str | None

    @classmethod
    def at(cls, folder: Path, environ: Mapping[str, str] = os.environ) -> Store:
        """Return the store of `MLFLOW_TRACKING_URI`, or else `folder`/mlflow.db.

        The artifacts of the latter lie beside it.
        """
        if environ.get("MLFLOW_TRACKING_URI"):
            return cls(environ["MLFLOW_TRACKING_URI"], None)
        folder = folder.absolute()
        return cls(f"{lookup.SQLITE}{folder / 'mlflow.db'}", (folder / "artifacts").as_uri())

    @property
    def is_embedded(self) -> bool:
        """Return whether the store is a sqlite file, which `lookup` can read without mlflow."""
        return self.uri.startswith(lookup.SQLITE)

    @property
    def file(self) -> Path | None:
        """Return the sqlite file of an embedded store; None while there is none."""
        return lookup.store_file(self.uri)

    def client(self) -> MlflowClient:
        """Return MLflow's client of this store; no global state is changed.

        Raises NotReachableError where its server does not answer.
        """
        require_answer(self.uri)
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
        """Log the bundle with a copy of its runtime, and register it as a new version of `name`."""
        from creditloom.serving.registry.signature import input_example, signature

        client = self.client()
        mlflow = _mlflow()
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
        number = int(logged.registered_model_version)
        # The two tags come last: a version that lacks them was not published to the end.
        all_tags = {**tags, lookup.BUNDLE_TAG: sha, lookup.RUNTIME_TAG: package.name}
        for key, value in all_tags.items():
            client.set_model_version_tag(name, str(number), key, value)
        return Version(
            name=name,
            version=number,
            bundle_sha256=sha,
            runtime=package.name,
            location=lookup.local_path(logged.artifact_path),
        )

    def tags(self, name: str, version: int) -> dict[str, str]:
        """Return the tags of one version; RegistryError when there is no such version."""
        registered = self.client().search_model_versions(f"name = '{name}'")
        known = {int(entry.version): entry.tags for entry in registered}
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
        """Return the newest version of `name` that carries all of `tags`; None without one."""
        registered = self.client().search_model_versions(f"name = '{name}'")
        numbers = [int(entry.version) for entry in registered if tags.items() <= entry.tags.items()]
        return max(numbers, default=None)

    def download(self, uri: str) -> Path:
        """Return a local folder with the artifacts of a model URI."""
        with self._pointed_at():
            return Path(_mlflow().artifacts.download_artifacts(artifact_uri=uri))

    def alias(self, name: str, alias: str) -> int | None:
        """Return the version that `alias` names; None when it names none."""
        models = self.client().search_registered_models(f"name = '{name}'")
        version = models[0].aliases.get(alias) if models else None
        return None if version is None else int(version)

    def point(self, name: str, alias: str, version: int | None) -> None:
        """Let `alias` name `version`, or nothing."""
        if version is None:
            self.client().delete_registered_model_alias(name, alias)
        else:
            self.client().set_registered_model_alias(name, alias, str(version))

    @contextmanager
    def _pointed_at(self) -> Iterator[None]:
        """Point MLflow's fluent calls to this store for a while; any run ends with it.

        They know one store per process, and keep it in the environment: that is put back.
        Raises NotReachableError where its server does not answer.
        """
        require_answer(self.uri)
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
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment:
            return experiment.experiment_id
        return client.create_experiment(EXPERIMENT, artifact_location=self.artifacts)


def _mlflow() -> Any:
    """Return MLflow, imported when first needed, without telemetry and migration log."""
    # Before the import, which reads it.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    be_impatient()
    with some_home():
        import mlflow.pyfunc

    # The loggers that report every migration of the sqlite file's tables.
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow
