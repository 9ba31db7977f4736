"""The embedded executor (beside `spark`): buckets of applicants one after the other, so that memory stays bounded.

While the kernel works on one bucket the next one is read in a second thread.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
import pyarrow as pa

from ..families.registry import plan
from ..feature_params import FeatureParams
from ..network.graph import others
from . import spark
from .bucket import kernel
from .point_in_time import Sight, columns_asked
from .raw_reader import RawFiles, RowGroups, applications, connect, present, require


def build(sources: RawFiles, params: FeatureParams) -> Iterator[pa.Table]:
    """Blocks of the feature matrix in application_id order; one row per application, policy columns first.

    Raises FeatureError where the applications are missing or empty. Tables that are absent leave their features out.
    """
    if params.engine == "spark":
        yield from spark.build(sources, params)
        return
    pa.set_memory_pool(pa.system_memory_pool())  # keeps its pages from one row group to the next
    con = connect(params)
    asked = applications(con, sources)
    graph = others(con, sources, asked)
    con.close()  # the buckets need none of its memory
    blocks = Buckets(sources, asked, params).blocks(graph)
    if (np.diff(asked.column("application_id").to_numpy()) > 0).all():
        yield from blocks
    else:  # applications are not numbered in the order of applicants: sort at the end
        yield from _split(pa.concat_tables(blocks).sort_by("application_id"))


class Buckets:
    """The applications cut into ranges of applicants whose largest table stays near `bucket_rows` rows."""

    def __init__(self, sources: RawFiles, applications: pa.Table, params: FeatureParams) -> None:
        self.applications, self.params = applications, params
        self.streams = [stream for stream, _ in plan(present(sources)).streams]
        self.groups = {
            s.table.name: RowGroups(require(sources, s.table.name), columns_asked(s))
            for s in self.streams
        }

    @cached_property
    def size(self) -> int:
        """Applications per bucket: as few buckets as `bucket_rows` allows, all about as large."""
        largest, n = (
            max((groups.rows for groups in self.groups.values()), default=0),
            len(self.applications),
        )
        most = max(1, self.params.bucket_rows * n // max(largest, 1))
        return math.ceil(n / math.ceil(n / most)) if n else 1

    def blocks(self, graph: Mapping[str, np.ndarray]) -> Iterator[pa.Table]:
        """The matrix bucket by bucket, in the order of the applications."""
        starts = range(0, len(self.applications), self.size)
        with ThreadPoolExecutor(1) as pool:
            reads = (pool.submit(self._read, start) for start in starts)
            for start, (spine, tables) in zip(self._shown(starts), _ahead(reads), strict=True):
                yield kernel(
                    spine,
                    tables,
                    {name: values[start : start + len(spine)] for name, values in graph.items()},
                )

    def _shown(self, starts: range) -> Iterable[int]:
        if not sys.stderr.isatty():
            return starts
        from rich.console import Console
        from rich.progress import track

        return track(starts, "features", console=Console(stderr=True), transient=True)

    def _read(self, start: int) -> tuple[pa.Table, dict[str, pa.Table]]:
        """One bucket's applications with their `row`, and what they see of every table."""
        spine = self.applications.slice(start, self.size)
        sight = Sight(spine)
        tables = {s.table.name: sight.seen(self.groups[s.table.name], s) for s in self.streams}
        return spine.append_column("row", pa.array(np.arange(len(spine), dtype=np.int64))), tables


def _ahead(reads: Iterator) -> Iterator[tuple[pa.Table, dict[str, pa.Table]]]:
    """Results of the reads, always one read ahead of the one in use."""
    ahead = next(reads, None)
    while ahead is not None:
        current, ahead = ahead.result(), next(reads, None)
        yield current


def _split(table: pa.Table, rows: int = 4_096) -> Iterator[pa.Table]:
    return (table.slice(start, rows) for start in range(0, len(table), rows))
