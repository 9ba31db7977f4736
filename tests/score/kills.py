"""Kill a small batch before each of its file operations, as a process of its own.

The process imports everything once and forks for each run. A run counts its operations on files:
opening to write, writing Parquet, renaming, deleting, making folders, fsync. It is killed before
one of them. Then the same command runs again, once on what the kill left, and once on what a power
cut would have left: names and data that were not synced are gone, or torn.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from creditloom.decision import decide, loader
from creditloom.serving.ledger.log.log import FOLDER as LOG
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.score import score
from creditloom.storage.files.errors import exit_code, is_ours

# Loaded before the first fork, so that no run pays for it.
LOADED = (decide, loader)
KILLED = -signal.SIGKILL
TODAY = "2026-01-01"
PART_ROWS = 25


@dataclass
class Disk:
    """What has reached the disk below `root`: data by file, names by folder.

    Files are known by a number of their own, as the system gives an inode to a new file as soon as
    an old one is gone.
    """

    root: Path
    numbers: dict[int, int] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    names: dict[int, dict[str, int]] = field(default_factory=dict)
    folders: set[int] = field(default_factory=set)
    next_number: int = 0

    @classmethod
    def of(cls, root: Path) -> Disk:
        """All that lies there now has reached the disk."""
        disk = cls(root)
        for place, _, files in os.walk(root):
            for name in files:
                disk.sync(Path(place) / name)
            disk.sync(Path(place))
        return disk

    def number(self, path: Path) -> int:
        inode = path.lstat().st_ino
        if inode not in self.numbers:
            self.next_number += 1
            self.numbers[inode] = self.next_number
        if path.is_dir():
            self.folders.add(self.numbers[inode])
        return self.numbers[inode]

    def sync(self, path: Path) -> None:
        """Data, or names, reach the disk."""
        if path.is_dir():
            self.names[self.number(path)] = {one.name: self.number(one) for one in path.iterdir()}
        else:
            self.data[self.number(path)] = path.read_bytes()

    def forget(self, inode: int) -> None:
        """A file is gone: its inode may become that of another one."""
        self.numbers.pop(inode, None)

    def after_power_cut(self, target: Path, *, torn: bool) -> None:
        """Write what a power cut leaves; data that was not synced is cut in half, or gone."""
        now = {
            self.number(path): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and torn
        }
        self._write(self.number(self.root), target, now)

    def _write(self, number: int, target: Path, now: dict[int, bytes]) -> None:
        if number in self.folders:
            target.mkdir()
            for name, child in self.names.get(number, {}).items():
                self._write(child, target / name, now)
        else:
            there = now.get(number, b"")
            target.write_bytes(self.data.get(number, there[: len(there) // 2]))


@dataclass
class Operations:
    """Counts the operations on files below a folder, and kills before one of them."""

    disk: Disk
    kill_at: int
    power_cut: Path | None
    count: int = 0

    def before(self, path: Any) -> bool:
        """Count an operation on `path`; return whether it is one below the folder."""
        place = Path(os.path.abspath(os.fspath(path)))  # noqa: PTH100 (links are not followed)
        if self.disk.root not in (place, *place.parents):
            return False
        if self.count == self.kill_at:
            if self.power_cut is not None:
                self.disk.after_power_cut(self.power_cut, torn=self.count % 2 == 1)
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1
        return True

    def watch(self) -> None:
        """Put the count before the functions by which Python and Arrow change files."""
        for name in ("replace", "rename", "unlink", "remove", "rmdir"):
            setattr(os, name, self._removing(getattr(os, name)))
        os.mkdir = self._counted(os.mkdir)
        os.fsync = self._synced(os.fsync)
        io.open = self._opened(io.open)
        for name in ("__init__", "write_table", "close"):
            setattr(pq.ParquetWriter, name, self._written(name))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **options: Any) -> Any:
            self.before(path)
            return real(path, *rest, **options)

        return call

    def _removing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **options: Any) -> Any:
            gone = None
            # What a rename replaces, or else what is deleted.
            last = rest[0] if rest else path
            if self.before(path) and os.path.lexists(last):
                gone = os.lstat(last).st_ino
            done = real(path, *rest, **options)
            if gone is not None:
                self.disk.forget(gone)
            return done

        return call

    def _synced(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(handle: int) -> None:
            place = Path(f"/proc/self/fd/{handle}").readlink()
            if self.before(place):
                self.disk.sync(place)

        return call

    def _opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not isinstance(path, int) and set(mode) & set("wax+"):
                self.before(path)
            return real(path, mode, *rest, **options)

        return call

    def _written(self, name: str) -> Callable[..., Any]:
        real = getattr(pq.ParquetWriter, name)

        def call(writer: Any, *rest: Any, **options: Any) -> Any:
            self.before(rest[0] if name == "__init__" else writer.where)
            return real(writer, *rest, **options)

        return call


def forked(operations: Operations, command: Callable[[], int]) -> tuple[int, int]:
    """Run `command` in a fork that counts its `operations`, and may be killed before one.

    Return its exit code, or the signal, and the number of operations.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            operations.watch()
            code = command()
        finally:
            os.write(writer, str(operations.count).encode())
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as counted:
        count = counted.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), int(count or 0)


