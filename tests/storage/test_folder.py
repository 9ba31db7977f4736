"""A folder appears whole or not at all, and nobody's folder is replaced unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import whole_folder


def test_a_new_folder_appears_at_the_end(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", "mark") as folder:
        (folder / "mark").write_text("1")
        assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "mark").read_text() == "1"


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mark").write_text("old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out", "mark") as folder:
        (folder / "mark").write_text("new")
        raise RuntimeError("midway")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "mark").read_text() == "old"


def test_our_own_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("mark", "stale"):
        (tmp_path / "out" / name).write_text("old")
    with whole_folder(tmp_path / "out", "mark") as folder:
        (folder / "mark").write_text("new")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mark"]


@pytest.mark.parametrize("force", [False, True])
def test_another_folder_needs_force(tmp_path: Path, force: bool) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter").write_text("dear")
    if not force:
        with pytest.raises(DataError, match="--force"), whole_folder(tmp_path / "out", "mark"):
            pass
        assert (tmp_path / "out" / "letter").read_text() == "dear"
        return
    with whole_folder(tmp_path / "out", "mark", force=True):
        pass
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("file")
    with (
        pytest.raises(DataError, match="is a file"),
        whole_folder(tmp_path / "out", "mark", force=True),
    ):
        pass
