"""A finished feature table.

What each column becomes, and which tables are refused with which words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files.errors import DataError
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.matrix import to_matrix
from creditloom.storage.sources import SourceParams

LATEST = dt.datetime(2024, 12, 31)
N = 60


def table() -> pd.DataFrame:
    # table: the columns of a good table
    return pd.DataFrame(
        {
            "loan": np.arange(N) + 1000,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), "D"),
            "income": np.where(np.arange(N) == 5, -9.0, np.arange(N) * 10.0),
            "kind": np.where(np.arange(N) % 3 == 0, "car", "home"),
            "code": np.arange(N) % 4,
            "sex": np.arange(N) % 2,
            "bad": (np.arange(N) % 5 == 0).astype(int),
        }
    )


def read(tmp_path: Path, frame: pd.DataFrame | None = None, **given: Any) -> Finished:
    (table() if frame is None else frame).to_parquet(tmp_path / "t.parquet", index=False)
    options = {"label": "bad", "id": "loan", "time": "day", "protected": ("sex",), **given}
    return read_finished(SourceParams("matrix", str(tmp_path / "t.parquet"), **options), LATEST)


def test_columns_play_their_parts(tmp_path: Path) -> None:
    found = read(tmp_path, categorical=("code",), special_codes=(-9.0,))
    assert list(found.features) == ["income", "kind", "code"]
    assert np.flatnonzero(np.isnan(found.known_features["income"])).tolist() == [5]
    assert found.features["code"].tolist()[:5] == ["0", "1", "2", "3", "0"]
    assert found.ids.tolist() == list(range(1000, 1000 + N))
    assert found.label.sum() == 12
    assert list(found.protected) == ["sex"]
    assert found.time is not None
    assert found.time[0] == np.datetime64("2024-01-01")


def test_all_copies_of_an_id_are_set_aside_with_reason(tmp_path: Path) -> None:
    frame = table()
    frame.loc[10, "loan"] = frame.loc[11, "loan"]
    found = read(tmp_path, frame)
    assert len(found.label) == N - 2
    assert found.bad["rule"].to_pylist() == ["loan.duplicate"] * 2
    assert all("all copies" in reason for reason in found.bad["reason"].to_pylist())


def test_an_infinite_number_is_set_aside(tmp_path: Path) -> None:
    frame = table()
    frame.loc[10, "income"] = np.inf
    found = read(tmp_path, frame)
    assert found.bad["rule"].to_pylist() == ["income.finite"]
    assert 1010 not in found.ids


def test_too_many_bad_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)Too many bad rows.*60 of 60"):
        read(tmp_path, table().assign(loan=1))


Change = Callable[[pd.DataFrame], pd.DataFrame]
# table: case -> what is done to a good table, options, words of the refusal
REFUSED: dict[str, tuple[Change, dict[str, Any], str]] = {
    "label missing": (lambda f: f.rename(columns={"bad": "bads"}), {},
                      "Column `bad` is missing.*rename `bads` to `bad`"),
    "id missing": (lambda f: f, {"id": "loan_id"}, "Column `loan_id` is missing.*`loan`"),
    "protected missing": (lambda f: f, {"protected": ("age",)}, "Column `age` is missing"),
    "no label": (lambda f: f, {"label": None}, "The label is not declared"),
    "two parts": (lambda f: f, {"drop": ("bad",)}, "The label is not declared"),
    "null label": (lambda f: f.assign(bad=f["bad"].where(f.index != 3)), {},
                   "1 null of 60 rows, the first in row 3"),
    "one class": (lambda f: f.assign(bad=0), {}, "one class only"),
    "odd label": (lambda f: f.assign(bad=f["bad"] + 1), {}, "other values.*map it to 0 and 1"),
    "text label": (lambda f: f.assign(bad="yes"), {}, "map it to 0 and 1"),
    "future": (lambda f: f.assign(day=pd.Timestamp("2030-01-01")), {}, "60 in the future"),
    "null date": (lambda f: f.assign(day=f["day"].where(f.index != 3)), {},
                  "1 null, the first in row 3"),
    "number as date": (lambda f: f, {"time": "income"}, "no usable date"),
    "nested": (lambda f: f.assign(income=[[1]] * N), {}, "`income` can be no feature"),
    "moment named as feature": (lambda f: f, {"time": None, "keep": ("day",)},
                                "`day` can be no feature.*date of application"),
    "name per row": (lambda f: f.assign(kind=[f"name {k}" for k in range(N)]), {},
                     "names rows rather than groups"),
    "nothing left": (lambda f: f, {"drop": ("income", "kind", "code")}, "No feature is left"),
    "no rows": (lambda f: f.head(0), {}, "Empty table"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learnt_from_is_refused_in_words(tmp_path: Path, case: str) -> None:
    change, options, words = REFUSED[case]
    with pytest.raises(DataError, match=f"(?s){words}") as error:
        read(tmp_path, change(table()), **options)
    assert all(part in str(error.value) for part in ("where:", "expected:", "got:", "next:"))


def test_iso_texts_are_dates(tmp_path: Path) -> None:
    found = read(tmp_path, table().assign(day=lambda f: f["day"].dt.strftime("%Y-%m-%d")))
    assert found.time is not None
    assert found.time[1] == np.datetime64("2024-01-02")


def test_dictionary_coded_texts_are_categories(tmp_path: Path) -> None:
    table_ = pa.Table.from_pandas(table(), preserve_index=False)
    at = table_.column_names.index("kind")
    pq.write_table(
        table_.set_column(at, "kind", table_["kind"].dictionary_encode()), tmp_path / "t.parquet"
    )
    params = SourceParams("matrix", str(tmp_path / "t.parquet"), label="bad", id="loan", time="day")
    assert set(read_finished(params, LATEST).features["kind"]) == {"car", "home"}


def test_the_pipeline_gets_numbers_only_and_a_concept_per_column(tmp_path: Path) -> None:
    read(tmp_path)
    params = SourceParams(
        "matrix",
        str(tmp_path / "t.parquet"),
        label="bad",
        id="loan",
        time="day",
        protected=("sex",),
    )
    matrix, labels, words = to_matrix(params, tmp_path / "bad")
    names = [feature["name"] for feature in words["features"]]
    assert names == ["income", "kind=car", "kind=home", "code"]
    # The category stands beside its flags as text, by which the bundle decides the table as it is.
    assert matrix.column_names == ["application_id", "applicant_id", "as_of", *names, "kind"]
    assert {str(matrix[name].type) for name in names} == {"double"}
    assert [feature["concept"] for feature in words["features"]] == [
        "income",
        "kind",
        "kind",
        "code",
    ]
    assert labels["label"].to_pylist() == table()["bad"].tolist()
    assert set(labels["is_booked"].to_pylist()) == {True}


def test_the_pipeline_needs_dates(tmp_path: Path) -> None:
    read(tmp_path)
    with pytest.raises(DataError, match=r"(?s)needs a date.*source\.time"):
        to_matrix(
            SourceParams("matrix", str(tmp_path / "t.parquet"), label="bad"), tmp_path / "bad"
        )
