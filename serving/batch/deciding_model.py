"""Load the model that decides a batch: a registered version, or a bundle's folder.

A registered version decides by its own code, a folder by the code of this checkout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.ledger.entries import Versions
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.runtime import RUNTIME, fingerprint

# Parameters of the runtime; those that are not given keep the runtime's defaults.
PARAMS = ("explain", "language", "product", "law")
CHAMPION = "models:/credit-decision@champion"


@dataclass(frozen=True)
class DecidingModel:
    """A loaded model.

    `bundle` is the folder of its text files, `name` its name in the registry, `runtime` the object
    that MLflow would call, `code` the fingerprint of its Python files. `origin` is what another
    process loads the same model from.
    """

    bundle: Path
    name: str
    runtime: Any
    code: str
    origin: Path | Version

    @classmethod
    def of(cls, origin: Path | Version) -> DecidingModel:
        """Load the model of a bundle's folder, or of a registered version."""
        return cls.of_bundle(origin) if isinstance(origin, Path) else cls.of_version(origin)

    @classmethod
    def of_bundle(cls, bundle: Path, threads: int = 1) -> DecidingModel:
        """Load a bundle with the code of this checkout."""
        from creditloom.decision.decide import Decider
        from creditloom.decision.loader import DecisionModel

        return cls(
            bundle=bundle,
            name=str(bundle),
            runtime=DecisionModel(Decider.load(bundle, threads)),
            code=fingerprint(RUNTIME),
            origin=bundle.absolute(),
        )

    @classmethod
    def of_uri(cls, uri: str, registry: Path) -> DecidingModel:
        """Load what `models:/...` names, with its own code.

        `registry` is the folder of the embedded store.
        """
        from creditloom.serving.registry.mlflow_store import Store
        from creditloom.serving.registry.resolve import resolve

        return cls.of_version(resolve(uri, Store.at(registry)))

    @classmethod
    def of_version(cls, version: Version) -> DecidingModel:
        """Load a registered version with its own code."""
        from creditloom.serving.registry.load import checked
        from creditloom.serving.registry.safety import guard

        model = checked(version)
        return cls(
            bundle=version.bundle,
            # By number, not by alias: an alias may move while the batch is on record.
            name=f"models:/{version.name}/{version.version}",
            # Of the code that was checked and runs, not of what lies there a moment later.
            code=model.code_sha256,
            runtime=guard.load(model),
            origin=version,
        )

    def versions(self, product: str) -> Versions:
        """Return what decides, piece by piece, for a product of the bundle ("" = its own)."""
        return Versions.of(self.bundle, self.code, product)

    def decide(self, params: Mapping[str, str]) -> Deciding:
        """Return the function from a table of applications to their decisions, both in Arrow."""
        return Deciding(self.runtime, dict(params))


@dataclass(frozen=True)
class Deciding:
    """Decides tables by a runtime, with its parameters."""

    runtime: Any
    params: dict[str, str]

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the decisions on a table of which every row can be decided.

        The rows are those of `judge` without a fault, where the runtime has it.
        """
        from creditloom.decision.frames.arrow import decisions_table

        if hasattr(self.runtime, "predict_judged"):
            return self.runtime.predict_judged(table, self.params)
        if hasattr(self.runtime, "predict_table"):
            return self.runtime.predict_table(table, self.params)
        # A version registered before `predict_table` existed takes and gives data frames.
        frame = table.to_pandas(ignore_metadata=True)
        return decisions_table(self.runtime.predict(frame, self.params))

    @property
    def judge(self) -> Any:
        """The runtime's own rules of rows; None for a version that was registered before it had."""
        return getattr(self.runtime, "judge", None)

    @property
    def beyond(self) -> Any:
        """The runtime's counts per column of what training never saw; None where it has none."""
        return getattr(self.runtime, "beyond", None)
