"""Raw tables in any layout on Spark: the embedded kernel, one group of `applyInArrow` per bucket.

A lake needs none of this: its shards are tasks with the embedded engine inside (`shards`). Here all
tables travel in one frame, because a group is one table: a row holds the columns of its own source
and nulls for the rest. The frame is shuffled by bucket once, which costs 25 times the CPU of the
kernel; a Python worker holds one bucket at a time. Graph features are made on the driver
(features/network/graph.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..declare.cut import made_of_others, plan_of
from ..declare.registry import Plan
from ..feature_params import FeatureParams
from ..network.graph import Network, others
from .bucket import kernel
from .cluster.spark_session import open_session, spark_path
from .point_in_time import events
from .raw_reader import RawFiles, applications, connect, present, require
from .row_groups import RowGroups

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Source of the rows that are applications.
SPINE = "spine"
# What every row of the one frame has: its bucket and its table.
GROUP_COLUMNS = ("bucket", "source")
# Where an event stands: its application's place, and its order in time.
EVENT_COLUMNS = ("row", "event_id", "event_time")
SHARED_COLUMNS = (*GROUP_COLUMNS, *EVENT_COLUMNS)


def build(
    sources: RawFiles,
    params: FeatureParams,
    names: Collection[str] | None = None,
    network: Network = others,
) -> Iterator[pa.Table]:
    """Return blocks of the feature matrix by application_id, with the columns of `engine.build`.

    Raises FeatureError where the applications, pyspark or Java are missing.
    """
    con = connect(params)
    what = plan_of(present(sources), names)
    spine = applications(con, sources).sort_by("application_id")
    spine = spine.append_column("row", pa.array(np.arange(len(spine), dtype=np.int64)))
    graph = network(con, sources, spine, made_of_others(what))
    with (
        tempfile.TemporaryDirectory(prefix="creditloom-spark-") as scratch,
        open_session(params) as session,
    ):
        size = size_of(sources, len(spine), params, what)
        frame = matrix(session, sources, spine, graph, size, names)
        frame.write.partitionBy("bucket").parquet(f"{scratch}/matrix")
        yield from _collected(Path(scratch) / "matrix")


def size_of(sources: RawFiles, people: int, params: FeatureParams, what: Plan) -> int:
    """Return the applications per bucket: about `bucket_rows` rows of the largest table read."""
    tables = [stream.table.name for stream, _ in what.streams]
    largest = max((RowGroups(require(sources, name)).rows for name in tables), default=0)
    return max(1, min(people, params.bucket_rows * people // max(largest, 1)))


def matrix(
    session: SparkSession,
    sources: RawFiles,
    spine: pa.Table,
    graph: Mapping[str, np.ndarray],
    size: int,
    names: Collection[str] | None = None,
) -> DataFrame:
    """Return the matrix as a Spark frame with `bucket`, one row per application.

    Nothing runs before the frame is written or collected. `names` as in `engine.build`.
    `spine` are the applications with `row` 0..n-1. `graph` holds graph features by name, one value
    per row of the spine. `size` is the number of applications in a bucket.
    Spark reads the paths of `sources`, so they may lie wherever the cluster reads from.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    whole = spine
    for name, values in graph.items():
        column = pa.array(values, pa.float64(), from_pandas=True)
        whole = whole.append_column(f"graph__{name}", column)
    there = present(sources)
    read = _events(session, sources, spine, plan_of(there, names))
    frame = _with_prefix(SPINE, session.createDataFrame(whole), size)
    for name, rows in read.items():
        frame = frame.unionByName(_with_prefix(name, rows, size), allowMissingColumns=True)
    asked = None if names is None else frozenset(names)
    work = _worker(tuple(read), tuple(graph), there, asked)
    # Spark asks for the schema before it runs: the kernel says it, on a group of one row.
    schema = work(_one_row(frame, whole)).schema
    return frame.groupBy("bucket").applyInArrow(
        work, from_arrow_schema(schema, prefer_timestamp_ntz=True)
    )


def _events(
    session: SparkSession, sources: RawFiles, spine: pa.Table, what: Plan
) -> dict[str, DataFrame]:
    """Return what the kernel reads of each raw table, by the relational code of `events`."""
    import ibis

    con = ibis.pyspark.connect(session)
    keys = spine.select(["row", "applicant_id", "as_of", *_consents(spine)])
    session.createDataFrame(keys).createOrReplaceTempView(SPINE)
    read = {}
    for stream, _ in what.streams:
        name = stream.table.name
        paths = map(spark_path, require(sources, name))
        session.read.parquet(*paths).createOrReplaceTempView(name)
        query = ibis.to_sql(events(con.table(name), con.table(SPINE), stream), dialect="pyspark")
        read[name] = session.sql(query)
    return read


