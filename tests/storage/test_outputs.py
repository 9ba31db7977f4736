"""Only what is ours is replaced: whatever lies where an output goes, or beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files import outputs
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import FolderKind, new_folder, parquet_kind
from creditloom.storage.files.store import Writer, write_json

PAGE = FolderKind(
    "a page", "page.json", frozenset({"format", "title"}), ("page.html", "pics/*.png")
)
TABLE = parquet_kind("a table of decisions", "decisions")


def write_page(folder: Path, text: str = "new") -> None:
    write_json({"format": 1, "title": text}, folder / "page.json")
    (folder / "page.html").write_text(text)
    (folder / "pics").mkdir(exist_ok=True)
    (folder / "pics" / "a.png").write_text(text)


def tree(folder: Path) -> dict[str, str]:
    """Every file and link below a folder, with its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text(errors="replace")
    return found


def _file(name: str, text: str = "mine") -> Callable[[Path], object]:
    def write(home: Path) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)

    return write


def _ours_and(name: str) -> Callable[[Path], object]:
    def write(home: Path) -> None:
        (home / "out").mkdir()
        write_page(home / "out", "old")
        _file(name)(home)

    return write


def _link(name: str, to: str) -> Callable[[Path], object]:
    def write(home: Path) -> None:
        _file("else/letter")(home)
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(home / to)

    return write


# table: what lies there before a folder `out` is written
FOREIGN: dict[str, Callable[[Path], object]] = {
    "a letter": _file("out/letter"),
    "a mark without our keys": _file("out/page.json", '{"title": "mine"}'),
    "a mark that is a list": _file("out/page.json", "[1]"),
    "a mark that is no JSON": _file("out/page.json", "format title"),
    "a file": _file("out"),
    "a page of somebody": _file("out/page.html"),
    "a letter in ours": _ours_and("out/letter"),
    "a hidden file in ours": _ours_and("out/.letter"),
    "a picture of another kind in ours": _ours_and("out/pics/a.svg"),
    "a deeper file in ours": _ours_and("out/pics/more/a.png"),
    "a link to a letter": _link("out/letter", "else/letter"),
    "a dangling link": _link("out", "nowhere"),
    "a folder in the new one's way": _file(".out.new/letter"),
    "a folder in the old one's way": _ours_and(".out.old/letter"),
    "a temporary file of somebody": _file("out/.letter.12.tmp"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_folder_takes_the_place_of_nothing_that_is_not_ours(tmp_path: Path, case: str) -> None:
    FOREIGN[case](tmp_path)
    before = tree(tmp_path)
    with pytest.raises(DataError) as refused, new_folder(tmp_path / "out", PAGE) as work:
        write_page(work)
    assert tree(tmp_path) == before
    assert not {"delete", "--force", "--replace"} & set(str(refused.value).split())


def test_ours_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with new_folder(tmp_path / "out", PAGE) as work:
            write_page(work, text)
    assert set(tree(tmp_path)) == {"out/page.json", "out/page.html", "out/pics/a.png"}
    assert (tmp_path / "out/page.html").read_text() == "new"


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    _ours_and("letter")(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(RuntimeError), new_folder(tmp_path / "out", PAGE) as work:
        write_page(work)
        raise RuntimeError("midway")
    assert tree(tmp_path) == before


class Killed(BaseException):
    """Stands for a kill: no handler of ours runs a line of its own after it."""


@pytest.mark.parametrize("step", range(12))
def test_a_swap_that_was_killed_at_any_step_is_ended_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    _ours_and("letter")(tmp_path)
    left = iter(range(step))

    def counted(name: str) -> None:
        real = getattr(Path, name)

        def method(path: Path, *words: object, **options: object) -> object:
            if ".out." in str(path) and next(left, None) is None:
                raise Killed
            return real(path, *words, **options)

        monkeypatch.setattr(Path, name, method)

    for name in ("replace", "unlink", "rmdir"):
        counted(name)
    monkeypatch.setattr(outputs.shutil, "rmtree", lambda _: None)
    try:
        with new_folder(tmp_path / "out", PAGE) as work:
            write_page(work)
    except Killed:
        pass
    monkeypatch.undo()
    with new_folder(tmp_path / "out", PAGE) as work:
        assert (tmp_path / "out/page.html").read_text() in ("old", "new")
        write_page(work)
    assert set(tree(tmp_path)) == {"out/page.json", "out/page.html", "out/pics/a.png", "letter"}


def test_two_writers_of_one_folder_are_one_too_many(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out", PAGE) as work:
        write_page(work)
        with (
            pytest.raises(DataError, match="Another process"),
            new_folder(tmp_path / "out", PAGE),
        ):
            pass
    assert (tmp_path / "out/page.html").read_text() == "new"


@pytest.mark.parametrize("kind", ["decisions", "quarantine", None])
def test_a_parquet_file_is_ours_only_by_its_kind(tmp_path: Path, kind: str | None) -> None:
    table = pa.table({"x": [1]})
    notes = {} if kind is None else outputs.kind_note(kind)
    with Writer(tmp_path / "x.parquet", table.schema, notes=notes) as writer:
        writer.write(table)
    assert TABLE.is_ours(tmp_path / "x.parquet") == (kind == "decisions")


def test_a_parquet_file_of_somebody_stays(tmp_path: Path) -> None:
    pq.write_table(pa.table({"precious": [1]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match="replace something else"):
        outputs.require_ours(tmp_path / "x.parquet", TABLE)


@pytest.mark.parametrize(
    ("output", "source"), [("a", "a"), ("a/b", "a"), ("a", "a/b/c"), ("link", "a"), ("link/b", "a")]
)
def test_an_output_does_not_touch_an_input(tmp_path: Path, output: str, source: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="no proper place"):
        outputs.require_apart([tmp_path / output], [tmp_path / source])


@pytest.mark.parametrize(
    "address", ["s3://bucket/x", "gs://b", "https://host/x.parquet", "hdfs:/x"]
)
def test_an_address_is_no_path(address: str) -> None:
    with pytest.raises(DataError, match="mount the store or copy"):
        outputs.require_local(Path(address), "--input")


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    outputs.require_local(tmp_path / "a:b", "--input")
    outputs.require_local(Path("C:/x"), "--input")
