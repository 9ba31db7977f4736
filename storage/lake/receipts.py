"""Read a lake by its receipts: the contract was checked when the rows came.

What is checked now is that the bytes are those of the receipts, and that the rules are. Where the
rules have changed since, the rows are judged again like those of any folder.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.features.engine.row_groups import EPOCH, MICROSECOND
from creditloom.features.engine.shards import ShardedFiles
from creditloom.storage.contract.checked import (
    Checked,
    TableCheck,
    clear,
    too_many,
    write_summary,
)
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table, write_table
from creditloom.storage.folders.identity import FileState, FixedFile, fixed
from creditloom.storage.folders.lake_lists import (
    SHORT,
    AsideFile,
    LakeState,
    RunFile,
    read_lake,
)
from creditloom.storage.lake.rules_version import rules_version

# Threads that hash files: the disk gives no more than two can take.
HASHING_THREADS = 2


@dataclass(frozen=True)
class LakePlace:
    """A lake, and where a check of it writes."""

    root: Path
    quarantine: Path
    clean: Path


def by_receipts(
    place: LakePlace,
    names: Sequence[str],
    period: Period,
    max_bad_share: float,
    contents: Mapping[Path, str] | None,
) -> Checked | None:
    """Return the check of the tables `names` by their receipts; the rows set aside are copied.

    None where the receipts do not say what is asked, which is told: other rules, or another period.
    Raises DataError where a file is gone or has other bytes than its receipt, and where more than
    `max_bad_share` of a table's rows are set aside.
    """
    state = read_lake(place.root)
    runs = state.all_runs()
    _require_bytes(state, [run for own in runs for run in own if run.table in names], contents)
    reason = _why_not(state, runs, period)
    if reason:
        sys.stderr.write(
            f"creditloom: {place.root}: all rows are checked again, as {reason}; `creditloom lake "
            f"reshard {place.root} --shards {state.shards}` renews the receipts\n"
        )
        return None
    clear(place.quarantine, place.clean)
    checks = []
    for name in names:
        check = _check(place, state, runs, name)
        checks.append(check)
        if check.bad > max_bad_share * check.rows:
            raise too_many(check, max_bad_share, place.quarantine / f"{name}.parquet")
    write_summary(checks, place.quarantine)
    return Checked(sharded(state, runs, names), tuple(checks))


def sharded(
    state: LakeState, runs: Sequence[Sequence[RunFile]], names: Iterable[str]
) -> ShardedFiles:
    """Return the files of some tables, shard by shard."""
    wanted = tuple(names)
    shards = []
    for own in runs:
        files = {
            name: tuple(str(state.root / run.path) for run in own if run.table == name)
            for name in wanted
        }
        shards.append(files)
    return ShardedFiles(tuple(shards))


def regrouped(root: Path, checked: Checked) -> Checked:
    """Return a check of all rows with the files of a lake by shard, where none was written again.

    A copy without bad rows lies elsewhere: the files are then read as those of any folder, slower.
    """
    state = read_lake(root)
    runs = state.all_runs()
    ours = {str(state.root / run.path) for own in runs for run in own}
    if not all(set(files) <= ours for files in checked.files.values()):
        return checked
    return replace(checked, files=sharded(state, runs, checked.files))


def shard_files(root: Path, shard: int, names: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return the files of one shard by table, after their bytes were compared with the receipts.

    It reads the list of this shard alone: for a task of a scheduler, with
    `features.engine.engine.features_of_shard`. No `names` means all tables of the lake.
    """
    return files_of_shard(read_lake(root), shard, names)


