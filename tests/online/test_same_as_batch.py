"""2,000 people decided online as a batch decides them: nothing differs, full plan and cut."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.pipeline.proof.bench.runs.online.equality import compared
from creditloom.serving.applicant.online.online import Online
from tests.online.world import AS_OF, World

# Each loads a store and decides a batch beside it.
pytestmark = pytest.mark.slow


def differences(root: Path, people: int) -> tuple[int, dict[str, int]]:
    """How many features were compared, and what differs of the people of a random world."""
    world = World.made(root, people, seed=12, is_clean=True, is_spread=True)
    online = Online.open(world.root / "store", world.bundle, snapshot=world.network)
    found = compared(online, world.folder, world.bundle, AS_OF, range(people), root / "compared")
    online.close()
    assert found.people == people
    return found.n_features, dict(found.features + found.cut + found.answers)


def test_fifteen_people_are_decided_as_a_batch_decides_them(tmp_path: Path) -> None:
    count, differing = differences(tmp_path, 15)
    assert count > 2_500 and differing == {}


def test_two_thousand_people_are_decided_as_a_batch_decides_them(tmp_path: Path) -> None:
    count, differing = differences(tmp_path, 2_000)
    assert count > 2_500 and differing == {}


def test_the_comparison_sees_a_payment_that_online_lacks(tmp_path: Path) -> None:
    """It can fail: of a batch over one payment more, features of the full plan differ."""
    world = World.made(tmp_path, 12, seed=12, is_clean=True)
    online = Online.open(world.root / "store", world.bundle, snapshot=world.network)
    person = next(
        row["applicant_id"]
        for row in world.raw["applications"].to_pylist()
        if row["applicant_id"] > 0 and all(row[name] for name in row if name.startswith("consent_"))
    )
    # table: a payment that the store lacks
    row = {
        "event_id": 10**9, "applicant_id": person, "direction": "out", "category": "food",
        "event_time": AS_OF - dt.timedelta(days=30), "known_time": AS_OF - dt.timedelta(days=20),
        "amount_fen": 100, "is_offline": False, "counterparty_id": None,
    }  # fmt: skip
    table = pa.Table.from_pylist([row], world.raw["payments"].schema)
    pq.write_table(table, world.folder / "payments" / "more.parquet")
    found = compared(online, world.folder, world.bundle, AS_OF, range(12), tmp_path / "compared")
    online.close()
    assert found.features["pay_out_count_12m"] == 1 and not found.answers["decision"]
