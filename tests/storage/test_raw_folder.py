"""Which files are a raw table: layouts give the same rows, and what is no table is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_frame
from creditloom.storage.folders.raw_folder import raw_tables
from tests.storage.test_contract import N, applications, payments, write

# Names that mean something to a shell, a glob, SQL, a URL, or Windows.
ODD = "a[1] b*c?d'e\"f{1,2}%20#g=h:i!~k;l,m(n)\nü.parquet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of good payments and applications, each in one file."""
    write(tmp_path / "raw", "payments", payments())
    write(tmp_path / "raw", "applications", applications())
    return tmp_path / "raw"


def moved_to(root: Path, *places: str) -> list[Path]:
    """Cut the payments into one file per place below their folder, in order."""
    rows = pq.read_table(root / "payments.parquet")
    (root / "payments.parquet").unlink()
    size = -(-len(rows) // len(places))
    files = [root / "payments" / place for place in places]
    for k, file in enumerate(files):
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.slice(k * size, size), file)
    return files


def read(root: Path) -> list[int]:
    """Return the event ids of the payments that are handed on."""
    work = root.parent / "work"
    found = check_tables(root, work / "bad", work / "clean", max_bad_share=0.5)
    return [k for file in found.files["payments"] for k in read_frame(file)["event_id"].tolist()]


def refused(root: Path, words: str) -> str:
    with pytest.raises(DataError, match=words) as error:
        read(root)
    assert all(part in str(error.value) for part in ("where:", "expected:", "got:", "next:"))
    return str(error.value)


# table: a layout a row
@pytest.mark.parametrize(
    "places",
    [
        ("a.parquet", "b.parquet"),
        ("a.PARQUET",),
        ("month=2025-07/a.parquet", "month=2025-08/a.parquet"),
        ("year=2025/month=07/shard=1/a.parquet",),
        ("event_id=5/a.parquet", "event_id=x/a.parquet"),
        ("filename=5/a.parquet",),
        (ODD,),
        (f"{ODD}/a.parquet", "a1 bc/a.parquet"),
    ],
)
def test_every_layout_gives_the_same_rows(root: Path, places: tuple[str, ...]) -> None:
    moved_to(root, *places)
    # Files are read in the order of their paths, whatever that of the rows is.
    assert sorted(read(root)) == list(range(N))


