"""The embedded engine: computes one bucket of applicants after the other, to bound memory.

While the kernel works on one bucket, a second thread reads the next one. `spark` is the other
engine.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial

import numpy as np
import pyarrow as pa

from ..declare.cut import made_of_others, plan_of
from ..declare.registry import Plan
from ..feature_params import FeatureParams
from ..network.graph import Network, others
from . import spark
from .bucket import kernel
from .cluster.spark_session import open_session
from .cluster.tasks import spark_tasks
from .point_in_time import Sight, columns_asked
from .raw_reader import RawFiles, applications, connect, present, require
from .row_groups import RowGroups
from .shards import ShardedFiles, build_sharded

# A bucket as it is read: its applications with their `row`, and their events by raw table.
Bucket = tuple[pa.Table, dict[str, pa.Table]]

# Rows of a block when the whole matrix had to be sorted: about 80 MB of 2,600 columns.
SORTED_BLOCK_ROWS = 4_096


def build(
    sources: RawFiles,
    params: FeatureParams,
    names: Collection[str] | None = None,
    network: Network = others,
) -> Iterator[pa.Table]:
    """Return blocks of the feature matrix, by application_id, one row per application.

    Columns of the applications and of the policy come first. Features of an absent table are left
    out. `names` are the features and policy inputs that somebody reads: only they are built, and
    what they are made of, each with the bits that it has where all are built; None builds all.
    `network` gives what other people's rows say: made of the whole tables, or read of a snapshot.
    Raises FeatureError where the applications are missing or empty.
    """
    is_on_spark = params.engine == "spark"
    if isinstance(sources, ShardedFiles) and (is_on_spark or len(sources.shards) > 1):
        yield from _of_shards(sources, params, names, network)
        return
    if is_on_spark:
        yield from spark.build(sources, params, names, network)
        return
    what = plan_of(present(sources), names)
    # The system's allocator keeps its pages from one row group to the next.
    pa.set_memory_pool(pa.system_memory_pool())
    con = connect(params)
    requested = applications(con, sources)
    graph = network(con, sources, requested, made_of_others(what))
    # The buckets are read without DuckDB and need its memory.
    con.close()
    blocks = Buckets(sources, requested, params, what).blocks(graph)
    ids = requested.column("application_id").to_numpy()
    if (np.diff(ids) > 0).all():
        yield from blocks
    else:
        # Applications are not numbered in the order of applicants, so they are sorted at the end.
        yield from _split(pa.concat_tables(blocks).sort_by("application_id"))


def _of_shards(
    sources: ShardedFiles,
    params: FeatureParams,
    names: Collection[str] | None,
    network: Network,
) -> Iterator[pa.Table]:
    """Return the blocks of `build`, shard by shard: one after the other, or in tasks of Spark."""
    if params.engine != "spark":
        yield from build_sharded(sources, params, names, network, features_of_shard)
        return
    with open_session(params) as session:
        run = partial(spark_tasks, session)
        yield from build_sharded(sources, params, names, network, features_of_shard, run)


def features_of_shard(
    files: RawFiles,
    requested: pa.Table,
    network: Mapping[str, np.ndarray],
    params: FeatureParams,
    what: Plan | None = None,
) -> Iterator[pa.Table]:
    """Return blocks of the matrix of one shard, one row per application, by applicant.

    `files` are the raw tables of the shard. `requested` are its applications, sorted by
    (applicant_id, application_id), with the consents. `network` is what other people's rows say:
    name to one value per application, in their order. It is made of all shards, by
    `network.graph.others` or whatever keeps its values; nothing else is read of other shards.
    `what` as in `Buckets`.
    """
    # The system's allocator keeps its pages from one row group to the next.
    pa.set_memory_pool(pa.system_memory_pool())
    return Buckets(files, requested, params, what).blocks(network)


class Buckets:
    """The applications cut into ranges of applicants.

    The largest raw table stays near `bucket_rows` rows in each. `what` is what `plan` gives for
    these tables, or a cut of it; None builds all.
    """

    def __init__(
        self,
        sources: RawFiles,
        applications: pa.Table,
        params: FeatureParams,
        what: Plan | None = None,
    ) -> None:
        self.applications = applications
        self.params = params
        self.plan = plan_of(present(sources), None) if what is None else what
        self.streams = [stream for stream, _ in self.plan.streams]
        self.groups = {
            stream.table.name: RowGroups(require(sources, stream.table.name), columns_asked(stream))
            for stream in self.streams
        }

    @cached_property
    def size(self) -> int:
        """Applications per bucket: as few buckets as `bucket_rows` allows, all about as large."""
        largest = max((groups.rows for groups in self.groups.values()), default=0)
        n = len(self.applications)
        if not n:
            return 1
        # The largest table is spread evenly over applications, near enough.
        max_size = max(1, self.params.bucket_rows * n // max(largest, 1))
        n_buckets = math.ceil(n / max_size)
        return math.ceil(n / n_buckets)

    def blocks(self, graph: Mapping[str, np.ndarray]) -> Iterator[pa.Table]:
        """Return the matrix bucket by bucket, in the order of the applications."""
        starts = range(0, len(self.applications), self.size)
        # One thread: it reads the next bucket while the kernel works on this one.
        with ThreadPoolExecutor(1) as pool:
            reads = (pool.submit(self._read, start) for start in starts)
            for start, bucket in zip(self._with_bar(starts), _one_ahead(reads), strict=True):
                spine, tables = bucket
                end = start + len(spine)
                own = {name: values[start:end] for name, values in graph.items()}
                yield kernel(spine, tables, own, self.plan)

    def _with_bar(self, starts: range) -> Iterable[int]:
        """Return the starts, with a progress bar where a person looks on."""
        if not sys.stderr.isatty():
            return starts
        from rich.console import Console
        from rich.progress import track

        return track(starts, "features", console=Console(stderr=True), transient=True)

    def _read(self, start: int) -> Bucket:
        """Return the applications of one bucket with their `row`, and their visible events."""
        spine = self.applications.slice(start, self.size)
        sight = Sight(spine)
        tables = {
            stream.table.name: sight.seen(self.groups[stream.table.name], stream)
            for stream in self.streams
        }
        row = pa.array(np.arange(len(spine), dtype=np.int64))
        return spine.append_column("row", row), tables


def _one_ahead(reads: Iterator[Future[Bucket]]) -> Iterator[Bucket]:
    """Return the results of the reads; the next read is always begun before one is handed over."""
    ahead = next(reads, None)
    while ahead is not None:
        bucket = ahead.result()
        ahead = next(reads, None)
        yield bucket


def _split(table: pa.Table) -> Iterator[pa.Table]:
    """Return a table in blocks of SORTED_BLOCK_ROWS."""
    starts = range(0, len(table), SORTED_BLOCK_ROWS)
    return (table.slice(start, SORTED_BLOCK_ROWS) for start in starts)
