"""The clock has three forms: for compiled loops, for whole columns and for queries.

All agree on any moments.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from creditloom.features import clock
from creditloom.features.engine.raw_reader import connect, fetch
from creditloom.features.feature_params import FeatureParams

CON = connect(FeatureParams())
DAY = clock.MICROS_PER_DAY
midnights = st.integers(-400, 400).map(lambda days: days * DAY)
MOMENTS = st.one_of(st.integers(-3, 3), midnights, st.integers(-(10**15), 2 * 10**15))


def _register(*columns: list[int | None]) -> None:
    CON.register(
        "rows",
        pa.table(
            {f"t{k}": pa.array(column, pa.timestamp("us")) for k, column in enumerate(columns)}
        ),
    )


@given(st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS), min_size=1, max_size=30), st.integers(0, 400))
def test_a_query_sees_what_loops_and_columns_see(
    rows: list[tuple[int, int, int]], days: int
) -> None:
    _register(*map(list, zip(*rows, strict=True)))
    (found,) = fetch(CON, "SELECT sees(t0, t1, t2, $days) FROM rows", days=days)
    event, known, as_of = np.array(rows, np.int64).T
    assert found.tolist() == [bool(clock.sees(*row, row[2] - days * DAY)) for row in rows]
    assert (
        found.tolist()
        == (clock.visible(event, known, as_of) & (event >= as_of - days * DAY)).tolist()
    )


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_a_query_counts_calendar_months_as_columns_do(moments: list[int]) -> None:
    _register(moments)
    (found,) = fetch(CON, "SELECT month_index(t0) FROM rows")
    assert (
        found.tolist()
        == clock.month_index(np.array(moments, np.int64).astype("datetime64[us]")).tolist()
    )


def test_a_row_is_known_from_its_later_time_on_and_never_without_one() -> None:
    _register([5, 2, None, 7, None], [3, 9, 4, None, None])
    (found,) = fetch(CON, "SELECT epoch_us(known_from(t0, t1)) FROM rows")
    assert np.nan_to_num(found, nan=-1).tolist() == [5, 9, -1, -1, -1]