def _consents(spine: pa.Table) -> list[str]:
    """Return the names of the consents."""
    return [name for name in spine.column_names if name.startswith("consent_")]


def _with_prefix(name: str, rows: DataFrame, size: int) -> DataFrame:
    """Return a table's rows for the one frame: its own columns get its name in front."""
    from pyspark.sql import functions as f

    bucket = (f.col("row") / size).cast("int").alias("bucket")
    source = f.lit(name).alias("source")
    shared = [f.col(column) for column in EVENT_COLUMNS if column in rows.columns]
    own = [
        f.col(column).alias(f"{name}__{column}")
        for column in rows.columns
        if column not in SHARED_COLUMNS
    ]
    return rows.select(bucket, source, *shared, *own)


def _worker(
    tables_read: tuple[str, ...],
    graph: tuple[str, ...],
    there: tuple[str, ...],
    asked: frozenset[str] | None,
) -> Callable[[pa.Table], pa.Table]:
    """Return the kernel as a function of one group.

    What the function holds is small, as it is sent to every worker: the names of the raw tables
    that are there and of what is asked for, of which the worker makes the plan.
    """

    def features(group: pa.Table) -> pa.Table:
        # A shuffle keeps no order, so the applications are sorted again.
        spine = _of_source(group, SPINE).sort_by("row").combine_chunks()
        row = spine.column("row").to_numpy()
        snapshot = {name: spine.column(f"graph__{name}").to_numpy() for name in graph}
        shared = [column for column in SHARED_COLUMNS if column in spine.column_names]
        local = spine.drop_columns([*shared, *(f"graph__{name}" for name in graph)])
        # The kernel counts the applications of a bucket from 0.
        local = local.append_column("row", pa.array(row - row[0]))
        tables = {name: _counted_from(_of_source(group, name), row[0]) for name in tables_read}
        matrix = kernel(local, tables, snapshot, plan_of(there, asked))
        return matrix.append_column("bucket", spine.column("bucket"))

    return features


def _of_source(group: pa.Table, name: str) -> pa.Table:
    """Return the rows of one table in a group, with its own columns."""
    rows = group.filter(pc.equal(group.column("source"), name))
    prefix = f"{name}__"
    own = {
        column: column.removeprefix(prefix)
        for column in group.column_names
        if column in SHARED_COLUMNS or column.startswith(prefix)
    }
    return rows.select(list(own)).rename_columns(list(own.values())).drop_columns(["source"])


def _counted_from(rows: pa.Table, first: int) -> pa.Table:
    """Return events with `row` counted from the first application of the bucket."""
    at = rows.schema.get_field_index("row")
    row = pc.subtract(rows.column("row"), pa.scalar(int(first), pa.int64()))
    return rows.set_column(at, "row", row)


def _one_row(frame: DataFrame, whole: pa.Table) -> pa.Table:
    """Return a group of one application without events.

    The kernel's result for it has the columns of the matrix.
    """
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(frame.schema)
    known = {
        f"{SPINE}__{column}": whole.column(column).slice(0, 1)
        for column in whole.column_names
        if column not in SHARED_COLUMNS
    }
    known["bucket"] = pa.array([0], pa.int32())
    known["source"] = pa.array([SPINE])
    known["row"] = pa.array([0])
    columns = [
        known[field.name].cast(field.type) if field.name in known else pa.nulls(1, field.type)
        for field in schema
    ]
    nullable = pa.schema([field.with_nullable(True) for field in schema])
    return pa.Table.from_arrays(columns, schema=nullable)


def _collected(folder: Path) -> Iterator[pa.Table]:
    """Return the written matrix bucket by bucket, in order."""
    # By number: bucket=10 comes after bucket=9.
    buckets = sorted(folder.glob("bucket=*"), key=lambda path: int(path.name.partition("=")[2]))
    for bucket in buckets:
        files_of_bucket = sorted(bucket.glob("*.parquet"))
        rows = pa.concat_tables(pq.ParquetFile(file).read() for file in files_of_bucket)
        yield rows.sort_by("application_id")
