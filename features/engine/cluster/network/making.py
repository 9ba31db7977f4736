"""Make the tables of a network snapshot on a cluster, by the contract of `snapshot_tables`.

Their rows are equal to the bit to those of `network.snapshot_making`: counts are whole numbers, and
the one sum of floats (the rank) is made in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ....contract.tables import CONTACTS, IDENTITY_CHECKS, LOGINS, PAYMENTS
from ....network.snapshot_tables import SnapshotTable
from ...raw_reader import RawFiles
from .cluster_work import ClusterWork, without_broadcasts
from .graph_tables import graph_tables
from .row_tables import login_tables, proof_tables, transfer_tables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAKERS = {
    CONTACTS.name: graph_tables,
    PAYMENTS.name: transfer_tables,
    LOGINS.name: login_tables,
    IDENTITY_CHECKS.name: proof_tables,
}


def write_snapshot_parts(
    session: SparkSession, sources: RawFiles, month: int, scratch: Path
) -> Iterator[tuple[SnapshotTable, Path]]:
    """Yield each table of the snapshot of a calendar month with the folder of its parts.

    The parts are Parquet files; by their names and within them the rows are in the order of the
    table. What a raw table is absent for is left out. `scratch` is an empty folder that all
    machines see by its path; the caller deletes it. Raises FeatureError for a measure that only the
    embedded engine makes.
    """
    from pyspark.sql import functions

    work = ClusterWork(session, sources, month, scratch)
    with without_broadcasts(session):
        for name, maker in MAKERS.items():
            if not sources.get(name):
                continue
            for table, frame in maker(work):
                parts = scratch / f"parts-{table.name}"
                # Nulls last, as Arrow sorts them.
                order = [functions.col(column).asc_nulls_last() for column in table.order]
                rows = frame.select(*table.schema.names).orderBy(*order)
                rows.write.parquet(f"file://{parts.absolute()}")
                yield table, parts
