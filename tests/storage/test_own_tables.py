"""What people have: CSV, Parquet of pandas, folders of parts, frames; each fault is told aloud."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.layout import Layout
from creditloom.decision.base.readings.text_numbers import TextReading, numbers_of
from creditloom.decision.frames.input_frame import InputReader
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import ColumnWords, SourceParams
from creditloom.storage.files.store import read_table
from creditloom.storage.finished import Finished, finished_of, read_finished
from creditloom.storage.matrix import to_matrix
from creditloom.storage.own.recognise import reading_of
from creditloom.storage.own.table_files import is_raw_folder

LATEST = dt.datetime(2025, 12, 31)
N = 60


def loans() -> pd.DataFrame:
    """Sixty loans with an id of text, a date, a number, a kind and an outcome."""
    place = np.arange(N)
    # table: columns of a good table
    return pd.DataFrame(
        {
            "loan": [f"0{k:04d}" for k in place],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(place, "D"),
            "income": place % 17 + 0.5,
            "kind": np.where(place % 3 == 0, "car", "home"),
            "bad": (place % 5 == 0).astype(int),
        }
    )


def source(path: object = "", **given: Any) -> SourceParams:
    return SourceParams("matrix", str(path), **{"label": "bad", "id": "loan", **given})


def of(frame: Any, **given: Any) -> Finished:
    """Read a frame whose `day` is the time, where it has one."""
    has_day = "day" in getattr(frame, "columns", getattr(frame, "column_names", ()))
    time = {"time": "day"} if has_day else {}
    return finished_of(frame, source(**{**time, **given}), LATEST)


def said(found: Finished, column: str) -> str:
    return "; ".join(note.text for note in found.notes if note.column == column)


# CSV.


def test_a_csv_is_the_same_table_as_the_parquet_file(tmp_path: Path) -> None:
    loans().to_csv(tmp_path / "t.csv", index=False)
    loans().to_parquet(tmp_path / "t.parquet", index=False)
    text, stored = (
        read_finished(source(tmp_path / name, time="day"), LATEST)
        for name in ("t.csv", "t.parquet")
    )
    pd.testing.assert_frame_equal(text.features, stored.features)
    assert text.ids.tolist() == stored.ids.tolist()
    assert text.ids[0] == "00000"
    assert text.time is not None
    assert text.time.tolist() == stored.time.tolist()  # type: ignore[union-attr]
    assert text.label.tolist() == stored.label.tolist()


@pytest.mark.parametrize(
    ("sign", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")]
)
def test_what_separates_the_cells_is_seen_and_said(tmp_path: Path, sign: str, word: str) -> None:
    loans().to_csv(tmp_path / "t.csv", index=False, sep=sign, encoding="utf-8-sig")
    found = read_finished(source(tmp_path / "t.csv", time="day"), LATEST)
    assert list(found.features) == ["income", "kind"]
    assert word in found.said[0]


# table: case -> bytes of a CSV, words of the refusal
CSV_FAULTS: dict[str, tuple[bytes, str]] = {
    "cells": (b"loan,x,bad\n1,2,0\n3,4\n", "wrong number of cells.*3 cells.*2: 3,4"),
    "empty": (b"", "Empty file"),
    "no names": (b"1,2,0\n3,4,1\n", "holds no names"),
    "unnamed": (b"loan,,bad\n1,2,0\n", "has no name"),
    "GBK": ("loan,名,bad\n1,2,0\n".encode("gb18030"), "not UTF-8.*iconv"),
    "only names": (b"loan,x,bad\n", "Empty table"),
}


@pytest.mark.parametrize("case", CSV_FAULTS)
def test_a_csv_that_cannot_be_read_is_refused_in_words(tmp_path: Path, case: str) -> None:
    content, words = CSV_FAULTS[case]
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=f"(?s){words}"):
        read_finished(source(tmp_path / "t.csv"), LATEST)


def test_quoted_commas_and_lines_are_one_cell(tmp_path: Path) -> None:
    text = 'loan,"sex, code",bad\n' + "".join(f'{k},"a,\nb",{k % 2}\n' for k in range(30))
    (tmp_path / "t.csv").write_text(text)
    found = read_finished(source(tmp_path / "t.csv"), LATEST)
    assert set(found.features["sex, code"]) == {"a,\nb"}


def test_ids_with_leading_zeros_stay_text_and_plain_ones_are_whole_numbers(tmp_path: Path) -> None:
    frame = loans().drop(columns="day")
    frame.to_csv(tmp_path / "zeros.csv", index=False)
    frame.assign(loan=range(N)).to_csv(tmp_path / "plain.csv", index=False)
    assert read_finished(source(tmp_path / "zeros.csv"), LATEST).ids[7] == "00007"
    assert read_finished(source(tmp_path / "plain.csv"), LATEST).ids.dtype == np.int64


# Folders.


def test_parts_are_one_table_and_raw_tables_are_told_apart(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    (parts / "month=1").mkdir(parents=True)
    loans().head(20).to_parquet(parts / "month=1" / "a.parquet", index=False)
    loans().tail(40)[loans().columns[::-1]].to_parquet(parts / "b.parquet", index=False)
    found = read_finished(source(parts, time="day"), LATEST)
    assert sorted(found.ids.tolist()) == loans()["loan"].tolist()
    assert any("month=1" in sentence for sentence in found.said)
    assert not is_raw_folder(parts)
    raw = tmp_path / "raw"
    raw.mkdir()
    loans().to_parquet(raw / "applications.parquet", index=False)
    assert is_raw_folder(raw)


def test_parts_of_different_columns_are_refused_by_the_part(tmp_path: Path) -> None:
    loans().to_parquet(tmp_path / "a.parquet", index=False)
    loans().drop(columns="kind").to_parquet(tmp_path / "b.parquet", index=False)
    with pytest.raises(DataError, match=r"(?s)different columns.*b\.parquet.*without kind"):
        read_finished(source(tmp_path), LATEST)


def test_a_folder_of_something_else_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_text("dear")
    with pytest.raises(DataError, match=r"(?s)holds no table.*letter\.docx"):
        read_finished(source(tmp_path), LATEST)


# Frames.


def polars_of(frame: pd.DataFrame) -> Any:
    return pytest.importorskip("polars").from_pandas(frame)


# table: kinds of frames
FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas with its id as index": lambda frame: frame.set_index("loan"),
    "Arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "polars": polars_of,
    "dictionary coded": lambda frame: frame.astype({"kind": "category"}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_frame_is_the_same_table(kind: str) -> None:
    expected = of(loans())
    found = of(FRAMES[kind](loans()), time="day")
    pd.testing.assert_frame_equal(found.features, expected.features)
    assert found.ids.tolist() == expected.ids.tolist()


def test_something_that_is_no_frame_is_refused() -> None:
    with pytest.raises(DataError, match="This is no table"):
        finished_of([1, 2], source(), LATEST)


def test_a_column_of_several_kinds_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="several kinds"):
        of(loans().assign(kind=[1, "a"] * 30))


# The index, and whole numbers that name rows.


def test_the_index_that_pandas_wrote_is_left_out_aloud(tmp_path: Path) -> None:
    shuffled = loans().sample(frac=1, random_state=1)
    shuffled.to_parquet(tmp_path / "t.parquet")
    found = read_finished(source(tmp_path / "t.parquet", time="day"), LATEST)
    assert list(found.features) == ["income", "kind"]
    assert "index of pandas" in said(found, "__index_level_0__")
    shuffled.to_csv(tmp_path / "t.csv")
    assert list(read_finished(source(tmp_path / "t.csv", time="day"), LATEST).features) == [
        "income",
        "kind",
    ]


# table: case -> whole numbers unique in every row, whether they are left out
UNIQUE: dict[str, tuple[str, Any, bool]] = {
    "shuffled numbers of rows": ("row", np.random.default_rng(1).permutation(N), True),
    "in order": ("x", np.arange(N) * 37 + 5, True),
    "named as an id": ("customer_id", np.random.default_rng(2).permutation(10**6)[:N], True),
    "amounts": ("amount", np.random.default_rng(3).permutation(10**6)[:N], False),
}


@pytest.mark.parametrize("case", UNIQUE)
def test_whole_numbers_unique_in_every_row_are_called_out(case: str) -> None:
    name, values, is_left_out = UNIQUE[case]
    frame = loans().assign(**{name: values})
    found = of(frame)
    assert "unique in every row" in said(found, name)
    assert (name not in found.features) is is_left_out
    assert name in of(frame, keep=(name,)).features


# Texts that are numbers.

# table: texts of a column, what they are, what is said
TEXTS: dict[str, tuple[list[str | None], list[float], str]] = {
    "per cent": (["12.5%", "3 %", None], [12.5, 3.0, np.nan], "per-cent signs"),
    "thousands": (["1,234", "56", "1,234,567.5"], [1234.0, 56.0, 1234567.5], "thousands commas"),
    "decimal comma": (["1,5", "2", "0,25"], [1.5, 2.0, 0.25], "decimal commas"),
    "marks": (["1.5", "?", "NA"], [1.5, np.nan, np.nan], "`?`, `NA`: null"),
    "text": (["1", "2.5", "-3e2"], [1.0, 2.5, -300.0], "numbers stored as text"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_numbers_among_texts_are_recognised_aloud(case: str) -> None:
    texts, numbers, words = TEXTS[case]
    found = of(loans().assign(rate=texts * (N // len(texts))))
    assert found.features["rate"].head(len(numbers)).tolist() == pytest.approx(numbers, nan_ok=True)
    assert words in said(found, "rate")
    [column] = [column for column in found.columns if column.name == "rate"]
    assert column.to_json()["reading"]["form"] in ("percent", "thousands", "decimal comma", "plain")


@pytest.mark.parametrize("texts", [["007", "123"], ["12345678901234567", "1"], ["a", "1"]])
def test_names_that_look_like_numbers_stay_texts(texts: list[str]) -> None:
    found = of(loans().assign(code=texts * (N // 2)))
    assert set(found.features["code"]) == set(texts)


def test_a_column_that_a_person_calls_a_category_keeps_its_texts() -> None:
    found = of(loans().assign(code=["1", "2"] * (N // 2)), categorical=("code",))
    assert set(found.features["code"]) == {"1", "2"}


# table: numbers and how they are written
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=9
    ),
    st.sampled_from(["{:.3f}", "{:.3f}%", "{:,.3f}", "{!r}", "{:.17f}"]),
)
def test_a_written_number_is_read_to_the_bit(numbers: list[float], pattern: str) -> None:
    """The oracle is Python's own reading of the text without its signs."""
    texts = [pattern.format(number) for number in numbers]
    reading = reading_of(pa.array(texts))
    assert reading is not None
    found, is_unfit = numbers_of(pa.array(texts), reading)
    assert found.tolist() == [float(text.strip("%").replace(",", "")) for text in texts]
    assert not is_unfit.any()


