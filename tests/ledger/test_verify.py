"""`creditloom verify` accepts a batch as it was written.

It finds one flipped byte wherever it lies.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from creditloom.storage.files.store import read_json, read_table, write_json, write_table
from tests.ledger.conftest import Command

FILES = (
    "batch.json", "manifest.json", "receipts/part-00001.json", "decisions/part-00001.parquet",
    "ledger/part-00002.parquet", "quarantine/part-00000.parquet",
)  # fmt: skip


def _findings(creditloom: Command) -> list[dict[str, str]]:
    result = creditloom("verify", "night", "--json")
    findings: list[dict[str, str]] = json.loads(result.stdout)["findings"]
    assert result.exit_code == (6 if findings else 0)
    return findings


def test_nothing_changed(creditloom: Command, night: Path) -> None:
    assert _findings(creditloom) == []


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".parquet")])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
def test_one_flipped_byte_of_a_table_is_found(
    creditloom: Command, night: Path, name: str, place: float
) -> None:
    content = bytearray((night / name).read_bytes())
    content[int(place * len(content))] ^= 0x20
    (night / name).write_bytes(content)
    assert [finding["where"] for finding in _findings(creditloom)] == [name]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_one_flipped_byte_of_a_document_is_found(
    creditloom: Command, night: Path, name: str
) -> None:
    """Any flipped byte is found, but for blanks between values, which mean nothing.

    A document that is no JSON any more is refused with its name.
    """
    whole = (night / name).read_bytes()
    meant = [k for k, byte in enumerate(whole) if chr(byte).isalnum()]
    for k in np.random.default_rng(1).choice(meant, 15, replace=False):
        content = bytearray(whole)
        content[k] ^= 0x01
        (night / name).write_bytes(content)
        try:
            assert name in [finding["where"] for finding in _findings(creditloom)]
        except (SystemExit, KeyError, ValueError, TypeError):
            continue


def test_a_changed_decision_is_named_by_its_row(creditloom: Command, night: Path) -> None:
    file = night / "decisions" / "part-00001.parquet"
    table = read_table(file)
    scores = table["score"].to_numpy().copy()
    scores[[7, 11]] += 1
    write_table(
        table.set_column(table.schema.get_field_index("score"), "score", pa.array(scores)), file
    )
    (finding,) = _findings(creditloom)
    assert finding["where"] == "decisions/part-00001.parquet"
    assert "decisions 7, 11 of part 1" in finding["what"]


def test_a_receipt_made_to_fit_a_changed_file_is_found(creditloom: Command, night: Path) -> None:
    """Who changes a decision and its receipt must change every receipt after it, and the root.

    The root lies elsewhere too.
    """
    receipt = read_json(night / "receipts/part-00000.json")
    write_json({**receipt, "decided": receipt["decided"] - 1}, night / "receipts/part-00000.json")
    found = [finding["where"] for finding in _findings(creditloom)]
    assert "receipts/part-00000.json" in found


def test_a_missing_and_a_foreign_file_are_found(creditloom: Command, night: Path) -> None:
    (night / "decisions/part-00000.parquet").rename(night / "decisions/part-00009.parquet")
    assert {finding["where"]: finding["what"] for finding in _findings(creditloom)} == {
        "decisions/part-00000.parquet": "the file is gone",
        "decisions/part-00009.parquet": "no receipt knows this file",
    }


def test_the_ledger_says_where_each_input_lies(night: Path) -> None:
    ledger = read_table(night / "ledger").to_pandas()
    decisions = read_table(night / "decisions").to_pandas()
    assert ledger["decision_id"].tolist() == decisions["decision_id"].tolist()
    assert (ledger["row_group"] * 16 + ledger["row"]).tolist() == decisions[
        "application_id"
    ].tolist()
    assert ledger["input_file"].nunique() == 1
    for name in ("bundle", "model", "calibration", "policy", "product", "code"):
        assert ledger[name].str.fullmatch("[0-9a-f]{64}").all()
    assert pc.all(
        pc.equal(
            read_table(night / "ledger")["bundle"].cast(pa.string()), decisions["model_version"][0]
        )
    ).as_py()
