"""Judge rows and write them into a lake: what an addition and a new cut into shards share."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.storage.contract.checked import TableCheck
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.store import write_table
from creditloom.storage.folders.lake_lists import ASIDE, AsideFile, LakeState, RunFile
from creditloom.storage.lake.judging import (
    OURS,
    Candidates,
    JudgedTable,
    connected,
    is_waiting,
    judged,
)
from creditloom.storage.lake.runs import (
    RunPlace,
    read_sql,
    sha256_of,
    sorted_rows,
    write_empty,
    write_runs,
)

# Runs by shard, oldest first.
Runs = list[list[RunFile]]


@dataclass
class Rewriting:
    """A lake on its way from one state to the next: files are written, nothing counts yet."""

    state: LakeState
    place: RunPlace
    runs: Runs
    scratch: Path
    period: Period
    max_bad_share: float
    threads: int
    checks: list[TableCheck] = field(default_factory=list)
    # Bad rows by table and name of the file that brought them.
    bad_of: Counter[tuple[str, str]] = field(default_factory=Counter)

    def judge(self, root: Path, files: Mapping[str, tuple[Path, ...]], *, again: bool) -> None:
        """Judge new files below `root`, and what waited; write what counts, and what does not.

        `again` takes the rows of all runs as new ones, which are then replaced.
        """
        old = self.runs
        if again:
            files = _paths(self.state.root, old)
            self.runs = [[] for _ in range(self.state.shards)]
        waiting = {one.table: one for one in self.state.aside if one.waiting}
        lost = [one for one in self.state.aside if not one.waiting]
        with connected(self.scratch, self.threads) as connection:
            waited = {name: self.state.root / one.path for name, one in waiting.items()}
            what = Candidates(
                lake=self.state.root,
                root=root,
                files=files,
                waiting=waited,
                kept=self._kept(files, waiting, lost, () if again else old),
                columns=self.state.columns,
            )
            aside = list(lost)
            for one in judged(connection, what, self.scratch, self.period, self.max_bad_share):
                self._write(connection, one)
                aside += self._aside(one)
        self.state = replace(self.state, aside=tuple(sorted(aside, key=lambda file: file.path)))

    def _kept(
        self,
        files: Mapping[str, tuple[Path, ...]],
        waiting: Mapping[str, AsideFile],
        lost: Sequence[AsideFile],
        old: Iterable[Iterable[RunFile]],
    ) -> dict[str, tuple[Path, ...]]:
        """Return the lake's files that are looked up, by table."""
        root = self.state.root
        kept: dict[str, tuple[Path, ...]] = {}
        for name in dict.fromkeys((APPLICATIONS.name, *files, *waiting)):
            runs = [run for own in old for run in own if run.table == name and run.rows]
            aside = [root / one.path for one in lost if one.table == name]
            kept[name] = (*(root / run.path for run in runs), *aside)
        return kept

    def _write(self, connection: duckdb.DuckDBPyConnection, one: JudgedTable) -> None:
        """Write the good rows of a table as a new run of each shard."""
        name = one.table.name
        columns = self.state.columns.get(name, tuple(c.name for c in one.table.columns))
        self.state = replace(self.state, columns={**self.state.columns, name: columns})
        blocks = sorted_rows(connection, one.table, one.good, self.state.shards)
        for shard, run in write_runs(blocks, self.place, name, columns).items():
            self.runs[shard].append(run)
        self._without_spoilt(connection, one)
        self.bad_of.update({(name, file): count for file, count in one.bad_of.items()})
        self.checks.append(one.check)

    def _without_spoilt(self, connection: duckdb.DuckDBPyConnection, one: JudgedTable) -> None:
        """Write the runs again that lose rows, as a different row came with their key."""
        name = one.table.name
        spoilt = set(one.spoilt["file"].to_pylist())
        for shard, own in enumerate(self.runs):
            for at, run in enumerate(own):
                path = f"{OURS}{run.path}"
                if run.table != name or path not in spoilt:
                    continue
                rows = one.spoilt.filter(pc.equal(one.spoilt["file"], path))
                connection.register("spoilt_rows", rows.select(["row"]))
                there = read_sql([self.state.root / run.path])
                left_out = "file_row_number IN (SELECT row FROM spoilt_rows)"
                query = f"SELECT * FROM {there} WHERE NOT {left_out}"  # noqa: S608
                blocks = sorted_rows(connection, one.table, query, self.state.shards)
                place = replace(self.place, name=f"{run.addition}-less")
                columns = self.state.columns[name]
                left = write_runs(blocks, place, name, columns)
                again = left.get(shard) or write_empty(place, name, shard, columns)
                own[at] = replace(again, addition=run.addition)

    def _aside(self, one: JudgedTable) -> Iterator[AsideFile]:
        """Write the rows of a table that do not count."""
        # Rows that were lost before stay where they are.
        spoilt = one.spoilt.filter(pc.invert(pc.starts_with(one.spoilt["file"], f"{OURS}{ASIDE}/")))
        waits = is_waiting(one.bad)
        lost = one.bad.filter(pc.invert(waits))
        parts = [part for part in (lost, spoilt) if len(part)]
        for kind, rows in (("waiting", [one.bad.filter(waits)]), ("lost", parts)):
            if not sum(map(len, rows)):
                continue
            path = f"{ASIDE}/{one.table.name}-{kind}-{self.place.mark}.parquet"
            whole = pa.concat_tables(rows)
            write_table(whole, self.state.root / path)
            yield AsideFile(
                table=one.table.name,
                path=path,
                sha256=sha256_of(self.state.root / path),
                rows=len(whole),
                rules=_rules(whole),
                waiting=kind == "waiting",
            )

    def lists(self) -> list[tuple[RunFile, ...]]:
        """Return the runs of each shard; every table stands in every shard."""
        for shard, own in enumerate(self.runs):
            there = {run.table for run in own}
            for name in self.state.tables:
                if name not in there:
                    columns = self.state.columns[name]
                    own.append(write_empty(self.place, name, shard, columns))
        # A run without rows says no more where another one is there.
        return [in_table_order(_needed(own)) for own in self.runs]


def in_table_order(runs: Iterable[RunFile]) -> tuple[RunFile, ...]:
    """Return runs in the order of the declared tables; those of one table stay in theirs."""
    order = list(TABLES)
    return tuple(sorted(runs, key=lambda run: order.index(run.table)))


def _needed(own: list[RunFile]) -> Iterator[RunFile]:
    filled = {run.table for run in own if run.rows}
    empty: set[str] = set()
    for run in own:
        if run.rows or (run.table not in filled and run.table not in empty):
            empty.add(run.table)
            yield run


def _rules(rows: pa.Table) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for rule in rows["rule"].to_pylist():
        counts.update(rule.split("; "))
    return dict(sorted(counts.items()))


def _paths(root: Path, runs: Iterable[Iterable[RunFile]]) -> dict[str, tuple[Path, ...]]:
    """Return the files of all runs with rows, by table."""
    found: dict[str, tuple[Path, ...]] = {}
    for own in runs:
        for run in own:
            if run.rows:
                found[run.table] = (*found.get(run.table, ()), root / run.path)
    return found


def today() -> str:
    """Return this day, UTC."""
    return dt.datetime.now(dt.UTC).date().isoformat()
