"""A folder of Parquet is read as its writer meant it, or refused with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.lake import parquet_files


def put(path: Path, rows: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": range(rows)}), path)
    return path


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in parquet_files(folder)]


@pytest.mark.parametrize(
    "hidden",
    [
        "_temporary/0/part-1.parquet",
        "day=1/_temporary/part-1.parquet",
        ".ipynb_checkpoints/a-checkpoint.parquet",
        "_drafts.parquet",
        ".a.parquet",
        "_SUCCESS",
    ],
)
def test_hidden_names_are_no_data_at_any_depth(tmp_path: Path, hidden: str) -> None:
    put(tmp_path / "lake" / "a.parquet")
    put(tmp_path / "lake" / hidden)
    assert found(tmp_path / "lake") == ["a.parquet"]


def test_a_hidden_folder_that_is_given_is_read(tmp_path: Path) -> None:
    put(tmp_path / "_mine" / "a.parquet")
    assert found(tmp_path / "_mine") == ["a.parquet"]


def test_names_of_any_case_and_any_character_are_taken_as_they_are(tmp_path: Path) -> None:
    names = ["a[1].parquet", "b?.PARQUET", "c*.Parquet", "d day=2/e #%.pq", "f\n.parq"]
    for name in names:
        put(tmp_path / "l[a]ke" / name)
    assert found(tmp_path / "l[a]ke") == names


def test_links_are_followed_once_and_never_in_a_circle(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "b.parquet")
    put(tmp_path / "lake" / "day=1" / "a.parquet")
    (tmp_path / "lake" / "day=2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "lake" / "a-latest").symlink_to(tmp_path / "lake" / "day=1")
    (tmp_path / "lake" / "day=1" / "up").symlink_to(tmp_path / "lake")
    assert found(tmp_path / "lake") == ["day=1/a.parquet", "day=2/b.parquet"]


def test_a_dangling_link_is_named_by_who_opens_it(tmp_path: Path) -> None:
    put(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").symlink_to(tmp_path / "gone")
    assert found(tmp_path) == ["a.parquet", "b.parquet"]


# table: a table of another format -> the file that says so
TABLES = {
    "Delta": "_delta_log/00000000000000000000.json",
    "Hudi": ".hoodie/hoodie.properties",
    "Iceberg": "metadata/v1.metadata.json",
}


@pytest.mark.parametrize("place", ["", "day=1", "below"])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_another_format_is_known_for_what_it_is(
    tmp_path: Path, name: str, place: str
) -> None:
    """Its files hold rows that were deleted or replaced: reading all of them doubles people."""
    put(tmp_path / "lake" / "day=1" / "a.parquet")
    table = tmp_path / "lake" / ("below" if place == "below" else "")
    record = table / TABLES[name]
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    given = tmp_path / "lake" / ("day=1" if place == "day=1" else "")
    with pytest.raises(DataError, match=f"(?s)table of {name}.*write its rows as Parquet"):
        parquet_files(given)


@pytest.mark.parametrize("name", ["part-0", "a.parquet.crdownload", "a.parquet.gz"])
def test_parquet_under_another_name_is_not_passed_over(tmp_path: Path, name: str) -> None:
    put(tmp_path / "a.parquet")
    put(tmp_path / name)
    with pytest.raises(DataError, match="under another name"):
        parquet_files(tmp_path)


def _readme(folder: Path) -> None:
    (folder / "README.md").write_text("what this is")


@pytest.mark.parametrize("other", [_readme, lambda folder: (folder / "empty").mkdir()])
def test_what_is_no_table_is_passed_over(tmp_path: Path, other: Callable[[Path], object]) -> None:
    put(tmp_path / "a.parquet")
    other(tmp_path)
    assert found(tmp_path) == ["a.parquet"]
