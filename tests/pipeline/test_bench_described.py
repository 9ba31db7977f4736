"""A table of real people is read by its description, and nothing later than a loan is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.pipeline.base.params import ParamsError, document
from creditloom.pipeline.proof.bench_tables import described
from creditloom.pipeline.proof.bench_tables.described import TableDescription
from creditloom.storage.files.errors import DataError

DESCRIPTION = """\
source: a test
path: rows.parquet
label: bad
id: row
drop: [note]
categorical: [code]
time: day
special_codes: [-9.0]
folds: forward
"""


def _written(folder: Path, text: str = DESCRIPTION) -> Path:
    (folder / "own").mkdir(exist_ok=True)
    # table: a column a row
    rows = {
        "row": [1, 2, 3, 4],
        "bad": [0, 1, 0, 1],
        "income": [10, -9, None, 30],
        "code": [1, 2, 2, 1],
        "note": ["a", "b", "c", "d"],
        "day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
    }
    pd.DataFrame(rows).to_parquet(folder / "own" / "rows.parquet")
    (folder / "descriptions").mkdir(exist_ok=True)
    (folder / "descriptions" / "own.yaml").write_text(text, encoding="utf-8")
    return folder / "descriptions"


def test_a_table_is_read_as_described(tmp_path: Path) -> None:
    table = described.read(tmp_path, "own", _written(tmp_path))
    assert list(table.frame.columns) == ["income", "code"]
    np.testing.assert_array_equal(table.frame["income"], [10.0, -9.0, np.nan, 30.0])
    assert list(table.frame["code"]) == ["1", "2", "2", "1"]
    assert (table.folds, table.special_codes) == ("forward", (-9.0,))
    assert table.time is not None and table.true_pd is None


# table: a case a row
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("label: bad", "label: worse"), DataError, "worse"),
        (("drop: [note]", "drop: [notes]"), DataError, "notes"),
        (("folds: forward", "folds: sideways"), ParamsError, "folds"),
        (("id: row", "ident: row"), ParamsError, "unknown key"),
    ],
)
def test_a_wrong_description_is_refused(
    tmp_path: Path, change: tuple[str, str], error: type[ValueError], words: str
) -> None:
    descriptions = _written(tmp_path, DESCRIPTION.replace(*change))
    with pytest.raises(error, match=words):
        described.read(tmp_path, "own", descriptions)


def test_a_table_without_a_description_is_refused(tmp_path: Path) -> None:
    _written(tmp_path)
    assert "own" in described.names_in(tmp_path)
    with pytest.raises(DataError, match=r"(?s)own.yaml.*--descriptions"):
        described.read(tmp_path, "own", tmp_path)


def test_the_descriptions_of_the_package_are_valid_and_name_no_machine() -> None:
    files = sorted(described.DESCRIPTIONS.glob("*.yaml"))
    assert [file.stem for file in files] == ["berka", "german", "homecredit_5k", "taiwan"]
    for file in files:
        description = document(TableDescription, file)
        assert not Path(description.path).is_absolute()


def _bank(folder: Path, extra: list[dict[str, object]]) -> Path:
    """Write one loan of 1997-06-01 with two payments before it and `extra` ones."""
    place = folder / "berka"
    place.mkdir(parents=True)
    before = [_payment(1, "1997-01-10", 5_000.0), _payment(2, "1997-05-31", 900.0)]
    district = {f"A{k}": [1.0] for k in range(1, 17)} | {"A3": ["Prague"], "A12": ["0.3"]}
    loans = {"date": [970601, 970601], "amount": 50_000, "duration": 12, "payments": 4_000.0}
    # table: the smallest bank
    tables: dict[str, dict[str, object] | list[dict[str, object]]] = {
        "loan": {"loan_id": [7, 8], "account_id": [1, 2], "target": [1, 0]} | loans,
        "trans_preloan": before + extra,
        "account": {"account_id": [1, 2], "district_id": 1, "frequency": "m", "date": 960101},
        "disp": {"disp_id": [1, 2], "client_id": [1, 2], "account_id": [1, 2], "type": "OWNER"},
        "client": {"client_id": [1, 2], "birth_number": [706213, 450204], "district_id": 1},
        "card": {"card_id": [1], "disp_id": [1], "type": "gold", "issued": "970601 00:00:00"},
        "district": district,
    }
    for name, content in tables.items():
        pd.DataFrame(content).to_parquet(place / f"{name}.parquet")
    return folder


def _payment(number: int, day: str, balance: float) -> dict[str, object]:
    return {
        "trans_id": number,
        "account_id": 1,
        "date_dt": pd.Timestamp(day),
        "type": "credit",
        "operation": "credit in cash",
        "amount": 100.0,
        "balance": balance,
        "k_symbol": None,
    }


def test_nothing_of_the_day_of_the_loan_or_later_is_read(tmp_path: Path) -> None:
    """A card of that day is none, and a payment of that day or later changes no column."""
    known = described.read(_bank(tmp_path / "before", []), "berka").frame
    late = [_payment(3, "1997-06-01", -99.0), _payment(4, "1998-01-01", -99.0)]
    told = described.read(_bank(tmp_path / "after", late), "berka").frame
    pd.testing.assert_frame_equal(known, told)
    assert list(known["card"]) == ["none", "none"]
    assert known["balance_last"].iloc[0] == 900.0
