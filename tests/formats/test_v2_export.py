"""What release 0.2.0 wrote is read, verified and replayed under its own rules.

Its ledger is a chain of receipts with one Merkle root over them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from creditloom.pipeline.base import paths
from creditloom.serving.ledger.earlier import EARLIER
from creditloom.serving.ledger.hashing import row_hashes
from creditloom.storage.files.store import read_json, read_table, write_json
from tests.formats.conftest import Command

V2 = Path(__file__).parent / "v2"
BATCH = "night.batch"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a copy of the fixtures, which may be changed."""
    shutil.copytree(V2, tmp_path, dirs_exist_ok=True)
    shutil.copy(paths.DEFAULTS, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _replayed(creditloom: Command, *options: str) -> tuple[int, dict[str, object]]:
    words = ("replay", BATCH, "--bundle", "bundle", "--json")
    result = creditloom(*words, *options)
    outcome: dict[str, object] = json.loads(result.stdout)
    return result.exit_code, outcome


def test_every_document_says_format_2() -> None:
    documents = [V2 / BATCH / "batch.json", *(V2 / BATCH).glob("*/*.json")]
    assert {read_json(file)["format"] for file in documents} == {2}


def test_its_code_is_known_by_its_release() -> None:
    assert EARLIER[read_json(V2 / BATCH / "batch.json")["versions"]["code"]] == "0.2.0"


def test_its_batch_is_found_unchanged_with_the_root_that_was_printed(creditloom: Command) -> None:
    told = creditloom("verify", BATCH, "--json")
    content = json.loads(told.stdout)
    assert (told.exit_code, content["findings"]) == (0, [])
    assert content["root"] == read_json(V2 / BATCH / "manifest.json")["root"]


@pytest.mark.parametrize(
    "name", ["decisions/part-00001.parquet", "receipts/part-00000.json", "manifest.json"]
)
def test_one_changed_byte_is_found(creditloom: Command, home: Path, name: str) -> None:
    file = home / BATCH / name
    if file.suffix == ".json":
        write_json({**read_json(file), "decided": 1}, file)
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0x20
        file.write_bytes(content)
    told = creditloom("verify", BATCH, "--json")
    assert told.exit_code == 6
    assert name in [finding["where"] for finding in json.loads(told.stdout)["findings"]]


def test_its_decisions_are_made_again_to_the_bit(creditloom: Command) -> None:
    code, outcome = _replayed(creditloom, "--input", "in.parquet")
    assert (code, outcome["decisions"], outcome["replayed"], outcome["mismatches"]) == (
        0,
        56,
        56,
        0,
    )


def test_one_of_its_decisions_is_made_again_by_its_id(creditloom: Command) -> None:
    decision = read_table(V2 / BATCH / "decisions").to_pylist()[30]
    given = ("--input", "in.parquet", "--decision-id", decision["decision_id"])
    code, outcome = _replayed(creditloom, *given)
    assert (code, outcome["mismatches"]) == (0, 0)


def test_a_changed_input_is_found_by_a_replay(creditloom: Command, home: Path) -> None:
    frame = pd.read_parquet("in.parquet")
    frame.loc[20, "f4"] = 0.5
    frame.to_parquet(home / "other.parquet")
    code, outcome = _replayed(creditloom, "--input", "other.parquet")
    assert (code, outcome["other_input"]) == (6, [frame["application_id"][20]])


def test_the_file_beside_it_holds_the_decisions_of_its_parts(home: Path) -> None:
    whole = row_hashes(read_table(home / "night.parquet"))
    assert whole.tolist() == row_hashes(read_table(home / BATCH / "decisions")).tolist()
