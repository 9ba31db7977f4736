"""The embedded executor (beside `spark`): DuckDB loops over buckets of applicants, the kernel makes the features, memory stays bounded.

While the kernel works on one bucket the next one is read in a second thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from . import spark
from .events import events
from .grid import Stream
from .kernel import kernel
from .others import others
from .params import FeatureParams
from .reader import Extent, Sources, applications, connect, present, require
from .registry import plan

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

SPINE = "spine"
SPINE_COLUMNS = ("row", "applicant_id", "as_of", "consent_bureau", "consent_social", "consent_assets", "consent_location")


def build(sources: Sources, params: FeatureParams) -> Iterator[pa.Table]:
    """Blocks of the feature matrix in application_id order; one row per application, policy columns first.

    Raises FeatureError where the applications are missing or empty. Tables that are absent leave their features out.
    """
    if params.engine == "spark":
        yield from spark.build(sources, params)
        return
    con = connect(params)
    asked = applications(con, sources)
    graph = others(con, sources, asked)
    blocks = Buckets(con, sources, asked, params).blocks(graph)
    if (np.diff(asked.column("application_id").to_numpy()) > 0).all():
        yield from blocks
    else:  # applications are not numbered in the order of applicants: sort at the end
        yield from _split(pa.concat_tables(blocks).sort_by("application_id"))


class Buckets:
    """The applications cut into ranges of applicants whose largest table stays near `bucket_rows` rows."""

    def __init__(self, con: Backend, sources: Sources, applications: pa.Table, params: FeatureParams) -> None:
        self.con, self.applications, self.params = con, applications, params
        streams = [stream for stream, _ in plan(present(sources)).streams]
        self.extents = {s.table.name: Extent(require(sources, s.table.name)) for s in streams}
        self.queries = self._compiled(streams)

    def _compiled(self, streams: list[Stream]) -> dict[str, str]:
        """SQL per table, compiled once: views and the spine are swapped under it from bucket to bucket."""
        import ibis

        self._register(self._spine(0, 1))
        spine = self.con.table(SPINE)
        return {s.table.name: ibis.to_sql(events(self.con.table(s.table.name), spine, s), dialect="duckdb") for s in streams}

    @property
    def size(self) -> int:
        """Applications per bucket."""
        largest = max((extent.rows for extent in self.extents.values()), default=0)
        return max(1, min(len(self.applications), self.params.bucket_rows * len(self.applications) // max(largest, 1)))

    def blocks(self, graph: Mapping[str, np.ndarray]) -> Iterator[pa.Table]:
        """The matrix bucket by bucket, in the order of the applications."""
        starts = range(0, len(self.applications), self.size)
        with ThreadPoolExecutor(1) as pool:
            reads = (pool.submit(self._read, start) for start in starts)
            for start, (spine, tables) in zip(self._shown(starts), _ahead(reads), strict=True):
                yield kernel(spine, tables, {name: values[start : start + len(spine)] for name, values in graph.items()})

    def _shown(self, starts: range) -> Iterable[int]:
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        return track(starts, "features", console=console, disable=not console.is_terminal, transient=True)

    def _spine(self, start: int, size: int) -> pa.Table:
        bucket = self.applications.slice(start, size)
        return bucket.append_column("row", pa.array(np.arange(len(bucket), dtype=np.int64)))

    def _read(self, start: int) -> tuple[pa.Table, dict[str, pa.Table]]:
        spine = self._spine(start, self.size)
        self._register(spine)
        return spine, {name: self.con.con.sql(query).to_arrow_table() for name, query in self.queries.items()}

    def _register(self, spine: pa.Table) -> None:
        """Point the spine and every table's view at one bucket; files without its applicants are not opened."""
        applicants = spine.column("applicant_id").to_numpy()
        self.con.con.register(SPINE, spine.select(SPINE_COLUMNS))
        for name, extent in self.extents.items():
            self.con.con.read_parquet(extent.overlapping(applicants[0], applicants[-1])).create_view(name, replace=True)


def _ahead(reads: Iterator) -> Iterator[tuple[pa.Table, dict[str, pa.Table]]]:
    """Results of the reads, always one read ahead of the one in use."""
    ahead = next(reads, None)
    while ahead is not None:
        current, ahead = ahead.result(), next(reads, None)
        yield current


def _split(table: pa.Table, rows: int = 4_096) -> Iterator[pa.Table]:
    return (table.slice(start, rows) for start in range(0, len(table), rows))
