"""The compiled loops: one pass over the rows of a slice per kind of sum. Everything else is array expressions over their results.

`at` are the places of a slice's rows among the stream's, which come in the order (application, event_time, event_id): nothing is copied
for a slice. `row` (the application), `step`, `day`, `age` and `value` have one entry per row of the stream; what is an index is unsigned
(one that cannot be negative is twice as fast). A value that is null is NaN and is left out. A `cell` is one application in one step (or in
one bin of days): its rows follow one another, so its sums are kept at hand and stored when the next cell begins. Results are
(kinds, steps, n): a step's sums run in the order of the rows, then each window is the sum over its steps, so no cell depends on which other
applications are there.
"""

from __future__ import annotations

import numpy as np

from ..clock import BIN_DAYS, MICROS_PER_DAY, N_STEPS
from ..compiled import jit


@jit
def _accumulate(sums: np.ndarray) -> None:
    for kind in sums:
        for s in range(1, len(kind)):
            kind[s] += kind[s - 1]


@jit
def counts(at: np.ndarray, cell: np.ndarray, planes: int, n: int) -> np.ndarray:
    """(planes, n): rows per cell."""
    out = np.zeros(planes * n)
    for i in at:
        out[cell[i]] += 1.0
    return out.reshape(planes, n)


@jit
def sums(at: np.ndarray, cell: np.ndarray, value: np.ndarray, planes: int, n: int) -> np.ndarray:
    """(planes, n): sums of values per cell."""
    out = np.zeros(planes * n)
    for i in at:
        if value[i] == value[i]:
            out[cell[i]] += value[i]
    return out.reshape(planes, n)


@jit
def upto(at: np.ndarray, cell: np.ndarray, n: int) -> np.ndarray:
    """Rows per window."""
    out = counts(at, cell, N_STEPS, n).reshape(1, N_STEPS, n)
    _accumulate(out)
    return out


