"""Change an input at random moments of a job, as a process of its own that forks for each run.

The moment is drawn among the file operations of the job, reading included.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from creditloom.storage.files.store import read_table
from tests.registry.small import applications
from tests.score.kills import Job, tree

FILES = ("a.parquet", "b.parquet", "c.parquet")


def _other(folder: Path, name: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / name)
    return frame.assign(exposure_fen=frame["exposure_fen"] + 1, wealth_fen=1)


def _replaced(folder: Path, name: str) -> None:
    _other(folder, name).to_parquet(folder / "_new")
    (folder / "_new").replace(folder / name)


def _overwritten(folder: Path, name: str) -> None:
    _other(folder, name).to_parquet(folder / name)


def _appended(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"more")


def _more_rows(folder: Path, name: str) -> None:
    frame = pd.read_parquet(folder / name)
    more = pd.concat([frame, frame.assign(application_id=frame["application_id"] + 10_000)])
    more.to_parquet(folder / "_new")
    (folder / "_new").replace(folder / name)


def _one_bit(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 3] ^= 4
    (folder / name).write_bytes(content)


def _deleted(folder: Path, name: str) -> None:
    (folder / name).unlink()


def _renamed(folder: Path, name: str) -> None:
    (folder / name).rename(folder / f"z{name}")


def _swapped(folder: Path, name: str) -> None:
    other = "b.parquet" if name == "a.parquet" else "a.parquet"
    (folder / name).rename(folder / "_old")
    shutil.copy(folder / other, folder / name)


def _touched(folder: Path, name: str) -> None:
    os.utime(folder / name)


def _a_new_file(folder: Path, name: str) -> None:
    shutil.copy(folder / name, folder / "b2.parquet")


Change = Callable[[Path, str], None]
CHANGES: tuple[Change, ...] = (
    _replaced,
    _overwritten,
    _appended,
    _more_rows,
    _one_bit,
    _deleted,
    _renamed,
    _swapped,
    _touched,
    _a_new_file,
)


class Moment:
    """Does something before the operation of a number, counted over all that opens a file."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self.at = at
        self.act = act
        self.count = 0

    def watch(self) -> None:
        """Count opening, reading Parquet, asking for the state of a file, and renaming."""
        calls = {
            os: ("stat", "replace", "fsync", "scandir"),
            io: ("open",),
            pq.ParquetFile: ("__init__", "iter_batches"),
        }
        for module, name in ((module, name) for module, names in calls.items() for name in names):
            setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.at:
                self.act()
            return real(*words, **options)

        return call


def _run(job: Job, home: Path, moment: Moment | None) -> tuple[int, str, int]:
    """Run in a fork; return the exit code, what was told, and the number of operations."""
    told = home.with_suffix(".err")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sys.stderr = told.open("w")
            if moment is not None:
                moment.watch()
            code = job._scored(home)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stderr.write(f"\n{0 if moment is None else moment.count}")
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    text, _, count = told.read_text().rpartition("\n")
    return os.waitstatus_to_exitcode(status), text, int(count)


def _input(folder: Path) -> None:
    folder.mkdir()
    frame = applications(90)
    frame.loc[[4, 50], "wealth_fen"] = -1
    for k, name in enumerate(FILES):
        frame.iloc[k * 30 : k * 30 + 30].to_parquet(folder / name, row_group_size=10)


def _decided(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(home / "out.parquet").to_pylist()
    return found


def main(bundle: Path, scratch: Path, runs: int) -> None:
    """Print how often each change was refused or without effect, and the faults, as JSON."""
    _input(scratch / "kept")
    shutil.copytree(scratch / "kept", scratch / "in")
    job = Job(bundle, scratch / "in", {})
    home = scratch / "home"
    home.mkdir()
    # Here and not in a fork, so that compiled code is loaded before the first one.
    job._scored(home)
    wanted = tree(home)
    decided = _decided(home)
    (scratch / "counted").mkdir()
    _, _, count = _run(job, scratch / "counted", Moment(-1, lambda: None))
    rng = np.random.default_rng(11)
    outcomes = {change.__name__: {"refused": 0, "decided": 0} for change in CHANGES}
    faults = []
    for run in range(runs):
        change = CHANGES[run % len(CHANGES)]
        name = str(rng.choice(FILES))
        at = int(rng.integers(1, count + 1))
        for folder in (home, scratch / "in"):
            shutil.rmtree(folder)
        home.mkdir()
        shutil.copytree(scratch / "kept", scratch / "in")
        code, told, _ = _run(job, home, Moment(at, partial(change, scratch / "in", name)))
        fault = _fault(job, scratch, decided, wanted, (code, told, name))
        outcomes[change.__name__]["refused" if code else "decided"] += 1
        if fault:
            faults.append(f"{change.__name__} {name} before operation {at} of {count}: {fault}")
    print(json.dumps({"outcomes": outcomes, "faults": faults, "operations": count}))


def _fault(
    job: Job,
    scratch: Path,
    decided: list[dict[str, Any]],
    wanted: dict[str, bytes],
    outcome: tuple[int, str, str],
) -> str | None:
    """Return what is wrong with a run whose input changed; None for nothing."""
    code, told, name = outcome
    home = scratch / "home"
    if code == 0:
        # What is changed before the job looks at its input is its input.
        is_right = _decided(home) == decided or _is_of_changed(job, home, scratch)
        return None if is_right else "exit 0 with other decisions"
    if code != 2 or (name not in told and str(scratch / "in") not in told):
        return f"exit {code}: {told}"
    shutil.rmtree(scratch / "in")
    shutil.copytree(scratch / "kept", scratch / "in")
    code, told, _ = _run(job, home, None)
    return f"with the input put back, exit {code}: {told}" if code or tree(home) != wanted else None


def _is_of_changed(job: Job, home: Path, scratch: Path) -> bool:
    """Return whether the batch is that of the input as it lies there now, from a run of its own."""
    again = scratch / "again"
    again.mkdir()
    code, _, _ = _run(job, again, None)
    is_equal = code == 0 and tree(again) == tree(home)
    shutil.rmtree(again)
    return is_equal


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
