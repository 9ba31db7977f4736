"""`make consumer`: an environment with the model's own requirements and nothing of ours.

A small world goes through the chain and its bundle is registered. Then Python, REST and the wheel
must give the batch's decisions there.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from creditloom.decision.frames.answer import REFUSED
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.serving.registry.lookup import Version, aliased
from creditloom.serving.registry.mlflow_store import Store
from creditloom.storage.files.store import read_frame, read_table
from tests.pipeline.conftest import SMALL, whole_run
from tests.registry.conftest import House

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Clean:
    """A virtual environment somewhere else.

    `run` starts its Python isolated, in a folder that holds nothing of ours.
    """

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "env" / "bin"

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "MLFLOW", "VIRTUAL_ENV"))
        }
        return {
            **kept,
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def run(self, *words: object) -> None:
        command = [str(self.bin / "python"), "-I", *map(str, words)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished small chain, with its bundle registered."""
    folder = tmp_path_factory.mktemp("made here") / "run"
    shutil.copytree(whole_run(tmp_path_factory.getbasetemp()), folder)
    stage_runner.prepare(folder, {**SMALL, "registry.gate.min_auc": 0.5}, paths.DEFAULTS)
    environ = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    environ.pop("MLFLOW_TRACKING_URI", None)
    subprocess.run(
        [sys.executable, "-m", "creditloom.pipeline.cli", "register", "--if-missing"],
        cwd=folder,
        env=environ,
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def store(made: Path) -> Store:
    return Store.at(made / "data" / "registry", {})


@pytest.fixture(scope="module")
def champion(store: Store) -> Version:
    assert store.file is not None
    found = aliased(store.file, "credit-decision", "champion")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def clean(champion: Version, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """The model's own requirements, as MLflow hands them to a consumer, and no more."""
    there = Clean(tmp_path_factory.mktemp("elsewhere"))
    venv.create(there.folder / "env", with_pip=True)
    there.run(
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        # Bytecode of all that is installed takes longer than the tests need to make theirs.
        "--no-compile",
        "-r",
        champion.location / "requirements.txt",
    )
    return there


def test_the_champion_gives_the_batch_decisions(clean: Clean, store: Store, made: Path) -> None:
    clean.run(
        HERE / "stranger.py",
        store.uri,
        made / "data/features/matrix.parquet",
        made / "data/decisions/decisions.parquet",
    )


def test_two_versions_live_side_by_side(clean: Clean, house: House) -> None:
    clean.run(HERE / "consumer.py", house.ledger.store.uri, house.matrix, clean.folder)
    first, second = (json.loads((clean.folder / f"{version}.json").read_text()) for version in "12")
    assert [row["score"] + 1 for row in first] == [row["score"] for row in second]


def test_rest_answers_the_same(clean: Clean, store: Store, made: Path) -> None:
    matrix = read_frame(made / "data/features/matrix.parquet")
    decisions = pd.DataFrame(read_table(made / "data/decisions/decisions.parquet").to_pylist())
    adverse = decisions.index[decisions["reasons"].str.len() > 0][:10]
    rows = [*range(10), *(i for i in adverse if i >= 10)]  # reasons among them
    with _served(clean, store) as url:
        answer = _ask(url, matrix.iloc[rows])
    # No row is refused: the columns that would say so are null.
    assert {row.pop(name) for row in answer for name in REFUSED} == {None}
    assert answer == _plain(decisions.iloc[rows])


@contextmanager
def _served(clean: Clean, store: Store) -> Iterator[str]:
    """`mlflow models serve` on the loopback interface, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        clean.bin / "mlflow",
        "models",
        "serve",
        "-m",
        "models:/credit-decision@champion",
        "--env-manager",
        "local",
        "-p",
        str(port),
    ]
    environ = {**clean.environ, "MLFLOW_TRACKING_URI": store.uri}
    with (clean.folder / "serve.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=clean.folder, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(f"http://127.0.0.1:{port}/ping", server, clean.folder / "serve.log")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path, seconds: int = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the server did not come up:\n{log.read_text()}")


def _ask(url: str, frame: pd.DataFrame) -> list[dict[str, object]]:
    body = {"columns": list(frame.columns), "data": [list(row.values()) for row in _plain(frame)]}
    request = urllib.request.Request(
        url, json.dumps({"dataframe_split": body}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read(), parse_constant=_no_json)["predictions"]


def _no_json(constant: str) -> None:
    pytest.fail(f"the answer is not JSON: {constant}")


def _plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return records as JSON holds them.

    Null for missing, ISO text for moments, floats to the last bit.
    """
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return json.loads(
        json.dumps(
            rows,
            default=lambda value: (
                value.isoformat() if hasattr(value, "isoformat") else value.item()
            ),
        )
    )
