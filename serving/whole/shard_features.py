"""Make the features of a batch from a lake, shard by shard: a task and a file for each of them.

One task does all for its shard: it compares the bytes with their receipts, builds the features and
writes them. The tasks run one after the other here, or on Spark's workers; the files are the same.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.declare.cut import made_of_others, plan_of
from creditloom.features.engine.cluster.spark_session import open_session
from creditloom.features.engine.cluster.tasks import Outcome, spark_tasks
from creditloom.features.engine.engine import features_of_shard
from creditloom.features.engine.raw_reader import RawFiles, applications, connect
from creditloom.features.engine.shards import shard_of
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.graph import Network, others
from creditloom.features.network.snapshot_reading import NetworkSnapshot
from creditloom.serving.batch.engine import EngineName
from creditloom.serving.batch.spark import Refusing, accepted
from creditloom.serving.inputs import columns
from creditloom.serving.whole.batch_matrix import moved, names_read, shaped
from creditloom.storage.files.durable import made_folder
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import matrix_writer, read_table, write_table
from creditloom.storage.folders.lake_lists import LakeState
from creditloom.storage.lake.receipts import files_of_shard
from creditloom.storage.mapped.text_ids import with_own_ids

# The folder of the matrices, and what else lies beside it while they are made.
MATRICES = "matrix"
OTHERS = "others"
STATING = "stating.parquet"


@dataclass(frozen=True)
class ShardFeatures:
    """Makes the features of one shard of a lake by its number; sent to the workers of Spark.

    `work` is where the files are written, `tables` what is read of the lake. `as_of` None is the
    moment of each application. What other people's rows say is read of the `snapshot`, with the
    consents that all applications state (`stating`), or of what `lay_others` put beside.
    All machines see these paths. It is small: of the lake it holds the names of lists.
    """

    state: LakeState
    work: Path
    bundle: Path
    tables: tuple[str, ...]
    as_of: dt.datetime | None
    params: FeatureParams
    snapshot: NetworkSnapshot | None = None
    stating: tuple[str, ...] = ()

    def __call__(self, number: int) -> Outcome:
        """Write the matrix of a shard by (applicant, application); return its rows.

        A shard without applications gets no file. Raises DataError where a file of the lake is not
        what its receipt says.
        """
        files: RawFiles = files_of_shard(self.state, number, self.tables)
        own = self.work / f"{number:05d}.parquet"
        if not any(len(read_table(file, [])) for file in files[APPLICATIONS.name]):
            return {"rows": 0}
        if self.as_of is not None:
            files = {**files, APPLICATIONS.name: moved(files, self.as_of, own)}
        con = connect(self.params)
        spine = applications(con, files)
        names = names_read(self.bundle)
        what = plan_of(self.tables, names)
        said: Mapping[str, np.ndarray] = {}
        if self.snapshot is not None:
            stating = {**files, APPLICATIONS.name: self.stating}
            said = self.snapshot.others(con, stating, spine, made_of_others(what))
        elif self._others(number).is_file():
            table = read_table(self._others(number))
            said = {name: table[name].to_numpy() for name in table.column_names}
        con.close()
        blocks = features_of_shard(files, spine, said, self.params, what)
        rows = self._write(blocks, matrix_of_shard(self.work, number))
        own.unlink(missing_ok=True)
        return {"rows": rows}

    def lay_others(self, sources: RawFiles, network: Network) -> None:
        """Put down for each shard what other people's rows say, made of all shards at once."""
        wanted = made_of_others(plan_of(self.tables, names_read(self.bundle)))
        if not wanted:
            return
        con = connect(self.params)
        requested = applications(con, sources)
        said = network(con, sources, requested, wanted)
        con.close()
        shard = shard_of(requested.column("applicant_id").to_numpy(), self.state.shards)
        for number in np.unique(shard).tolist() if said else ():
            at = np.flatnonzero(shard == number)
            own = {name: pa.array(values[at]) for name, values in said.items()}
            write_table(pa.table(own), self._others(number))

    def _others(self, number: int) -> Path:
        return self.work / OTHERS / f"{number:05d}.parquet"

    def _write(self, made: Iterator[pa.Table], target: Path) -> int:
        """Write the blocks of a shard; return their rows."""
        blocks = (with_own_ids(block, self.state.root) for block in made)
        first = next(blocks)
        inputs = columns(self.bundle, first.schema.names)
        head = shaped(first, inputs)
        rows = 0
        with matrix_writer(target, head.schema) as writer:
            for block in chain([head], (shaped(one, inputs) for one in blocks)):
                writer.write(block.cast(head.schema))
                rows += len(block)
        return rows


