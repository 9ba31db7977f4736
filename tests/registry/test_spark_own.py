"""`spark_udf` on tables of a user's own, in every type that Spark has: the PDs of the Decider."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from creditloom.decision.decide import Decider
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME
from tests.registry import own_rows
from tests.registry.conftest import GOOD, PARAMS

NO_SPARK = shutil.which("java") is None or importlib.util.find_spec("pyspark") is None
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NO_SPARK, reason="needs Java and pyspark")]
CONSUMER = Path(__file__).with_name("spark_own.py")
# Spark reads no unsigned 64 bits, no decimals of more than 38 digits, and dates of one kind.
READ_BY_SPARK = (
    "numpy", "small widths", "Arrow", "decimal", "bool as number", "large_string", "dictionary",
    "zone",
)  # fmt: skip


def test_spark_gives_the_pds_of_the_decider_for_every_type(tmp_path: Path) -> None:
    bundle = own_rows.bundle(tmp_path).folder
    store = Store.at(tmp_path / "registry", {})
    ModelRegistry(PARAMS, store, tmp_path / "aliases.jsonl").register(bundle, RUNTIME, GOOD)
    (tmp_path / "in").mkdir()
    for kind in READ_BY_SPARK:
        table = own_rows.in_arrow(own_rows.TYPES[kind]())
        # Without the schema of Arrow, Spark reads the types of Parquet.
        pq.write_table(table.replace_schema_metadata(None), tmp_path / "in" / f"{kind}.parquet")
    out = tmp_path / "told.json"
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "SPARK_LOCAL_IP": "127.0.0.1"}
    environ["PYSPARK_PYTHON"] = sys.executable
    environ.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-I", str(CONSUMER), store.uri, str(tmp_path / "in"), str(out)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    here = Decider.load(bundle, 1).decide(own_rows.rows())
    told = json.loads(out.read_text())
    assert sorted(told) == sorted(READ_BY_SPARK)
    for kind, rows in told.items():
        assert [row["refused_reason"] for row in rows] == [None] * len(here), kind
        assert [row["loan"] for row in rows] == here["application_id"].tolist(), kind
        assert [row["pd"] for row in rows] == here["pd"].tolist(), kind
        assert [row["decision"] for row in rows] == here["decision"].tolist(), kind
