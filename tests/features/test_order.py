"""Rows are put in order by merging the runs that readers hand over, or by a sort.

Both give the same order, and equal rows keep the order in which they came.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.features.aggregates import event_columns, row_positions


def table(keys: np.ndarray) -> pa.Table:
    """Rows of (row, event_time, event_id), each with the place it came at."""
    row, time, event = keys.T.astype(np.int64)
    return pa.table(
        {
            "row": row,
            "event_time": pa.array(time, pa.timestamp("us")),
            "event_id": event,
            "came": np.arange(len(keys)),
        }
    )


def sorted_slowly(keys: np.ndarray) -> list[int]:
    return sorted(range(len(keys)), key=lambda k: (*keys[k].tolist(), k))


def in_runs(rng: np.random.Generator, runs: int, rows: int, values: int) -> np.ndarray:
    """Return `runs` runs, each in order.

    Keys are among few values, so that equal rows occur within and across runs.
    """
    return np.concatenate(
        [
            np.array(sorted(map(tuple, rng.integers(0, values, (rows, 3)))), np.int64)
            for _ in range(runs)
        ]
    )


@given(st.lists(st.tuples(*(st.integers(0, 3),) * 3), max_size=40))
def test_any_rows_come_in_order(rows: list[tuple[int, int, int]]) -> None:
    keys = np.array(rows, np.int64).reshape(-1, 3)
    assert event_columns._in_order(table(keys)).column("came").to_pylist() == sorted_slowly(keys)


@pytest.mark.parametrize(
    "runs", [1, 2, 7, event_columns.MAX_MERGED_RUNS, event_columns.MAX_MERGED_RUNS + 1]
)
@pytest.mark.parametrize("values", [2, 50])
def test_a_few_runs_and_many_end_alike(runs: int, values: int) -> None:
    keys = in_runs(np.random.default_rng(runs), runs, 30, values)
    assert event_columns._in_order(table(keys)).column("came").to_pylist() == sorted_slowly(keys)


@given(st.lists(st.tuples(*(st.integers(-1, 2),) * 3), max_size=12))
def test_rows_are_in_order_where_they_are_one_run(rows: list[tuple[int, int, int]]) -> None:
    keys = [np.ascontiguousarray(key) for key in np.array(rows, np.int64).reshape(-1, 3).T]
    assert (
        row_positions.in_order(*keys)
        == (len(row_positions.runs(*keys)) <= 1)
        == (rows == sorted(rows))
    )
