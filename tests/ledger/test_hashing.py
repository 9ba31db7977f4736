"""The hash of a row: the same for the same values however they are kept, another for any change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.serving.inputs import InputColumn, InputKind
from creditloom.serving.ledger.hashing import canonical, row_hashes

KINDS: dict[str, InputKind] = {
    "application_id": "id",
    "as_of": "time",
    "purpose": "text",
    "is_repeat": "flag",
    "x": "number",
}
COLUMNS = tuple(InputColumn(name, kind) for name, kind in KINDS.items())
DAYS = [pd.Timestamp("2025-01-01"), None, pd.Timestamp("2025-01-03")]


def _table(**changes: object) -> pa.Table:
    plain = {
        "application_id": [1, 2, 3],
        "as_of": DAYS,
        "purpose": ["daily", None, "家"],
        "is_repeat": [True, False, None],
        "x": [1.5, None, -0.0],
    }
    return pa.Table.from_pandas(pd.DataFrame({**plain, **changes}), preserve_index=False)


def _hashes(table: pa.Table) -> list[int]:
    return row_hashes(canonical(table, COLUMNS)).tolist()


def test_the_way_a_value_is_kept_does_not_matter() -> None:
    # table: the columns of _table() in other types and order
    kept = pa.table(
        {
            "x": pa.array([1.5, np.nan, -0.0], pa.float32()),
            "purpose": pa.array(["daily", None, "家"], pa.large_string()).dictionary_encode(),
            "is_repeat": pa.array([1, 0, None], pa.int8()),
            "as_of": _table()["as_of"].cast(pa.timestamp("ns")),
            "application_id": pa.array([1, 2, 3], pa.int32()),
            "extra": [0, 0, 0],
        }
    )
    assert _hashes(kept) == _hashes(_table())


def test_every_nan_is_the_null() -> None:
    strange = np.array(
        [0xFFF8000000000001, 0x7FF8000000000000, 0x7FF0000000000001], np.uint64
    ).view(np.float64)
    assert (
        row_hashes(pa.table({"x": strange})).tolist()
        == row_hashes(pa.table({"x": pa.nulls(3, pa.float64())})).tolist()
    )


# table: a case a row
@pytest.mark.parametrize(
    "change",
    [
        {"x": [np.nextafter(1.5, 2), None, -0.0]},
        {"x": [1.5, None, 0.0]},
        {"x": [1.5, 0.0, -0.0]},
        {"purpose": ["dail", None, "家"]},
        {"purpose": ["daily", "", "家"]},
        {"purpose": ["daily", None, "家\0"]},
        {"is_repeat": [True, None, None]},
        {"application_id": [2**62, 2, 3]},
        {"as_of": [pd.Timestamp("2025-01-01 00:00:00.000001"), *DAYS[1:]]},
    ],
)
def test_one_changed_value_changes_its_row_alone(change: dict[str, object]) -> None:
    before = _hashes(_table())
    after = _hashes(_table(**change))
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_ids_above_2_to_the_53_are_told_apart() -> None:
    one, other = (_hashes(_table(application_id=[2**60 + k, 2, 3]))[0] for k in (0, 1))
    assert one != other


def test_two_signs_turned_at_once_are_seen() -> None:
    """Multiplying alone would let the two highest bits cancel."""
    one = row_hashes(pa.table({"a": [1.0], "b": [2.0]}))
    assert one != row_hashes(pa.table({"a": [-1.0], "b": [-2.0]}))


code_lists = st.lists(st.text(max_size=3), max_size=3)
hashed_rows = st.tuples(st.floats(), st.text(max_size=5), code_lists)


@settings(max_examples=40)
@given(st.lists(hashed_rows, min_size=1, max_size=8), st.data())
def test_a_row_hashes_alike_alone_in_a_slice_and_in_any_order(
    rows: list[tuple[float, str, list[str]]], data: st.DataObject
) -> None:
    x, text, codes = zip(*rows, strict=True)
    table = pa.table(
        {
            "x": pa.array(x, pa.float64()),
            "text": pa.array(text),
            "codes": pa.array(codes, pa.list_(pa.string())),
        }
    )
    whole = row_hashes(table)
    assert [row_hashes(table.slice(k, 1))[0] for k in range(len(table))] == whole.tolist()
    order = data.draw(st.permutations(range(len(table))))
    assert row_hashes(table.take(pa.array(order))).tolist() == whole[np.array(order)].tolist()


@given(st.lists(st.text(max_size=4), max_size=6), st.lists(st.text(max_size=4), max_size=6))
def test_lists_are_equal_when_their_hashes_are(one: list[str], other: list[str]) -> None:
    hashes = row_hashes(pa.table({"codes": pa.array([one, other], pa.list_(pa.string()))}))
    assert (hashes[0] == hashes[1]) == (one == other)
