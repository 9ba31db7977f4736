"""What a lake knows, refuses, and says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from creditloom.features.contract.tables import TABLES
from creditloom.features.engine.shards import ShardedFiles, shard_of
from creditloom.pipeline.cli import build
from creditloom.storage.contract import contract
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError, refusals
from creditloom.storage.files.formats import write_document
from creditloom.storage.folders.lake_lists import LAKE, read_lake
from creditloom.storage.folders.raw_folder import raw_tables
from creditloom.storage.lake import receipts
from creditloom.storage.lake.change import LakeWork, add
from creditloom.storage.lake.ids import known_numberings
from creditloom.storage.lake.receipts import shard_files
from creditloom.storage.lake.runs import order_of, shard_sql
from creditloom.storage.mapped.text_ids import Numbering, with_texts, write_ids
from tests.features.raw import random_raw
from tests.lake.conftest import WORK, write

PEOPLE = 6
SMALL = ("applications", "bills", "loans")


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tables of six people."""
    raw = random_raw(people=PEOPLE)
    return write({name: raw[name] for name in SMALL}, tmp_path_factory.mktemp("lake") / "first")


@pytest.fixture
def lake(delivery: Path, tmp_path: Path) -> Path:
    add(tmp_path / "lake", delivery, WORK, name="first", shards=2)
    return tmp_path / "lake"


@pytest.fixture
def run() -> Callable[..., Result]:
    def entered(*words: object) -> Result:
        with refusals():
            return CliRunner().invoke(build(["lake"]), ["lake", *map(str, words)])

    return entered


def checked(lake: Path, scratch: Path, **options: object) -> Checked:
    return check_tables(lake, scratch / "bad", scratch / "clean", max_bad_share=1.0, **options)


def test_the_hash_is_one_in_python_and_in_sql() -> None:
    ids = np.random.default_rng(3).integers(0, 2**63 - 1, 2_000)
    ids[:3] = (0, 1, 2**63 - 1)
    for shards in (1, 2, 7, 1_024):
        table = pa.table({"applicant_id": ids})
        with duckdb.connect() as connection:
            connection.register("people", table)
            query = f"SELECT {shard_sql(shards)} AS shard FROM people"
            by_sql = connection.sql(query).to_arrow_table().column(0).to_numpy()
        by_hand = [((int(one) * 11400714819323198485) % 2**64 >> 32) % shards for one in ids]
        assert shard_of(ids, shards).tolist() == by_sql.tolist() == by_hand


def test_every_person_lies_in_one_shard_in_the_order_of_the_engine(lake: Path) -> None:
    for shard in range(2):
        for name, files in shard_files(lake, shard).items():
            for file in files:
                rows = pq.read_table(file)
                assert set(shard_of(rows["applicant_id"].to_numpy(), 2).tolist()) <= {shard}
                keys = rows.select(order_of(TABLES[name])).to_pylist()
                assert keys == sorted(keys, key=lambda row: tuple(row.values()))
    everyone = [
        row for files in raw_tables(lake)["bills"] for row in pq.read_table(files).to_pylist()
    ]
    assert len({row["applicant_id"] for row in everyone}) == PEOPLE - 1


def test_the_same_files_are_known_and_change_nothing(lake: Path, delivery: Path) -> None:
    before = (lake / LAKE).read_bytes()
    again = add(lake, delivery, WORK, name="again")
    assert not again.is_new and sorted(again.known) == [f"{n}/first.parquet" for n in sorted(SMALL)]
    assert (lake / LAKE).read_bytes() == before


