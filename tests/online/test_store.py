"""The store of persons: a row counts once, is judged by the contract, and is there when told so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.serving.applicant.online.persons.rows.reading import Reader
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES, STORED
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.applicant.online.persons.writing.merging import due
from creditloom.storage.files.errors import DataError
from tests.features.raw import Raw, random_raw
from tests.online.world import rows_of


@pytest.fixture(scope="module")
def raw() -> Raw:
    return random_raw(people=12, seed=5)


@pytest.fixture
def store(tmp_path: Path) -> StoredPersons:
    return StoredPersons.at(tmp_path / "store", is_new_allowed=True)


def content(store: StoredPersons) -> dict[tuple[int, str], list[tuple[int, ...]]]:
    """The rows of each person and table that count."""
    found = {}
    wanted = {table.name: None for table in EVENT_TABLES}
    with store.database.reading() as connection:
        reader = Reader(connection)
        for person in range(12):
            for name, rows in reader.person(person, wanted).items():
                columns = [values.tolist() for values in rows.columns.values()]
                found[person, name] = list(zip(*columns, strict=True))
    return found


def test_the_tables_keep_their_numbers() -> None:
    """A store that was written before is read by these numbers: a new table comes at the end."""
    # table: raw tables by their number in a store
    assert [one.name for one in STORED] == [
        "payments", "wallet_snapshots", "bills", "red_packets", "contacts", "interactions",
        "asset_balances", "contributions", "asset_proofs", "logins", "enquiries",
        "bureau_snapshots", "repayments", "identity_checks", "ties", "devices", "addresses",
    ]  # fmt: skip


def test_the_same_call_and_the_same_rows_count_once(store: StoredPersons, raw: Raw) -> None:
    rows = rows_of(raw, 0, 1)
    first = store.append(rows)
    once = content(store)
    assert not store.append(rows).is_new
    # Other calls with rows that are there already.
    again = store.append({"logins": rows["logins"].slice(0, 50), "bills": rows["bills"]})
    assert again.rows == {} and again.repeated["logins"] == 50
    assert content(store) == once
    assert first.rows["logins"] == len(rows["logins"])


def test_of_different_rows_with_one_key_none_counts(store: StoredPersons, raw: Raw) -> None:
    """As in one folder: nobody knows which of them is true, whoever's they are."""
    rows = raw["logins"]
    store.append({"logins": rows})
    other = rows.slice(0, 2).to_pylist()
    other[0]["applicant_id"] = (other[0]["applicant_id"] + 1) % 12
    other[1]["is_emulator"] = not other[1]["is_emulator"]
    done = store.append({"logins": pa.Table.from_pylist(other, rows.schema)})
    assert done.set_aside == {"logins": {"event_id.duplicate": 2}}
    keys = {row["event_id"] for row in other}
    found = content(store)
    left = {row[0] for (_, name), there in found.items() if name == "logins" for row in there}
    assert not keys & left and len(left) == len(rows) - 2
    # And it stays so: the first one again is no proof.
    store.append({"logins": rows.slice(0, 1)})
    assert content(store) == found


def test_rows_that_break_the_contract_are_set_aside(store: StoredPersons, raw: Raw) -> None:
    rows = raw["bills"].slice(0, 3).to_pylist()
    rows[0]["kind"] = "rocket"
    rows[1]["amount_fen"] = 0
    done = store.append({"bills": pa.Table.from_pylist(rows)})
    assert done.rows == {"bills": 1}
    assert done.set_aside == {"bills": {"amount_fen.below": 1, "kind.among": 1}}
    assert store.status().set_aside == {"bills": 2}


def test_a_call_that_cannot_be_read_adds_nothing(store: StoredPersons, raw: Raw) -> None:
    rows = raw["bills"].slice(0, 3)
    with pytest.raises(DataError, match="is missing"):
        store.append({"bills": rows.drop_columns(["kind"]), "logins": raw["logins"]})
    with pytest.raises(DataError, match="no table `loans`"):
        store.append({"loans": raw["loans"], "logins": raw["logins"]})
    assert store.status().position == 0


def test_merging_changes_nothing_that_is_read(store: StoredPersons, raw: Raw) -> None:
    parts = 9
    for part in range(parts):
        store.append(rows_of(raw, part, parts))
    before = content(store)
    assert due(store.database.connection)
    assert store.merge() > 0
    assert content(store) == before
    store.merge(is_all=True)
    assert content(store) == before and store.status().runs == 1
    # Keys are known in the merged run, too.
    assert not store.append({"logins": raw["logins"].slice(5, 9)}).rows


def test_rows_come_in_the_order_of_time_and_key(store: StoredPersons, raw: Raw) -> None:
    for part in (2, 0, 1):
        store.append(rows_of(raw, part, 3))
    with store.database.reading() as connection:
        rows = Reader(connection).person(4, {"payments": None})["payments"]
    time = rows.columns["event_time"]
    key = rows.columns["event_id"]
    assert len(time) > 10
    assert (np.lexsort((key, time)) == np.arange(len(time))).all()


def test_another_format_and_other_rules_are_refused(store: StoredPersons) -> None:
    root = store.database.root
    with store.database.writing() as connection:
        connection.execute("UPDATE about SET value = '99' WHERE name = 'format'")
    with pytest.raises(DataError, match="another version of creditloom"):
        StoredPersons.at(root)
    with pytest.raises(DataError, match="No store of persons"):
        StoredPersons.at(root / "nothing")
    (root.parent / "else").mkdir()
    (root.parent / "else" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"new or empty folder(.|\n)*notes.txt"):
        StoredPersons.at(root.parent / "else", is_new_allowed=True)


def test_every_raw_table_of_events_has_a_place() -> None:
    assert set(OWN_TABLES) == {table.name for table in EVENT_TABLES}
