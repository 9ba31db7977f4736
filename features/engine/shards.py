"""Raw tables that lie in shards: all rows of a person in one of them, by a hash of the person.

`engine.features_of_shard` makes the features of one shard and needs no other one; a scheduler calls
it once for each. What other people's rows say is handed to it. `build_sharded` does all shards, one
after the other or in tasks of Spark, and puts them into the order of a matrix.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..declare.cut import made_of_others, plan_of
from ..declare.registry import Plan
from ..feature_params import FeatureError, FeatureParams
from ..network.graph import Network
from .cluster.tasks import Outcome
from .raw_reader import RawFiles, applications, connect, present

# Fibonacci hashing: 2^64 divided by the golden ratio, odd. It spreads ids that are numbered one
# after the other evenly, and is one line in any language.
MULTIPLIER = 11_400_714_819_323_198_485
# Rows of a block of the whole matrix: about 80 MB of 2,600 columns.
BLOCK_ROWS = 4_096


def shard_of(applicants: np.ndarray, shards: int) -> np.ndarray:
    """Return the shard of each applicant_id, int64 from 0.

    The high 32 bits of the low 64 bits of `applicant_id * MULTIPLIER`, modulo the shards.

    >>> shard_of(np.array([0, 1, 2, 3, 10_000_007]), 4).tolist()
    [0, 1, 2, 0, 1]
    """
    hashed = np.asarray(applicants).astype(np.uint64) * np.uint64(MULTIPLIER)
    return ((hashed >> np.uint64(32)) % np.uint64(shards)).astype(np.int64)


@dataclass(frozen=True)
class ShardedFiles(Mapping[str, tuple[str, ...]]):
    """Raw table name to the paths of all its files; `shards` holds the same of each shard.

    Every table stands in every shard, with a file without rows where the shard has none of it.
    `instead` are files that are read in place of those of the shards, as applications that are
    decided as of another day; they hold all persons.
    """

    shards: tuple[Mapping[str, tuple[str, ...]], ...]
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[str, ...]:
        if name in self.instead:
            return self.instead[name]
        return tuple(path for shard in self.shards for path in shard[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.shards[0])

    def __len__(self) -> int:
        return len(self.shards[0])


def with_files(sources: RawFiles, name: str, files: tuple[str, ...]) -> RawFiles:
    """Return raw tables of which one is read from other files, which hold all persons."""
    if isinstance(sources, ShardedFiles):
        return ShardedFiles(sources.shards, {**sources.instead, name: files})
    return {**sources, name: files}


# Makes the blocks of one shard of its files, applications, and what other people's rows say.
OfShard = Callable[
    [RawFiles, pa.Table, Mapping[str, np.ndarray], FeatureParams, Plan | None], Iterator[pa.Table]
]
# A shard by its number, and its raw files by table.
Shard = tuple[int, Mapping[str, tuple[str, ...]]]
# Does a piece of work for each shard: one after the other, as `map`, or each in a task of Spark.
Run = Callable[[Callable[[Shard], Outcome], Iterable[Shard]], Iterable[Outcome]]
# Before the names of what other people's rows say, beside the columns of the applications.
OTHERS_PREFIX = "others__"


@dataclass(frozen=True)
class ShardMatrix:
    """Makes the matrix of one shard, of its files and of what `put` laid down for it.

    `tables` are the raw tables that are there, `names` what is built, as in `engine.build`.
    `of_shard` is `engine.features_of_shard`. All machines see `scratch`. It is small and made of
    plain values, so that it travels to the workers of Spark.
    """

    scratch: Path
    params: FeatureParams
    tables: tuple[str, ...]
    names: frozenset[str] | None
    of_shard: OfShard

    def __call__(self, shard: Shard) -> Outcome:
        """Write the matrix of a shard by application_id; return its number of rows."""
        number, files = shard
        with pa.memory_map(str(self._given(number))) as source:
            given = pa.ipc.open_file(source).read_all()
            others = [name for name in given.column_names if name.startswith(OTHERS_PREFIX)]
            said = {name.removeprefix(OTHERS_PREFIX): given[name].to_numpy() for name in others}
            spine = given.drop_columns(others).combine_chunks()
            what = plan_of(self.tables, self.names)
            blocks = self.of_shard(files, spine, said, self.params, what)
            return {"rows": len(write_matrix(blocks, self.made(number)))}

    def put(self, number: int, spine: pa.Table, said: Mapping[str, np.ndarray]) -> None:
        """Lay down the applications of a shard, and what other people's rows say of each."""
        given = spine
        for name, values in said.items():
            given = given.append_column(f"{OTHERS_PREFIX}{name}", pa.array(values))
        with (
            pa.OSFile(str(self._given(number)), "wb") as sink,
            pa.ipc.new_file(sink, given.schema) as writer,
        ):
            writer.write_table(given)

    def made(self, number: int) -> Path:
        """Return the file of the matrix of a shard."""
        return self.scratch / f"{number}.arrow"

    def _given(self, number: int) -> Path:
        return self.scratch / f"{number}.given.arrow"


