"""The store: whole files or none, the same bytes for the same table.

Both layouts of a raw table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import (
    Writer,
    iter_tables,
    matrix_writer,
    open_parquet,
    read_frame,
    read_json,
    read_table,
    write_json,
    write_table,
)

TABLE = pa.table({"a": [1, 2, 3], "b": ["x", None, "y"]})


def test_a_table_comes_back_as_written(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(TABLE)
    assert read_frame(tmp_path / "t.parquet", ["a"])["a"].tolist() == [1, 2, 3]


def test_the_same_table_gives_the_same_bytes_and_no_pandas_metadata(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_table(pa.Table.from_pandas(TABLE.to_pandas()), tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert b"pandas" not in (pq.read_schema(tmp_path / "one.parquet").metadata or {})


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Writer(tmp_path / "t.parquet", TABLE.schema) as writer:
        writer.write(TABLE)
        raise RuntimeError("midway")
    assert list(tmp_path.iterdir()) == []


def test_small_blocks_of_a_matrix_share_row_groups(tmp_path: Path) -> None:
    block = pa.table({"x": pa.array(np.arange(3_000.0))})
    with matrix_writer(tmp_path / "m.parquet", block.schema) as writer:
        for _ in range(7):
            writer.write(block)
    with open_parquet(tmp_path / "m.parquet") as file:
        assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [
            9_000,
            9_000,
            3_000,
        ]
        assert file.read().equals(pa.concat_tables([block] * 7))


def test_a_writer_that_fails_keeps_the_older_file(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "t.parquet")
    with pytest.raises(RuntimeError), Writer(tmp_path / "t.parquet", TABLE.schema):
        raise RuntimeError("midway")
    assert read_table(tmp_path / "t.parquet").equals(TABLE)


def test_parts_are_read_in_name_order(tmp_path: Path) -> None:
    write_table(TABLE.slice(2), tmp_path / "t" / "part-00001.parquet")
    write_table(TABLE.slice(0, 2), tmp_path / "t" / "part-00000.parquet")
    assert read_table(tmp_path / "t")["a"].to_pylist() == [1, 2, 3]
    assert [len(block) for block in iter_tables(tmp_path / "t", rows=1)] == [1, 1, 1]


def test_a_table_read_in_blocks_never_lies_in_memory_whole(tmp_path: Path) -> None:
    block = pa.table({"x": np.random.default_rng(1).random(10_000)})
    with Writer(tmp_path / "t.parquet", block.schema) as writer:
        for _ in range(100):
            writer.write(block)
    before = pa.total_allocated_bytes()
    held = [
        pa.total_allocated_bytes() - before
        for _ in iter_tables(tmp_path / "t.parquet", rows=len(block))
    ]
    assert len(held) == 100 and max(held) < 10 * block.nbytes


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "No such file"), (b"", "Empty file"), (b"a,b\n1,2\n", "Not a Parquet file")],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    file = tmp_path / "t.parquet"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=what) as error:
        open_parquet(file)
    assert all(part in str(error.value) for part in (str(file), "expected:", "got:", "next:"))


def test_json_is_canonical(tmp_path: Path) -> None:
    write_json({"b": 1.5, "a": "中"}, tmp_path / "j.json")
    assert (tmp_path / "j.json").read_text(encoding="utf-8") == '{\n "a": "中",\n "b": 1.5\n}\n'
    assert read_json(tmp_path / "j.json") == {"a": "中", "b": 1.5}


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": float("nan")}, tmp_path / "j.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "{"])
def test_json_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "j.json").write_text(content)
    with pytest.raises(DataError, match=r"j\.json"):
        read_json(tmp_path / "j.json")
