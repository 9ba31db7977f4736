"""A batch of format 2, as main wrote it before batch.json named contents, goes on under its rules.

v2/ was made from the bundle and the input of v1/ by `write_v1.batch`; its batch.json knows the
input by footers, and names no libraries.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.ledger.entries import link
from creditloom.serving.registry.runtime import RUNTIME, fingerprint
from creditloom.storage.files.store import read_json, read_table, write_json
from tests.formats.conftest import Command
from tests.formats.test_v1 import BATCH

V2 = Path(__file__).parent / "v2"


@pytest.fixture
def batch(home: Path) -> Path:
    shutil.rmtree(home / "batch")
    shutil.copytree(V2 / "batch", home / "batch")
    return home / "batch"


def test_it_is_found_unchanged_and_replayed(creditloom: Command, batch: Path) -> None:
    assert read_json(batch / "batch.json")["format"] == 2
    assert creditloom("verify", "batch").exit_code == 0
    words = ("replay", "batch", "--bundle", "bundle", "--input", "in.parquet", "--json")
    told = json.loads(creditloom(*words).stdout)
    assert (told["decisions"], told["replayed"], told["mismatches"]) == (53, 53, 0)


def test_one_of_its_decisions_is_found_by_the_footer_of_its_file(
    creditloom: Command, batch: Path
) -> None:
    decision = read_table(batch / "decisions")["decision_id"][30].as_py()
    asked = read_json(batch / "batch.json")
    text = json.dumps({**asked, "input": {**asked["input"], "path": str(Path("in.parquet"))}})
    (batch / "batch.json").write_text(text)
    words = ("replay", "batch", "--bundle", "bundle", "--decision-id", decision, "--json")
    assert json.loads(creditloom(*words).stdout)["mismatches"] == 0


def _left_after(parts: int, batch: Path) -> None:
    (batch / "manifest.json").unlink()
    for part in range(parts, 3):
        (batch / f"receipts/part-{part:05}.json").unlink()


def test_what_was_left_of_it_goes_on_to_the_same_decisions(
    creditloom: Command, batch: Path
) -> None:
    _left_after(1, batch)
    # As if it had been begun by the code of today: other code does not go on with a batch.
    before = read_json(batch / "batch.json")
    begun = {**before, "versions": {**before["versions"], "code": fingerprint(RUNTIME)}}
    write_json(begun, batch / "batch.json")
    first = batch / "receipts/part-00000.json"
    write_json({**read_json(first), "previous": link(begun)}, first)
    asked = (batch / "batch.json").read_bytes()
    told = creditloom("score", *BATCH, "--json")
    assert json.loads(told.stdout)["resumed_rows"] == 25
    assert (batch / "batch.json").read_bytes() == asked
    assert read_table(batch / "decisions").equals(read_table(V2 / "batch" / "decisions"))
    assert creditloom("verify", "batch").exit_code == 0


def test_another_input_does_not_go_on(
    creditloom: Command, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _left_after(1, batch)
    pd.read_parquet("in.parquet").iloc[::-1].to_parquet("in.parquet")
    with pytest.raises(SystemExit):
        creditloom("score", *BATCH)
    assert "another input" in capsys.readouterr().err
    assert [one["part"] for one in BatchFolder(batch).finished()] == [0]
