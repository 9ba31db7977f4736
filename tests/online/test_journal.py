"""The journal of a service: sealed as batches that verify and replay, and reached by an erasure."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.cli import build
from creditloom.serving.applicant.online.journal import JournalFile, left_over, lines_of
from creditloom.serving.applicant.online.online import Online
from creditloom.serving.applicant.online.open_journal import JournalPlace
from creditloom.serving.applicant.online.sealing import Sealing
from creditloom.storage.files.errors import DataError, refusals
from creditloom.storage.files.store import read_json, read_table
from tests.online.world import AS_OF, World


def told(*words: str | Path) -> Result:
    with refusals():
        return CliRunner().invoke(build([str(words[0])]), [str(word) for word in words])


def opened(world: World, journal: Path | JournalPlace) -> Online:
    store = world.root / "store"
    return Online.open(store, world.bundle, snapshot=world.network, journal=journal)


def test_lines_are_sealed_as_batches_that_verify_and_replay(world: World, tmp_path: Path) -> None:
    online = opened(world, tmp_path / "journal")
    answers = {key: online.decide(key, AS_OF, {"application_id": key}) for key in range(1, 7)}
    # The same application again: a batch has it once, so it goes into one beside.
    online.decide(1, AS_OF, {"application_id": 1})
    batches = online.seal()
    online.close()
    assert len(batches) == 2
    decided = {
        row["application_id"]: row for row in read_table(batches[0] / "decisions").to_pylist()
    }
    assert (
        decided
        and decided.items()
        <= {
            key: {name: one[name] for name in decided[next(iter(decided))]}
            for key, one in answers.items()
            if one["refused_rule"] is None
        }.items()
    )
    options = read_json(batches[0] / "batch.json")["options"]
    assert options["store"].startswith("1") or " to " in options["store"]
    assert len(options["snapshot"]) == len(options["journal"]) == 64
    for place in batches:
        assert told("verify", place).exit_code == 0
        assert told("replay", place, "--bundle", world.bundle).exit_code == 0
    assert list((tmp_path / "journal").glob("*.jsonl")) == []


def test_a_seal_that_decides_otherwise_is_refused(world: World, tmp_path: Path) -> None:
    segment = JournalFile(tmp_path / "journal")
    online = opened(world, tmp_path / "other")
    key = next(k for k in range(1, 25) if online.decide(k, AS_OF)["refused_rule"] is None)
    online.journal._segment.path.rename(tmp_path / "lines.jsonl")
    line = lines_of(tmp_path / "lines.jsonl")[-1]
    assert line.application_id == key
    changed = json.loads(line.text())
    changed["answer"]["pd"] = 0.5
    segment.write(json.dumps(changed))
    segment.close()
    sealing = Sealing(tmp_path / "journal", world.bundle, {})
    with pytest.raises(DataError, match="decides otherwise than was answered"):
        sealing.seal()
    assert len(list(left_over(tmp_path / "journal"))) == 1


def test_a_journal_is_sealed_by_the_terms_that_it_was_answered_by(
    world: World, tmp_path: Path
) -> None:
    """By others the seal is refused and the lines stay; then by the right ones it is made."""
    journal = tmp_path / "journal"
    store = world.root / "store"
    online = Online.open(
        store, world.bundle, snapshot=world.network, journal=journal, explain="all", language="zh"
    )
    for key in (1, 2, 3):
        online.decide(key, AS_OF, {"application_id": key})
    # A service that was killed.
    assert online.journal is not None
    online.journal._segment._file.close()
    online.features.store.close()
    words = ("online", "seal", journal, "--bundle", world.bundle)
    refused = told(*words)
    assert refused.exit_code != 0 and len(list(left_over(journal))) == 1
    done = told(*words, "--explain", "all", "--language", "zh")
    assert done.exit_code == 0, done.output
    assert list(left_over(journal)) == []
    [batch] = [file.parent for file in journal.glob("*/manifest.json")]
    assert read_json(batch / "batch.json")["options"]["language"] == "zh"
    assert told("verify", batch).exit_code == 0


def test_threads_share_syncs_and_every_line_is_there(tmp_path: Path, world: World) -> None:
    segment = JournalFile(tmp_path)

    def write(begin: int) -> None:
        for key in range(begin, begin + 20):
            segment.write(json.dumps({"application_id": key, "format": 1}))

    threads = [threading.Thread(target=write, args=(100 * k,)) for k in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(segment) == 160
    file = segment.close()
    assert file is not None
    keys = [json.loads(text)["application_id"] for text in file.read_text().splitlines()]
    assert sorted(keys) == sorted(100 * k + n for k in range(8) for n in range(20))


def test_full_files_are_sealed_behind(world: World, tmp_path: Path) -> None:
    online = opened(world, JournalPlace(tmp_path / "journal", 3))
    for key in range(1, 8):
        online.decide(key, AS_OF, {"application_id": key})
    online.close()
    assert online.journal is not None and online.journal.failed is None
    sealed = sorted((tmp_path / "journal").glob("*/manifest.json"))
    rows = [read_json(file)["rows"] for file in sealed]
    assert sorted(rows) == [1, 3, 3]


def test_an_erasure_reaches_store_snapshot_and_journal(tmp_path: Path) -> None:
    world = World.made(tmp_path, people=8, seed=4)
    journal = tmp_path / "journal"
    online = opened(world, journal)
    for key in (1, 2):
        online.decide(key, AS_OF, {"application_id": key})
    online.seal()
    online.decide(2, AS_OF, {"application_id": 2})
    # A service that was killed: its lines wait.
    assert online.journal is not None
    online.journal._segment._file.close()
    online.features.store.close()
    before = read_table(world.network / "links.parquet")
    assert 2 in before["person"].to_pylist()
    log = journal / "creditloom.ledger"
    done = told("erase", "2", "--reason", "asked for by letter", "--log", log)
    assert done.exit_code == 0, done.output
    for name in ("links", "graph", "transfers"):
        rows = read_table(world.network / f"{name}.parquet")
        for column in {"person", "other"} & set(rows.column_names):
            assert 2 not in rows[column].to_pylist(), name
    left = [line for file in left_over(journal) for line in lines_of(file)]
    assert left == []
    [batch] = [file.parent for file in journal.glob("*/manifest.json")]
    assert 2 not in read_table(batch / "decisions")["application_id"].to_pylist()
    assert told("verify", batch).exit_code == 0
    again = Online.open(world.root / "store", world.bundle, snapshot=world.network)
    with pytest.raises(DataError, match="no such application"):
        again.decide(2, AS_OF)
    again.close()
    status = told("online", "status", world.root / "store", "--json")
    assert status.exit_code == 0
