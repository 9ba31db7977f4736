"""The Spark executor: the same `events()` and the same kernel as the embedded engine, one group of `applyInArrow` per bucket.

All tables travel in one frame, because a group is one table: a row holds the columns of its own source and nulls for the rest. The frame
is shuffled by bucket once; a Python worker holds one bucket at a time. The graph is built on the driver (features/network/graph.py).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..families.registry import plan
from ..feature_params import FeatureError, FeatureParams
from ..network.graph import others
from .bucket import kernel
from .point_in_time import events
from .raw_reader import RawFiles, RowGroups, applications, connect, present, require

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


# A Spark session whose answers are those of the embedded engine: times are naive UTC, workers run this very Python.

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
    builder = SparkSession.builder.appName("creditloom").config(
        "spark.executorEnv.PYTHONPATH", str(_root())
    )
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
        raise FeatureError(
            "features.engine: spark needs pyspark, which is not installed; pip install 'creditloom[spark]' or set duckdb"
        )
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise FeatureError(
            "features.engine: spark needs Java 17 or 21, found neither `java` nor JAVA_HOME; install it or set duckdb"
        )


def _root() -> Path:
    """The folder that holds this package, whatever its name: workers import it from there."""
    return Path(str(files(__name__.partition(".")[0]))).parent


SPINE = "spine"
PLACE = ("bucket", "source", "row", "event_id", "event_time")
"""Columns of every row of the one frame: its bucket, its table, its application, and where it stands in time."""


def build(sources: RawFiles, params: FeatureParams) -> Iterator[pa.Table]:
    """Blocks of the feature matrix in application_id order, as `engine.build` gives them; the columns of both are the same."""
    con = connect(params)
    spine = applications(con, sources).sort_by("application_id")
    spine = spine.append_column("row", pa.array(np.arange(len(spine), dtype=np.int64)))
    graph = others(con, sources, spine)
    with (
        tempfile.TemporaryDirectory(prefix="creditloom-spark-") as scratch,
        open_session(params) as session,
    ):
        frame = matrix(session, sources, spine, graph, size_of(sources, len(spine), params))
        frame.write.partitionBy("bucket").parquet(f"{scratch}/matrix")
        yield from _collected(Path(scratch) / "matrix")


def size_of(sources: RawFiles, people: int, params: FeatureParams) -> int:
    """Applications per bucket: the largest table has about `bucket_rows` rows in each."""
    streams = [stream for stream, _ in plan(present(sources)).streams]
    largest = max((RowGroups(require(sources, s.table.name)).rows for s in streams), default=0)
    return max(1, min(people, params.bucket_rows * people // max(largest, 1)))


def matrix(
    session: SparkSession,
    sources: RawFiles,
    spine: pa.Table,
    graph: Mapping[str, np.ndarray],
    size: int,
) -> DataFrame:
    """The matrix as a Spark frame with `bucket`, one row per application; nothing runs before it is written or collected.

    `spine`: applications with `row` 0..n-1; `graph`: graph features by name, one value per row of the spine; `size`: applications per
    bucket. Paths of `sources` are read by Spark, so they may lie wherever the cluster reads from.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    whole = spine
    for name, values in graph.items():
        whole = whole.append_column(
            f"graph__{name}", pa.array(values, pa.float64(), from_pandas=True)
        )
    read = _events(session, sources, spine)
    frame = _long(SPINE, session.createDataFrame(whole), size)
    for name, rows in read.items():
        frame = frame.unionByName(_long(name, rows, size), allowMissingColumns=True)
    work = _worker(tuple(read), tuple(graph))
    schema = work(_one_row(frame, whole)).schema
    return frame.groupBy("bucket").applyInArrow(
        work, from_arrow_schema(schema, prefer_timestamp_ntz=True)
    )


