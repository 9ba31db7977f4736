"""Add a delivery to a lake, cut it into other shards, and merge its runs."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.storage.contract.checked import TableCheck
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import require_apart
from creditloom.storage.folders.identity import FixedFile, fixed
from creditloom.storage.folders.lake_lists import (
    Delivery,
    LakeState,
    RawReceipt,
    RunFile,
    is_lake,
)
from creditloom.storage.folders.raw_folder import name_in, raw_tables
from creditloom.storage.lake.ids import with_numberings
from creditloom.storage.lake.judging import connected
from creditloom.storage.lake.refusals import allowed, is_a_lake, require_shards, there
from creditloom.storage.lake.rewrite import Rewriting, in_table_order, today
from creditloom.storage.lake.rules_version import rules_version
from creditloom.storage.lake.runs import RunPlace, read_sql, sorted_rows, write_runs
from creditloom.storage.lake.state import commit, written_lake

# People of a shard, where nobody says how many shards there shall be. A reader opens every run of
# a shard: of far fewer people that would be most of its work. A shard of so many is one part of a
# batch (131,072 rows at most, `--part-rows`).
PEOPLE = 100_000
# No event is older: such a date is an unset clock.
EARLIEST = dt.datetime(1990, 1, 1)
HASHING_THREADS = 2


@dataclass(frozen=True)
class Added:
    """What a command did: the state now, the checks of new rows, and the files known before.

    `is_new` is False where nothing was written, as the lake held it all. `dropped` are the columns
    of new files that the contract does not know, `<table>.<column>`: a lake does not keep them.
    """

    state: LakeState
    checks: tuple[TableCheck, ...] = ()
    known: tuple[str, ...] = ()
    is_new: bool = True
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class LakeWork:
    """How a lake is written: the share of new rows that may be bad, the last moment, threads."""

    max_bad_share: float
    last: dt.datetime
    threads: int = 2


def add(
    root: Path, source: Path, work: LakeWork, *, name: str = "", shards: int | None = None
) -> Added:
    """Add the raw tables below `source` to a lake, which is begun where there is none.

    Files whose bytes were added before are left out: the same delivery twice is one. Raises
    DataError as `contract.check_tables`; nothing counts then. `shards` is of a new lake alone.
    """
    require_apart([root], [source])
    if is_lake(source):
        raise is_a_lake(source)
    with written_lake(root) as state, TemporaryDirectory(prefix="creditloom-") as scratch:
        tables = raw_tables(source)
        raw = fixed(chain.from_iterable(tables.values()), HASHING_THREADS)
        fresh, known = _unknown(state, source, tables, raw)
        begun = state or _begun(root, tables, shards)
        require_shards(begun, shards)
        if not fresh:
            return Added(begun, known=known, is_new=False)
        given = _name(name, begun)
        mark = _mark(begun, [file.sha256 for file in raw], given)
        begun = with_numberings(begun, source, fresh, mark)
        place = RunPlace(root, given, mark)
        rewriting = _rewriting(begun, place, Path(scratch), work)
        rewriting.judge(source, fresh, again=False)
        for file in raw:
            file.check()
        sources = _receipts(source, fresh, raw, rewriting)
        addition = Delivery(given, today(), sources)
        new = replace(rewriting.state, additions=(*begun.additions, addition))
        done = commit(new, rewriting.lists())
        return Added(done, tuple(rewriting.checks), known, dropped=_dropped(fresh))


def reshard(root: Path, shards: int, work: LakeWork) -> Added:
    """Judge all rows of a lake again by the rules of now, and cut them into `shards` shards.

    Rows that can never count stay where they are. Each table and shard is one run afterwards.
    """
    with written_lake(root) as state, TemporaryDirectory(prefix="creditloom-") as scratch:
        old = there(root, state)
        name = "resharded"
        place = RunPlace(root, name, _mark(old, [str(shards)], name))
        # No lists yet: those of before are of another number of shards.
        new = replace(old, shards=allowed(shards), rules=rules_version(), lists=())
        rewriting = _rewriting(new, place, Path(scratch), replace_share(work))
        rewriting.runs = [list(own) for own in old.all_runs()]
        rewriting.judge(root, {}, again=True)
        done = commit(rewriting.state, rewriting.lists())
        return Added(done, tuple(rewriting.checks))


def compact(root: Path, work: LakeWork) -> Added:
    """Merge the runs of each table and shard into one; the rows stay what they are.

    Each shard counts as soon as it is done: a stopped command goes on where it was.
    """
    with written_lake(root) as state, TemporaryDirectory(prefix="creditloom-") as scratch:
        now = there(root, state)
        is_new = False
        for shard in range(now.shards):
            runs = now.runs(shard)
            names = [name for name in now.tables if sum(run.table == name for run in runs) > 1]
            if not names:
                continue
            lists = list(now.all_runs())
            place = RunPlace(root, "compacted", _mark(now, [str(shard)], "compacted"))
            merged = [_merged(now, place, runs, name, Path(scratch), work) for name in names]
            others = (run for run in runs if run.table not in names)
            lists[shard] = in_table_order((*others, *merged))
            now = commit(now, lists)
            is_new = True
        return Added(now, is_new=is_new)


def _merged(
    state: LakeState,
    place: RunPlace,
    runs: Sequence[RunFile],
    name: str,
    scratch: Path,
    work: LakeWork,
) -> RunFile:
    """Write the runs of one table of one shard as one."""
    files = [state.root / run.path for run in runs if run.table == name]
    columns = state.columns[name]
    query = f"SELECT {', '.join(columns)} FROM {read_sql(files)}"  # noqa: S608
    with connected(scratch, work.threads) as connection:
        blocks = sorted_rows(connection, TABLES[name], query, state.shards)
        [(_, run)] = write_runs(blocks, place, name, columns).items()
    return run


def replace_share(work: LakeWork) -> LakeWork:
    """Return the work with no limit: rows that were judged before stop nothing."""
    return replace(work, max_bad_share=1.0)


def _rewriting(state: LakeState, place: RunPlace, scratch: Path, work: LakeWork) -> Rewriting:
    runs = [list(own) for own in state.all_runs()] if state.lists else []
    return Rewriting(
        state=state,
        place=place,
        runs=runs or [[] for _ in range(state.shards)],
        scratch=scratch,
        period=Period(dt.datetime.fromisoformat(state.earliest), work.last),
        max_bad_share=work.max_bad_share,
        threads=work.threads,
    )


def _begun(root: Path, tables: Mapping[str, tuple[Path, ...]], shards: int | None) -> LakeState:
    """Return the state of a new lake, of which nothing is written."""
    if APPLICATIONS.name not in tables:
        raise DataError.of(
            "A lake begins with applications",
            where=root,
            expected="a first delivery in which the table `applications` is",
            got=", ".join(tables) or "no table",
            next_step="add the delivery with the applications first",
        )
    if shards is None:
        people = sum(pq.read_metadata(file).num_rows for file in tables[APPLICATIONS.name])
        shards = max(1, round(people / PEOPLE))
    return LakeState(
        root=root, shards=allowed(shards), rules=rules_version(), earliest=EARLIEST.isoformat()
    )


def _unknown(
    state: LakeState | None,
    source: Path,
    tables: Mapping[str, tuple[Path, ...]],
    raw: Sequence[FixedFile],
) -> tuple[dict[str, tuple[Path, ...]], tuple[str, ...]]:
    """Return the files that the lake does not hold, by table, and the names of the others."""
    sha256 = {file.path: file.sha256 for file in raw}
    held = frozenset() if state is None else state.sources
    fresh: dict[str, tuple[Path, ...]] = {}
    known = []
    for name, files in tables.items():
        for file in files:
            # Two files of equal bytes in one delivery stay two: their rows come twice, and the
            # contract says so.
            if (name, sha256[file]) in held:
                known.append(f"{name}/{name_in(source, name, file)}")
            else:
                fresh[name] = (*fresh.get(name, ()), file)
    return fresh, tuple(known)


def _dropped(fresh: Mapping[str, Sequence[Path]]) -> tuple[str, ...]:
    """Return the columns of files that the contract does not know, as `<table>.<column>`."""
    found = []
    for name, files in fresh.items():
        kept = {column.name for column in TABLES[name].columns}
        there = (column for file in files for column in pq.read_schema(file).names)
        found += [f"{name}.{column}" for column in dict.fromkeys(there) if column not in kept]
    return tuple(found)


def _name(name: str, state: LakeState) -> str:
    """Return the name of an addition: as given, or its number."""
    given = name or f"{len(state.additions) + 1:04d}"
    if not re.fullmatch(r"[\w.-]{1,60}", given):
        raise DataError.of(
            "The name of an addition stands in the names of files",
            where="--name",
            expected="letters, digits, `.`, `_` and `-`, at most 60",
            got=given,
            next_step="name it as 2026-11",
        )
    return given


def _mark(state: LakeState, reads: Sequence[str], name: str) -> str:
    """Return 16 digits made of what a command reads: the same names again after a kill."""
    said = json.dumps([state.lists, list(reads), name, state.shards, len(state.additions)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _receipts(
    source: Path,
    fresh: Mapping[str, tuple[Path, ...]],
    raw: Sequence[FixedFile],
    rewriting: Rewriting,
) -> tuple[RawReceipt, ...]:
    """Return the receipt of each new file: name, bytes, rows and rows set aside."""
    sha256 = {file.path: file.sha256 for file in raw}
    receipts = []
    for name, files in fresh.items():
        for file in files:
            told = name_in(source, name, file)
            bad = rewriting.bad_of.get((name, told), 0)
            rows = pq.read_metadata(file).num_rows
            receipts.append(RawReceipt(name, told, sha256[file], rows, bad))
    return tuple(receipts)