@jit
def moments(at: np.ndarray, cell: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Rows with a value, sum of values, sum of squares."""
    out, here, rows, total, squares = np.zeros((3, N_STEPS * n)), np.uint32(0), 0.0, 0.0, 0.0
    for i in at:
        if cell[i] != here:
            out[0, here], out[1, here], out[2, here] = rows, total, squares
            here, rows, total, squares = cell[i], 0.0, 0.0, 0.0
        v = value[i]
        if v == v:
            rows, total, squares = rows + 1.0, total + v, squares + v * v
    if len(at):
        out[0, here], out[1, here], out[2, here] = rows, total, squares
    windows = out.reshape(3, N_STEPS, n)
    _accumulate(windows)
    return windows


@jit
def trends(
    at: np.ndarray, cell: np.ndarray, value: np.ndarray, age: np.ndarray, n: int
) -> np.ndarray:
    """Sums of time in months (negative before as_of), time squared, and time times value, over rows with a value."""
    out, here, first, second, mixed = np.zeros((3, N_STEPS * n)), np.uint32(0), 0.0, 0.0, 0.0
    for i in at:
        if cell[i] != here:
            out[0, here], out[1, here], out[2, here] = first, second, mixed
            here, first, second, mixed = cell[i], 0.0, 0.0, 0.0
        v, t = value[i], -age[i] / (BIN_DAYS * MICROS_PER_DAY)
        if v == v:
            first, second, mixed = first + t, second + t * t, mixed + t * v
    if len(at):
        out[0, here], out[1, here], out[2, here] = first, second, mixed
    windows = out.reshape(3, N_STEPS, n)
    _accumulate(windows)
    return windows


@jit
def extremes(at: np.ndarray, cell: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Smallest and largest value; infinite without any."""
    out, here, low, high = np.empty((2, N_STEPS * n)), np.uint32(0), np.inf, -np.inf
    out[0], out[1] = np.inf, -np.inf
    for i in at:
        if cell[i] != here:
            out[0, here], out[1, here] = low, high
            here, low, high = cell[i], np.inf, -np.inf
        v = value[i]
        if v == v:
            low, high = min(low, v), max(high, v)
    if len(at):
        out[0, here], out[1, here] = low, high
    windows = out.reshape(2, N_STEPS, n)
    for s in range(1, N_STEPS):
        windows[0, s] = np.minimum(windows[0, s], windows[0, s - 1])
        windows[1, s] = np.maximum(windows[1, s], windows[1, s - 1])
    return windows


@jit
def days(at: np.ndarray, cell: np.ndarray, row: np.ndarray, day: np.ndarray, n: int) -> np.ndarray:
    """Days with rows, most rows on one day."""
    out, here, found, most = np.zeros((2, N_STEPS * n)), np.uint32(0), 0.0, 0.0
    count, a, d = 0.0, np.uint32(0), np.int32(-1)
    for i in at:
        if cell[i] != here:
            out[0, here], out[1, here] = found, most
            here, found, most = cell[i], 0.0, 0.0
        if row[i] != a or day[i] != d:
            found, count, a, d = found + 1.0, 0.0, row[i], day[i]
        count += 1.0
        most = max(most, count)
    if len(at):
        out[0, here], out[1, here] = found, most
    windows = out.reshape(2, N_STEPS, n)
    for s in range(1, N_STEPS):
        windows[0, s] += windows[0, s - 1]
        windows[1, s] = np.maximum(windows[1, s], windows[1, s - 1])
    return windows


@jit
def day_sums(
    at: np.ndarray, cell: np.ndarray, row: np.ndarray, day: np.ndarray, value: np.ndarray, n: int
) -> np.ndarray:
    """(steps, n): largest sum of values on one day."""
    out, total, a, d = np.zeros(N_STEPS * n), 0.0, np.uint32(0), np.int32(-1)
    for i in at:
        if row[i] != a or day[i] != d:
            total, a, d = 0.0, row[i], day[i]
        if value[i] == value[i]:
            total += value[i]
        out[cell[i]] = max(out[cell[i]], total)
    windows = out.reshape(N_STEPS, n)
    for s in range(1, N_STEPS):
        windows[s] = np.maximum(windows[s], windows[s - 1])
    return windows


@jit
def gaps(at: np.ndarray, cell: np.ndarray, row: np.ndarray, age: np.ndarray, n: int) -> np.ndarray:
    """Between neighbours in time, counted where the later one lies: how many, sum and squares of the days, the longest."""
    out, here, rows, total, squares, longest = (
        np.zeros((4, N_STEPS * n)),
        np.uint32(0),
        0.0,
        0.0,
        0.0,
        0.0,
    )
    before = np.uint32(0)
    for k in range(len(at)):
        i = at[k]
        if cell[i] != here:
            out[0, here], out[1, here], out[2, here], out[3, here] = rows, total, squares, longest
            here, rows, total, squares, longest = cell[i], 0.0, 0.0, 0.0, 0.0
        if k > 0 and row[i] == row[before]:
            gap = (age[before] - age[i]) / MICROS_PER_DAY
            rows, total, squares, longest = (
                rows + 1.0,
                total + gap,
                squares + gap * gap,
                max(longest, gap),
            )
        before = i
    if len(at):
        out[0, here], out[1, here], out[2, here], out[3, here] = rows, total, squares, longest
    windows = out.reshape(4, N_STEPS, n)
    _accumulate(windows[:3])
    for s in range(1, N_STEPS):
        windows[3, s] = np.maximum(windows[3, s], windows[3, s - 1])
    return windows


@jit
def moves(
    at: np.ndarray, cell: np.ndarray, row: np.ndarray, value: np.ndarray, n: int
) -> np.ndarray:
    """Between neighbours in time with a value, counted where the later one lies: how many, sum of absolute changes."""
    out, before, is_first = np.zeros((2, N_STEPS * n)), np.uint32(0), True
    for i in at:
        if value[i] == value[i]:
            if not is_first and row[i] == row[before]:
                out[0, cell[i]] += 1.0
                out[1, cell[i]] += abs(value[i] - value[before])
            before, is_first = i, False
    windows = out.reshape(2, N_STEPS, n)
    _accumulate(windows)
    return windows


@jit
def ends(at: np.ndarray, row: np.ndarray, value: np.ndarray | None, n: int) -> np.ndarray:
    """(2, n): place of the oldest and of the newest row with a value of each application, of any row where `value` is None; -1 without."""
    out = np.full((2, n), -1)
    for i in at:
        if value is None or value[i] == value[i]:
            if out[0, row[i]] < 0:
                out[0, row[i]] = i
            out[1, row[i]] = i
    return out


@jit
def divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """`top / bottom`, NaN where the bottom is 0 or either is NaN."""
    out = np.empty(len(top))
    for i in range(len(top)):
        out[i] = np.nan if bottom[i] == 0.0 else top[i] / bottom[i]
    return out
