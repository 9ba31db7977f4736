"""Write online_v1/: a store of persons of two calls, a journal of three lines, rows of two tables.

A record of how the fixtures came about, not run by any test. From a checkout of that code:

    PYTHONPATH=. python -m tests.formats.write_online_v1 tests/formats/online_v1
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.persons.database import FILE
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.storage.files.store import write_table
from tests.online.world import AS_OF, World, rows_of

PEOPLE = 3
KEPT = ("payments", "logins")


def main(target: Path) -> None:
    """Write store/, journal/, and the rows of KEPT that the store counts."""
    with TemporaryDirectory() as scratch:
        world = World.made(Path(scratch) / "world", PEOPLE, seed=12, is_clean=True, is_spread=True)
        raw = {name: rows.slice(0, 60) for name, rows in world.raw.items()}
        store = StoredPersons.at(target / "store", is_new_allowed=True)
        for part in (1, 0):
            store.append(rows_of(raw, part, 2), source=f"part {part}")
        # The same keys with other rows: none of them counts, and they are noted.
        other = raw["bills"].slice(0, 1).to_pylist()[0]
        changed = {**other, "amount_fen": other["amount_fen"] + 1}
        store.append({"bills": raw["bills"].from_pylist([changed], raw["bills"].schema)})
        store.close()
        # table: how the store is opened
        online = Online.open(
            target / "store", world.bundle, snapshot=world.network, accept_snapshot="a fixture",
            journal=target / "journal",
        )  # fmt: skip
        for key in range(PEOPLE):
            online.decide(key, AS_OF, {"application_id": key})
        assert online.journal is not None
        online.journal._segment.close()
        online.features.store.close()
        for name in KEPT:
            write_table(raw[name], target / f"{name}.parquet")
    (target / "store" / "merge.lock").unlink(missing_ok=True)
    # The log names where store and journal lay on the machine that wrote this, as snapshots do.
    shutil.rmtree(target / "journal" / "creditloom.ledger")
    connection = sqlite3.connect(target / "store" / FILE, isolation_level=None)
    connection.execute("DELETE FROM snapshots")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
