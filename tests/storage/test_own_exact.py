"""Own tables: what no door could read, or tell apart, is refused before anything is learnt."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.base.layout import Layout, LayoutColumn
from creditloom.decision.frames.accepted import read_array
from creditloom.decision.frames.columns import InputColumn
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.finished import Finished, finished_of, read_finished
from creditloom.storage.own.csv_files import read_csv

N = 60
LATEST = dt.datetime(2024, 12, 31)
PLACE = np.arange(N)


def table(**columns: Any) -> pa.Table:
    known = {"loan": PLACE + 100, "income": PLACE * 10.0, "bad": (PLACE % 5 == 0).astype(int)}
    return pa.table({**known, **columns})


def read(given: pa.Table | pd.DataFrame | Path, **options: Any) -> Finished:
    stated = {"label": "bad", "id": "loan", **options}
    if isinstance(given, Path):
        return read_finished(SourceParams("matrix", str(given), **stated), LATEST)
    return finished_of(given, SourceParams("matrix", "", **stated), LATEST)


# table: case -> the columns of the table, the options, and the words of the refusal
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # Cut to whole numbers, ten ids were one.
    "ids with a fraction": (
        {"loan": [Decimal(k) / 10 for k in range(N)]}, {}, r"0\.1, which is no whole number"),
    "ids that no door takes": (
        {"loan": ["x" * 300 + str(k) for k in range(N)]}, {}, "302 bytes, more than 256"),
    # Told as copies before, and as ids that a float does not tell apart only where few were.
    "ids that floats merge": ({"loan": PLACE + 4e18}, {}, "above 2.53"),
    "levels that no door takes": (
        {"kind": ["x" * 2000, "y"] * (N // 2)}, {}, "one of 2,000 bytes"),
    "levels that share 15 digits": (
        {"kind": 10**16 + PLACE % 3}, {"categorical": ("kind",)}, "3 numbers, 1 of them apart"),
    "numbers that no float64 holds": (
        {"big": pa.array([2**63 + 97 * (k % 7) for k in range(N)], pa.uint64())}, {}, "2.53"),
    "codes of a category": (
        {"kind": ["a", "b"] * (N // 2)}, {"column_codes": {"kind": (-1.0,)}}, "no special codes"),
    "months that pandas would read as 1970": (
        {"day": 202401 + PLACE % 12}, {"time": "day"}, "`202401`.*write every date as"),
    "a column under the name of days": (
        {"day": np.full(N, np.datetime64("2024-03-01")),
         "opened": np.datetime64("2023-03-01") + PLACE, "days from opened to as_of": PLACE * 1.0},
        {"time": "day"}, "the days from `opened`"),
    "amounts with blanks": (
        {"amount": [f"{k + 1} 000" for k in range(N)]}, {}, "write them as 1234.5"),
}  # fmt: skip


def test_a_column_of_intervals_is_refused_in_words() -> None:
    """pandas' cut makes a category of intervals, which Arrow cannot take apart."""
    frame = table().to_pandas()
    with pytest.raises(DataError, match=r"`band` can be no feature"):
        read(frame.assign(band=pd.cut(frame["income"], 3)))
    sparse = pd.arrays.SparseArray(frame["income"])
    with pytest.raises(DataError, match="to_dense"):
        read(frame.assign(income=sparse))


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_door_could_read_is_refused(case: str) -> None:
    columns, options, words = REFUSED[case]
    with pytest.raises(DataError, match=f"(?s){words}"):
        read(table(**columns), **options)


def test_ids_and_labels_of_types_that_the_doors_take() -> None:
    ids = [uuid.UUID(int=k) for k in range(N)]
    stored = pa.array([one.bytes for one in ids], pa.uuid())
    label = pa.array([Decimal(int(k % 5 == 0)) for k in range(N)], pa.decimal128(1, 0))
    found = read(table(loan=stored, bad=label))
    assert found.ids.tolist() == [str(one) for one in ids]
    assert found.label.sum() == 12


def test_nan_is_null_in_levels_and_borrowers() -> None:
    """In frames of polars and Arrow NaN stands beside null: it is no level, and no borrower."""
    some = pa.array(np.where(PLACE % 3 == 0, np.nan, PLACE % 3))
    found = read(table(kind=some, who=some), categorical=("kind",), group="who")
    assert {*found.features["kind"]} == {None, "1", "2"}
    assert found.group is not None
    assert len(np.unique(found.group)) == 20 + 2


def test_a_csv_is_what_a_program_makes_of_it(tmp_path: Path) -> None:
    """Truth values and numbered levels: at a door they come as texts of the file, or typed."""
    frame = table(kind=PLACE % 3 + 1.0).to_pandas()
    frame["vip"] = np.where(PLACE % 7 == 0, None, np.where(PLACE % 2, "True", "False"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv", categorical=("kind",))
    assert found.features["vip"].dropna().unique().tolist() == [1.0, 0.0]
    assert {*found.features["kind"]} == {"1", "2", "3"}
    types = {column.name: column.type for column in found.columns}
    assert (types["vip"], types["kind"]) == ("bool", "double")


@pytest.mark.parametrize("values", [["True", "FALSE", None], [True, False, None], [1, 0, None]])
def test_truth_values_are_read_alike_at_a_door(values: list[object]) -> None:
    reading = Layout(columns=(LayoutColumn("vip", "bool"),)).readings["vip"]
    read = read_array(InputColumn("vip", "number", reading=reading), pa.array(values))
    assert read.faults == []
    assert read.data[:2].tolist() == [1.0, 0.0]
    assert np.isnan(read.data[2])


def test_parts_with_and_without_a_dictionary_are_one_table(tmp_path: Path) -> None:
    """One month written as pandas' category, the next as text; other differences are named."""
    frame = table(kind=["a", "b"] * (N // 2)).to_pandas()
    frame.head(30).astype({"kind": "category"}).to_parquet(tmp_path / "a.parquet", index=False)
    frame.tail(30).to_parquet(tmp_path / "b.parquet", index=False)
    assert read(tmp_path).features["kind"].tolist() == ["a", "b"] * (N // 2)
    frame.tail(30).astype({"income": str}).to_parquet(tmp_path / "b.parquet", index=False)
    with pytest.raises(DataError, match="income: double, "):
        read(tmp_path)


# table: case -> the bytes of a CSV, and the words of its refusal; "" = it is read
WRITTEN = {
    "lines of old Macs": (b"a,b\r1,2\r3,4\r", ""),
    "a note for Excel": (b"sep=;\na;b\n1;2\n", "a note for Excel"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "-f UTF-16 -t UTF-8"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_a_csv_of_other_programs(tmp_path: Path, case: str) -> None:
    content, words = WRITTEN[case]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    if not words:
        assert read_csv(path).to_pylist() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
        return
    with pytest.raises(DataError, match=words):
        read_csv(path)