def _events(session: SparkSession, sources: RawFiles, spine: pa.Table) -> dict[str, DataFrame]:
    """What the kernel reads of each raw table, by the relational code of `events`."""
    import ibis

    con = ibis.pyspark.connect(session)
    session.createDataFrame(
        spine.select(["row", "applicant_id", "as_of", *_consents(spine)])
    ).createOrReplaceTempView(SPINE)
    found = {}
    for stream, _ in plan(present(sources)).streams:
        name = stream.table.name
        session.read.parquet(*require(sources, name)).createOrReplaceTempView(name)
        query = ibis.to_sql(events(con.table(name), con.table(SPINE), stream), dialect="pyspark")
        found[name] = session.sql(query)
    return found


def _consents(spine: pa.Table) -> list[str]:
    return [name for name in spine.column_names if name.startswith("consent_")]


def _long(name: str, rows: DataFrame, size: int) -> DataFrame:
    """A table's rows in the one frame: its own columns take its name in front."""
    from pyspark.sql import functions as f

    own = [f.col(c).alias(f"{name}__{c}") for c in rows.columns if c not in PLACE]
    place = [f.col(c) for c in PLACE[2:] if c in rows.columns]
    return rows.select(
        (f.col("row") / size).cast("int").alias("bucket"), f.lit(name).alias("source"), *place, *own
    )


def _worker(names: tuple[str, ...], graph: tuple[str, ...]) -> Callable[[pa.Table], pa.Table]:
    """The kernel as a function of one group; what it holds is small and is sent to every worker."""

    def features(group: pa.Table) -> pa.Table:
        spine = _part(group, SPINE).sort_by("row").combine_chunks()
        row = spine.column("row").to_numpy()
        snapshot = {name: spine.column(f"graph__{name}").to_numpy() for name in graph}
        local = spine.drop_columns(
            [*(c for c in PLACE if c in spine.column_names), *(f"graph__{name}" for name in graph)]
        )
        local = local.append_column("row", pa.array(row - row[0]))
        tables = {name: _placed(_part(group, name), row[0]) for name in names}
        made = kernel(local, tables, snapshot)
        return made.append_column("bucket", spine.column("bucket"))

    return features


def _part(group: pa.Table, name: str) -> pa.Table:
    """The rows of one table in a group, with its own columns."""
    rows = group.filter(pc.equal(group.column("source"), name))
    own = {
        c: c.removeprefix(f"{name}__")
        for c in group.column_names
        if c in PLACE or c.startswith(f"{name}__")
    }
    return rows.select(list(own)).rename_columns(list(own.values())).drop_columns(["source"])


def _placed(rows: pa.Table, first: int) -> pa.Table:
    """Events with the application's place in its bucket."""
    at = rows.schema.get_field_index("row")
    return rows.set_column(
        at, "row", pc.subtract(rows.column("row"), pa.scalar(int(first), pa.int64()))
    )


def _one_row(frame: DataFrame, whole: pa.Table) -> pa.Table:
    """A group of one application without events: what the kernel makes of it has the matrix's columns."""
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(frame.schema)
    named = {
        f"{SPINE}__{c}": whole.column(c).slice(0, 1) for c in whole.column_names if c not in PLACE
    }
    known = {
        **named,
        "bucket": pa.array([0], pa.int32()),
        "source": pa.array([SPINE]),
        "row": pa.array([0]),
    }
    columns = [
        known[field.name].cast(field.type) if field.name in known else pa.nulls(1, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(
        columns, schema=pa.schema([field.with_nullable(True) for field in schema])
    )


def _collected(folder: Path) -> Iterator[pa.Table]:
    """The written matrix bucket by bucket, in order."""
    buckets = sorted(folder.glob("bucket=*"), key=lambda path: int(path.name.partition("=")[2]))
    for bucket in buckets:
        yield pa.concat_tables(
            pq.ParquetFile(file).read() for file in sorted(bucket.glob("*.parquet"))
        ).sort_by("application_id")