def files_of_shard(
    state: LakeState, shard: int, names: Iterable[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return what `shard_files` does, of a lake as it was when `state` was read."""
    wanted = tuple(names) or state.tables
    runs = state.runs(shard)
    _require_bytes(state, [run for run in runs if run.table in wanted], None)
    return dict(sharded(state, (runs,), wanted).shards[0])


def require_bytes(state: LakeState) -> None:
    """Raise DataError where a file of a lake is gone, or has other bytes than its receipt."""
    _require_bytes(state, [run for own in state.all_runs() for run in own], None)


def fixed_by_receipts(state: LakeState) -> dict[Path, FixedFile]:
    """Return the files that count, each with the content that its receipt says, by path.

    No file is read: whoever reads one compares its bytes, as `files_of_shard`. Raises DataError
    where one is gone.
    """
    runs = [run for own in state.all_runs() for run in own]
    lines: list[str] = []
    there = [run for run in runs if _is_there(state, run, lines)]
    if lines:
        raise _changed_under(state, lines)
    paths = [state.root / run.path for run in there]
    return {
        path: FixedFile(path, run.sha256, FileState.of(path))
        for path, run in zip(paths, there, strict=True)
    }


def changed(state: LakeState, runs: Iterable[RunFile | AsideFile]) -> list[str]:
    """Return a line for each file that is gone, or has other bytes than its receipt."""
    lines: list[str] = []
    there = [run for run in runs if _is_there(state, run, lines)]
    files = fixed([state.root / run.path for run in there], HASHING_THREADS)
    for run, file in zip(there, files, strict=True):
        if file.sha256 != run.sha256:
            lines.append(f"{run.path}: sha256 {file.sha256[:SHORT]}, expected {run.sha256[:SHORT]}")
    return lines


def _is_there(state: LakeState, run: RunFile | AsideFile, lines: list[str]) -> bool:
    is_there = (state.root / run.path).is_file()
    if not is_there:
        lines.append(f"{run.path}: not there")
    return is_there


def _require_bytes(
    state: LakeState, runs: Sequence[RunFile], contents: Mapping[Path, str] | None
) -> None:
    if contents is None:
        lines = changed(state, runs)
    else:
        got = {run.path: contents.get(state.root / run.path, "not read") for run in runs}
        lines = [
            f"{run.path}: sha256 {got[run.path][:SHORT]}, expected {run.sha256[:SHORT]}"
            for run in runs
            if got[run.path] != run.sha256
        ]
    if lines:
        raise _changed_under(state, lines)


def _changed_under(state: LakeState, lines: Sequence[str]) -> DataError:
    return DataError.of(
        f"Files of the lake changed under their receipts: {len(lines)}",
        where=state.root,
        expected="the bytes that were written and checked",
        got="; ".join(lines[:5]),
        next_step="restore them from a copy; what should be corrected is added as a delivery "
        "of its own (creditloom lake check names all such files)",
    )


def _why_not(state: LakeState, runs: Sequence[Sequence[RunFile]], period: Period) -> str:
    """Return why the receipts do not suffice; an empty text where they do."""
    if state.rules != rules_version():
        return f"the rules are {rules_version()} and those of its receipts {state.rules}"
    if period.first.isoformat() != state.earliest:
        return f"no event may be before {period.first}, and its receipts say {state.earliest}"
    if period.last is not None:
        latest = (period.last - EPOCH) // MICROSECOND
        newest = max((run.happened[1] for own in runs for run in own if run.happened), default=0)
        if newest > latest:
            return f"it has events after {period.last}"
    return ""


def _check(
    place: LakePlace, state: LakeState, runs: Sequence[Sequence[RunFile]], name: str
) -> TableCheck:
    """Return the check of a table, and copy its rows set aside to the quarantine."""
    aside = [one for one in state.aside if one.table == name]
    counts: Counter[str] = Counter()
    for one in aside:
        counts.update(one.rules)
    bad = sum(one.rows for one in aside)
    good = sum(run.rows for own in runs for run in own if run.table == name)
    if aside:
        parts = [read_table(state.root / one.path) for one in aside]
        whole = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
        # By file, then by row: the order in which they were delivered.
        order = np.lexsort((whole["row"].to_numpy(), np.asarray(whole["file"], dtype=str)))
        write_table(whole.take(pa.array(order)), place.quarantine / f"{name}.parquet")
    return TableCheck(name, good + bad, bad, dict(sorted(counts.items())))