def test_a_text_that_the_reading_cannot_read_is_told_and_not_guessed() -> None:
    found, is_unfit = numbers_of(pa.array(["5%", "5", "?"]), TextReading("percent", ("?",)))
    assert found.tolist() == pytest.approx([5.0, np.nan, np.nan], nan_ok=True)
    assert is_unfit.tolist() == [False, True, False]
    assert TextReading.from_json(TextReading("percent", ("?",)).to_json()).missing == ("?",)


def test_mostly_numbers_say_which_text_is_none() -> None:
    texts = [f"{k}.5" for k in range(N - 1)] + ["about 7"]
    with pytest.raises(DataError, match="but not `about 7`"):
        of(loans().assign(rate=texts))


# Dates.

# table: how dates are written -> what is said
DATES = {
    "%d/%m/%Y": "31/01/2024",
    "%Y%m%d": "20240131",
    "%b-%Y": "Jan-2024",
    "%Y/%m/%d %H:%M": "2024/01/31 12:30",
}


@pytest.mark.parametrize("pattern", DATES)
def test_dates_as_text_are_recognised_aloud(pattern: str) -> None:
    frame = loans()
    found = of(frame.assign(day=frame["day"].dt.strftime(pattern)))
    assert DATES[pattern] in said(found, "day")
    assert found.time is not None
    assert found.time.astype("datetime64[M]").tolist() == [
        day.to_pydatetime().date().replace(day=1) for day in frame["day"]
    ]


