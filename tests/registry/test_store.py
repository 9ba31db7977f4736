"""Stores of every day: moved, copied, down, of files, under variables that other jobs have set."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.serving.registry import lookup
from creditloom.serving.registry.load import load
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import ModelRegistry
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.safety.moved_store import COLUMNS
from creditloom.storage.files.errors import exit_code
from creditloom.storage.files.foreign import NotReachableError
from tests.registry.conftest import GOOD, PARAMS, House

ROOT = paths.PACKAGE.parent
CHAMPION = "models:/credit-decision@champion"
# A port that nothing listens to.
DOWN = "http://127.0.0.1:9"


def _creditloom(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")}
    return subprocess.run(
        [sys.executable, "-m", "creditloom.pipeline.cli", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def moved(house: House, tmp_path: Path) -> ModelRegistry:
    """The registry of the house as a copied checkout holds it; the old place is there no more."""
    shutil.copytree(house.root / "data" / "registry", tmp_path / "registry")
    store = Store.at(tmp_path / "registry", {})
    assert store.file is not None
    before = house.root / "data" / "registry" / "artifacts"
    gone = tmp_path / "renamed" / "artifacts"
    # As if the checkout had been made under a name that nothing has now.
    with sqlite3.connect(store.file) as connection:
        for table, column in COLUMNS:
            connection.execute(
                f"update {table} set {column} = replace({column}, ?, ?)",
                (before.as_uri(), gone.as_uri()),
            )
    connection.close()
    return ModelRegistry(PARAMS, store, tmp_path / "registry" / "aliases.jsonl")


def test_a_moved_checkout_decides_at_once_and_is_mended_for_mlflow(
    moved: ModelRegistry, house: House
) -> None:
    version = resolve("models:/credit-decision/1", moved.store)
    here = moved.file.parent / "artifacts"
    assert version.location.is_relative_to(here)
    assert len(load(version).predict(house.frame)) == len(house.frame)
    (note,) = moved.mend()
    assert "was moved" in note
    uri = moved.store.client().get_model_version_download_uri("credit-decision", "1")
    assert lookup.local_path(uri) == version.location
    assert moved.mend() == ()


@pytest.mark.slow
def test_a_champion_whose_artifacts_are_gone_is_replaced(
    moved: ModelRegistry, house: House
) -> None:
    moved.store.point("credit-decision", "champion", 1)
    shutil.rmtree(resolve("models:/credit-decision/1", moved.store).location)
    version, change, short = moved.register(house.bundle, house.root / "runtime", GOOD)
    assert (change.alias, change.version, short) == ("champion", version.version, ())
    assert resolve(CHAMPION, moved.store).is_whole


@pytest.mark.slow
def test_an_experiment_that_was_deleted_is_taken_up_again(tmp_path: Path) -> None:
    store = Store.at(tmp_path, {})
    client = store.client()
    made = store._experiment(client)
    client.delete_experiment(made)
    assert store._experiment(client) == made
    assert client.get_experiment(made).lifecycle_stage == "active"


@pytest.mark.slow
def test_a_run_of_another_job_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.at(tmp_path, {})
    client = store.client()
    theirs = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", theirs)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "airflow")
    with store._pointed_at() as mlflow:
        run = mlflow.start_run(experiment_id=store._experiment(client))
        assert run.info.run_id != theirs
    assert os.environ["MLFLOW_RUN_ID"] == theirs
    assert client.get_run(theirs).info.status == "RUNNING"


def test_a_server_that_is_down_is_told_at_once(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(NotReachableError) as refused:
        resolve(CHAMPION, Store.at(tmp_path, {"MLFLOW_TRACKING_URI": DOWN}))
    assert exit_code(refused.value) == 7
    assert time.monotonic() - start < 10
    done = _creditloom(tmp_path, "verify-model", CHAMPION, MLFLOW_TRACKING_URI=DOWN)
    assert (done.returncode, "Traceback" in done.stderr) == (7, False)


def test_a_password_is_not_repeated() -> None:
    assert Store("postgresql://me:secret@db/mlflow", None).place == "postgresql://me@db/mlflow"


def test_the_name_in_params_is_the_model_that_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = paths.DEFAULTS.read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace("name: credit-decision", "name: other"))
    pd.DataFrame({"application_id": [1]}).to_parquet(tmp_path / "in.parquet")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    words = ["score", "--input", "in.parquet", "--output", "out"]
    refused = CliRunner().invoke(build(["score", "params"]), words)
    assert "No such model: models:/other@champion" in str(refused.exception)


def test_a_sqlite_file_keeps_its_artifacts_beside_it(tmp_path: Path) -> None:
    """Not in the folder in which somebody happened to run `register`."""
    store = Store.at(tmp_path, {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/a/store.db"})
    assert store.artifacts == (tmp_path / "a" / "artifacts").as_uri()


@pytest.fixture
def home(house: House, tmp_path: Path) -> Path:
    """A folder as `dvc repro` leaves it."""
    folder = tmp_path / "home"
    shutil.copytree(house.bundle, folder / "data" / "model")
    (folder / "data" / "reports").mkdir()
    (folder / "data" / "reports" / "metrics.json").write_text(json.dumps(GOOD))
    shutil.copy(paths.DEFAULTS, folder)
    shutil.copy(house.matrix, folder / "matrix.parquet")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("uri", ["sqlite:///store.db", "file://{}/filestore", "{}/plain"])
def test_any_way_of_writing_a_store_is_taken(home: Path, tmp_path: Path, uri: str) -> None:
    """Registered, scored and verified there; no copy of a model stays in the temporary folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {"MLFLOW_TRACKING_URI": uri.format(tmp_path), "TMPDIR": str(temporary)}
    batch = ("score", "--input", "matrix.parquet", "--output", "out")
    for words in (("register",), batch, ("verify-model", CHAMPION), ("history",)):
        done = _creditloom(home, *words, **environ)
        assert done.returncode == 0, (words, done.stderr)
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    assert not (home / "mlruns").exists()


@pytest.mark.slow
def test_the_lines_of_the_guide_load_the_champion(home: Path) -> None:
    """As they stand, in the checkout, with no variable set; they leave no stray store."""
    assert _creditloom(home, "register").returncode == 0
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (block,) = [block for block in blocks if "load_model" in block]
    lines = f"import pandas\napplications = pandas.read_parquet('matrix.parquet')\n{block}"
    before = sorted(path.name for path in home.iterdir())
    environ = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", f"{lines}\nassert len(decisions) == len(applications)"],
        cwd=home,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == before


def test_other_versions_keep_their_place(house: House) -> None:
    """A store that names artifacts elsewhere, on purpose, is followed there."""
    version = replace(house.versions[0], location=Path("/elsewhere/models/m-1"))
    here = house.root / "artifacts"
    assert lookup.placed(version.location, Path("/before"), here) == version.location
    assert lookup.placed(Path("/before/m-1"), Path("/before"), here) == Path("/before/m-1")
