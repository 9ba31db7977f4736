"""Odd values and types in raw tables, one by one: a row with its reason, or a refusal in words."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import ForeignError
from tests.storage.test_contract import applications, payments, write

# table: types that no column may have
STRANGE = (
    pa.binary(),
    pa.list_(pa.int64()),
    pa.struct([("a", pa.int64())]),
    pa.duration("us"),
    pa.time64("us"),
    pa.uuid(),
)
# table: kind of a column -> types that it may not have
REFUSED = {
    "id": (*STRANGE, pa.bool_(), pa.timestamp("us"), pa.date32()),
    "whole": (*STRANGE, pa.string(), pa.timestamp("us")),
    "flag": (*STRANGE, pa.string(), pa.timestamp("us")),
    "time": (*STRANGE, pa.int64(), pa.int32(), pa.float64(), pa.bool_(), pa.decimal128(18, 0)),
    "text": (*STRANGE, pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us")),
}
# A column of payments of each kind.
COLUMN_OF = {
    "id": "counterparty_id",
    "whole": "amount_fen",
    "flag": "is_offline",
    "time": "event_time",
    "text": "category",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_types_are_refused_with_file_and_column(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "raw", "applications", applications())
    write(tmp_path / "good", "payments", payments())
    good = pq.read_table(tmp_path / "good" / "payments.parquet")
    name = COLUMN_OF[kind]
    for stored in REFUSED[kind]:
        folder = tmp_path / "raw" / "payments"
        folder.mkdir(exist_ok=True)
        pq.write_table(good, folder / "a.parquet")
        other = pa.nulls(len(good), stored)
        strange = good.set_column(good.column_names.index(name), name, other)
        pq.write_table(strange, folder / "b.parquet")
        with pytest.raises(DataError, match=f"Column `{name}` has the wrong type") as error:
            check_tables(tmp_path / "raw", tmp_path / "q", tmp_path / "c", max_bad_share=1.0)
        assert "b.parquet" in str(error.value)
        if kind == "time":
            assert "unit='ms'" in str(error.value)


def test_bad_text_in_a_file_of_the_declared_types_sets_one_row_aside(tmp_path: Path) -> None:
    """DuckDB stops at such bytes, so the file is found before it is read."""
    write(tmp_path / "raw", "payments", payments())
    write(tmp_path / "raw", "applications", applications())
    for name, column, table in (
        ("payments", "category", payments()),
        ("applications", "purpose", applications()),
    ):
        rows = pq.read_table(tmp_path / "raw" / f"{name}.parquet")
        words = [b"food" if name == "payments" else None] * len(table)
        words[3] = b"\xff\xfea"
        bad = pa.array(words, pa.binary()).view(pa.string())
        at = rows.column_names.index(column)
        pq.write_table(rows.set_column(at, column, bad), tmp_path / "raw" / f"{name}.parquet")
    found = check_tables(tmp_path / "raw", tmp_path / "q", tmp_path / "c", max_bad_share=0.5)
    assert found.bad == 2
    aside = pq.read_table(tmp_path / "q" / "payments.parquet").to_pylist()
    assert [(row["row"], row["rule"], row["stored"]) for row in aside] == [
        (3, "category.type", "category = \\xff\\xfea")
    ]


# table: how a moment may be stored
TIMES = {
    "naive ms": pa.timestamp("ms"), "naive ns": pa.timestamp("ns"),
    "UTC": pa.timestamp("us", "UTC"),
    "an offset": pa.timestamp("us", "+08:00"), "a zone": pa.timestamp("ms", "America/New_York"),
    "text": pa.string(), "text with an offset": pa.string(), "int96": pa.timestamp("ns"),
}  # fmt: skip


@pytest.mark.parametrize("how", TIMES)
def test_the_same_moments_are_the_same_whatever_stores_them(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    write(tmp_path / "raw", "payments", payments())
    write(tmp_path / "raw", "applications", applications())
    file = tmp_path / "raw" / "payments.parquet"
    rows = pq.read_table(file)
    moments = rows["event_time"]
    stored = moments.cast(TIMES[how]) if TIMES[how] != pa.string() else _written(moments, how)
    other = rows.set_column(rows.column_names.index("event_time"), "event_time", stored)
    pq.write_table(other, file, use_deprecated_int96_timestamps=how == "int96")
    found = check_tables(tmp_path / "raw", tmp_path / "q", tmp_path / "c", max_bad_share=0.0)
    assert pq.read_table(found.files["payments"][0])["event_time"].equals(moments)


def _written(moments: pa.ChunkedArray, how: str) -> pa.Array:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=45))
    times = [moment.replace(tzinfo=dt.UTC).astimezone(zone) for moment in moments.to_pylist()]
    if how == "text":
        times = [moment.astimezone(dt.UTC).replace(tzinfo=None) for moment in times]
    return pa.array([moment.isoformat() for moment in times])


def test_a_moment_that_would_wrap_into_our_time_is_set_aside(tmp_path: Path) -> None:
    """2^64 microseconds and a bit are 2025 again, to a reader that multiplies."""
    write(tmp_path / "raw", "payments", payments())
    write(tmp_path / "raw", "applications", applications())
    file = tmp_path / "raw" / "payments.parquet"
    rows = pq.read_table(file)
    ticks = rows["event_time"].cast(pa.timestamp("ms")).cast(pa.int64()).to_pylist()
    ticks[7] += 2**64 // 1000
    stored = pa.array(ticks, pa.int64()).view(pa.timestamp("ms"))
    pq.write_table(rows.set_column(2, "event_time", stored), file)
    found = check_tables(tmp_path / "raw", tmp_path / "q", tmp_path / "c", max_bad_share=0.5)
    assert dict(found.checks[0].rules) == {"event_time.type": 1}


def test_a_damaged_page_is_refused_in_words(tmp_path: Path) -> None:
    write(tmp_path / "raw", "payments", payments())
    write(tmp_path / "raw", "applications", applications())
    file = tmp_path / "raw" / "payments.parquet"
    content = bytearray(file.read_bytes())
    content[4:400] = os.urandom(396)
    file.write_bytes(content)
    # Arrow names the file; DuckDB, which may meet it first, only its folder.
    with pytest.raises(ForeignError, match=r"cannot (read|answer)"):
        check_tables(tmp_path / "raw", tmp_path / "q", tmp_path / "c", max_bad_share=0.5)
