"""What decides a batch: the runtime of a registered version, or the repository's own for a bundle's folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.ledger.entries import Versions
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.runtime import RUNTIME, fingerprint

PARAMS = (
    "explain",
    "language",
    "product",
    "law",
)  # of the runtime; those not asked for are left to it
CHAMPION = "models:/credit-decision@champion"


@dataclass(frozen=True)
class DecidingModel:
    """`bundle` is the folder of its text files, `name` how the registry calls it; `runtime` answers as MLflow would
    call it, `code` is the fingerprint of its Python files; `origin` is what another process loads the same one from.
    """

    bundle: Path
    name: str
    runtime: Any
    code: str
    origin: Path | Version

    @classmethod
    def of(cls, origin: Path | Version) -> DecidingModel:
        """The model of a bundle's folder, or of a registered version."""
        return cls.of_bundle(origin) if isinstance(origin, Path) else cls.of_version(origin)

    @classmethod
    def of_bundle(cls, bundle: Path, threads: int = 1) -> DecidingModel:
        """A bundle with the code of this checkout."""
        from creditloom.decision.decide import Decider
        from creditloom.decision.loader import DecisionModel

        decider = Decider.load(bundle, threads)
        return cls(
            bundle, str(bundle), DecisionModel(decider), fingerprint(RUNTIME), bundle.absolute()
        )

    @classmethod
    def of_uri(cls, uri: str, registry: Path) -> DecidingModel:
        """What `models:/...` names, with its own code; `registry` is the folder of the embedded store."""
        from creditloom.serving.registry.mlflow_store import Store
        from creditloom.serving.registry.resolve import resolve

        return cls.of_version(resolve(uri, Store.at(registry)))

    @classmethod
    def of_version(cls, version: Version) -> DecidingModel:
        """A registered version with its own code."""
        from creditloom.serving.registry.load import load

        code = fingerprint(version.location / "code" / version.runtime)
        return cls(
            version.bundle,
            f"models:/{version.name}/{version.version}",
            load(version),
            code,
            version,
        )

    def versions(self, product: str) -> Versions:
        """What decides, piece by piece, for a product of the bundle ("" = its own)."""
        return Versions.of(self.bundle, self.code, product)

    def decide(self, params: Mapping[str, str]) -> Callable[[pa.Table], pa.Table]:
        """Arrow in, decisions out; a version registered before `predict_table` was there goes by way of pandas."""
        from creditloom.decision.frames.arrow import decisions_table

        if hasattr(self.runtime, "predict_table"):
            return lambda table: self.runtime.predict_table(table, params)
        return lambda table: decisions_table(
            self.runtime.predict(table.to_pandas(ignore_metadata=True), params)
        )
