"""Aggregates of identifiers (devices, lenders, contacts, categories): how many, how new, how mixed, how often changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..clock import N_STEPS
from ..compiled import jit
from .event_columns import FormulaInput, divide

# The compiled loops over identifiers: how many different ones, how many new, how mixed, how often changed.

CODES = 128
"""Identifiers that an int8 can hold, null left out."""
SPREAD = 0x9E3779B97F4A7C1  # an odd multiplier that scatters neighbouring identifiers


@jit
def _longest(at: np.ndarray, row: np.ndarray) -> int:
    """Rows of the application that has most."""
    longest, start = 0, 0
    for end in range(1, len(at) + 1):
        if end == len(at) or row[at[end]] != row[at[start]]:
            longest, start = max(longest, end - start), end
    return longest


@jit
def _slot(table: np.ndarray, seen: np.ndarray, id_: int) -> np.uint64:
    """Where an identifier stands in the table, or would stand: the table holds places in `seen`, -1 where it is free."""
    last = np.uint64(len(table) - 1)
    slot = np.uint64((id_ * SPREAD) >> 20) & last
    while table[slot] >= 0 and seen[table[slot]] != id_:
        slot = (slot + np.uint64(1)) & last
    return slot


@jit
def _kinds(per: np.ndarray, oldest: int, newest: int, mixed: np.ndarray, sums: np.ndarray) -> None:
    """Add one identifier, with its rows per step, to the kinds of its application, window by window."""
    count = 0
    for s in range(newest, N_STEPS):
        count += per[s]
        per[s] = 0
        sums[0, s] += 1.0
        sums[1, s] += oldest <= s
        sums[2, s] = max(sums[2, s], count)
        sums[3, s] += mixed[count]
        sums[4, s] += count


@jit
def tally(at: np.ndarray, row: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    """Per window: different identifiers, those first seen in it, rows of the commonest, sum of count ln count, rows in all."""
    out, sums, longest = np.zeros((5, N_STEPS, n)), np.zeros((5, N_STEPS)), _longest(at, row)
    is_code = ids.itemsize == 1  # words, hours, weekdays: each is its own slot
    table = np.full(CODES if is_code else 1 << int(np.ceil(np.log2(2 * longest + 2))), -1, np.int32)
    seen, slots, per = (
        np.empty(longest, np.int64),
        np.empty(longest, np.uint64),
        np.zeros((longest, N_STEPS), np.int64),
    )
    oldest, newest = np.empty(longest, np.int64), np.empty(longest, np.int64)
    mixed = np.array([0.0] + [count * np.log(count) for count in range(1, longest + 1)])
    found = 0
    for k in range(len(at)):
        i = at[k]
        if ids[i] >= 0:
            slot = np.uint64(ids[i]) if is_code else _slot(table, seen, ids[i])
            if table[slot] < 0:
                table[slot], seen[found], slots[found], oldest[found] = found, ids[i], slot, step[i]
                found += 1
            per[table[slot], step[i]] += 1
            newest[table[slot]] = step[i]  # rows come from the oldest on, so steps fall
        if k + 1 == len(at) or row[at[k + 1]] != row[i]:
            for p in range(found):
                _kinds(per[p], oldest[p], newest[p], mixed, sums)
                table[slots[p]] = -1
            out[:, :, row[i]] = sums
            sums[:], found = 0.0, 0
    return out


@jit
def switches(
    at: np.ndarray, row: np.ndarray, step: np.ndarray, ids: np.ndarray, n: int
) -> np.ndarray:
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


def _tally(c: FormulaInput) -> np.ndarray:
    """Per window: different identifiers, those first seen in it, rows of the commonest, sum of count ln count, rows in all."""
    p, r, name = c.part, c.part.rows, c.known.columns[0]
    return p.made("tally", c.measure, lambda: tally(p.at, r.row, r.step, r.identifiers(name), r.n))[
        :, c.ends
    ]


def _switches(c: FormulaInput) -> np.ndarray:
    """(changes, neighbouring rows) per window; both rows of a change have the identifier."""
    p, r, name = c.part, c.part.rows, c.known.columns[0]
    return p.made(
        "switches", c.measure, lambda: switches(p.at, r.row, r.step, r.identifiers(name), r.n)
    )[:, c.ends]


def _entropy(c: FormulaInput) -> np.ndarray:
    """ln(N) - sum(n ln n) / N over the identifiers of the window."""
    _, _, _, mixed, total = _tally(c)
    value = np.log(np.maximum(total, 1.0)) - divide(mixed, total)
    return np.where(value > 1e-12, value, np.where(np.isnan(value), np.nan, 0.0))


IDENTIFIER_FORMULAS: dict[str, Callable[[FormulaInput], np.ndarray]] = {
    "distinct": lambda c: _tally(c)[0],
    "new": lambda c: _tally(c)[1],
    "new_share": lambda c: divide(_tally(c)[1], _tally(c)[0]),
    "main_share": lambda c: divide(_tally(c)[2], _tally(c)[4]),
    "per_one": lambda c: divide(_tally(c)[4], _tally(c)[0]),
    "entropy": _entropy,
    "changes": lambda c: _switches(c)[0],
    "change_share": lambda c: divide(*_switches(c)),
}
