"""Run wrong readings from the command line and print what each changes.

`python -m tests.trace.run_wrong S1 S2-R05`: all of S1 and one of S2; nothing named runs all.
"""

from __future__ import annotations

import sys
import time

from tests.trace.workshop import workshop
from tests.trace.wrong_readings import wrong_readings


def main(wanted: list[str]) -> int:
    """Return the number of wrong readings that change nothing or cannot be run."""
    chosen = [
        wrong
        for wrong in wrong_readings()
        if not wanted or wrong.rule in wanted or wrong.rule.partition("-")[0] in wanted
    ]
    start = time.perf_counter()
    hollow = 0
    with workshop() as place:
        for wrong in chosen:
            begun = time.perf_counter()
            try:
                changed = place.differences(wrong)
            except (LookupError, RuntimeError) as error:
                changed = []
                print(error)
            hollow += not changed
            shown = changed[0] if changed else "NOTHING CHANGES"
            seconds = time.perf_counter() - begun
            print(f"{wrong.rule} {seconds:5.1f} s  {len(changed):3d}  {shown}", flush=True)
    total = time.perf_counter() - start
    print(f"{len(chosen)} wrong readings, {hollow} change nothing, {total:.0f} s")
    return hollow


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
