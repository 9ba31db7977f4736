"""A Spark session whose answers are those of the embedded engine: times are naive UTC, workers run this very Python."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .params import FeatureError, FeatureParams

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
}
"""What the equality of the two engines rests on; a session that was opened by someone else gets these too."""


@contextmanager
def open_session(params: FeatureParams) -> Iterator[SparkSession]:
    """The session of spark-submit or of a notebook, or else a local one of `threads` cores, closed at the end.

    Raises FeatureError where pyspark or Java is not there.
    """
    _require()
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    there = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("creditloom").config("spark.executorEnv.PYTHONPATH", str(_root()))
    if there is None and not SparkConf().contains("spark.master"):
        local: dict[str, Any] = {
            "spark.driver.memory": f"{max(params.memory_mb, 1_000)}m",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(params.threads),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",  # the commands have bars of their own
            "spark.log.level": "ERROR",
        }
        builder = builder.master(f"local[{params.threads}]").config(map=local)
    session = builder.getOrCreate()
    for name, value in SETTINGS.items():
        session.conf.set(name, value)
    try:
        yield session
    finally:
        if there is None:
            session.stop()


def _require() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise FeatureError("features.engine: spark needs pyspark, which is not installed; pip install 'creditloom[spark]' or set duckdb")
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise FeatureError("features.engine: spark needs Java 17 or 21, found neither `java` nor JAVA_HOME; install it or set duckdb")


def _root() -> Path:
    """The folder that holds this package, whatever its name: workers import it from there."""
    return Path(__file__).resolve().parents[len(__name__.split(".")) - 1]
