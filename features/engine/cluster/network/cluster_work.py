"""What the tables of a network snapshot are made with on a cluster: raw rows, queries, rounds.

No row comes to the driver: it plans queries, and reads one number a round. What a query gives is
kept as Parquet in a folder that all machines see, so a lost executor loses no round.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...raw_reader import RawFiles, require
from ..spark_session import spark_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Rows with `known`, the moment from which each has happened and is known; null where a time is.
# Spark's `greatest` passes over nulls.
KNOWN = """
SELECT *, CASE WHEN event_time IS NOT NULL AND known_time IS NOT NULL
    THEN greatest(event_time, known_time) END AS known
FROM {rows}
"""
# What makes Spark send a small table to everybody, by way of the driver.
BROADCASTS = (
    "spark.sql.autoBroadcastJoinThreshold",
    "spark.sql.adaptive.autoBroadcastJoinThreshold",
)


@dataclass(frozen=True)
class ClusterWork:
    """Raw tables on a cluster, as of the first of a calendar month (`clock.month_index`).

    `scratch` is an empty folder for what is kept between queries; all machines see it by this path.
    """

    session: SparkSession
    sources: RawFiles
    month: int
    scratch: Path

    def raw(self, name: str) -> DataFrame:
        """Return the rows of a raw table. Raises FeatureError where it is absent."""
        paths = (spark_path(_here(Path(file))) for file in require(self.sources, name))
        return self.session.read.parquet(*paths)

    def events(self, name: str) -> DataFrame:
        """Return the rows of a raw table with `known`. Raises FeatureError where it is absent."""
        return self.sql(KNOWN, rows=self.raw(name))

    def sql(self, query: str, **values: DataFrame | str | int) -> DataFrame:
        """Return what a query gives; `{name}` is a frame, a number, or a text in quotes."""
        return self.session.sql(query, None, **values)

    def moment(self, days: int = 0, months: int = 0) -> str:
        """Return the first of the month, so many days or months earlier."""
        first = np.datetime64(self.month - months, "M").astype("datetime64[D]")
        return f"{first - days} 00:00:00"

    def kept(self, name: str, frame: DataFrame) -> DataFrame:
        """Return the rows of a frame as they lie in the folder: its query is not run again."""
        place = _here(self.scratch / name)
        frame.write.parquet(place)
        return self.session.read.schema(frame.schema).parquet(spark_path(place))

    def forget(self, name: str) -> None:
        """Delete what was kept under a name; nothing where nothing was."""
        shutil.rmtree(self.scratch / name, ignore_errors=True)

    def rounds(
        self, name: str, first: DataFrame, step: Callable[[DataFrame], DataFrame], n: int
    ) -> DataFrame:
        """Return what `n` rounds make of a frame. Each is kept, and the one before it deleted."""
        frame = first
        for k in range(n):
            frame = self.kept(f"{name}-{k}", step(frame))
            self.forget(f"{name}-{k - 1}")
        return frame

    def until_still(
        self, name: str, first: DataFrame, step: Callable[[DataFrame], DataFrame]
    ) -> DataFrame:
        """Return a frame once a round no longer changes its column `value`, a whole number.

        No value may grow in a round: so nothing changed where their sum did not.
        """
        frame = self.kept(f"{name}-0", first)
        before = self._sum(frame)
        k = 0
        while True:
            k += 1
            frame = self.kept(f"{name}-{k}", step(frame))
            self.forget(f"{name}-{k - 1}")
            total = self._sum(frame)
            if total == before:
                return frame
            before = total

    def count(self, frame: DataFrame) -> int:
        """Return the number of rows."""
        return int(frame.count())

    def _sum(self, frame: DataFrame) -> object:
        # Ids are up to 2 ** 63, so their sum needs a decimal.
        return self.sql("SELECT sum(CAST(value AS DECIMAL(38, 0))) FROM {rows}", rows=frame).first()


def _here(path: Path) -> str:
    """Return the address of a path of this file system, whatever Spark's own one is."""
    return f"file://{path.absolute()}"


@contextmanager
def without_broadcasts(session: SparkSession) -> Iterator[None]:
    """Join by shuffles alone, as a broadcast collects a table on the driver; restore at the end."""
    before = {name: session.conf.get(name, None) for name in BROADCASTS}
    for name in BROADCASTS:
        session.conf.set(name, "-1")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                session.conf.unset(name)
            else:
                session.conf.set(name, value)
