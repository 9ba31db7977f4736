"""Ask one `Online` by many threads, as a process of its own: answers that differ, and memory.

A process of its own, so that memory which was free after a load cannot hide what clients take.
Arguments: folder with store/ and network/, bundle, moment, seconds, number of threads, and the
people. It prints JSON: answers, those that differ, and memory at most over that after warm-up.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.open_journal import JournalPlace

# Times that everybody is asked for by one thread before memory is read.
WARM_ROUNDS = 2
# Seconds between two readings of memory.
READING = 0.1


def main(
    scratch: Path, bundle: Path, as_of: dt.datetime, seconds: float, threads: int, people: list[int]
) -> None:
    """Decide these people by one thread, then by many; print what the many did."""
    # table: how the store is opened
    online = Online.open(
        scratch / "store", bundle, snapshot=scratch / "network", accept_snapshot="the bench",
        journal=JournalPlace(scratch / "clients", seal_every=10**9),
    )  # fmt: skip
    for _ in range(WARM_ROUNDS):
        wanted = {person: online.decide(person, as_of) for person in people}
    before = resident()
    counts = [[0, 0] for _ in range(threads)]
    end = time.perf_counter() + seconds

    def ask(own: list[int], at: int) -> None:
        while time.perf_counter() < end:
            person = people[at % len(people)]
            own[0] += 1
            own[1] += online.decide(person, as_of) != wanted[person]
            at += 1

    running = [threading.Thread(target=ask, args=(own, 7 * k)) for k, own in enumerate(counts)]
    for one in running:
        one.start()
    most = before
    while any(one.is_alive() for one in running):
        most = max(most, resident())
        time.sleep(READING)
    told: dict[str, Any] = {
        "answers": sum(n for n, _ in counts),
        "differing": sum(n for _, n in counts),
        "growth": most / before,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    # The lines of the journal are not sealed: what they are is measured elsewhere.
    online.features.store.close()


def resident() -> int:
    """Return the bytes of memory that the process holds, mapped files among them (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


if __name__ == "__main__":
    moment = dt.datetime.fromisoformat(sys.argv[3])
    asked = [int(word) for word in sys.argv[6:]]
    main(Path(sys.argv[1]), Path(sys.argv[2]), moment, float(sys.argv[4]), int(sys.argv[5]), asked)
