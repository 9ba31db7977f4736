"""A job that is stopped at any moment goes on where it was.

It leaves the same bytes as one that ran through.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.cli import build
from creditloom.serving.batch.output import BatchFolder
from creditloom.storage.files.store import read_json, read_table, write_json
from tests.registry.small import applications
from tests.score.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("--part-rows", "10", "--output", "night")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a batch; the lock names a process and is none of its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def whole(score: Run, frame: pd.DataFrame) -> dict[str, bytes]:
    """Return the bytes of `night` after a run without a stop.

    The folder is left with its first three parts, as a kill leaves it.
    """
    frame.assign(wealth_fen=[-1, *frame["wealth_fen"][1:]]).to_parquet("in.parquet")
    score("in.parquet", *PARTS)
    kept = bytes_of(Path("night"))
    Path("night/manifest.json").unlink()
    for part in (3, 4, 5):
        Path(f"night/receipts/part-{part:05}.json").unlink()
    Path("night/decisions/part-00004.parquet").unlink()
    Path("night/decisions/.part-00004.parquet.1.tmp").write_bytes(b"half")
    return kept


def test_finished_parts_are_kept_and_the_rest_is_the_same(
    score: Run, whole: dict[str, bytes]
) -> None:
    before = Path("night/decisions/part-00002.parquet").stat().st_mtime_ns
    summary = json.loads(score("in.parquet", *PARTS, "--json").stdout)
    assert summary["resumed_rows"] == 30
    assert Path("night/decisions/part-00002.parquet").stat().st_mtime_ns == before
    assert bytes_of(Path("night")) == whole


def test_a_damaged_part_is_made_again(score: Run, whole: dict[str, bytes]) -> None:
    part = Path("night/ledger/part-00001.parquet")
    part.write_bytes(part.read_bytes()[:-20])
    assert json.loads(score("in.parquet", *PARTS, "--json").stdout)["resumed_rows"] == 20
    assert bytes_of(Path("night")) == whole


def test_a_finished_batch_is_not_decided_again(score: Run, whole: dict[str, bytes]) -> None:
    score("in.parquet", *PARTS)
    assert json.loads(score("in.parquet", *PARTS, "--json").stdout)["resumed_rows"] == 60
    assert bytes_of(Path("night")) == whole


def test_the_day_of_the_first_run_stays(score: Run, whole: dict[str, bytes]) -> None:
    """A job killed before midnight and taken up after it asks the same of every row."""
    batch = read_json("night/batch.json")
    assert batch["options"]["today"] == "2026-01-01"
    score("in.parquet", *PARTS)
    assert read_json("night/batch.json") == batch


def test_an_input_that_changed_meanwhile_is_refused(
    score: Run, frame: pd.DataFrame, whole: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", *PARTS)
    assert stopped.value.code == 2
    assert "another input" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--explain", "all", "options"), ("--part-rows", "20", "part_rows")],
)
def test_other_options_are_another_batch(
    score: Run,
    whole: dict[str, bytes],
    option: str,
    value: str,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        score("in.parquet", *PARTS, option, value)
    assert f"another {told}" in capsys.readouterr().err


def test_a_folder_of_something_else_is_not_touched(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    write_json({"mine": 1}, "night/notes.json")
    with pytest.raises(SystemExit):
        score("in.parquet", *PARTS)
    assert "The output folder is taken" in capsys.readouterr().err
    assert read_json("night/notes.json") == {"mine": 1}


def test_two_writers_are_one_too_many(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("in.parquet")
    with BatchFolder(Path("night")).claimed(), pytest.raises(SystemExit) as stopped:
        score("in.parquet", *PARTS)
    assert stopped.value.code == 3
    assert f"process {os.getpid()}" in capsys.readouterr().err


def test_the_lock_of_a_dead_process_holds_nobody(score: Run, frame: pd.DataFrame) -> None:
    frame.to_parquet("in.parquet")
    Path("night").mkdir()
    Path("night/.lock").write_text("999999\n")
    assert score("in.parquet", *PARTS).exit_code == 0


def test_a_full_disk_ends_cleanly_and_the_next_run_goes_on(
    score: Run,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from creditloom.serving.batch import output as batch_output

    def full(table: object, path: Path, **_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(batch_output, "write_table", full)
    with pytest.raises(SystemExit) as stopped:
        score("in.parquet", *PARTS)
    monkeypatch.undo()
    told = capsys.readouterr().err
    assert stopped.value.code == 4
    assert "No space left on device" in told
    assert "finished parts are kept" in told
    assert not list(Path("night").rglob(".*.tmp"))


def _command(bundle: Path, output: Path, source: Path) -> list[str]:
    words = [
        "score",
        "--input",
        source,
        "--output",
        output,
        "--bundle",
        bundle,
        "--today",
        "2026-01-01",
        "--part-rows",
        "1000",
    ]
    return list(map(str, words))


def _killed(words: list[str], output: Path, wait: Callable[[int], bool]) -> None:
    """Start the command in a process of its own and kill it once `wait(finished parts)` holds."""
    job = subprocess.Popen(
        [sys.executable, "-m", "creditloom.pipeline.cli", *words],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    while job.poll() is None and not wait(len(list(output.glob("receipts/part-*.json")))):
        time.sleep(0.002)
    job.send_signal(signal.SIGKILL)
    job.wait()


def _batch(folder: Path, rows: int) -> Path:
    """Input with some bad rows."""
    source = folder / "in.parquet"
    applications(rows).assign(
        wealth_fen=lambda f: f["wealth_fen"].where(f["application_id"] % 97 != 0, -1)
    ).to_parquet(source)
    return source


def _taken_up(bundle: Path, folder: Path, source: Path, rows: int) -> None:
    """The killed batch run to its end has the bytes of one that ran through.

    Every row is decided or set aside, once.
    """
    for name in ("killed", "through"):
        assert (
            CliRunner()
            .invoke(build(["score", "params"]), _command(bundle, folder / name, source))
            .exit_code
            == 0
        )
    assert bytes_of(folder / "killed") == bytes_of(folder / "through")
    decided, rejected = (
        read_table(folder / "killed" / kind)["application_id"].to_pylist()
        for kind in ("decisions", "quarantine")
    )
    assert sorted(decided + rejected) == list(range(rows))


@pytest.mark.slow
def test_killed_and_taken_up_again(bundle: Path, tmp_path: Path) -> None:
    source = _batch(tmp_path, 12_000)
    _killed(_command(bundle, tmp_path / "killed", source), tmp_path / "killed", _after_parts(3))
    assert not (tmp_path / "killed" / "manifest.json").exists()
    _taken_up(bundle, tmp_path, source, 12_000)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(bundle: Path, tmp_path: Path) -> None:
    source = _batch(tmp_path, 400_000)
    rng = np.random.default_rng(5)
    for _ in range(20):
        _killed(
            _command(bundle, tmp_path / "killed", source),
            tmp_path / "killed",
            _after_seconds(rng.uniform(1.0, 8.0)),
        )
    _taken_up(bundle, tmp_path, source, 400_000)


def _after_parts(parts: int) -> Callable[[int], bool]:
    return lambda done: done >= parts


def _after_seconds(seconds: float) -> Callable[[int], bool]:
    end = time.monotonic() + seconds
    return lambda _: time.monotonic() > end