def build_sharded(
    sources: ShardedFiles,
    params: FeatureParams,
    names: Collection[str] | None,
    network: Network,
    of_shard: OfShard,
    run: Run = map,
) -> Iterator[pa.Table]:
    """Return blocks of the feature matrix by application_id, as `engine.build` does.

    `names` and `network` as there; `network` is asked once for all shards. `of_shard` makes the
    features of one shard: `engine.features_of_shard`. `run` says where.
    The matrix of each shard waits in a file of the system's temporary folder (TMPDIR), which all
    machines must see where there are several.
    """
    tables = present(sources)
    con = connect(params)
    requested = applications(con, sources)
    said = network(con, sources, requested, made_of_others(plan_of(tables, names)))
    # The buckets are read without DuckDB and need its memory.
    con.close()
    shard = shard_of(requested.column("applicant_id").to_numpy(), len(sources.shards))
    asked = None if names is None else frozenset(names)
    with tempfile.TemporaryDirectory(prefix="creditloom-shards-") as scratch:
        work = ShardMatrix(Path(scratch), params, tables, asked, of_shard)
        numbers = np.unique(shard).tolist()
        for number in numbers:
            at = np.flatnonzero(shard == number)
            own = {name: values[at] for name, values in said.items()}
            work.put(number, requested.take(pa.array(at)).combine_chunks(), own)
        waited = run(work, [(number, sources.shards[number]) for number in numbers])
        rows = sum(outcome["rows"] for outcome in waited)
        if rows != len(requested):
            raise FeatureError(
                f"shards: expected a row for each of {len(requested):,} applications, got {rows:,};"
                " run the same command again, and report it if it says so again"
            )
        yield from _merged([mapped(work.made(number)) for number in numbers])


def write_matrix(blocks: Iterator[pa.Table], file: Path) -> pa.Table:
    """Write blocks of a matrix into a file, by application_id; return it, mapped into memory."""
    first = next(blocks)
    last = _last_id(first)
    is_sorted = last is not None
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, first.schema) as writer:
        writer.write_table(first)
        for block in blocks:
            begin = block.column("application_id")[0].as_py()
            is_sorted = is_sorted and last is not None and last < begin
            last = _last_id(block)
            is_sorted = is_sorted and last is not None
            writer.write_table(block.cast(first.schema))
    if is_sorted:
        return mapped(file)
    # Applications are not always numbered in the order of applicants.
    whole = mapped(file).sort_by("application_id")
    # Under another name: `whole` may still hold words of the file that is mapped.
    beside = file.with_suffix(".sorted")
    with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)
    return mapped(beside.rename(file))


def mapped(file: Path) -> pa.Table:
    """Return a matrix that `write_matrix` wrote, mapped into memory."""
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _last_id(block: pa.Table) -> int | None:
    """Return the last application_id of a block; None where they do not go up."""
    ids = block.column("application_id").to_numpy()
    return int(ids[-1]) if (np.diff(ids) > 0).all() else None


def _merged(matrices: Sequence[pa.Table]) -> Iterator[pa.Table]:
    """Return the rows of matrices that are sorted by application_id, in that order, in blocks."""
    ids = [matrix.column("application_id").to_numpy() for matrix in matrices]
    ordered = np.sort(np.concatenate(ids))
    begins = np.zeros(len(ids), np.int64)
    for start in range(0, len(ordered), BLOCK_ROWS):
        last = ordered[min(start + BLOCK_ROWS, len(ordered)) - 1]
        ends = np.array([np.searchsorted(own, last, "right") for own in ids])
        parts = zip(matrices, begins, ends, strict=True)
        block = pa.concat_tables(m.slice(begin, end - begin) for m, begin, end in parts)
        yield block.combine_chunks().sort_by("application_id")
        begins = ends
