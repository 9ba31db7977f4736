"""A letter about a decision of a batch: row, product and law are what the ledger entry noted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.letters.found import find
from creditloom.pipeline.commands.letters.letter import compose, finished
from creditloom.serving.applicant.letters.marks import LetterError
from creditloom.storage.files.errors import DataError


@pytest.fixture
def night(
    tmp_path: Path, bundle: Path, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A batch of 60 applications with its ledger."""
    monkeypatch.chdir(tmp_path)
    rows[:60].to_parquet("in.parquet")
    words = ["--input", "in.parquet", "--output", "night", "--bundle", str(bundle)]
    command = build(["score", "params"])
    result = CliRunner().invoke(
        command, ["score", *words, "--today", "2026-01-01"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return Path("night")


def decided(night: Path) -> tuple[Path, pa.Table]:
    file = sorted((night / "decisions").glob("*.parquet"))[0]
    return file, pq.read_table(file)


def test_a_letter_of_a_batch_is_held_against_its_ledger(night: Path) -> None:
    file, table = decided(night)
    row = next(one for one in table.to_pylist() if one["decision"] == "decline")
    by_id = find(row["decision_id"], None, night, None)
    by_application = find(None, str(row["application_id"]), night, None)
    assert by_id.has_ledger and by_id.differing == () and by_id.row == by_application.row
    # In the other language than the batch was decided in: made again, not translated.
    assert "未通过的原因" in finished(compose(by_id, "zh"), "text").decode()
    # A changed row is not the one that was sealed: nobody gets a letter about it.
    place = table.column_names.index("score")
    changed = table.set_column(place, "score", pa.array([700] * len(table), pa.int64()))
    pq.write_table(changed, file)
    again = find(row["decision_id"], None, night, None)
    assert again.differing == ("decision",)
    with pytest.raises(LetterError, match="ledger"):
        compose(again, "en")


def test_an_application_that_the_batch_does_not_hold_is_refused(night: Path) -> None:
    with pytest.raises(DataError, match="No such application"):
        find(None, "-5", night, None)
