"""`creditloom register`, `promote`, `history` and `score` with the registered model.

As a user types them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from creditloom.pipeline.base import paths
from creditloom.serving.registry.lookup import LEARNT_TAG
from creditloom.serving.registry.mlflow_store import Store
from creditloom.storage.files.store import read_table
from tests.registry.conftest import GOOD, House

ROOT = paths.PACKAGE.parent


def _creditloom(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")} | {
        "PYTHONPATH": str(ROOT)
    }
    command = [sys.executable, "-P", "-X", "importtime", "-m", "creditloom.pipeline.cli", *words]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def _imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Every module that the command imported, from the table of `-X importtime`."""
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.fixture(scope="module")
def home(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `dvc repro` leaves it, registered once."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(house.bundle, folder / "data" / "model")
    shutil.copy(paths.DEFAULTS, folder)
    (folder / "data" / "reports").mkdir()
    (folder / "data" / "reports" / "metrics.json").write_text(json.dumps(GOOD))
    shutil.copy(house.matrix, folder / "matrix.parquet")
    done = _creditloom(folder, "register", "--if-missing")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    (folder / "said.txt").write_text("\n".join(said), encoding="utf-8")
    return folder


def test_a_champion_by_the_gate_is_told_with_the_bars_that_the_report_misses(home: Path) -> None:
    """The gate reads observable figures; GOOD has hardly another, so its bars are missed."""
    said = (home / "said.txt").read_text(encoding="utf-8")
    assert "passed the absolute gate" in said
    assert "the gate asks observable figures alone" in said
    assert "final approvals of the asked is -, asked 0.58-0.8" in said


def test_registering_leaves_a_receipt_and_a_first_champion(home: Path, house: House) -> None:
    receipt = json.loads((home / "data" / "registry" / "registered.json").read_text())
    assert receipt == {
        "format": 2,
        "name": "credit-decision",
        "version": 1,
        "bundle_sha256": house.versions[0].bundle_sha256,
    }
    (change,) = (home / "data" / "registry" / "aliases.jsonl").read_text().splitlines()
    assert json.loads(change)["alias"] == "champion"


def test_a_version_says_from_which_month_on_it_has_learnt_nothing(home: Path) -> None:
    """By the split of params.yaml: fifteen months and three, from 2024-01 on."""
    tags = Store.at(home / "data" / "registry", {}).tags("credit-decision", 1)
    assert tags[LEARNT_TAG] == "2025-07"


def test_registering_again_if_missing_does_nothing_and_waits_for_no_library(home: Path) -> None:
    before = (home / "data" / "registry" / "mlflow.db").read_bytes()
    done = _creditloom(home, "register", "--if-missing")
    assert done.returncode == 0
    assert "nothing to do" in done.stderr
    assert not {"mlflow", "pandas", "lightgbm", "sklearn"} & _imported(done)
    assert (home / "data" / "registry" / "mlflow.db").read_bytes() == before


@pytest.mark.slow
def test_the_registered_model_decides_as_the_bundle_does_without_mlflow(home: Path) -> None:
    by_model = _creditloom(home, "score", "--input", "matrix.parquet", "--output", "model.parquet")
    by_bundle = _creditloom(
        home,
        "score",
        "--input",
        "matrix.parquet",
        "--output",
        "bundle.parquet",
        "--bundle",
        "data/model",
    )
    assert (by_model.returncode, by_bundle.returncode) == (0, 0), by_model.stderr
    assert read_table(home / "model.parquet").equals(read_table(home / "bundle.parquet"))
    assert {"mlflow", "lightgbm"} & _imported(by_model) == {"lightgbm"}


# table: a case a row
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("promote", "--version", "7", "--reason", "why"), "No version 7 of `credit-decision`"),
        (("promote", "--version", "1", "--reason", " "), "a reason in words"),
        (
            (
                "score",
                "--input",
                "matrix.parquet",
                "--output",
                "x.parquet",
                "--model",
                "models:/credit-decision@nobody",
            ),
            "No such model",
        ),
        (
            ("score", "--input", "matrix.parquet", "--output", "x.parquet", "--language", "fr"),
            "one of en, zh",
        ),  # the runtime's own refusal
    ],
)
def test_refusals_exit_with_2_and_a_next_step(
    home: Path, words: tuple[str, ...], message: str
) -> None:
    done = _creditloom(home, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr


def test_history_prints_the_changes(home: Path) -> None:
    assert "first champion" in _creditloom(home, "history").stdout.replace("\n", " ")


def test_without_a_bundle_there_is_nothing_to_register(home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "params.yaml", tmp_path)
    done = _creditloom(tmp_path, "register", "--if-missing")
    assert done.returncode == 2
    assert "dvc repro" in done.stderr
    assert not (tmp_path / "data").exists()
