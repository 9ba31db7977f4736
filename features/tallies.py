"""The compiled loops over identifiers: how many different ones, how many new, how mixed, how often changed.

Arguments and order as in `loops`; an identifier below 0 is null and is left out. Identifiers are only compared for equality within one
application, by a table that is as large as the application has rows.
"""

from __future__ import annotations

import numpy as np

from .clock import N_STEPS
from .compiled import jit

SPREAD = 0x9E3779B97F4A7C1  # an odd multiplier that scatters neighbouring identifiers


@jit
def _places(ids: np.ndarray) -> tuple[np.ndarray, int]:
    """(place of each identifier in the order of first appearance, -1 for null; how many there are)."""
    size = 2
    while size < 2 * len(ids):
        size *= 2
    table, place, found = np.full(size, -1), np.full(len(ids), -1), 0
    first = np.empty(len(ids), np.int64)
    for i in range(len(ids)):
        if ids[i] < 0:
            continue
        slot = ((ids[i] * SPREAD) >> 20) & (size - 1)
        while table[slot] >= 0 and first[table[slot]] != ids[i]:
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot], first[found] = found, ids[i]
            found += 1
        place[i] = table[slot]
    return place, found


@jit
def _tally(place: np.ndarray, found: int, step: np.ndarray, out: np.ndarray, a: int) -> None:
    """Kinds of one application, window by window."""
    per, oldest, newest = np.zeros((found, N_STEPS)), np.zeros(found, np.int64), np.full(found, N_STEPS)
    for i in range(len(place)):
        p, s = place[i], step[i]
        if p >= 0:
            per[p, s] += 1.0
            oldest[p], newest[p] = max(oldest[p], s), min(newest[p], s)
    for p in range(found):
        count = 0.0
        for s in range(newest[p], N_STEPS):
            count += per[p, s]
            out[0, s, a] += 1.0
            out[1, s, a] += oldest[p] <= s
            out[2, s, a] = max(out[2, s, a], count)
            out[3, s, a] += count * np.log(count)
            out[4, s, a] += count


@jit
def tally(at: np.ndarray, row: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    """Per window: different identifiers, those first seen in it, rows of the commonest, sum of count ln count, rows in all."""
    out = np.zeros((5, N_STEPS, n))
    start = 0
    for end in range(1, len(at) + 1):
        if end == len(at) or row[at[end]] != row[at[start]]:
            mine = at[start:end]
            place, found = _places(ids[mine])
            _tally(place, found, step[mine], out, row[at[start]])
            start = end
    return out


@jit
def switches(at: np.ndarray, row: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    """Neighbours in time that both have an identifier, counted where the later one lies: changes, and how many pairs."""
    out = np.zeros((2, N_STEPS, n))
    before = -1
    for i in at:
        if ids[i] >= 0:
            if before >= 0 and row[i] == row[before]:
                out[0, step[i], row[i]] += ids[i] != ids[before]
                out[1, step[i], row[i]] += 1.0
            before = i
    for s in range(1, N_STEPS):
        out[:, s] += out[:, s - 1]
    return out
