"""A lake and a network snapshot of format 1.

lake_v1/ was made by `write_lake_v1`. Later code reads both, whatever its rules are.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from creditloom.serving.whole import network_snapshot
from creditloom.serving.whole.network_snapshot import FOLDER, MARK, OpenSnapshot
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import SNAPSHOT, read_document
from creditloom.storage.files.store import read_json, read_table, write_json
from creditloom.storage.folders.lake_lists import LAKE, read_lake
from creditloom.storage.lake.change import LakeWork, compact
from creditloom.storage.lake.receipts import shard_files
from creditloom.storage.lake.whole import survey_lake
from creditloom.storage.sources import now

V1 = Path(__file__).parent / "lake_v1"
LATER = 99


def test_a_lake_holds_the_rows_that_were_added_and_is_whole() -> None:
    state = read_lake(V1 / "lake")
    assert (state.shards, [one.name for one in state.additions]) == (2, ["2024-05", "2024-06"])
    assert survey_lake(V1 / "lake").faults == ()
    assert _bills(V1 / "lake") == _rows(V1 / "bills.parquet")


def test_a_lake_is_written_further(tmp_path: Path) -> None:
    shutil.copytree(V1 / "lake", tmp_path / "lake")
    compact(tmp_path / "lake", LakeWork(1.0, now(), 1))
    assert _bills(tmp_path / "lake") == _rows(V1 / "bills.parquet")


def test_a_lake_of_a_later_release_is_refused(tmp_path: Path) -> None:
    shutil.copytree(V1 / "lake", tmp_path / "lake")
    place = tmp_path / "lake" / LAKE
    write_json({**read_json(place), "format": LATER}, place)
    with pytest.raises(DataError, match="format that this creditloom does not know"):
        read_lake(tmp_path / "lake")


def test_a_snapshot_opens_by_the_rules_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By others it is refused for its rules, and for nothing else."""
    said = read_document(V1 / "network" / MARK, SNAPSHOT)
    assert FOLDER.is_ours(V1 / "network")
    monkeypatch.setattr(network_snapshot, "rules", lambda: said["rules"])
    opened = OpenSnapshot.open(V1 / "network")
    rows = {name: len(read_table(file)) for name, file in opened.network.files.items()}
    assert rows == {name: table["rows"] for name, table in said["tables"].items()}
    assert rows["graph"] > 0
    monkeypatch.setattr(network_snapshot, "rules", lambda: "others")
    with pytest.raises(DataError, match="made by other rules"):
        OpenSnapshot.open(V1 / "network")


def _bills(lake: Path) -> list[dict[str, object]]:
    files = [file for shard in (0, 1) for file in shard_files(lake, shard, ["bills"])["bills"]]
    rows = [row for file in files for row in _rows(Path(file))]
    return sorted(rows, key=_by_event)


def _rows(file: Path) -> list[dict[str, object]]:
    return sorted(read_table(file).to_pylist(), key=_by_event)


def _by_event(row: dict[str, object]) -> int:
    return int(str(row["event_id"]))
