"""Bad input: an error in words, exit code 2, and nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.fit.conftest import Run, loans

LATER = pd.Timestamp("2999-01-01")
Change = Callable[[pd.DataFrame], pd.DataFrame]
# table: case -> what is done to a good table, and the words of the refusal
REFUSED: dict[str, tuple[Change, str]] = {
    "missing column": (lambda f: f.drop(columns="bad"), "Column `bad` is missing"),
    "renamed column": (lambda f: f.rename(columns={"day": "dday"}), "rename `dday` to `day`"),
    "wrong type": (lambda f: f.assign(bad=f["bad"].astype(str)), "string"),
    "future date": (lambda f: f.assign(day=f["day"].where(f.index != 5, LATER)),
                    "1 in the future, the first in row 5"),
    "NaN label": (lambda f: f.assign(bad=f["bad"].where(f.index != 5, np.nan)),
                  "1 null of 400 rows, the first in row 5"),
    "one class": (lambda f: f.assign(bad=1), "one class only"),
    "few bads": (lambda f: f.assign(bad=(f.index < 8).astype(int)),
                 "at least 25 bads and 25 goods"),
    "the answer": (lambda f: f.assign(income=f["bad"] * 1.0), "probably `income`"),
    "no rows": (lambda f: f.head(0), "Empty table"),
}  # fmt: skip


def refused(fit: Run, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    with pytest.raises(SystemExit) as end:
        fit(
            "--data",
            "t.parquet",
            "--label",
            "bad",
            "--id",
            "loan",
            "--time",
            "day",
            "--out",
            "out",
            *more,
        )
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_fitted(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    change, words = REFUSED[case]
    change(loans()).to_parquet(tmp_path / "t.parquet", index=False)
    assert words in refused(fit, capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "Empty file"), (b"loan,bad\n1,0\n", "Not a Parquet file")]
)
def test_a_file_that_is_no_table(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    message = refused(fit, capsys)
    assert words in message
    assert all(part in message for part in ("t.parquet", "expected:", "got:", "next:"))
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_special_code_that_is_no_number(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans().to_parquet(tmp_path / "t.parquet", index=False)
    assert "no number" in refused(fit, capsys, "--special-codes=-9,none")


def test_a_folder_of_someone_else(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans().to_parquet(tmp_path / "t.parquet", index=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter").write_text("dear")
    assert "replace something else" in refused(fit, capsys)
    assert "replace something else" in refused(fit, capsys, "--force")
    assert (tmp_path / "out" / "letter").read_text() == "dear"
