"""Compiled loops over identifiers (devices, lenders, contacts, categories).

They say how many there are, how many are new, how mixed they are and how often they change. A set
of identifiers per application and window would take too long in Python, so the loops are compiled.
"""

from __future__ import annotations

import numpy as np

from ..clock import N_STEPS
from ..compiled import jit

# Number of identifiers that an int8 can hold, without null: each gets a slot of its own.
N_CODES = 128
# An odd multiplier that scatters neighbouring identifiers over the table.
HASH_MULTIPLIER = 0x9E3779B97F4A7C1


# Compiled: a scan of every event of a bucket, once per column of identifiers.
@jit
def _longest(at: np.ndarray, application: np.ndarray) -> int:
    """Return the events of the application that has most; it sizes the table of identifiers."""
    longest, start = 0, 0
    for end in range(1, len(at) + 1):
        # Events of one application follow one another.
        if end == len(at) or application[at[end]] != application[at[start]]:
            longest, start = max(longest, end - start), end
    return longest


# Compiled for the loop below. Collisions go to the next free slot (open addressing).
@jit
def _slot(table: np.ndarray, known: np.ndarray, id_: int) -> np.uint64:
    """Return where an identifier stands in the table, or where it would stand.

    The table holds places in `known`, -1 where a slot is free. Its length is a power of two.
    """
    last = np.uint64(len(table) - 1)
    # The high bits of the product are the well-mixed ones.
    slot = np.uint64((id_ * HASH_MULTIPLIER) >> 20) & last
    while table[slot] >= 0 and known[table[slot]] != id_:
        slot = (slot + np.uint64(1)) & last
    return slot


@jit
def _add_identifier(
    per_step: np.ndarray, oldest: int, newest: int, n_log_n: np.ndarray, sums: np.ndarray
) -> None:
    """Add one identifier, with its events per step, to the sums of its application by window."""
    count = 0
    # Before its newest step an identifier counts nothing, so the loop begins there.
    for s in range(newest, N_STEPS):
        count += per_step[s]
        per_step[s] = 0
        sums[0, s] += 1.0
        sums[1, s] += oldest <= s
        sums[2, s] = max(sums[2, s], count)
        sums[3, s] += n_log_n[count]
        sums[4, s] += count


# One pass for five results, as finding an identifier in the table costs most. The table is as large
# as the busiest application needs and is emptied slot by slot, so that it is made only once. It has
# twice as many slots as identifiers, which keeps collisions rare. n ln n of every possible count is
# looked up instead of computed for each identifier and window.
@jit
def tally(
    at: np.ndarray, application: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int
) -> np.ndarray:
    """Return (5, windows, n) of the identifiers in each window.

    The five are: different identifiers, those first seen in the window, events of the commonest,
    sum of count ln count, and events in all. An identifier below 0 is null and is left out.
    """
    out = np.zeros((5, N_STEPS, n))
    sums = np.zeros((5, N_STEPS))
    longest = _longest(at, application)
    # Words, hours and weekdays are stored as int8: each is its own slot.
    is_code = ids.itemsize == 1
    n_slots = N_CODES if is_code else 1 << int(np.ceil(np.log2(2 * longest + 2)))
    table = np.full(n_slots, -1, np.int32)
    known = np.empty(longest, np.int64)
    slots = np.empty(longest, np.uint64)
    per_step = np.zeros((longest, N_STEPS), np.int64)
    oldest = np.empty(longest, np.int64)
    newest = np.empty(longest, np.int64)
    n_log_n = np.array([0.0] + [count * np.log(count) for count in range(1, longest + 1)])
    n_known = 0
    for k in range(len(at)):
        i = at[k]
        if ids[i] >= 0:
            slot = np.uint64(ids[i]) if is_code else _slot(table, known, ids[i])
            if table[slot] < 0:
                table[slot], known[n_known], slots[n_known] = n_known, ids[i], slot
                oldest[n_known] = step[i]
                n_known += 1
            per_step[table[slot], step[i]] += 1
            # Events come from the oldest on, so steps fall and the last one is the newest.
            newest[table[slot]] = step[i]
        if k + 1 == len(at) or application[at[k + 1]] != application[i]:
            for p in range(n_known):
                _add_identifier(per_step[p], oldest[p], newest[p], n_log_n, sums)
                table[slots[p]] = -1
            out[:, :, application[i]] = sums
            sums[:], n_known = 0.0, 0
    return out


# Compiled: each event is compared with the one before it, so it needs a loop in order of time.
@jit
def switches(
    at: np.ndarray, application: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int
) -> np.ndarray:
    """Return (2, windows, n): changes of the identifier, and how many pairs could have changed.

    A pair are neighbours in time that both have an identifier. It counts where the later one lies.
    """
    out = np.zeros((2, N_STEPS, n))
    before = -1
    for i in at:
        # Events without an identifier are skipped: they change nothing.
        if ids[i] >= 0:
            if before >= 0 and application[i] == application[before]:
                out[0, step[i], application[i]] += ids[i] != ids[before]
                out[1, step[i], application[i]] += 1.0
            before = i
    for s in range(1, N_STEPS):
        out[:, s] += out[:, s - 1]
    return out
