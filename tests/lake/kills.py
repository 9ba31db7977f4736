"""Kill each command of a lake before every file operation, in processes of their own.

A fork counts the operations and is killed before one of them (`tests.score.kills`). Then the same
command runs on what the kill left, and on what a power cut would have left. Both must end with the
lake of a command that nobody stopped.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from creditloom.storage.lake.change import add, compact, reshard
from tests.lake.conftest import WORK, content
from tests.score.kills import KILLED, Disk, Operations, forked

Command = Callable[[Path], object]


@dataclass(frozen=True)
class Killing:
    """One command, the lake that it begins with, and where its runs take place."""

    command: Command
    begin: Path
    scratch: Path
    # Whether each shard counts by itself: of two shards one may be merged.
    by_shard: bool = False

    def run(self, home: Path, kill_at: int = -1, power_cut: Path | None = None) -> tuple[int, int]:
        """Run in a fork; return the exit code, or the signal, and the number of operations."""

        def done() -> int:
            self.command(home)
            return 0

        return forked(Operations(Disk.of(home), kill_at, power_cut), done)

    def faults(self) -> dict[str, object]:
        """Return the number of operations, and the kills that were not put right."""
        whole = self.scratch / "whole"
        shutil.copytree(self.begin, whole)
        code, operations = self.run(whole)
        wanted = content(whole)
        found = [] if code == 0 else [f"exit {code} without a kill"]
        old = content(self.begin)
        for point in range(operations):
            for name, home in self._killed(point):
                left = content(home)
                code, _ = self.run(home)
                is_one = left in (old, wanted) or (self.by_shard and left is not None)
                if code or content(home) != wanted or not is_one:
                    found.append(f"{point} {name}: exit {code}, left {left in (old, wanted)}")
                shutil.rmtree(home)
        shutil.rmtree(whole)
        return {"operations": operations, "faults": found}

    def _killed(self, point: int) -> list[tuple[str, Path]]:
        killed = self.scratch / "killed"
        cut = self.scratch / "cut"
        shutil.copytree(self.begin, killed)
        code, _ = self.run(killed, point, cut)
        left = [("kill", killed), ("power cut", cut)]
        return [(name, home) for name, home in left if home.exists() and code in (KILLED, 0)]


def main(first: Path, second: Path, scratch: Path) -> None:
    """Print, per command, how many operations there were and what went wrong, as JSON."""
    # Made by a fork too: this process never opens DuckDB, whose threads do not survive a fork.
    # table: the commands that are killed
    commands: dict[str, Command] = {
        "begin": lambda lake: add(lake, first, WORK, shards=2),
        "add": lambda lake: add(lake, second, WORK, name="second"),
        "compact": lambda lake: compact(lake, WORK),
        "reshard": lambda lake: reshard(lake, 1, WORK),
    }
    begin = {name: scratch / f"begin-{name}" for name in commands}
    begin["begin"].mkdir()
    shutil.copytree(begin["begin"], begin["add"])
    Killing(commands["begin"], begin["begin"], scratch).run(begin["add"])
    for name in ("compact", "reshard"):
        shutil.copytree(begin["add"], begin[name])
        Killing(commands["add"], begin["add"], scratch).run(begin[name])
    told = {
        name: Killing(command, begin[name], scratch, name == "compact").faults()
        for name, command in commands.items()
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