def matrix_of_shard(work: Path, number: int) -> Path:
    """Return the file of the matrix of a shard."""
    return work / MATRICES / f"shard-{number:05d}.parquet"


@dataclass(frozen=True)
class LakeRun:
    """How the features of a lake are made: where, as of when, and of what.

    `sources` are the checked files of the lake by table, `snapshot` a network snapshot.
    """

    state: LakeState
    sources: RawFiles
    as_of: dt.datetime | None
    engine: EngineName
    snapshot: NetworkSnapshot | None


def write_shards(run: LakeRun, bundle: Path, work: Path) -> None:
    """Write the matrix of every shard below `work`, in tasks of Spark or one after the other.

    Raises DataError where not every application has a row.
    """
    for folder in (MATRICES, OTHERS):
        made_folder(work / folder)
    task = _task(run, bundle, work.absolute())
    numbers = range(run.state.shards)
    if run.engine == "spark":
        with open_session(FeatureParams(engine="spark")) as session:
            outcomes = [*map(accepted, spark_tasks(session, Refusing(task), numbers))]
    else:
        outcomes = [*map(task, numbers)]
    _require_all(run, [outcome["rows"] for outcome in outcomes])
    # Needed for the features only.
    shutil.rmtree(work / OTHERS)
    (work / STATING).unlink(missing_ok=True)


def _task(run: LakeRun, bundle: Path, work: Path) -> ShardFeatures:
    # Of the lake a task needs the names of the lists, and not what was delivered when.
    bare = replace(run.state, root=run.state.root.absolute(), additions=(), aside=())
    # table: the task
    task = ShardFeatures(
        state=bare,
        work=work,
        bundle=bundle.absolute(),
        tables=tuple(run.sources),
        as_of=run.as_of,
        # As many tasks as there are cores: each has one thread.
        params=FeatureParams(threads=1),
    )
    stated = tuple(str(Path(file).absolute()) for file in run.sources[APPLICATIONS.name])
    if run.as_of is not None and made_of_others(plan_of(task.tables, names_read(bundle))):
        # Consents are stated in all applications, whatever the shard.
        stated = moved(run.sources, run.as_of, work / STATING)
    if run.snapshot is not None:
        return replace(task, stating=stated, snapshot=_placed(run.snapshot))
    task.lay_others(_deciding(run.sources, stated), others)
    return task


def _placed(snapshot: NetworkSnapshot) -> NetworkSnapshot:
    """Return the snapshot by absolute paths: a worker runs in a folder of its own."""
    files = {name: str(Path(file).absolute()) for name, file in snapshot.files.items()}
    return replace(snapshot, files=files)


def _deciding(sources: RawFiles, stated: tuple[str, ...]) -> RawFiles:
    return {**sources, APPLICATIONS.name: stated}


def _require_all(run: LakeRun, rows: list[int]) -> None:
    wanted = sum(
        one.rows for own in run.state.all_runs() for one in own if one.table == APPLICATIONS.name
    )
    if sum(rows) != wanted:
        raise DataError.of(
            "Not every application of the lake has its features",
            where=run.state.root,
            expected=f"{wanted:,} rows, one per application",
            got=f"{sum(rows):,}",
            next_step="run the same command again; if it says so again, report it",
        )
