"""One registry for the tests of this folder: two versions of one model.

Their runtime code differs. Registering takes seconds.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from creditloom.serving.registry.gate import GateParams, RegistryParams
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME
from tests.registry.small import applications, write_bundle

GOOD = {
    "observable": {"auc_oot": 0.75, "weighted": {"calibration_in_the_large_p": 0.4}},
    "group_calibration": {"booked": {"worst_shape": {"p": 0.3}}},
    "duels": [{"id": "ridge_booked", "high": 0.01}, {"id": "incumbent_booked", "high": 0.05}],
}
PARAMS = RegistryParams(
    "credit-decision",
    GateParams(
        min_auc=0.65,
        max_auc_loss=0.01,
        min_calibration_p=0.01,
        min_group_p=0.01,
        min_rival_delta=0.0,
        rivals=("ridge", "incumbent"),
    ),
)


@dataclass(frozen=True)
class House:
    """Make a bundle, two versions of its model and applications to decide.

    The second version's runtime adds 1 to every score.
    """

    root: Path
    ledger: ModelRegistry
    bundle: Path
    versions: tuple[Version, Version]
    frame: pd.DataFrame

    @property
    def matrix(self) -> Path:
        return self.root / "matrix.parquet"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    root = tmp_path_factory.mktemp("house with a space")
    bundle = write_bundle(root / "data" / "model")
    ledger = ModelRegistry(
        PARAMS,
        Store.at(root / "data" / "registry", {}),
        root / "data" / "registry" / "aliases.jsonl",
    )
    runtime = root / "runtime"
    shutil.copytree(RUNTIME, runtime, ignore=shutil.ignore_patterns("__pycache__"))
    first = ledger.register(bundle, runtime, GOOD)[0]
    other = runtime / "score" / "scorer.py"
    other.write_text(other.read_text().replace("def score(", "def score_before(") + OTHER_SCORE)
    second = ledger.register(bundle, runtime, GOOD)[0]
    frame = applications(60)
    frame.to_parquet(root / "matrix.parquet", index=False)
    (root / "metrics.json").write_text(json.dumps(GOOD))
    return House(root, ledger, bundle, (first, second), frame)


OTHER_SCORE = '''

def score(score_raw):
    """The other version: one point more than before."""
    return score_before(score_raw) + 1
'''
