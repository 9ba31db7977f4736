"""A batch of a folder as others write it: hidden drafts, days, links, odd names, quiet days."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files.store import read_table
from tests.score.conftest import Run


def _put(frame: pd.DataFrame, name: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(name)


def _decided(score: Run, source: str) -> int:
    return int(json.loads(score(source, "--json").stdout)["decided"])


def test_drafts_are_not_decided(score: Run, frame: pd.DataFrame) -> None:
    _put(frame, "lake/part-0.parquet")
    _put(frame, "lake/_temporary/0/part-1.parquet")
    _put(frame, "lake/.ipynb_checkpoints/part-0-checkpoint.parquet")
    assert _decided(score, "lake") == 60


@pytest.mark.parametrize("name", ["in [final]/apps[1].parquet", "a?b/x*.parquet", "a'b/c.parquet"])
def test_a_name_is_no_pattern(score: Run, frame: pd.DataFrame, name: str) -> None:
    _put(frame, name)
    _put(frame, "in f/apps1.parquet")
    assert _decided(score, name) == 60
    assert _decided(score, str(Path(name).parent)) == 60


def test_what_a_folder_is_called_is_no_column(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither beside the column of that name, nor instead of one that is not there."""
    _put(frame.iloc[:30], "lake/application_id=5/purpose=gold/a.parquet")
    _put(frame.iloc[30:], "lake/application_id=6/purpose=tea/a.parquet")
    assert _decided(score, "lake") == 60
    assert read_table("out.parquet")["application_id"].to_pylist() == list(range(60))
    _put(frame.drop(columns="application_id"), "other/application_id=5/a.parquet")
    with pytest.raises(SystemExit):
        score("other", "--output", "night")
    assert "Missing column `application_id`" in capsys.readouterr().err


@pytest.mark.parametrize("case", ["typed", "null", "few columns"])
@pytest.mark.parametrize("day", ["2025-11-01", "2025-11-03"])
def test_a_day_without_applications_does_no_harm(
    score: Run, frame: pd.DataFrame, case: str, day: str
) -> None:
    _put(frame, "lake/dt=2025-11-02/a.parquet")
    empty = pa.Table.from_pandas(frame.iloc[:0], preserve_index=False)
    if case == "null":
        empty = pa.table({name: pa.nulls(0) for name in empty.column_names})
    if case == "few columns":
        empty = empty.select(["application_id"])
    Path(f"lake/dt={day}").mkdir()
    pq.write_table(empty, f"lake/dt={day}/a.parquet")
    assert _decided(score, "lake") == 60


@pytest.mark.parametrize("option", ["--input", "--output"])
def test_an_address_of_a_store_is_refused_in_words(
    score: Run, frame: pd.DataFrame, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", option, "s3://bucket/x.parquet")
    assert stopped.value.code == 2
    assert "mount the store" in capsys.readouterr().err
    assert not Path("s3:").exists()
