"""A version that 613f9fa registered decides with the code it brought.

Its bundle can be registered anew with the code of today.
"""

from __future__ import annotations

import gc
import json
import zipfile
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from typer.testing import CliRunner

from creditloom.decision.frames.arrow import decisions_table
from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.serving.ledger.earlier import EARLIER
from creditloom.serving.ledger.hashing import row_hashes
from creditloom.serving.registry.gate import GateParams, RegistryParams
from creditloom.serving.registry.lookup import BUNDLE_TAG, RUNTIME_TAG, bundle_sha256
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME, fingerprint
from creditloom.storage.files.store import read_json, read_table
from tests.formats.conftest import V1

# `make consumer` runs them: MLflow is loaded and a model of then registered.
pytestmark = pytest.mark.slow

NAME = "credit-decision"
OLD = "creditloom_rt_2e4bcb93"
BATCH = (
    "--input",
    str(V1 / "in.parquet"),
    "--explain",
    "all",
    "--today",
    "2026-01-01",
    "--part-rows",
    "25",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder whose registry holds two versions of one bundle.

    Version 1 has the artifacts that 613f9fa left, version 2 was registered today.
    """
    root = tmp_path_factory.mktemp("registered then and now")
    store = Store.at(root / paths.REGISTRY, {})
    with zipfile.ZipFile(V1 / "registered.zip") as packed:
        packed.extractall(root / "artifacts")
    client = store.client()
    client.create_registered_model(NAME)
    tags = {BUNDLE_TAG: bundle_sha256(V1 / "bundle"), RUNTIME_TAG: OLD}
    client.create_model_version(NAME, (root / "artifacts").as_uri(), tags=tags)
    ledger = ModelRegistry(
        RegistryParams(NAME, GateParams(0.65, 0.01, 0.01, 0.01, 0.0, ())),
        store,
        root / paths.ALIASES,
    )
    version, _, short = ledger.register(
        V1 / "bundle", RUNTIME, {"observable": {"auc_oot": 0.75, "weighted": {}}}
    )
    assert (version.version, len(short)) == (2, 2)
    return root


@pytest.fixture(autouse=True)
def collectable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is loaded freezes what is there by then.

    In a process with DuckDB that is a page of complaints at its end.
    """
    monkeypatch.setattr(gc, "freeze", lambda: None)


@pytest.fixture
def kept() -> list[int]:
    return row_hashes(read_table(V1 / "batch" / "decisions")).tolist()


def test_its_code_is_the_one_that_decided_the_batch(house: Path) -> None:
    assert EARLIER[fingerprint(house / "artifacts" / "code" / OLD)] == "0.1.0 (613f9fa)"


@pytest.mark.parametrize("version", [1, 2])
def test_a_batch_is_scored_and_replayed_by_the_version_as_it_was_decided_then(
    house: Path, kept: list[int], monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    monkeypatch.chdir(house)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = CliRunner()
    output = f"by {version}"
    words = ["score", *BATCH, "--output", output, "--model", f"models:/{NAME}/{version}"]
    assert run.invoke(build(["score", "params"]), words, catch_exceptions=False).exit_code == 0
    assert row_hashes(read_table(Path(output) / "decisions")).tolist() == kept
    code = read_json(Path(output) / "batch.json")["versions"]["code"]
    assert (EARLIER.get(code) == "0.1.0 (613f9fa)") == (version == 1)
    told = run.invoke(
        build(["replay", "params"]), ["replay", output, "--json"], catch_exceptions=False
    )
    outcome = json.loads(told.stdout)
    assert (outcome["replayed"], outcome["mismatches"], outcome["told"]) == (53, 0, []), (
        "by its own code, which needs no word"
    )


def test_mlflow_loads_it_and_it_decides_as_then(
    house: Path, decided: pd.DataFrame, kept: list[int]
) -> None:
    model = mlflow.pyfunc.load_model(str(house / "artifacts"))
    assert (
        row_hashes(decisions_table(model.predict(decided, params={"explain": "all"}))).tolist()
        == kept
    )
    assert type(model.get_raw_model()).__module__ == f"{OLD}.loader"
