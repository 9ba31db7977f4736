"""Spark as the scheduler: a lake decided by two executors is the batch of the embedded engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.features import clock
from creditloom.features.engine.cluster.network.making import write_snapshot_parts
from creditloom.features.engine.raw_reader import connect
from creditloom.features.network.snapshot_making import snapshot_of
from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import refusals
from tests.features.raw import PARAMS, write_raw
from tests.features.test_spark import needs_spark, soiled
from tests.lake import planted
from tests.lake.conftest import LEFT_OUT, SHARDS, Deliveries
from tests.score.test_resume import bytes_of

# Slow: `make consumer` runs them at every change.
pytestmark = [needs_spark, pytest.mark.slow]
# What is told of the session, by a program that spark-submit starts.
TOLD = """
import json
from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.feature_params import FeatureParams
with open_session(FeatureParams(engine="spark", threads=2)) as session:
    conf = session.sparkContext.getConf()
    names = ("spark.master", "spark.driver.memory", "spark.sql.shuffle.partitions")
    print("told", json.dumps([conf.get(name) for name in names]))
"""


def test_a_lake_decided_by_two_executors_is_the_batch_of_the_embedded_engine(
    deliveries: Deliveries,
    bundle: Path,
    cluster: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Features, parts, receipts and root; a part for each shard."""
    monkeypatch.chdir(tmp_path)
    deliveries.lake(tmp_path / "lake")
    embedded, spark = (_scored(bundle, engine) for engine in ("duckdb", "spark"))
    assert [name for name in spark if "/receipts/" in name] == [
        f"night/receipts/part-{part:05}.json" for part in range(SHARDS)
    ]
    assert [name for name in embedded if embedded[name] != spark.get(name)] == []
    assert spark.keys() == embedded.keys()


@pytest.mark.parametrize("dirty", [False, True], ids=["clean", "dirty"])
def test_joins_of_a_snapshot_are_those_of_the_embedded_maker(
    cluster: None, tmp_path: Path, dirty: bool
) -> None:
    """Transfers, circles and first proofs; `make proof` compares the graph and its rounds too."""
    from pyspark.sql import SparkSession

    raw = planted.planted()
    few = {name: raw[name] for name in ("payments", "identity_checks")}
    sources = write_raw(soiled(few) if dirty else few, tmp_path)
    month = int(clock.month_index(np.array([planted.FIRST]))[0])
    wanted = {table.name: rows for table, rows in snapshot_of(connect(PARAMS), sources, month)}
    session = SparkSession.getActiveSession()
    assert session is not None
    filled = {name for name, rows in wanted.items() if len(rows)}
    assert filled == {"transfers", "paid", "circles", "begun"}
    for table, parts in write_snapshot_parts(session, sources, month, tmp_path / "scratch"):
        files = [pq.ParquetFile(file).read() for file in sorted(parts.glob("*.parquet"))]
        made = pa.concat_tables(files).cast(table.schema)
        assert made.equals(wanted.pop(table.name)), table.name
    assert not wanted


def test_what_spark_submit_says_is_honoured(tmp_path: Path) -> None:
    """Master, memory and partitions: a session of ours sets none of them."""
    import pyspark

    (tmp_path / "told.py").write_text(TOLD)
    submit = Path(sys.executable).with_name("spark-submit")
    # table: what a person types
    said = ["--master", "local[3]", "--driver-memory", "700m", "--conf", "spark.ui.enabled=false",
            "--conf", "spark.sql.shuffle.partitions=7"]  # fmt: skip
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "PYSPARK_PYTHON": sys.executable}
    # Without it spark-submit looks for Spark by a script that breaks in a folder with a blank.
    paths["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    done = subprocess.run(
        [submit, *said, tmp_path / "told.py"],
        env={**os.environ, **paths, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = next(line for line in done.stdout.splitlines() if line.startswith("told"))
    assert json.loads(told.removeprefix("told")) == ["local[3]", "700m", "7"]


def _scored(bundle: Path, engine: str) -> dict[str, bytes]:
    """Score the lake as `night`; return all files of the batch and of its features."""
    left_out = [word for name in LEFT_OUT for word in ("--without", name)]
    words = ["score", "--events", "lake", "--bundle", bundle, "--output", "night"]
    words += ["--engine", engine, "--as-of", "2024-06-20", "--today", "2026-01-01"]
    with refusals():
        words += ["--max-bad-share", "1", *left_out]
        done = CliRunner().invoke(build(["score"]), [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    files = {}
    for name in ("night", "night.features"):
        files |= {f"{name}/{file}": content for file, content in bytes_of(Path(name)).items()}
        shutil.rmtree(name)
    return files
