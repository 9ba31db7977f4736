"""Input that cannot be decided at all.

Exit code 2, a message with the next step, and nothing written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.cli import build
from tests.score.conftest import Run


def _parquet(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pd.DataFrame], None]:
    return lambda frame: change(frame).to_parquet("in.parquet")


def _twice(frame: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(frame)
    pq.write_table(table.append_column("pay_a_3m", table["pay_b_3m"]), "in.parquet")


def _damaged(frame: pd.DataFrame) -> None:
    frame.to_parquet("in.parquet", compression="zstd")
    raw = bytearray(Path("in.parquet").read_bytes())
    raw[40:400] = b"\xff" * 360
    Path("in.parquet").write_bytes(raw)


# table: case -> how the input is spoilt, and the words of the refusal
CASES: dict[str, tuple[Callable[[pd.DataFrame], object], str]] = {
    "missing column": (_parquet(lambda f: f.drop(columns="bur_d_3m")), "Missing column `bur_d_3m`"),
    "renamed column": (
        _parquet(lambda f: f.rename(columns={"pay_a_3m": "pay_a_3mths"})),
        "rename `pay_a_3mths` to `pay_a_3m`",
    ),
    "renamed policy input": (
        _parquet(lambda f: f.rename(columns={"exposure_fen": "exposure_yuan"})),
        "`exposure_yuan`, which is near",
    ),
    "no id": (
        _parquet(lambda f: f.rename(columns={"application_id": "app_id"})),
        "Missing column `application_id`",
    ),
    "column twice": (_twice, "`pay_a_3m` is there twice"),
    "text for a number": (
        _parquet(lambda f: f.assign(pay_a_3m="0.5")),
        "Wrong type: column `pay_a_3m`",
    ),
    "text for a flag": (_parquet(lambda f: f.assign(is_student="yes")), "expected: true or false"),
    "milliseconds for a time": (
        _parquet(lambda f: f.assign(as_of=f["as_of"].astype("int64") // 1_000)),
        "expected: timestamps (UTC), dates or ISO 8601 text",
    ),
    "a flag for an id": (
        _parquet(lambda f: f.assign(application_id=f["is_student"])),
        "Wrong type: column `application_id`",
    ),
    "empty file": (lambda f: Path("in.parquet").write_bytes(b""), "Empty file"),
    "no rows": (_parquet(lambda f: f.iloc[:0]), "Nothing to decide"),
    "not Parquet": (lambda f: f.to_csv("in.parquet"), "Not a Parquet file"),
    "damaged": (_damaged, "Damaged Parquet file"),
    "no file": (lambda f: None, "No such file"),
}


@pytest.mark.parametrize("case", CASES)
def test_unusable_input(
    score: Run, frame: pd.DataFrame, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = CASES[case]
    make(frame)
    before = set(Path().iterdir())
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", "--part-rows", "10")
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert message in told
    assert all(part in told for part in ("where:", "expected:", "got:", "next:"))
    assert {path for path in Path().iterdir() if path.name != "out.batch"} == before
    assert not list(Path().glob("out.batch/*/*.parquet"))


def test_an_earlier_output_survives_a_failed_run(score: Run, frame: pd.DataFrame) -> None:
    frame.to_parquet("in.parquet")
    score("in.parquet")
    kept = Path("out.parquet").read_bytes()
    frame.drop(columns="pay_a_3m").to_parquet("in.parquet")
    with pytest.raises(SystemExit):
        score("in.parquet")
    assert Path("out.parquet").read_bytes() == kept


def test_the_second_file_of_a_folder_is_checked_before_the_first_row(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    frame.to_parquet("in/a.parquet")
    frame.drop(columns="pay_a_3m").to_parquet("in/b.parquet")
    with pytest.raises(SystemExit):
        score("in")
    assert "in/b.parquet" in capsys.readouterr().err
    assert not Path("out.parquet").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--explain", "some"), "one of adverse, all, none"), (("--language", "fr"), "one of en, zh")],
)
def test_unknown_options_are_refused(
    score: Run,
    frame: pd.DataFrame,
    options: tuple[str, str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame.to_parquet("in.parquet")
    with pytest.raises(SystemExit):
        score("in.parquet", *options)
    assert message in capsys.readouterr().err
    assert not Path("out.parquet").exists()


@pytest.mark.parametrize("output", ["in.parquet", "out.csv"])
def test_the_output_may_not_touch_the_input(score: Run, frame: pd.DataFrame, output: str) -> None:
    frame.to_parquet("in.parquet")
    kept = Path("in.parquet").read_bytes()
    with pytest.raises(SystemExit):
        score("in.parquet", "--output", output)
    assert Path("in.parquet").read_bytes() == kept


def test_a_tampered_bundle_decides_nothing(
    score: Run, frame: pd.DataFrame, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    other = Path("model")
    other.mkdir()
    for file in bundle.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    (other / "tiers.json").write_text((other / "tiers.json").read_text().replace("0.12", "0.13"))
    with pytest.raises(SystemExit):
        score("in.parquet", "--bundle", str(other))
    assert "tiers.json" in capsys.readouterr().err
    assert not Path("out.parquet").exists()


def test_a_refusal_is_told_in_json_too(bundle: Path, tmp_path: Path) -> None:
    """A scheduler that reads standard output finds why, and the exit code."""
    words = [
        "score",
        "--input",
        str(tmp_path / "none.parquet"),
        "--output",
        str(tmp_path / "out"),
        "--bundle",
        str(bundle),
        "--json",
    ]
    told = json.loads(CliRunner().invoke(build(["score", "params"], is_main=True), words).stdout)
    assert told["exit_code"] == 2
    assert told["refused"].startswith("No such file")
