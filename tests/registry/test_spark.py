"""`spark_udf` on two cores: a struct of columns in, a struct of decisions out.

Equal to the batch's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.answer import REFUSED
from tests.registry.conftest import House

NO_SPARK = shutil.which("java") is None or importlib.util.find_spec("pyspark") is None
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NO_SPARK, reason="needs Java and pyspark")]
CONSUMER = Path(__file__).with_name("spark_consumer.py")


def test_spark_gives_the_decisions_of_the_batch(house: House, tmp_path: Path) -> None:
    """Floats are equal to the bit, reasons and codes as they are.

    `as_of` comes back as text, because MLflow has no moment inside a struct.
    """
    environ = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    environ.pop("PYTHONPATH", None)
    command = [
        sys.executable,
        "-I",
        str(CONSUMER),
        house.ledger.store.uri,
        str(house.matrix),
        str(tmp_path / "decisions.json"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    here = Decider.load(house.bundle).decide(house.frame, explain="all")
    answers = json.loads((tmp_path / "decisions.json").read_text())
    # No row is refused: the columns that would say so are null.
    assert {row[name] for row in answers for name in REFUSED} == {None}
    told = [{name: row[name] for name in row if name not in REFUSED} for row in answers]
    names = [
        name for name in here.columns if not name.startswith("points_")
    ]  # the signature's columns
    assert told == _plain(here[names])
    assert any(row["reasons"] for row in told)


def _plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    rows = (
        frame.astype(object)
        .where(frame.notna(), None)
        .assign(as_of=frame["as_of"].astype(str))
        .to_dict("records")
    )
    found: list[dict[str, object]] = json.loads(json.dumps(rows))
    return found
