"""Repeated and unknown ids of a stream agree with a set.

Wherever the ids lie and however they are cut into batches.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from creditloom.storage.contract import lookups
from creditloom.storage.contract.lookups import Repeats, Strangers

# the lookups keep near ids in a bit field, whose end is tried, and far ids apart
near = st.integers(-5, 40) | st.integers(2**20 - 3, 2**20 + 3)
near_or_far = near | st.integers(-(2**40), 2**40)
batches = st.lists(st.lists(near_or_far, max_size=20), max_size=5)


@given(batches)
def test_repeats_are_those_counted_more_than_once(batches: list[list[int]]) -> None:
    repeats = Repeats()
    for batch in batches:
        repeats.add(np.array(batch, np.int64))
    counts = Counter(number for batch in batches for number in batch)
    assert repeats.found is not None
    assert repeats.found.tolist() == sorted(number for number, count in counts.items() if count > 1)


@given(batches, st.sets(near_or_far))
def test_strangers_are_those_not_known(batches: list[list[int]], known: set[int]) -> None:
    strangers = Strangers(np.array(sorted(known), np.int64))
    for batch in batches:
        strangers.add(np.array(batch, np.int64))
    assert strangers.found.tolist() == sorted(
        {number for batch in batches for number in batch} - known
    )


def test_gives_up_rather_than_fill_the_memory() -> None:
    repeats = Repeats()
    repeats.add(np.arange(lookups.MAX_BLOCKS + 1, dtype=np.int64) << lookups.BITS)
    assert repeats.found is None
