"""The tables of a network snapshot made on a cluster: of a lake, with no edge on the driver.

A task for each shard compares the bytes of its files with their receipts; Spark joins; a task for
each table puts its parts together into the one file that a reader opens. The driver gets counts,
names and hashes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.features.engine.cluster.network.making import write_snapshot_parts
from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.engine.cluster.tasks import Outcome, spark_tasks
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.snapshot_tables import TABLES
from creditloom.serving.batch.spark import Refusing, accepted
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import ROW_GROUP, Writer
from creditloom.storage.folders.identity import FixedFile
from creditloom.storage.folders.lake_lists import LakeState, is_lake, read_lake
from creditloom.storage.lake.receipts import files_of_shard, fixed_by_receipts

# What Spark keeps between its queries, below the folder that is written.
SCRATCH = "scratch"


def fixed_of_lake(
    events: Path, files: Mapping[str, Sequence[Path]]
) -> dict[str, tuple[FixedFile, ...]]:
    """Return the files of some tables of a lake with the contents that their receipts say.

    No byte is read. Raises DataError where the folder is no lake: its contract would be checked on
    the driver, row by row.
    """
    if not is_lake(events):
        raise DataError.of(
            "Spark makes a snapshot of a lake alone",
            where=events,
            expected="a lake: its rows were judged as they came",
            got="a folder of raw tables" if events.is_dir() else "no folder",
            next_step=f"creditloom lake add LAKE {events}, then --events LAKE; or run without "
            "--engine spark",
        )
    known = fixed_by_receipts(read_lake(events))
    return {name: tuple(known[path] for path in files[name]) for name in files}


def judged_again(events: Path) -> DataError:
    """Return the refusal of a lake whose receipts do not hold for this version."""
    return DataError.of(
        "The rows of the lake would have to be judged again, on the driver",
        where=events,
        expected="receipts of this version's rules",
        got="others, as told above",
        next_step=f"creditloom lake reshard {events} renews them; or run without --engine spark",
    )


@dataclass(frozen=True)
class BytesOfShard:
    """Compares the files of one shard with their receipts, by its number; sent to the workers."""

    state: LakeState
    tables: tuple[str, ...]

    def __call__(self, number: int) -> Outcome:
        """Return the number of files. Raises DataError where one is not what its receipt says."""
        files = files_of_shard(self.state, number, self.tables)
        return {"files": sum(map(len, files.values()))}


@dataclass(frozen=True)
class OneFile:
    """Puts the parts of one table into the file that readers open; sent to the workers.

    `work` is the folder of the snapshot, `parts` the folders of the parts, each with its table.
    """

    work: Path
    parts: tuple[tuple[str, Path], ...]

    def __call__(self, number: int) -> Outcome:
        """Write the file of a table, a row group at a time; return its rows and its sha256."""
        name, folder = self.parts[number]
        file = self.work / f"{name}.parquet"
        schema = TABLES[name].schema
        rows = 0
        with Writer(file, schema) as writer:
            for block in _row_groups(folder, schema):
                writer.write(block)
                rows += len(block)
        return {"rows": rows, "sha256": FixedFile.of(file).sha256}


def write_cluster_tables(
    work: Path, events: Path, sources: RawFiles, month: int, threads: int
) -> dict[str, dict[str, Any]]:
    """Write the tables of a snapshot into `work` by Spark; return rows and sha256 of each.

    The session that is open is used, or a local one of `threads` cores. `sources` are files of the
    lake `events`. Raises DataError where a file of the lake was changed, and FeatureError without
    pyspark or Java.
    """
    whole = work.absolute()
    scratch = whole / SCRATCH
    scratch.mkdir()
    state = read_lake(events)
    # Of the lake a task needs the names of the lists, and not what was delivered when.
    bare = replace(state, root=state.root.absolute(), additions=(), aside=())
    compare = BytesOfShard(bare, tuple(name for name in sources if sources[name]))
    with open_session(FeatureParams(engine="spark", threads=threads)) as session:
        for outcome in spark_tasks(session, Refusing(compare), range(state.shards)):
            accepted(outcome)
        made = write_snapshot_parts(session, sources, month, scratch)
        parts = tuple((table.name, folder) for table, folder in made)
        join = Refusing(OneFile(whole, parts))
        outcomes = [*map(accepted, spark_tasks(session, join, range(len(parts))))]
    shutil.rmtree(scratch)
    return {name: outcome for (name, _), outcome in zip(parts, outcomes, strict=True)}


def _row_groups(parts: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows of all parts by their names, cut as a table that is written whole is cut.

    Of no rows there is one block without rows.
    """
    held = schema.empty_table()
    is_first = True
    for part in sorted(parts.glob("*.parquet")):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(ROW_GROUP):
                held = pa.concat_tables([held, pa.Table.from_batches([batch]).cast(schema)])
                # Whole row groups go at once, so that no more than two are held.
                while len(held) >= ROW_GROUP:
                    yield held.slice(0, ROW_GROUP).combine_chunks()
                    held = held.slice(ROW_GROUP)
                    is_first = False
    if len(held) or is_first:
        yield held.combine_chunks()
