"""What somebody else keeps where a batch goes, or beside it, is there unchanged afterwards.

Whether the batch is decided or refused, and with `--replace` too.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files.store import read_json, write_json, write_table
from tests.score.conftest import Run

Layout = Callable[[], object]
LETTER = b"dear reader"


def _letter(*names: str) -> Layout:
    def write() -> None:
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(LETTER)

    return write


def _precious(*names: str) -> Layout:
    def write() -> None:
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table({"precious": [1, 2]}), name)

    return write


def _json(name: str, content: dict[str, object]) -> Layout:
    return lambda: write_json(content, name)


def _link(name: str, to: str) -> Layout:
    def write() -> None:
        _letter("else/letter")()
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).symlink_to(Path(to).absolute())

    return write


def _finished_and(layout: Layout, folder: str = "out.batch") -> Layout:
    """Return a layout in a finished batch of another input, without its exported files."""

    def write() -> None:
        shutil.copytree("finished", folder)
        layout()

    return write


def _numbered() -> None:
    write_table(pa.table({"precious": [1]}), "out.parquet", version=3)


# table: what somebody keeps -> where the batch is to go
LAYOUTS: dict[str, tuple[Layout, str]] = {
    "a table": (_precious("out.parquet"), "out.parquet"),
    "a table of another kind of ours": (_numbered, "out.parquet"),
    "a text": (_letter("out.parquet"), "out.parquet"),
    "rejects": (_precious("out.rejected.parquet"), "out.parquet"),
    "rejects as text": (_letter("out.rejected.parquet"), "out.parquet"),
    "a folder by the name of the table": (_letter("out.parquet/letter"), "out.parquet"),
    "a link by the name of the table": (_link("out.parquet", "else/letter"), "out.parquet"),
    "a dangling link": (_link("out.parquet", "nowhere"), "out.parquet"),
    "a draft beside it": (_letter(".out.parquet.1.tmp"), "out.parquet"),
    "a file by the name of the batch": (_letter("out.batch"), "out.parquet"),
    "a letter in the batch's folder": (_letter("out.batch/letter"), "out.parquet"),
    "a folder of its own": (_letter("out.batch/more/letter"), "out.parquet"),
    "a foreign batch.json": (_json("out.batch/batch.json", {"mine": 1}), "out.parquet"),
    "a text as batch.json": (_letter("out.batch/batch.json"), "out.parquet"),
    "a foreign part": (_precious("out.batch/decisions/part-00000.parquet"), "out.parquet"),
    "a foreign receipt": (_json("out.batch/receipts/part-00000.json", {"a": 1}), "out.parquet"),
    "a foreign manifest": (_json("out.batch/manifest.json", {"a": 1}), "out.parquet"),
    "a foreign lock": (_letter("out.batch/.lock"), "out.parquet"),
    "foreign damage": (_json("out.batch/damaged.json", {"a": 1}), "out.parquet"),
    "features": (_letter("out.features/letter"), "out.parquet"),
    "a new one beside": (_finished_and(_letter(".out.batch.new/letter")), "out.parquet"),
    "an old one beside": (_finished_and(_letter(".out.batch.old/letter")), "out.parquet"),
    "an old file beside": (_finished_and(_letter(".out.batch.old")), "out.parquet"),
    "a letter in a batch": (_finished_and(_letter("out.batch/letter")), "out.parquet"),
    "a letter among parts": (_finished_and(_letter("out.batch/ledger/letter")), "out.parquet"),
    "a hidden file": (_finished_and(_letter("out.batch/.gitignore")), "out.parquet"),
    "a link in a batch": (_finished_and(_link("out.batch/a", "else")), "out.parquet"),
    "a link as a part": (
        _finished_and(_link("out.batch/ledger/part-00007.parquet", "else/letter")),
        "out.parquet",
    ),
    "a table by a batch": (_finished_and(_precious("out.parquet")), "out.parquet"),
    "rejects by a batch": (_finished_and(_letter("out.rejected.parquet")), "out.parquet"),
    "a letter": (_letter("night/letter"), "night"),
    "a hidden folder": (_letter("night/.git/config"), "night"),
    "a table in the folder": (_precious("night/x.parquet"), "night"),
    "a link to a folder": (_link("night", "else"), "night"),
    "a linked folder in it": (_link("night/decisions", "else"), "night"),
    "a draft in it": (_letter("night/.letter.7.tmp"), "night"),
    "a page": (_letter("night/index.html", "night/batch.json"), "night"),
    "a file": (_letter("night"), "night"),
    "beside a folder": (_letter("nightly/letter", "night.features/letter"), "night"),
}


def _kept() -> dict[str, bytes]:
    """Every file of somebody's: letters, precious tables, foreign JSON, links."""
    found = {}
    for path in sorted(Path().rglob("*")):
        if path.parts[0] in ("in.parquet", "finished"):
            continue
        if path.is_symlink():
            found[str(path)] = str(path.readlink()).encode()
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


