"""Raw tables that lie in shards: all rows of a person in one of them, by a hash of the person.

`engine.features_of_shard` makes the features of one shard and needs no other one; a scheduler calls
it once for each. What other people's rows say is handed to it. `build_sharded` does all shards of
one machine, one after the other, and puts them into the order of a matrix.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..declare.cut import made_of_others
from ..declare.registry import Plan
from ..feature_params import FeatureParams
from ..network.graph import Network
from .raw_reader import RawFiles, applications, connect

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


# Makes the blocks of one shard of its files, applications, and what other people's rows say.
OfShard = Callable[
    [RawFiles, pa.Table, Mapping[str, np.ndarray], FeatureParams, Plan | None], Iterator[pa.Table]
]


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


def build_sharded(
    sources: ShardedFiles,
    params: FeatureParams,
    what: Plan,
    network: Network,
    of_shard: OfShard,
) -> Iterator[pa.Table]:
    """Return blocks of the feature matrix by application_id, as `engine.build` does.

    `what`: the plan, whole or cut. `network` gives what other people's rows say, of all shards.
    `of_shard` makes the features of one shard: `engine.features_of_shard`.
    The matrix of each shard waits in a file of the system's temporary folder.
    """
    con = connect(params)
    requested = applications(con, sources)
    said = network(con, sources, requested, made_of_others(what))
    # The buckets are read without DuckDB and need its memory.
    con.close()
    shard = shard_of(requested.column("applicant_id").to_numpy(), len(sources.shards))
    with tempfile.TemporaryDirectory(prefix="creditloom-shards-") as scratch:
        waiting = []
        for number in np.unique(shard):
            at = np.flatnonzero(shard == number)
            own = {name: values[at] for name, values in said.items()}
            spine = requested.take(pa.array(at)).combine_chunks()
            blocks = of_shard(sources.shards[number], spine, own, params, what)
            waiting.append(_by_application(blocks, Path(scratch) / f"{number}.arrow"))
        yield from _merged(waiting)


def _by_application(blocks: Iterator[pa.Table], file: Path) -> pa.Table:
    """Return the matrix of a shard by application_id, in a file that is mapped into memory."""
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
    whole = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    # Applications are not always numbered in the order of applicants.
    return whole if is_sorted else whole.sort_by("application_id")


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