def test_a_contract_is_checked_once(
    lake: Path, delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = checked(delivery, tmp_path / "plain")
    monkeypatch.setattr(contract, "check_files", lambda *_, **__: pytest.fail("checked again"))
    by_receipt = checked(lake, tmp_path)
    assert isinstance(by_receipt.files, ShardedFiles)
    assert {(one.table, one.rows, one.bad) for one in by_receipt.checks} == {
        (one.table, one.rows, one.bad) for one in plain.checks
    }


def test_other_rules_judge_the_rows_again_and_say_so(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(receipts, "rules_version", lambda: "f" * 16)
    again = checked(lake, tmp_path)
    assert "all rows are checked again, as the rules are ffff" in capsys.readouterr().err
    assert isinstance(again.files, ShardedFiles)


def test_a_file_that_changed_under_its_receipt_is_named(lake: Path, tmp_path: Path) -> None:
    name = read_lake(lake).runs(0)[0].path
    content = bytearray((lake / name).read_bytes())
    content[len(content) // 2] ^= 1
    (lake / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"changed under their receipts(.|\n)*{name}"):
        checked(lake, tmp_path)
    (lake / name).unlink()
    with pytest.raises(DataError, match=f"{name}: not there"):
        checked(lake, tmp_path)


def test_what_was_put_into_a_lake_by_hand_is_refused(lake: Path, delivery: Path) -> None:
    stranger = lake / "bills/2026-12.parquet"
    stranger.write_bytes((delivery / "bills/first.parquet").read_bytes())
    with pytest.raises(DataError, match=r"does not list(.|\n)*2026-12.parquet"):
        raw_tables(lake)


def test_rows_of_people_who_have_not_applied_wait(delivery: Path, tmp_path: Path) -> None:
    everyone = pq.read_table(delivery / "applications/first.parquet")
    early = write({"applications": everyone.slice(0, 3)}, tmp_path / "early")
    late = write({"applications": everyone.slice(3)}, tmp_path / "late")
    bills = write({"bills": pq.read_table(delivery / "bills/first.parquet")}, tmp_path / "bills")
    root = tmp_path / "lake"
    for folder in (early, bills):
        done = add(root, folder, WORK)
    [waiting] = [one for one in done.state.aside if one.waiting]
    assert waiting.rows > 0 and list(waiting.rules) == ["applicant_id.unknown"]
    state = add(root, late, WORK).state
    assert [one for one in state.aside if one.waiting] == []
    rows = sum(run.rows for own in state.all_runs() for run in own if run.table == "bills")
    assert rows == len(pq.read_table(delivery / "bills/first.parquet"))


def test_too_many_bad_rows_stop_an_addition_and_nothing_counts(lake: Path, tmp_path: Path) -> None:
    before = (lake / LAKE).read_bytes()
    rows = random_raw(people=PEOPLE, seed=9)["bills"]
    at = rows.column_names.index("amount_fen")
    bad = rows.set_column(at, rows.field(at), pa.array(np.zeros(len(rows), np.int64)))
    folder = write({"bills": bad}, tmp_path / "bad")
    with pytest.raises(DataError, match="Too many bad rows in table `bills`"):
        add(lake, folder, LakeWork(0.05, WORK.last))
    assert (lake / LAKE).read_bytes() == before


def test_the_commands_say_what_they_did(
    run: Callable[..., Result], delivery: Path, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    told = run("add", root, delivery, "--max-bad-share", "1", "--json")
    assert told.exit_code == 0 and json.loads(told.stdout)["rows"]["applications"] == PEOPLE
    assert "nothing new" in run("add", root, delivery).output
    assert "nothing to merge" in run("compact", root).output
    assert run("reshard", root, "--shards", "3").exit_code == 0
    shown = run("check", root)
    assert shown.exit_code == 0 and "3 shards, 1 additions" in shown.stdout
    run_file = root / read_lake(root).runs(0)[0].path
    run_file.write_bytes(run_file.read_bytes()[:-1])
    shown = run("check", root)
    assert shown.exit_code == 2 and f"fault: {run_file.relative_to(root)}: sha256" in shown.stdout


def numbered(folder: Path, texts: list[str]) -> Path:
    """Let a folder say that a mapping numbered its applications."""
    numbering = Numbering()
    numbering.of(pa.array(texts))
    write_ids({"loan": numbering}, folder)
    ids = {"applications.application_id": "loan"}
    write_document({"ids": ids, "tables": {}}, folder / "_mapping.json", 1)
    return folder


def test_texts_of_ids_keep_their_numbers_from_one_delivery_to_the_next(tmp_path: Path) -> None:
    rows = random_raw(people=4)["applications"]
    first = numbered(write({"applications": rows.slice(0, 2)}, tmp_path / "a"), ["x", "y"])
    root = tmp_path / "lake"
    add(root, first, WORK)
    assert known_numberings(root)["loan"].of(pa.array(["new", "y"])).to_pylist() == [3, 2]
    other = numbered(write({"applications": rows.slice(2, 1)}, tmp_path / "b"), ["y", "z"])
    with pytest.raises(DataError, match="numbered in another way"):
        add(root, other, WORK)
    goes_on = numbered(write({"applications": rows.slice(3)}, tmp_path / "c"), ["x", "y", "z"])
    add(root, goes_on, WORK)
    assert with_texts(root, pa.array([3, 1])).to_pylist() == ["z", "x"]


def test_an_addition_names_the_columns_that_a_lake_drops(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """A label beside the contract's columns would be missed only by whoever learns from it."""
    rows = random_raw(people=2)["applications"]
    labelled = rows.append_column("label", pa.array([0, 1]))
    folder = write({"applications": labelled}, tmp_path / "delivery")
    told = run("add", tmp_path / "lake", folder, "--json")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["dropped_columns"] == ["applications.label"]
    assert "column applications.label is none of the contract's" in told.stderr
