"""Uniqueness of a stream of ids agrees with a set, wherever the ids lie and however they are cut into batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data import unique
from data.unique import all_different

near_or_far = st.integers(-5, 40) | st.integers(2**20 - 3, 2**20 + 3) | st.integers(-(2**40), 2**40)


@given(st.lists(st.lists(near_or_far, max_size=20), max_size=5))
def test_agrees_with_a_set(batches: list[list[int]]) -> None:
    flat = [number for batch in batches for number in batch]
    assert all_different(np.array(batch, np.int64) for batch in batches) == (len(set(flat)) == len(flat))


def test_gives_up_rather_than_fill_the_memory() -> None:
    far = np.arange(unique.MOST + 1, dtype=np.int64) << unique.BITS
    assert all_different([far]) is None