@pytest.fixture
def finished(score: Run, frame: pd.DataFrame) -> None:
    """Another batch, finished, in the folder `finished`; and the input of this one."""
    frame.iloc[:30].to_parquet("in.parquet")
    score("in.parquet", "--output", "finished")
    Path("finished/.lock").unlink()
    frame.to_parquet("in.parquet")


@pytest.mark.parametrize("options", [(), ("--replace",)])
def test_nothing_of_somebody_else_is_changed(
    score: Run,
    finished: None,
    options: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = {}
    for name, (write, output) in LAYOUTS.items():
        write()
        before = _kept()
        try:
            score("in.parquet", "--output", output, *options)
        except SystemExit as stopped:
            if stopped.code not in (2, 4):
                changed[name] = f"exit {stopped.code}"
        told = capsys.readouterr().err
        after = _kept()
        lost = [one for one in before if after.get(one) != before[one]]
        if lost or "delete" in told.partition("next:")[2]:
            changed[name] = f"{lost} {told}"
        for path in Path().iterdir():
            if path.name not in ("in.parquet", "finished"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    assert changed == {}


def test_a_refusal_says_to_choose_another_output_and_never_to_replace(
    score: Run, finished: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a letter", "a table", "rejects", "a letter in a batch"):
        write, output = LAYOUTS[name]
        write()
        with pytest.raises(SystemExit):
            score("in.parquet", "--output", output, "--replace")
        told = capsys.readouterr().err
        assert "choose another" in told and "--replace" not in told, name
        for path in Path().glob("[no]*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_rejects_that_were_mended_are_no_input_of_the_same_output(
    score: Run, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    frame.to_parquet("out.rejected.parquet")
    kept = Path("out.rejected.parquet").read_bytes()
    with pytest.raises(SystemExit):
        score("out.rejected.parquet", "--replace")
    assert Path("out.rejected.parquet").read_bytes() == kept


def test_an_input_in_the_folder_that_is_replaced_is_refused_by_a_link_too(
    score: Run, frame: pd.DataFrame, finished: None
) -> None:
    shutil.copytree("finished", "night")
    frame.to_parquet("night/in.parquet")
    Path("in").mkdir()
    Path("in/link.parquet").symlink_to(Path("night/in.parquet").absolute())
    before = _kept()
    for source in ("night/in.parquet", "night", "in"):
        with pytest.raises(SystemExit):
            score(source, "--output", "night", "--replace")
    assert {name: content for name, content in _kept().items() if "lock" not in name} == before


def test_ours_is_replaced_with_its_exported_files_and_nothing_is_left_of_it(
    score: Run, frame: pd.DataFrame
) -> None:
    frame.assign(wealth_fen=-1).to_parquet("in.parquet")
    score("in.parquet")
    frame.to_parquet("in.parquet")
    with pytest.raises(SystemExit):
        score("in.parquet")
    assert score("in.parquet", "--replace").exit_code == 0
    names = {path.name for path in Path().iterdir()}
    assert names == {"in.parquet", "out.parquet", "out.batch", "creditloom.ledger"}
    assert pq.read_metadata("out.parquet").num_rows == 60
    assert read_json("out.batch/manifest.json")["decided"] == 60


def test_an_exported_file_without_its_batch_is_replaced_when_that_is_asked_for(
    score: Run, frame: pd.DataFrame
) -> None:
    frame.to_parquet("in.parquet")
    score("in.parquet")
    shutil.rmtree("out.batch")
    frame.iloc[:9].to_parquet("in.parquet")
    kept = Path("out.parquet").read_bytes()
    with pytest.raises(SystemExit):
        score("in.parquet")
    assert Path("out.parquet").read_bytes() == kept
    assert score("in.parquet", "--replace").exit_code == 0
    assert pq.read_metadata("out.parquet").num_rows == 9
