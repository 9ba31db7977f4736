"""Look through a whole lake: is every file as it was written, in order, and in its shard?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.features.contract.tables import TABLES
from creditloom.features.engine.shards import shard_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.lake_lists import LakeState, RunFile, read_lake
from creditloom.storage.folders.raw_folder import raw_tables
from creditloom.storage.lake.receipts import changed
from creditloom.storage.lake.rules_version import rules_version
from creditloom.storage.lake.runs import order_of
from creditloom.storage.lake.state import counted_files, files_below, is_named_by_us


@dataclass(frozen=True)
class LakeTable:
    """What a lake holds of one table: rows that count, their files, and rows set aside."""

    name: str
    rows: int
    files: int
    aside: int
    waiting: int


@dataclass(frozen=True)
class LakeSurvey:
    """What a lake holds; `faults` are what is wrong with it, a line each."""

    shards: int
    additions: int
    rules: str
    tables: tuple[LakeTable, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def survey_lake(root: Path) -> LakeSurvey:
    """Return what a lake holds and what is wrong with it.

    Raises DataError where no lake lies there, and where its lists cannot be read.
    """
    state = read_lake(root)
    runs = state.all_runs()
    faults = [line for own in runs for line in changed(state, own)]
    faults += changed(state, state.aside)
    if not faults:
        faults += [line for shard, own in enumerate(runs) for line in _misplaced(state, shard, own)]
    faults += _unlisted(state)
    notes = []
    if state.rules != rules_version():
        notes.append(f"the rules are {rules_version()} now: `creditloom lake reshard` judges again")
    left = [name for name in files_below(root) if is_named_by_us(name)]
    spare = len(set(left) - counted_files(state))
    if spare:
        notes.append(f"{spare} files that were replaced go with the next command that writes")
    return LakeSurvey(
        shards=state.shards,
        additions=len(state.additions),
        rules=state.rules,
        tables=tuple(_table(state, runs, name) for name in state.tables),
        faults=tuple(faults),
        notes=tuple(notes),
    )


def _table(state: LakeState, runs: Sequence[Sequence[RunFile]], name: str) -> LakeTable:
    own = [run for shard in runs for run in shard if run.table == name]
    aside = [one for one in state.aside if one.table == name]
    waiting = sum(one.rows for one in aside if one.waiting)
    rows = sum(run.rows for run in own)
    files = sum(run.rows > 0 for run in own)
    return LakeTable(name, rows, files, sum(one.rows for one in aside), waiting)


def _misplaced(state: LakeState, shard: int, runs: Sequence[RunFile]) -> Iterator[str]:
    """Yield a line for each run that is out of order, or holds people of another shard."""
    for run in (one for one in runs if one.rows):
        names = list(order_of(TABLES[run.table]))
        last: tuple[int, ...] | None = None
        with pq.ParquetFile(state.root / run.path) as file:
            for group in range(file.num_row_groups):
                keys = _keys(file.read_row_group(group, names), names)
                if (shard_of(keys[0], state.shards) != shard).any():
                    yield f"{run.path}: people of another shard than {shard}"
                    break
                first = tuple(int(key[0]) for key in keys)
                if (last is not None and first < last) or not _is_sorted(keys):
                    yield f"{run.path}: not in the order of {', '.join(names)}"
                    break
                last = tuple(int(key[-1]) for key in keys)


def _keys(rows: pa.Table, names: Sequence[str]) -> list[np.ndarray]:
    return [pc.cast(rows.column(name), pa.int64()).to_numpy() for name in names]


def _is_sorted(keys: Sequence[np.ndarray]) -> bool:
    # lexsort takes the last key as the first one.
    order = np.lexsort(tuple(reversed(keys)))
    return bool((order == np.arange(len(order))).all())


def _unlisted(state: LakeState) -> Iterator[str]:
    """Yield a line where a file lies in the lake that no command wrote, or one of ours is torn."""
    try:
        raw_tables(state.root)
    except DataError as error:
        yield " ".join(str(error).split())
    for file in state.numberings.values():
        place = state.root / file
        if not place.is_file():
            yield f"{file}: not there"
