"""Runs the contestants on the folds of a table, in turns, and keeps what each of them told.

The journal holds one file per table, fold and contestant. A run that was stopped goes on where it
was. An entry counts only for equal rows and equal folds.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable, OuterFold, outer_folds
from creditloom.pipeline.proof.bench_tables.contestants import (
    OURS,
    TUNED,
    Contestant,
    FoldTask,
    is_probability,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, write_json


@dataclass(frozen=True)
class Told:
    """The PDs that a contestant told for the held-out rows of a fold, and its CPU seconds."""

    pd: Floats
    cpu_seconds: float


@dataclass(frozen=True)
class Contest:
    """All that was told about a table: contestant -> one entry per fold, in the order of `folds`.

    folds_of_repeat: so many folds after each other hold every judged row once.
    """

    table: BenchTable
    folds: tuple[OuterFold, ...]
    folds_of_repeat: int
    told: Mapping[str, tuple[Told, ...]]

    def cpu_seconds(self, name: str) -> float:
        """Return the CPU seconds of a contestant over all folds."""
        return sum(one.cpu_seconds for one in self.told[name])


@dataclass(frozen=True)
class Journal:
    """What was told before, in files of a folder.

    again: contestants whose entries are not read, but made again.
    """

    folder: Path
    again: Collection[str] = ()

    def read(self, file: Path, key: str) -> Told | None:
        """Return the entry of `file`; None where there is none for these rows and folds."""
        if not file.is_file():
            return None
        require_figures(file, "cpu_seconds", "key", "pd")
        entry = read_json(file)
        if entry["key"] != key:
            return None
        return Told(pd=np.array(entry["pd"], float), cpu_seconds=entry["cpu_seconds"])

    def file(self, table: str, fold: int, name: str) -> Path:
        """Return the place of an entry."""
        return self.folder / table / f"{fold:02d}-{name}.json"

    def write(self, file: Path, key: str, told: Told) -> None:
        """Write an entry."""
        file.parent.mkdir(parents=True, exist_ok=True)
        entry = {"key": key, "cpu_seconds": told.cpu_seconds, "pd": told.pd.tolist()}
        write_json(entry, file)


def run(
    table: BenchTable,
    contestants: Sequence[Contestant],
    split: tuple[int, int],
    journal: Journal,
    say: Callable[[str], None],
) -> Contest:
    """Let every contestant tell the PDs of every fold; split: number of folds, and their seed."""
    folds, seed = split
    outer = tuple(outer_folds(table, folds, seed))
    told: dict[str, list[Told]] = {one.name: [] for one in contestants}
    digest = table.digest()
    # One thread for every library, so that CPU seconds compare.
    with threadpool_limits(limits=1):
        for fold in outer:
            task = FoldTask(table=table, fold=fold, seed=seed)
            for name, entry in _turns(task, contestants, journal, digest):
                told[name].append(entry)
            seconds = ", ".join(f"{name} {told[name][-1].cpu_seconds:.1f}" for name in told)
            say(f"{table.name} fold {fold.number + 1} of {len(outer)}, CPU s: {seconds}")
    entries = {name: tuple(entry) for name, entry in told.items()}
    return Contest(table=table, folds=outer, folds_of_repeat=folds, told=entries)


def _turns(
    task: FoldTask, contestants: Sequence[Contestant], journal: Journal, digest: str
) -> Iterator[tuple[str, Told]]:
    """Yield what each contestant told of one fold."""
    ours_seconds: float | None = None
    for one in _order(contestants, task.fold.number):
        file = journal.file(task.table.name, task.fold.number, one.name)
        key = _key(digest, task.fold, one)
        told = None if one.name in journal.again else journal.read(file, key)
        if told is None:
            budget = ours_seconds if one.name == TUNED else None
            told = _measured(one, FoldTask(task.table, task.fold, task.seed, budget))
            journal.write(file, key, told)
        if one.name == OURS:
            ours_seconds = told.cpu_seconds
        yield one.name, told


def _order(contestants: Iterable[Contestant], turn: int) -> list[Contestant]:
    """Return ours, then the others beginning with another one at each turn, then the tuned one."""
    by_name = {one.name: one for one in contestants}
    ends = {OURS: by_name.pop(OURS), TUNED: by_name.pop(TUNED, None)}
    others = list(by_name.values())
    start = turn % max(len(others), 1)
    last = [ends[TUNED]] if ends[TUNED] else []
    return [one for one in (ends[OURS], *others[start:], *others[:start], *last) if one]


def _measured(one: Contestant, task: FoldTask) -> Told:
    rows = int(task.fold.test.sum())
    started = _cpu_seconds()
    pd = np.asarray(one.learner(task), float)
    seconds = _cpu_seconds() - started
    if not is_probability(pd, rows):
        got = f"shape {pd.shape}, from {pd.min():g} to {pd.max():g}"
        raise DataError.of(
            f"`{one.name}` told no PDs",
            where=f"table {task.table.name}, fold {task.fold.number}",
            expected=f"{rows} numbers from 0 to 1",
            got=got,
            next_step="correct the contestant",
        )
    return Told(pd=pd, cpu_seconds=seconds)


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those that it has started and ended."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


def _key(digest: str, fold: OuterFold, one: Contestant) -> str:
    """Return the hash of the rows, of which are learnt from and judged, and of who was asked."""
    hashed = hashlib.sha256(digest.encode())
    hashed.update(np.packbits(fold.train).tobytes())
    hashed.update(np.packbits(fold.test).tobytes())
    hashed.update(one.identity.encode())
    return hashed.hexdigest()
