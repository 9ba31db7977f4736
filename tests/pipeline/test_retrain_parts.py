"""What a retrain is made of: the months, the tables as known, the words to a person."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.features.contract.tables import TABLES
from creditloom.models.sample.split import SplitParams, learnt_until
from creditloom.pipeline.commands.retrain.known_tables import (
    copy_known,
    known_column,
    source_sha256,
)
from creditloom.pipeline.commands.retrain.retrain_month import (
    RetrainError,
    RetrainMonth,
    RetrainParams,
    month_of,
)
from creditloom.storage.files.store import read_table

SPLIT = SplitParams(datetime.date(2024, 1, 1), 15, 3, 6)
PARAMS = RetrainParams(judged_months=9, min_bads=20)
MONTH = np.datetime64("2026-01", "M")


def months(until: str | None, month: np.datetime64 = MONTH) -> RetrainMonth:
    return RetrainMonth.of(month, SPLIT, PARAMS, None if until is None else np.datetime64(until))


# table: the champion's first month that it has not learnt from, first judged month, training months
@pytest.mark.parametrize(
    ("until", "judged_from", "training"),
    [
        (None, "2025-04", 12),  # nobody is champion: the newest nine months
        ("2025-01", "2025-04", 12),
        ("2025-07", "2025-07", 15),  # as the default split leaves it
        ("2025-12", "2025-12", 20),
    ],
)
def test_no_judged_month_has_taught_the_champion(
    until: str | None, judged_from: str, training: int
) -> None:
    found = months(until)
    assert str(found.judged_from) == judged_from and found.split.train_months == training
    assert found.split.known_by == "2026-01-01"
    assert learnt_until(found.split) == found.judged_from


def test_what_was_promoted_is_judged_on_the_same_months_when_run_again() -> None:
    """Else the second run of a scheduler would train another model."""
    first = months("2025-02")
    assert months(str(first.judged_from)) == first


def test_a_champion_that_knows_all_months_cannot_be_judged() -> None:
    with pytest.raises(RetrainError, match=r"No month is left .*\n.*\n.*\n.*\n.*--champion-until"):
        months("2026-01")


def test_too_few_months_are_refused_with_their_number() -> None:
    with pytest.raises(RetrainError, match=r"expected: 10 training months .*\n +got: +1"):
        months(None, np.datetime64("2025-02", "M"))


@pytest.mark.parametrize("text", ["2026-1", "2026-13", "01-2026", "2026-01-01"])
def test_a_month_is_written_in_one_way(text: str) -> None:
    with pytest.raises(RetrainError, match="expected: a month as 2026-01"):
        month_of(text, "--as-of")


@pytest.mark.parametrize("name", TABLES)
def test_every_raw_table_says_when_a_row_was_known(name: str) -> None:
    assert known_column(name) in {column.name for column in TABLES[name].columns}


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai"])
def test_only_what_was_known_before_the_day_is_copied(tmp_path: Path, zone: str | None) -> None:
    """A moment of a zone is compared as the moment that it is; a null is left to the contract."""
    moments = [
        datetime.datetime(2025, 12, 31, 23, 59, 59),
        datetime.datetime(2026, 1, 1),
        None,
    ]
    times = pa.array(moments, pa.timestamp("us")).cast(pa.timestamp("us", zone))
    table = pa.table({"event_id": [1, 2, 3], "known_time": times})
    (tmp_path / "raw").mkdir()
    pq.write_table(table, tmp_path / "raw" / "bills.parquet")
    kept = copy_known(tmp_path / "raw", np.datetime64("2026-01-01"), tmp_path / "known")
    assert kept == {"bills": 2}
    assert read_table(tmp_path / "known" / "bills")["event_id"].to_pylist() == [1, 3]


def test_the_source_is_known_by_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "bills").mkdir()
    file = tmp_path / "bills" / "part-0.parquet"
    pq.write_table(pa.table({"event_id": [1]}), file)
    before = source_sha256(tmp_path)
    assert source_sha256(tmp_path) == before
    pq.write_table(pa.table({"event_id": [2]}), file)
    assert source_sha256(tmp_path) != before
