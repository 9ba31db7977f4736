"""Write lake_v1/: a lake of two deliveries in two shards, and a network snapshot of its folder.

A record of how the fixtures came about, not run by any test. From a checkout of that code:

    PYTHONPATH=. python -m tests.formats.write_lake_v1 tests/formats/lake_v1
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from creditloom.serving.whole.network_snapshot import make_snapshot
from creditloom.storage.files.store import write_table
from creditloom.storage.lake.change import LakeWork, add
from tests.features.raw import random_raw
from tests.lake.conftest import write

DELIVERIES = {"2024-05": ("applications", "contacts"), "2024-06": ("interactions", "bills")}
PEOPLE = 6
AS_OF = dt.datetime(2024, 6, 11)
WORK = LakeWork(max_bad_share=1.0, last=dt.datetime(2026, 1, 1), threads=1)


def main(target: Path) -> None:
    """Write lake/, network/, and bills.parquet: the rows of bills that the lake counts."""
    raw = random_raw(people=PEOPLE)
    with TemporaryDirectory() as scratch:
        for delivery, tables in DELIVERIES.items():
            folder = write({name: raw[name] for name in tables}, Path(scratch) / delivery)
            add(target / "lake", folder, WORK, name=delivery, shards=2)
    make_snapshot(target / "lake", AS_OF, target / "network", max_bad_share=1.0)
    write_table(raw["bills"], target / "bills.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
