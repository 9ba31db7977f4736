"""The Spark session: that of spark-submit or of a notebook, or else a local one.

Its answers must be those of the embedded engine: times are naive UTC, and workers run this Python.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...feature_params import FeatureError, FeatureParams

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

# The equality of the two engines rests on these; a session that somebody else opened gets them too.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
}
# Any of these says that a person configured Spark: spark-submit set the first, a person the others.
CONFIGURED = ("PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR", "SPARK_HOME")
MASTER = "spark.master"
PYTHONPATH = "spark.executorEnv.PYTHONPATH"


@dataclass(frozen=True)
class _Shared:
    """Stops the session that steps of one command share; `threads`: its cores where it is local."""

    stopping: ExitStack
    threads: int


# None outside `one_session`.
_shared: ContextVar[_Shared | None] = ContextVar("shared", default=None)


@contextmanager
def one_session(threads: int) -> Iterator[None]:
    """Let all that opens a session meanwhile share one; it opens at need and stops at the end.

    Executors, their Python and the model then start once for all steps of a command.
    """
    with ExitStack() as stopping:
        token = _shared.set(_Shared(stopping, threads))
        try:
            yield
        finally:
            _shared.reset(token)


@contextmanager
def open_session(params: FeatureParams) -> Iterator[SparkSession]:
    """Open the session of spark-submit or of a notebook, or else a local one of `threads` cores.

    What a person configured (master, memory, partitions) stays as it is. A session that is opened
    here is stopped at the end, or at that of `one_session`. Raises FeatureError where pyspark or
    Java is not there.
    """
    _require_spark()
    from pyspark.sql import SparkSession

    shared = _shared.get()
    if shared is not None:
        params = replace(params, threads=shared.threads)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    active = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("creditloom")
    if active is None:
        builder = builder.config(map=_settings(params))
    session = builder.getOrCreate()
    for name, value in SETTINGS.items():
        session.conf.set(name, value)
    if active is None and shared is not None:
        shared.stopping.callback(session.stop)
    try:
        yield session
    finally:
        if active is None and shared is None:
            session.stop()


def _settings(params: FeatureParams) -> dict[str, Any]:
    """Return the settings of a session that is opened here, beside those of a person."""
    conf = _configured()
    own = {} if conf is None else dict(conf.getAll())
    # Workers import this package from where the driver does, before what a person names.
    paths = [str(_root()), own.get(PYTHONPATH, "")]
    found = {PYTHONPATH: os.pathsep.join(path for path in paths if path)}
    if MASTER in own:
        return found
    # Without this a machine with no name in DNS cannot start a session.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    local = {MASTER: f"local[{params.threads}]", **_local_settings(params)}
    return {**found, **{name: value for name, value in local.items() if name not in own}}


def _configured() -> SparkConf | None:
    """Return what a person configured; None where nobody did.

    Spark's properties are known once its JVM runs. That is started here only where somebody has
    configured it, as the memory of the driver cannot be set afterwards.
    """
    if not any(name in os.environ for name in CONFIGURED):
        return None
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized()
    return SparkConf()


def _local_settings(params: FeatureParams) -> dict[str, Any]:
    """Return the settings of a local session."""
    return {
        # The driver collects nothing but needs about 1 GB to plan the query.
        "spark.driver.memory": f"{max(params.memory_mb, 1_000)}m",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": str(params.threads),
        "spark.ui.enabled": "false",
        # The commands have bars of their own.
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


def _require_spark() -> None:
    """Raise FeatureError where pyspark or Java is not there."""
    if importlib.util.find_spec("pyspark") is None:
        raise FeatureError(
            "features.engine: spark needs pyspark, which is not installed; "
            "pip install 'creditloom[spark]' or set duckdb"
        )
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise FeatureError(
            "features.engine: spark needs Java 17 or 21, found neither `java` nor JAVA_HOME; "
            "install it or set duckdb"
        )


def _root() -> Path:
    """Return the folder of this package, whatever its name; workers import it from there."""
    return Path(str(files(__name__.partition(".")[0]))).parent


def spark_path(path: str) -> str:
    """Return a path for Spark, so that it is read as it is written and not as a pattern.

    >>> print(spark_path("s3a://lake/logins/part[1].parquet"))
    s3a://lake/logins/part\\[1\\].parquet
    """
    # The driver's Java may have another working folder than this process.
    whole = path if "://" in path else str(Path(path).absolute())
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", whole)