def test_days_that_may_be_months_are_not_guessed() -> None:
    with pytest.raises(DataError, match="may be 31/01/2024 or 01/31/2024"):
        of(loans().assign(day=["01/02/2024", "03/04/2024"] * (N // 2)))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", None])
def test_zones_are_moved_to_utc(zone: str | None) -> None:
    frame = loans()
    found = of(frame.assign(day=frame["day"].dt.tz_localize(zone)))
    hours = 8 if zone else 0
    assert found.time is not None
    assert found.time[0] == np.datetime64("2024-01-01") - np.timedelta64(hours, "h")


# Ids.


def test_ids_are_kept_exactly_or_refused() -> None:
    large = [10**18 + k for k in range(N)]
    frame = loans()
    assert of(frame.assign(loan=pd.Series(large, dtype=object))).ids.tolist() == large
    assert of(frame.assign(loan=np.arange(N) * 1.0)).ids.dtype == np.int64
    # The first are even, and so no two merge here; in the file they came from some did.
    for odd in (2.0**53 + 2.0 * np.arange(N), np.arange(N) + 0.5):
        with pytest.raises(DataError, match="no ids that can be kept exactly"):
            of(frame.assign(loan=odd))
    with pytest.raises(DataError, match=r"beyond int64|several kinds"):
        of(frame.assign(loan=[2**63 + k for k in range(N)]))


def test_without_an_id_rows_have_their_number_in_the_file() -> None:
    frame = loans()
    frame.loc[3, "income"] = np.inf
    found = of(frame.drop(columns="loan"), id=None)
    assert found.ids.tolist() == [k for k in range(N) if k != 3]
    assert found.bad["row"].to_pylist() == [3]


def test_a_matrix_keeps_ids_of_text(tmp_path: Path) -> None:
    frame = loans()
    frame.loc[3, "income"] = np.inf
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    matrix, labels, _ = to_matrix(source(tmp_path / "t.parquet", time="day"), tmp_path / "bad")
    assert matrix["application_id"].to_pylist() == frame["loan"].drop(3).tolist()
    assert labels["application_id"].to_pylist() == frame["loan"].drop(3).tolist()
    assert len(read_table(tmp_path / "bad" / "matrix.parquet")) == 1


# Names of theirs and ours.


def test_the_quarantine_keeps_columns_that_bear_its_names() -> None:
    frame = loans().assign(reason="car", rule="x", row=7)
    frame.loc[3, "income"] = np.inf
    [row] = of(frame, keep=("row",)).bad.to_pylist()
    assert (row["reason"], row["rule"], row["row"]) == ("car", "x", 7)
    assert (row["reason_"], row["rule_"], row["row_"]) == ("income is infinite", "income.finite", 3)


def test_a_whole_number_set_aside_is_not_rounded() -> None:
    frame = loans().assign(big=pd.array([2**53 + 1, None] * (N // 2), dtype="Int64"))
    frame.loc[4, "income"] = np.inf
    assert of(frame, drop=("big",)).bad["big"].to_pylist() == [2**53 + 1]


@pytest.mark.parametrize("name", ["application_id", "as_of"])
def test_a_feature_under_a_name_that_a_decision_reads_is_refused(name: str) -> None:
    frame = loans().rename(columns={"income": name})
    with pytest.raises(DataError, match=f"(?s)`{name}` bears a name.*rename it"):
        of(frame)
    assert "income" in of(loans().assign(**{name: 1}), drop=(name,)).features


def test_names_that_a_library_would_merge_are_two_columns() -> None:
    rng = np.random.default_rng(4)
    names = ["annual inc", "annual_inc", "a:b", '{"x"}', "年收入"]
    found = of(loans().assign(**{name: rng.normal(size=N) for name in names}))
    assert list(found.features) == ["income", "kind", *names]


def test_a_flag_whose_name_a_column_has_overwrites_nothing(tmp_path: Path) -> None:
    frame = loans().assign(**{"kind=car": np.arange(N) % 7 + 0.5})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    matrix, _, words = to_matrix(source(tmp_path / "t.parquet", time="day"), tmp_path / "bad")
    names = [feature["name"] for feature in words["features"]]
    assert names == ["income", "kind=car_", "kind=home", "kind=car"]
    assert matrix["kind=car"].to_pylist() == frame["kind=car"].tolist()


# Codes, weights, groups, words.


def test_special_codes_belong_to_their_column_and_are_counted() -> None:
    frame = loans().assign(bureau=[-1.0, 500.0, -9.0] * 20, net=[-1.0, 2.0] * 30)
    found = of(frame, column_codes={"bureau": (-1.0, -9.0, -5.0)})
    assert found.codes == {"bureau": (-1.0, -9.0, -5.0)}
    assert found.code_counts == {"bureau": {-1.0: 20, -9.0: 20, -5.0: 0}}
    assert "-5 never occurs" in said(found, "bureau")
    assert set(found.features["bureau"]) == {-1.0, 500.0, -9.0}
    assert found.known_features["bureau"].isna().sum() == 40
    assert found.known_features["net"].notna().all()
    frame["move"] = [-2.0, -1.0, 1.0] * 20
    everywhere = of(frame, special_codes=(-1.0,), column_codes={"bureau": (-9.0,)})
    assert "-1 lies among its values (-2 to 1): is it one here?" in said(everywhere, "move")
    assert not said(everywhere, "bureau") and not said(everywhere, "net")
    assert everywhere.codes["bureau"] == (-1.0, -9.0)
    assert everywhere.codes["net"] == (-1.0,)


def test_borrowers_and_weights() -> None:
    borrower = pd.Series(["a", "a", None, None, *[f"p{k // 2}" for k in range(N - 4)]])
    frame = loans().assign(borrower=borrower, w=np.arange(N) % 3 + 1)
    found = of(frame, group="borrower", weight="w")
    assert found.group is not None
    assert found.group[0] == found.group[1]
    # Two people of whom nobody knows the number are two people.
    assert found.group[2] != found.group[3]
    assert found.weight is not None
    assert found.weight.tolist()[:3] == [1.0, 2.0, 3.0]
    assert list(found.features) == ["income", "kind"]
    with pytest.raises(DataError, match="Weight `w` cannot be used"):
        of(frame.assign(w=0), weight="w")


def test_a_sign_of_a_category_is_refused() -> None:
    with pytest.raises(DataError, match="`kind` has no order"):
        of(loans(), columns={"kind": ColumnWords(sign=1)})


def test_all_faults_are_told_at_once() -> None:
    frame = loans().assign(
        bad=lambda f: f["bad"] + 1, nested=[[1]] * N, spell=[dt.timedelta(1)] * N
    )
    with pytest.raises(DataError, match=r"(?s)3 things.*1\. Label.*2\. .*nested.*3\. .*spell"):
        of(frame)
    with pytest.raises(DataError, match=r"(?s)2 things.*`age` is missing.*`wage` is missing"):
        of(loans(), protected=("age",), drop=("wage",))


def test_a_time_column_that_is_not_there_names_no_column_that_plays_a_part() -> None:
    with pytest.raises(DataError) as error:
        of(
            loans().drop(columns="day").rename(columns={"bad": "target"}),
            label="target",
            time="age",
        )
    assert "target` to" not in str(error.value)


def test_a_table_without_label_names_columns_that_may_be_it() -> None:
    with pytest.raises(DataError, match=r"(?s)The label is not declared.*--label bad"):
        of(loans(), label=None)


def test_the_layout_keeps_the_columns_of_the_user(tmp_path: Path) -> None:
    frame = loans().assign(rate="5%", sex="f")
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "t.parquet")
    found = read_finished(
        source(tmp_path / "t.parquet", time="day", protected=("sex",)), LATEST
    ).layout()
    assert (found["id"], found["time"], found["label"]) == ("loan", "day", "bad")
    parts = {column["name"]: column["part"] for column in found["columns"]}
    assert parts == {
        "loan": "id",
        "day": "time",
        "income": "feature",
        "kind": "feature",
        "bad": "label",
        "rate": "feature",
        "sex": "protected",
    }
    assert found["columns"][5]["reading"] == {"form": "percent", "missing": []}


# Dates that are features.


def days(found: Finished, column: str) -> list[float]:
    return [float(value) for value in found.features[column]]


# table: how a date is written -> words of the note
OPENED: dict[str, tuple[Callable[[pd.Series], Any], str]] = {
    "timestamps": (lambda s: s, "dates: read as the number of days from them to `day`"),
    "stored dates": (lambda s: s.dt.date, "dates: read as the number of days"),
    "ISO": (lambda s: s.dt.strftime("%Y-%m-%d"), "dates: read as the number of days"),
    "a pattern": (lambda s: s.dt.strftime("%d/%m/%Y"), "dates as 31/01/2024: read as the number"),
}


@pytest.mark.parametrize("way", OPENED)
def test_a_date_is_the_days_before_the_time_column(way: str, tmp_path: Path) -> None:
    """However it is stored, from a frame and from a CSV, and aloud."""
    write, words = OPENED[way]
    frame = loans()
    opened = frame["day"] - pd.to_timedelta(np.arange(N) * 11 - 3, "D")
    frame = frame.assign(opened=write(opened))
    frame.to_csv(tmp_path / "t.csv", index=False)
    of_csv = read_finished(source(tmp_path / "t.csv", time="day"), LATEST)
    for found in (of(frame), of_csv):
        assert days(found, "opened") == [float(k * 11 - 3) for k in range(N)]
        assert words in said(found, "opened")
        assert "1 lie after it" in said(found, "opened")
        [column] = [one for one in found.columns if one.name == "opened"]
        assert column.part == "feature"
        assert column.to_json()["dates"]["pattern"] == ("%d/%m/%Y" if "31/" in words else "")
        assert found.words_of("opened", ColumnWords()).text_en == "time from opened to day"


def test_months_as_text_are_dates_and_no_levels() -> None:
    """Levels of months would be unseen in every month to come."""
    frame = loans().assign(asked=lambda f: f["day"].dt.strftime("%b-%Y"), paid="NA")
    frame.loc[10:, "paid"] = frame["day"].dt.strftime("%Y-%m-%d")
    found = of(frame)
    assert days(found, "asked")[:2] == [0.0, 1.0]
    assert np.isnan(days(found, "paid")[:10]).all() and days(found, "paid")[10] == 0.0
    assert set(of(frame, categorical=("asked",)).features["asked"]) == {"Jan-2024", "Feb-2024"}


def test_dates_that_can_be_no_days_are_left_out_aloud() -> None:
    frame = loans().assign(opened=lambda f: f["day"], odd=["01/02/2024", "03/04/2024"] * (N // 2))
    found = finished_of(frame, source(), LATEST)
    assert list(found.features) == ["income", "kind"]
    assert "no time column" in said(found, "opened") and "--time" in said(found, "opened")
    assert "may be 31/01/2024 or 01/31/2024" in said(of(frame), "odd")
    assert "opened" in of(frame).features
    with pytest.raises(DataError, match=r"(?s)`odd` can be no feature.*may be 31/01/2024"):
        of(frame, keep=("odd",))
    parts = {column.name: column.part for column in found.columns}
    assert (parts["opened"], parts["day"]) == ("left out", "left out")


def test_a_code_of_missing_is_no_number_of_days() -> None:
    frame = loans().assign(opened=lambda f: f["day"] + pd.Timedelta(days=9))
    found = of(frame, special_codes=(-9.0,))
    assert "opened" not in found.codes and found.known_features["opened"].notna().all()


# A matrix of a finished table, and the way back to the table.


@pytest.mark.parametrize("is_matrix", [False, True])
def test_a_catalogue_reads_the_users_table_as_the_matrix_holds_it(
    tmp_path: Path, is_matrix: bool
) -> None:
    """Flags of levels, rare and null ones, codes, per-cent signs, dates, an id of text."""
    place = np.arange(N)
    kind = np.where(place % 3 == 0, "car", np.where(place == 4, "boat", "home")).astype(object)
    kind[[7, 8]] = None
    opened = loans()["day"] - pd.to_timedelta(place * 3, "D")
    # table: columns of each kind
    more = {
        "kind": kind,
        "rate": [f"{k % 7}.5%" for k in place],
        "bureau": np.where(place % 5 == 0, -9, place),
        "branch": place % 4,
        "opened": opened.dt.strftime("%d/%m/%Y"),
    }
    frame = loans().assign(**more)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    given = {"time": "day", "column_codes": {"bureau": (-9.0,)}, "categorical": ("branch",)}
    matrix, _, words = to_matrix(source(tmp_path / "t.parquet", **given), tmp_path / "bad")
    catalogue = Catalogue.from_json(json.dumps(words))
    reader = InputReader(catalogue, (), {}, Layout.from_json(json.dumps(words["layout"])))
    held = np.column_stack([matrix[name].to_numpy() for name in catalogue.names])
    # By the stages, which hold the matrix, and by every door, which gets the table.
    block = reader.block(matrix if is_matrix else frame)
    np.testing.assert_array_equal(reader.frame(block).x, held)
    assert block.ids.to_pylist() == frame["loan"].tolist()
    assert block.features is not None and not block.features.beyond, "training held all of it"
    flags = held[:, [name.startswith("kind=") for name in catalogue.names]]
    assert np.isnan(flags[[7, 8]]).all() and flags[4].sum() == 1
