"""Kill a seal, and an erasure from a journal, before each file operation, as a process of its own.

Everything is imported and compiled once; each run is a fork (`tests.score.kills`). What a kill
leaves, and what a power cut leaves, is ended by the same command: then every answered decision
stands in one batch, as it was answered, and no line waits.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditloom.serving.applicant.online.erasing import ErasableJournal
from creditloom.serving.applicant.online.journal import left_over, lines_of
from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.sealing import Sealing
from creditloom.storage.files.store import read_table
from tests.online.world import AS_OF, World
from tests.score.kills import KILLED, Disk, Operations, forked

PEOPLE = 4
ERASED = 2


@dataclass(frozen=True)
class Scenario:
    """A command that works on the copy of a journal, and what it leaves.

    `is_kept`: whether nothing is lost, whatever the moment.
    """

    command: Callable[[Path], object]
    content: Callable[[Path], Any]
    is_kept: Callable[[Path], bool]

    def run(self, home: Path, kill_at: int = -1, cut: Path | None = None) -> tuple[int, int]:
        """Run in a fork; return the exit code or signal, and the number of operations."""

        def work() -> int:
            self.command(home)
            return 0

        return forked(Operations(Disk.of(home), kill_at, cut), work)


def sealed(home: Path) -> list[tuple[int, str, float | None]]:
    """Every decision in the batches of a journal: application, what was decided, and the PD."""
    found = []
    for place in sorted(path.parent for path in home.glob("*/manifest.json")):
        rows = read_table(place / "decisions").to_pylist()
        found += [(row["application_id"], row["decision"], row["pd"]) for row in rows]
        for file in (place / "quarantine").glob("*.parquet"):
            found += [
                (row["application_id"], row["rule"], None) for row in read_table(file).to_pylist()
            ]
    return sorted(found, key=str)


def waiting(home: Path) -> list[Any]:
    """The applications of the lines that wait."""
    return [line.application_id for file in left_over(home) for line in lines_of(file)]


def _is_all_there(home: Path) -> bool:
    """A line waits until its batch is whole."""
    there = {*waiting(home), *(key for key, *_ in sealed(home))}
    return there == set(range(PEOPLE))


def begun(root: Path) -> tuple[World, Path]:
    """A world, and a journal of answers as a killed service left it; one is asked for again."""
    world = World.made(root, people=PEOPLE, seed=12, is_clean=True)
    online = Online.open(
        world.root / "store", world.bundle, snapshot=world.network, journal=root / "begin"
    )
    for key in (*range(PEOPLE), 1):
        online.decide(key, AS_OF, {"application_id": key})
    assert online.journal is not None
    online.journal._segment.close()
    online.features.store.close()
    shutil.rmtree(root / "begin" / "creditloom.ledger")
    return world, root / "begin"


def sealing(world: World) -> Scenario:
    """Seal what waits: then it is in batches."""
    return Scenario(
        lambda home: Sealing(home, world.bundle, {}).seal(),
        lambda home: (sealed(home), waiting(home)),
        _is_all_there,
    )


def erasing(every: list[Any]) -> Scenario:
    """Erase one person from the lines that wait: `every` one of them, or all but those."""
    left = [key for key in every if key != ERASED]
    return Scenario(
        lambda home: ErasableJournal(home).erase(frozenset({str(ERASED)}), lambda _: None),
        waiting,
        lambda home: sorted(waiting(home)) in (every, left),
    )


def faults(one: Scenario, begin: Path, points: Sequence[int], scratch: Path) -> list[str]:
    """Return the points at which something is lost or doubled."""
    wanted = _ended(one, begin, scratch)
    found = []
    for point in points:
        killed = scratch / "killed"
        cut = scratch / "cut"
        shutil.copytree(begin, killed)
        code, _ = one.run(killed, point, cut)
        if code not in (KILLED, 0):
            found.append(f"{point}: exit {code} before the kill")
        for name, home in (("kill", killed), ("power cut", cut)):
            if not home.exists():
                continue
            if not one.is_kept(home):
                found.append(f"{point} {name}: lost")
            code, _ = one.run(home)
            if code or one.content(home) != wanted:
                found.append(f"{point} {name}: exit {code}, {one.content(home)}")
            shutil.rmtree(home)
    return found


def _ended(one: Scenario, begin: Path, scratch: Path) -> Any:
    shutil.copytree(begin, scratch / "ended")
    one.command(scratch / "ended")
    found = one.content(scratch / "ended")
    shutil.rmtree(scratch / "ended")
    return found


def main(scratch: Path, share: int) -> None:
    """Print the operations, points and faults of each scenario as JSON; every `share`-th point."""
    world, begin = begun(scratch)
    every = sorted(waiting(begin))
    told = {}
    for name, one in {"seal": sealing(world), "erase": erasing(every)}.items():
        _ended(one, begin, scratch)
        shutil.copytree(begin, scratch / "counted")
        code, count = one.run(scratch / "counted")
        assert code == 0, name
        shutil.rmtree(scratch / "counted")
        points = range(0, count, share)
        found = faults(one, begin, points, scratch)
        told[name] = {"operations": count, "points": len(points), "faults": found}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
