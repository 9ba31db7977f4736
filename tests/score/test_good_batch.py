"""A good batch.

Every row is decided, in its order, with the bits that the pipeline's own decisions have.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.serving.batch.part import Batch
from creditloom.storage.files.store import read_table
from tests.score.conftest import Run
from tests.score.test_resume import bytes_of


@pytest.fixture
def expected(bundle: Path, frame: pd.DataFrame) -> pa.Table:
    return decisions_table(Decider.load(bundle).decide(frame))


@pytest.mark.parametrize("rows", ["1", "7", "60", "1000"])
def test_decisions_do_not_depend_on_the_parts(
    score: Run, frame: pd.DataFrame, expected: pa.Table, rows: str
) -> None:
    frame.to_parquet("in.parquet")
    assert score("in.parquet", "--part-rows", rows).exit_code == 0
    assert read_table("out.parquet").equals(expected)
    assert not Path("out.rejected.parquet").exists()


def test_the_order_of_rows_and_columns_is_the_callers(
    score: Run, frame: pd.DataFrame, expected: pa.Table
) -> None:
    shuffle = np.random.default_rng(3).permutation(len(frame))
    frame.iloc[shuffle][sorted(frame.columns, reverse=True)].assign(extra="unread").to_parquet(
        "in.parquet", index=False
    )
    assert score("in.parquet").exit_code == 0
    assert read_table("out.parquet").equals(expected.take(pa.array(shuffle)))


def test_a_folder_is_read_in_name_order(
    score: Run, frame: pd.DataFrame, expected: pa.Table
) -> None:
    Path("in").mkdir()
    frame.iloc[:25].to_parquet("in/part-00000.parquet")
    frame.iloc[25:].to_parquet("in/part-00001.parquet")
    assert score("in", "--part-rows", "10").exit_code == 0
    assert read_table("out.parquet").equals(expected)


def test_dictionary_encoded_and_integer_columns_decide_alike(
    score: Run, frame: pd.DataFrame, expected: pa.Table
) -> None:
    table = pa.Table.from_pandas(
        frame.assign(
            purpose=frame["purpose"].astype("category"),
            age_years=frame["age_years"].astype("float64"),
        )
    )
    pq.write_table(table, "in.parquet")
    assert score("in.parquet").exit_code == 0
    assert read_table("out.parquet").equals(expected)


def test_text_ids_stay_text(score: Run, frame: pd.DataFrame) -> None:
    frame.assign(application_id=[f"A{i:03}" for i in range(len(frame))]).to_parquet("in.parquet")
    assert score("in.parquet").exit_code == 0
    assert read_table("out.parquet")["application_id"].to_pylist()[:2] == ["A000", "A001"]


def test_the_summary_counts_everything(score: Run, frame: pd.DataFrame) -> None:
    frame.assign(wealth_fen=[-1, *frame["wealth_fen"][1:]]).to_parquet("in.parquet")
    summary = json.loads(score("in.parquet", "--json").stdout)
    assert (summary["rows"], summary["decided"], summary["rejected"]) == (60, 59, 1)
    assert summary["rejected_by_rule"] == {"below_range": 1}
    assert sum(summary["decisions"].values()) == 59


def test_explain_all_adds_points_that_make_up_the_score(score: Run, frame: pd.DataFrame) -> None:
    frame.to_parquet("in.parquet")
    assert score("in.parquet", "--explain", "all", "--language", "zh").exit_code == 0
    decisions = read_table("out.parquet").to_pandas()
    points = decisions.filter(like="points_").sum(axis=1)
    assert (points - decisions["score_raw"]).abs().max() < 1e-9


def test_another_batch_replaces_the_first_only_when_told_to(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    score("in.parquet")
    frame.assign(wealth_fen=[-1, *frame["wealth_fen"][1:]]).iloc[:5].to_parquet("in.parquet")
    with pytest.raises(SystemExit):
        score("in.parquet")
    assert "a batch with another input" in capsys.readouterr().err
    score("in.parquet", "--replace")
    assert read_table("out.parquet").num_rows == 4
    assert sorted(path.name for path in Path().iterdir()) == [
        "creditloom.ledger",
        "in.parquet",
        "out.batch",
        "out.parquet",
        "out.rejected.parquet",
    ]


def test_a_folder_is_the_output_of_a_large_batch(
    score: Run, frame: pd.DataFrame, expected: pa.Table
) -> None:
    frame.to_parquet("in.parquet")
    assert score("in.parquet", "--part-rows", "25", "--output", "night").exit_code == 0
    assert read_table("night/decisions").equals(expected)
    assert sorted(path.name for path in Path("night").iterdir() if path.name != ".lock") == [
        "batch.json",
        "decisions",
        "leaves",
        "ledger",
        "manifest.json",
        "quarantine",
        "receipts",
    ]


def test_files_at_any_depth_are_read_in_path_order(
    score: Run, frame: pd.DataFrame, expected: pa.Table
) -> None:
    for month, rows in (("2025-10", slice(0, 30)), ("2025-11", slice(30, 60))):
        Path("in", f"month={month}").mkdir(parents=True)
        frame.iloc[rows].to_parquet(f"in/month={month}/part.parquet")
    Path("in", "_started.parquet").write_bytes(b"")
    assert score("in").exit_code == 0
    assert read_table("out.parquet").equals(expected)


@pytest.mark.parametrize("group", [5, 60], ids=["each worker reads", "one reads for all"])
def test_two_workers_write_the_bytes_of_one(
    score: Run, frame: pd.DataFrame, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether each reads and writes for itself, or row groups are too large for that."""
    bad = frame.assign(wealth_fen=[-1, *frame["wealth_fen"][1:]])
    bad.to_parquet("in.parquet", index=False, row_group_size=group)
    alone: list[int] = []
    made = Batch.alone
    monkeypatch.setattr(
        Batch, "alone", lambda batch, work, part: alone.append(part) or made(batch, work, part)
    )
    files = []
    for threads in ("1", "2"):
        score("in.parquet", "--part-rows", "10", "--threads", threads, "--output", "night")
        files.append(bytes_of(Path("night")))
        shutil.rmtree("night")
    assert files[0] == files[1]
    assert sorted(alone) == ([*range(6)] if group == 5 else [])