@dataclass(frozen=True)
class Job:
    """A command to be killed: its bundle, its input, and what it says beside its output."""

    bundle: Path
    source: Path
    options: dict[str, Any]

    def run(self, home: Path, kill_at: int = -1, power_cut: Path | None = None) -> tuple[int, int]:
        """Run in a fork; return the exit code, or the signal, and the number of operations."""
        return forked(Operations(Disk.of(home), kill_at, power_cut), lambda: self._scored(home))

    def _scored(self, home: Path) -> int:
        try:
            score(
                home / "out.parquet",
                source=self.source,
                bundle=self.bundle,
                today=dt.date.fromisoformat(TODAY),
                part_rows=PART_ROWS,
                threads=1,
                **self.options,
            )
        except ValueError as error:
            if not is_ours(error):
                raise
            print(error, file=sys.stderr)
            return exit_code(error)
        return 0


def tree(home: Path) -> dict[str, bytes]:
    """Every file below a folder, and what the log says of the batch.

    A lock names a process and is no content. The lines of the log have the moment in them.
    """
    log = Log(home / LOG)
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != ".lock" and path.parent != log.folder
    }
    return files | ({LOG: json.dumps(_noted(log)).encode()} if log.folder.exists() else {})


def _noted(log: Log) -> list[Any]:
    """What is wrong with a log, its last entry, and the batches of which it has two entries."""
    entries = [{**entry, "date": None} for entry in log.entries()]
    twice = [entry["root"] for k, entry in enumerate(entries) if entry in entries[:k]]
    return [list(log.faults()), entries[-1:], twice]


def faults(
    job: Job, begin: Path, wanted: dict[str, bytes], points: Sequence[int], scratch: Path
) -> list[str]:
    """Return the points at which a kill, or a power cut, is not put right by the next run.

    `begin` is what lies there before the run that is killed.
    """
    found = []
    for point in points:
        killed = scratch / "killed"
        cut = scratch / "cut"
        shutil.copytree(begin, killed)
        code, _ = job.run(killed, point, cut)
        if code not in (KILLED, 0):
            found.append(f"{point}: exit {code} before the kill")
        for name, home in (("kill", killed), ("power cut", cut)):
            if not home.exists():
                continue
            code, _ = job.run(home)
            if code or tree(home) != wanted:
                differing = {key for key, _ in set(tree(home).items()) ^ set(wanted.items())}
                found.append(f"{point} {name}: exit {code}, differing {sorted(differing)}")
            shutil.rmtree(home)
    return found


def main(bundle: Path, source: Path, scratch: Path, share: int) -> None:
    """Print how many points there were, and what went wrong, per scenario, as JSON.

    Of the points every `share`-th is taken, from another one on per scenario.
    """
    job = Job(bundle, source, {})
    other = Job(bundle, source, {"explain": "none"})
    replacing = Job(bundle, source, {"replace": True})
    begin = {name: scratch / name for name in ("nothing", "half", "another")}
    for folder in begin.values():
        folder.mkdir()
    # Once here, so that compiled code is loaded before the first fork.
    Job(bundle, source, {})._scored(scratch / "nothing")
    shutil.rmtree(scratch / "nothing")
    (scratch / "nothing").mkdir()
    _, count = job.run(scratch / "nothing")
    wanted = tree(scratch / "nothing")
    shutil.rmtree(scratch / "nothing")
    (scratch / "nothing").mkdir()
    job.run(begin["half"], count // 2)
    other.run(begin["another"])
    told = {}
    scenarios = {
        "job and export": (job, "nothing"),
        "resume": (job, "half"),
        "replace": (replacing, "another"),
    }
    for offset, (name, (command, start)) in enumerate(scenarios.items()):
        shutil.copytree(begin[start], scratch / "counted")
        code, count = command.run(scratch / "counted")
        assert code == 0 and tree(scratch / "counted") == wanted, name
        shutil.rmtree(scratch / "counted")
        points = range(offset % share, count, share)
        found = faults(command, begin[start], wanted, points, scratch)
        told[name] = {"operations": count, "points": len(points), "faults": found}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), int(sys.argv[4]))
