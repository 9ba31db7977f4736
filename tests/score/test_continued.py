"""A batch that was stopped is continued whatever moved, was copied, mended or torn meanwhile."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from creditloom.serving.batch import job, output
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.score import score as score_batch
from creditloom.serving.whole import resume
from creditloom.storage.files.store import read_json, read_table, write_json
from tests.registry.small import applications, write_bundle
from tests.score.conftest import Run, scoring
from tests.score.test_resume import PARTS, bytes_of

NIGHT = Path("night")


def _leave(parts: int) -> None:
    """Leave the first parts of the batch, as a kill does."""
    (NIGHT / "manifest.json").unlink()
    for file in sorted((NIGHT / "receipts").iterdir())[parts:]:
        file.unlink()


@pytest.fixture(scope="module")
def finished(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of 30 rows and their batch, kept; they were made in the folder `place` beside.

    batch.json names the input by its path, so a test has its copy where the batch was made.
    """
    folder = tmp_path_factory.mktemp("finished") / "place"
    folder.mkdir()
    frame = applications(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("in").mkdir()
        frame.iloc[:30].to_parquet("in/a.parquet")
        frame.iloc[30:].to_parquet("in/b.parquet")
        scoring(bundle)("in", *PARTS)
    return folder.rename(folder.with_name("kept"))


@pytest.fixture
def whole(score: Run, finished: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Two files of 30 rows, and the bytes of their batch, of which three parts of six are left."""
    place = finished.with_name("place")
    shutil.rmtree(place, ignore_errors=True)
    monkeypatch.chdir(shutil.copytree(finished, place))
    kept = bytes_of(NIGHT)
    _leave(3)
    return kept


def _resumed(score: Run, source: str = "in", *options: str) -> int:
    return int(json.loads(score(source, *PARTS, *options, "--json").stdout)["resumed_rows"])


def test_a_touched_input_is_the_same(score: Run, whole: dict[str, bytes]) -> None:
    os.utime("in/a.parquet", (1, 1))
    assert _resumed(score) == 30
    assert bytes_of(NIGHT) == whole


def test_a_copy_elsewhere_is_the_same_and_batch_json_stays(
    score: Run, whole: dict[str, bytes]
) -> None:
    shutil.move("in", "mounted")
    assert _resumed(score, "mounted") == 30
    assert bytes_of(NIGHT) == whole


def test_another_byte_in_a_file_that_was_read_is_refused_and_named(
    score: Run,
    frame: pd.DataFrame,
    whole: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The footer is the same: no statistics are kept, and no value is compressed away."""
    before = bytes_of(NIGHT)
    frame.iloc[:30].assign(exposure_fen=3).to_parquet("in/a.parquet")
    with pytest.raises(SystemExit):
        score("in", *PARTS)
    told = capsys.readouterr().err
    assert "another input (a.parquet)" in told
    assert "--replace" not in told
    assert bytes_of(NIGHT) == before


def test_another_file_that_nobody_has_read_yet_is_taken_as_it_is(
    score: Run, frame: pd.DataFrame, whole: dict[str, bytes]
) -> None:
    frame.iloc[30:].assign(exposure_fen=3).to_parquet("in/b.parquet")
    assert _resumed(score) == 30
    continued = bytes_of(NIGHT)
    shutil.rmtree(NIGHT)
    assert _resumed(score) == 0
    assert bytes_of(NIGHT) == continued


def test_an_id_that_a_new_file_repeats_is_set_aside_in_finished_parts_too(
    score: Run, frame: pd.DataFrame, whole: dict[str, bytes]
) -> None:
    frame.iloc[30:].assign(application_id=range(59, 29, -1)).replace(
        {"application_id": {59: 2}}
    ).to_parquet("in/b.parquet")
    _resumed(score)
    rejected = read_table(NIGHT / "quarantine")["application_id"].to_pylist()
    assert rejected == [2, 2]


def _damaged(path: Path) -> None:
    """Spoil a page of the second row group, so that the first one is read."""
    column = pq.read_metadata(path).row_group(1).column(19)
    content = bytearray(path.read_bytes())
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


def test_of_a_damaged_file_that_was_mended_the_parts_of_other_files_are_kept(
    score: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job stopped at its second file; another writer then wrote that again."""
    frame = applications(100)
    Path("in").mkdir()
    options = ("--accept-drift", "a case")
    frame.iloc[:70].to_parquet("in/a.parquet")
    frame.iloc[70:].to_parquet("in/b.parquet", row_group_size=10)
    _damaged(Path("in/b.parquet"))
    with pytest.raises(SystemExit):
        score("in", *PARTS, *options)
    assert "finished parts of other files are kept" in capsys.readouterr().err
    finished = len(list((NIGHT / "receipts").iterdir()))
    assert finished >= 2
    assert read_json(NIGHT / "damaged.json")["file"] == "b.parquet"
    frame.iloc[70:].to_parquet("in/b.parquet", compression="zstd")
    assert _resumed(score, "in", *options) == 10 * finished
    continued = bytes_of(NIGHT)
    shutil.rmtree(NIGHT)
    assert _resumed(score, "in", *options) == 0
    assert bytes_of(NIGHT) == continued


@pytest.mark.parametrize(("noted", "kept"), [("b.parquet", 30), ("a.parquet", None)])
def test_a_part_of_the_damaged_file_itself_is_made_again(
    score: Run, frame: pd.DataFrame, whole: dict[str, bytes], noted: str, kept: int | None
) -> None:
    """Without the note that the job stopped at this file, its change is refused."""
    score("in", *PARTS)
    _leave(4)
    write_json({"file": noted, "format": 3}, NIGHT / "damaged.json")
    frame.iloc[30:].to_parquet("in/b.parquet", compression="zstd")
    if kept is None:
        with pytest.raises(SystemExit):
            score("in", *PARTS)
        return
    assert _resumed(score) == kept
    decisions = "decisions/part-00003.parquet"
    assert bytes_of(NIGHT)[decisions] == whole[decisions]
    assert bytes_of(NIGHT)["ledger/part-00003.parquet"] != whole["ledger/part-00003.parquet"]


@pytest.mark.parametrize("content", [b"", b"\0" * 80, b'{\n "columns": [\n  "appl'])
@pytest.mark.parametrize("name", ["batch.json", "receipts/part-00001.json", "damaged.json"])
def test_a_torn_file_is_no_file(
    score: Run, whole: dict[str, bytes], name: str, content: bytes
) -> None:
    (NIGHT / name).write_bytes(content)
    assert _resumed(score) == (20 if "receipts" in name else 30)
    assert bytes_of(NIGHT) == whole


def test_a_torn_batch_json_alone_holds_nobody(score: Run, whole: dict[str, bytes]) -> None:
    shutil.rmtree(NIGHT)
    NIGHT.mkdir()
    (NIGHT / "batch.json").write_bytes(b"")
    (NIGHT / ".batch.json.7.tmp").write_bytes(b"{")
    assert _resumed(score) == 0
    assert bytes_of(NIGHT) == whole


def test_other_libraries_are_told_and_not_mixed(
    score: Run,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later = {**resume.made_by(), "pyarrow": "99.0"}
    monkeypatch.setattr(resume, "made_by", lambda: later)
    before = bytes_of(NIGHT)
    with pytest.raises(SystemExit):
        score("in", *PARTS)
    assert "another libraries or row rules (pyarrow" in capsys.readouterr().err
    assert bytes_of(NIGHT) == before


def test_a_batch_of_which_no_part_is_finished_gives_way(
    score: Run, whole: dict[str, bytes]
) -> None:
    """As after a drift that a person accepts: nothing is lost with it."""
    _leave_none = [file.unlink() for file in (NIGHT / "receipts").iterdir()]
    assert len(_leave_none) == 3
    assert _resumed(score, "in", "--explain", "all", "--part-rows", "40") == 0
    assert sorted(path.name for path in (NIGHT / "decisions").iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]


@pytest.mark.parametrize("replace", [False, True])
def test_an_alias_that_moved_meanwhile_does_not_change_the_model(
    frame: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replace: bool,
) -> None:
    """The batch keeps the version with which it began; a new one takes the version of now."""
    monkeypatch.chdir(tmp_path)
    bundles = {str(k): write_bundle(tmp_path / f"model{k}", seed=k) for k in (1, 2)}
    champion = ["1"]

    def of_uri(uri: str, _registry: Path) -> DecidingModel:
        version = champion[0] if uri.endswith("@champion") else uri.rpartition("/")[2]
        loaded = DecidingModel.of_bundle(bundles[version])
        return dataclasses.replace(loaded, name=f"models:/credit-decision/{version}")

    monkeypatch.setattr(DecidingModel, "of_uri", of_uri)
    frame.to_parquet("in.parquet")
    given = {"source": "in.parquet", "part_rows": 10, "replace": replace}
    score_batch("night", **given)
    kept = bytes_of(NIGHT)
    _leave(2)
    champion[0] = "2"
    assert score_batch("night", **given).tally.resumed == 20
    assert bytes_of(NIGHT) == kept
    score_batch("other", **given)
    assert read_json("other/batch.json")["options"]["model"].endswith("/2")


def _deleting(name: str) -> Callable[[], object]:
    return (NIGHT / name).unlink


# table: what happens to the output after its third part
LOST: dict[str, Callable[[], object]] = {
    "moved": lambda: NIGHT.rename("away"),
    "deleted": lambda: shutil.rmtree(NIGHT),
    "a part": _deleting("decisions/part-00000.parquet"),
    "a ledger": _deleting("ledger/part-00001.parquet"),
    "a receipt": _deleting("receipts/part-00001.json"),
    "emptied": lambda: (NIGHT / "decisions/part-00001.parquet").write_bytes(b""),
}


@pytest.mark.parametrize("case", LOST)
def test_an_output_that_is_lost_while_the_job_runs_is_no_success(
    score: Run,
    frame: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    frame.to_parquet("in.parquet")
    real = output.BatchFolder.note

    def note(folder: output.BatchFolder, part: int, receipt: dict[str, object]) -> None:
        real(folder, part, receipt)
        if part == 2:
            LOST[case]()

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as stopped:
        patch.setattr(output.BatchFolder, "note", note)
        score("in.parquet", *PARTS)
    assert stopped.value.code == 4
    assert "moved, deleted or changed" in capsys.readouterr().err
    score("in.parquet", *PARTS)
    assert read_json(NIGHT / "manifest.json")["decided"] == 60


def test_rows_that_are_announced_and_not_decided_are_no_success(
    score: Run,
    frame: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame.to_parquet("in.parquet")
    monkeypatch.setattr(job.Tally, "figures", lambda _: {"rows": 60, "decided": 59, "rejected": 0})
    with pytest.raises(SystemExit):
        score("in.parquet", *PARTS)
    assert "Not every row was decided" in capsys.readouterr().err
    assert not (NIGHT / "manifest.json").exists()
