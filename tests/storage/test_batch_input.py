"""The input of a batch: a sample of it is spread over all of it, whatever its row groups."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.serving.batch.input import BatchInput
from creditloom.storage.folders.identity import ChangedError, fixed


@pytest.mark.parametrize(
    ("group", "starts"), [(25, [0, 25, 50, 100]), (100, [0, 30, 60, 90]), (30, [0, 30, 60, 90])]
)
def test_blocks_are_spread_over_the_input(tmp_path: Path, group: int, starts: list[int]) -> None:
    """Five groups and four groups of 120 rows are read where the blocks begin.

    Two groups are fewer than the blocks, so that the input is read once.
    """
    pq.write_table(pa.table({"x": range(120)}), tmp_path / "in.parquet", row_group_size=group)
    found = list(BatchInput.open(tmp_path / "in.parquet").spread(["x"], 5, 4))
    assert [start for start, _ in found] == starts
    assert [block["x"].to_pylist() for _, block in found] == [
        list(range(start, start + 5)) for start in starts
    ]


def test_of_a_small_input_every_row_is_in_the_sample(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": range(17)}), tmp_path / "in.parquet")
    found = BatchInput.open(tmp_path / "in.parquet").spread(["x"], 5, 4)
    assert [x for _, block in found for x in block["x"].to_pylist()] == list(range(17))


def test_a_file_that_goes_while_it_is_looked_at_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"rows")
    [held] = fixed([file], 1)
    file.unlink()
    # It was there when that was asked.
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(ChangedError, match="changed while the job ran"):
        held.check()
