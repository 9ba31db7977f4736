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


CHANGES: dict[str, Callable[[Path, str], object]] = {
    "replaced": _replaced,
    "overwritten": _overwritten,
    "appended": _appended,
    "more rows": _more_rows,
    "one bit": _one_bit,
    "deleted": lambda folder, name: (folder / name).unlink(),
    "renamed": lambda folder, name: (folder / name).rename(folder / f"z{name}"),
    "swapped": lambda folder, name: (
        (folder / name).rename(folder / "_old"),
        shutil.copy(folder / ("b.parquet" if name == "a.parquet" else "a.parquet"), folder / name),
    ),
    "touched": lambda folder, name: os.utime(folder / name),
    "a new file": lambda folder, name: shutil.copy(folder / name, folder / "b2.parquet"),
}


class Moment:
    """Does something before the operation of a number, counted over all that opens a file."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self.at = at
        self.act = act
        self.count = 0

    def watch(self) -> None:
        """Count opening, reading Parquet, asking for the state of a file, and renaming."""
        for module, name in ((io, "open"), (os, "stat"), (os, "replace"), (os, "fsync"),
                             (os, "scandir"), (pq.ParquetFile, "__init__"),
                             (pq.ParquetFile, "iter_batches")):  # fmt: skip
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
    first = scratch / "first"
    first.mkdir()
    shutil.copytree(scratch / "kept", scratch / "in")
    job = Job(bundle, scratch / "in", {})
    job._scored(first)
    wanted = tree(first)
    decided = _decided(first)
    home = scratch / "home"
    home.mkdir()
    _, _, count = _run(job, home, Moment(-1, lambda: None))
    rng = np.random.default_rng(11)
    outcomes: dict[str, dict[str, int]] = {name: {"refused": 0, "decided": 0} for name in CHANGES}
    faults = []
    for run in range(runs):
        change = list(CHANGES)[run % len(CHANGES)]
        name = str(rng.choice(FILES))
        at = int(rng.integers(1, count + 1))
        for folder in (home, scratch / "in"):
            shutil.rmtree(folder)
        home.mkdir()
        shutil.copytree(scratch / "kept", scratch / "in")
        act = partial(CHANGES[change], scratch / "in", name)
        code, told, _ = _run(job, home, Moment(at, act))
        where = f"{change} {name} before operation {at} of {count}"
        if code == 0:
            outcomes[change]["decided"] += 1
            # What is changed before the job looks at its input is its input.
            is_fixed_later = _decided(home) == decided or _is_of_changed(job, home, scratch)
            if not is_fixed_later:
                faults.append(f"{where}: exit 0 with other decisions")
        else:
            outcomes[change]["refused"] += 1
            if code != 2 or (name not in told and str(scratch / "in") not in told):
                faults.append(f"{where}: exit {code}: {told}")
            shutil.rmtree(scratch / "in")
            shutil.copytree(scratch / "kept", scratch / "in")
            code, told, _ = _run(job, home, None)
            if code or tree(home) != wanted:
                faults.append(f"{where}: with the input put back, exit {code}: {told}")
    print(json.dumps({"outcomes": outcomes, "faults": faults, "operations": count}))


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