def test_a_pattern_in_a_name_takes_no_other_file(root: Path) -> None:
    file, other = moved_to(root, "part[1].parquet", "part1.parquet")
    assert other.rename(root.parent / "elsewhere.parquet")
    shutil.copy(root.parent / "elsewhere.parquet", root / "payments" / "_part1.parquet")
    assert file.exists() and read(root) == list(range(N // 2))


def test_bad_rows_of_one_file_name_are_told_apart_by_their_folder(root: Path) -> None:
    files = moved_to(root, "month=1/a.parquet", "month=2/a.parquet")
    table = pq.read_table(files[1])
    frame = table.to_pandas()
    frame.loc[3, "amount_fen"] = -1
    write(root / "_new", "payments", frame)
    shutil.move(root / "_new" / "payments.parquet", files[1])
    assert read(root) == [k for k in range(N) if k != N // 2 + 3]
    aside = read_frame(root.parent / "work" / "bad" / "payments.parquet")
    assert list(zip(aside["file"], aside["row"], strict=True)) == [("month=2/a.parquet", 3)]


# table: what other programs leave beside data
@pytest.mark.parametrize(
    "name",
    ["_temporary/0/a.parquet", ".ipynb_checkpoints/a.parquet", "_SUCCESS", ".a.parquet.crc",
     "month=2025-07/_started"],
)  # fmt: skip
def test_hidden_names_are_not_read(root: Path, name: str) -> None:
    [file] = moved_to(root, "month=2025-07/a.parquet")
    stray = root / "payments" / name
    stray.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, stray)
    (root / "_delta").mkdir()
    assert read(root) == list(range(N))


def test_a_linked_folder_is_read(root: Path) -> None:
    [file] = moved_to(root, "month=2025-07/a.parquet")
    elsewhere = root.parent / "elsewhere"
    file.parent.rename(elsewhere)
    file.parent.symlink_to(elsewhere)
    assert read(root) == list(range(N))


def test_a_link_that_leads_back_or_to_a_file_that_is_there_too_doubles_nothing(root: Path) -> None:
    [file] = moved_to(root, "month=2025-07/a.parquet")
    (root / "payments" / "again").symlink_to(root / "payments")
    (root / "payments" / "latest").symlink_to(file.parent)
    assert raw_tables(root)["payments"] == (file,)


def test_a_link_that_leads_nowhere_is_refused(root: Path) -> None:
    [file] = moved_to(root, "month=2025-07/a.parquet")
    (root / "payments" / "b.parquet").symlink_to(root.parent / "gone")
    assert file.exists() and "gone" in refused(root, "A link leads nowhere")


# table: a stray name, and the name that it may have meant
@pytest.mark.parametrize(
    ("stray", "nearest"),
    [("paymnets/a.parquet", "rename it to `payments`"), ("notes.txt", "rename it to one of"),
     ("Payments.parquet", "rename it to `payments`"), ("login.parquet", "rename it to `logins`"),
     ("payments.csv", "creditloom tables --from DIR --out DIR reads CSV"),
     ("month=2025-07/payments.parquet", "as `payments/month=2025-07/`")],
)  # fmt: skip
def test_what_no_table_claims_is_refused_with_the_nearest_name(
    root: Path, stray: str, nearest: str
) -> None:
    file = root / stray
    file.parent.mkdir(exist_ok=True)
    shutil.copy(root / "payments.parquet", file)
    told = refused(root, "No raw table has the name")
    assert nearest in told


def test_all_that_no_table_claims_is_said_at_once(root: Path) -> None:
    for stray in ("login", "paymnets"):
        (root / stray).mkdir()
    told = refused(root, "`login`, nor of 1 more")
    assert "rename it to `logins`" in told and "paymnets: rename it to `payments`" in told


def test_a_file_of_another_kind_in_a_table_is_refused(root: Path) -> None:
    moved_to(root, "a.parquet")
    (root / "payments" / "b.csv").write_text("event_id\n")
    refused(root, "holds a file that is not read: `b.csv`")


def test_a_table_that_lies_there_twice_is_refused(root: Path) -> None:
    shutil.copytree(root, root / "payments")
    (root / "payments" / "applications.parquet").unlink()
    refused(root, "Table `payments` lies here twice")


# table: what a lake keeps beside its files
@pytest.mark.parametrize(
    ("log", "lake"),
    [("_delta_log/00000000000000000000.json", "Delta"), ("metadata/v1.metadata.json", "Iceberg"),
     (".hoodie/hoodie.properties", "Hudi")],
)  # fmt: skip
def test_a_table_of_a_lake_is_refused_in_words(root: Path, log: str, lake: str) -> None:
    moved_to(root, "a.parquet")
    (root / "payments" / log).parent.mkdir()
    (root / "payments" / log).write_text("{}")
    refused(root, f"This folder is a table of {lake}")


def test_a_needed_table_that_is_absent_is_refused_unless_it_is_left_out(root: Path) -> None:
    work = root.parent / "work"
    options = {"max_bad_share": 0.5, "needed": ("payments", "logins")}
    with pytest.raises(DataError, match=r"(?s)are missing: logins.*--without logins"):
        check_tables(root, work / "bad", work / "clean", **options)
    found = check_tables(root, work / "bad", work / "clean", without=("logins",), **options)
    assert set(found.files) == {"payments", "applications"}
    assert found.without == ("logins",) and "bills" in found.absent


def test_a_table_that_is_left_out_is_not_read(root: Path) -> None:
    write(root, "bills", pd.DataFrame())
    work = root.parent / "work"
    found = check_tables(root, work / "bad", work / "clean", max_bad_share=0.5, without=("bills",))
    assert "bills" not in found.files


def test_only_a_table_of_events_can_be_left_out(root: Path) -> None:
    work = root.parent / "work"
    with pytest.raises(DataError, match=r"(?s)no table that can be left out.*`logins`"):
        check_tables(root, work / "b", work / "c", max_bad_share=0.5, without=("login",))
    with pytest.raises(DataError, match=r"`applications` is no table that can be left out"):
        check_tables(root, work / "b", work / "c", max_bad_share=0.5, without=("applications",))


def test_tables_come_in_the_order_of_the_contract(root: Path) -> None:
    assert list(raw_tables(root)) == ["payments", "applications"]
