"""Compiled loops: one pass over the events of a slice for each kind of sum.

Everything else is array expressions over their results.

`at` are the places of a slice's events among the stream's, which come in the order (application,
event_time, event_id): nothing is copied for a slice. `application`, `step`, `day`, `age` and
`value` have one entry per event of the stream. An index is unsigned, because one that cannot be
negative is twice as fast. A null value is NaN and is left out.

A `cell` is one application in one step (or in one bin of days). The events of a cell follow one
another, so its sums stay in local variables and are stored when the next cell begins.

Results are (kinds, steps, n). The sums of a step run in the order of the events, and a window is
the sum over its steps. So no cell depends on which other applications are there.
"""

from __future__ import annotations

import numpy as np

from ..clock import BIN_DAYS, MICROS_PER_DAY, N_STEPS
from ..compiled import jit


# Compiled, as it is called by compiled loops. The order of additions is from the newest step back.
@jit
def _accumulate(sums: np.ndarray) -> None:
    """Turn sums per step into sums per window, in place."""
    for kind in sums:
        for s in range(1, len(kind)):
            kind[s] += kind[s - 1]


# Compiled, as `np.add.at` takes many times as long.
@jit
def counts(at: np.ndarray, cell: np.ndarray, planes: int, n: int) -> np.ndarray:
    """Return (planes, n): events per cell."""
    out = np.zeros(planes * n)
    for i in at:
        out[cell[i]] += 1.0
    return out.reshape(planes, n)


# Compiled: sums are added in the order of the events, so every engine gives the same bits.
@jit
def sums(at: np.ndarray, cell: np.ndarray, value: np.ndarray, planes: int, n: int) -> np.ndarray:
    """Return (planes, n): sums of values per cell, added in the order of the events."""
    out = np.zeros(planes * n)
    for i in at:
        # NaN is the only value that differs from itself.
        if value[i] == value[i]:
            out[cell[i]] += value[i]
    return out.reshape(planes, n)


# Compiled, because it calls `counts` and works in place on its result.
@jit
def upto(at: np.ndarray, cell: np.ndarray, n: int) -> np.ndarray:
    """Return (1, windows, n): events per window."""
    out = counts(at, cell, N_STEPS, n).reshape(1, N_STEPS, n)
    _accumulate(out)
    return out


# Three sums in one pass: reading the events costs more than adding them.
@jit
def moments(at: np.ndarray, cell: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Return (3, windows, n): events with a value, sum of values, sum of squares."""
    out = np.zeros((3, N_STEPS * n))
    here, rows, total, squares = np.uint32(0), 0.0, 0.0, 0.0
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


# Apart from `moments`, as few measures have a trend.
@jit
def trends(
    at: np.ndarray, cell: np.ndarray, value: np.ndarray, age: np.ndarray, n: int
) -> np.ndarray:
    """Return (3, windows, n): sums of time, of time squared, and of time times value.

    Time is in months and negative before as_of. Only events with a value count.
    """
    out = np.zeros((3, N_STEPS * n))
    here, first, second, mixed = np.uint32(0), 0.0, 0.0, 0.0
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


# Compiled like `moments`. The order does not matter here: a smallest value has no rounding.
@jit
def extremes(at: np.ndarray, cell: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Return (2, windows, n): smallest and largest value; infinite without any."""
    out = np.empty((2, N_STEPS * n))
    here, low, high = np.uint32(0), np.inf, -np.inf
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


# A day never lies in two steps, because every window is a whole number of days.
# So days are counted as they change, without a set of days.
@jit
def days(
    at: np.ndarray, cell: np.ndarray, application: np.ndarray, day: np.ndarray, n: int
) -> np.ndarray:
    """Return (2, windows, n): days with events, most events on one day."""
    out = np.zeros((2, N_STEPS * n))
    here, n_days, most = np.uint32(0), 0.0, 0.0
    count, a, d = 0.0, np.uint32(0), np.int32(-1)
    for i in at:
        if cell[i] != here:
            out[0, here], out[1, here] = n_days, most
            here, n_days, most = cell[i], 0.0, 0.0
        if application[i] != a or day[i] != d:
            n_days, count, a, d = n_days + 1.0, 0.0, application[i], day[i]
        count += 1.0
        most = max(most, count)
    if len(at):
        out[0, here], out[1, here] = n_days, most
    windows = out.reshape(2, N_STEPS, n)
    for s in range(1, N_STEPS):
        windows[0, s] += windows[0, s - 1]
        windows[1, s] = np.maximum(windows[1, s], windows[1, s - 1])
    return windows


# Compiled like `days`. Amounts are not negative, so a day's total is largest at its last event.
@jit
def day_sums(
    at: np.ndarray,
    cell: np.ndarray,
    application: np.ndarray,
    day: np.ndarray,
    value: np.ndarray,
    n: int,
) -> np.ndarray:
    """Return (windows, n): largest sum of values on one day; 0 without any."""
    out = np.zeros(N_STEPS * n)
    total, a, d = 0.0, np.uint32(0), np.int32(-1)
    for i in at:
        if application[i] != a or day[i] != d:
            total, a, d = 0.0, application[i], day[i]
        if value[i] == value[i]:
            total += value[i]
        out[cell[i]] = max(out[cell[i]], total)
    windows = out.reshape(N_STEPS, n)
    for s in range(1, N_STEPS):
        windows[s] = np.maximum(windows[s], windows[s - 1])
    return windows


# A pause belongs to the step in which it ends, so it is counted where the later event lies.
@jit
def gaps(
    at: np.ndarray, cell: np.ndarray, application: np.ndarray, age: np.ndarray, n: int
) -> np.ndarray:
    """Return (4, windows, n) of the days between neighbours in time.

    The four are how many gaps, their sum, the sum of their squares, and the longest.
    """
    out = np.zeros((4, N_STEPS * n))
    here, rows, total, squares, longest = np.uint32(0), 0.0, 0.0, 0.0, 0.0
    before = np.uint32(0)
    for k in range(len(at)):
        i = at[k]
        if cell[i] != here:
            out[0, here], out[1, here], out[2, here], out[3, here] = rows, total, squares, longest
            here, rows, total, squares, longest = cell[i], 0.0, 0.0, 0.0, 0.0
        if k > 0 and application[i] == application[before]:
            gap = (age[before] - age[i]) / MICROS_PER_DAY
            rows, total, squares = rows + 1.0, total + gap, squares + gap * gap
            longest = max(longest, gap)
        before = i
    if len(at):
        out[0, here], out[1, here], out[2, here], out[3, here] = rows, total, squares, longest
    windows = out.reshape(4, N_STEPS, n)
    _accumulate(windows[:3])
    for s in range(1, N_STEPS):
        windows[3, s] = np.maximum(windows[3, s], windows[3, s - 1])
    return windows


# Like `gaps`, with the change counted where the later event lies.
@jit
def moves(
    at: np.ndarray, cell: np.ndarray, application: np.ndarray, value: np.ndarray, n: int
) -> np.ndarray:
    """Return (2, windows, n): pairs of neighbours in time, and their summed absolute changes.

    Neighbours are events with a value; those without one are skipped.
    """
    out = np.zeros((2, N_STEPS * n))
    before, is_first = np.uint32(0), True
    for i in at:
        if value[i] == value[i]:
            if not is_first and application[i] == application[before]:
                out[0, cell[i]] += 1.0
                out[1, cell[i]] += abs(value[i] - value[before])
            before, is_first = i, False
    windows = out.reshape(2, N_STEPS, n)
    _accumulate(windows)
    return windows


# Compiled, because the first and the last event of each application come in one pass.
@jit
def ends(at: np.ndarray, application: np.ndarray, value: np.ndarray | None, n: int) -> np.ndarray:
    """Return (2, n): place of the oldest and of the newest event with a value, -1 without one.

    Where `value` is None, any event counts.
    """
    out = np.full((2, n), -1)
    for i in at:
        if value is None or value[i] == value[i]:
            if out[0, application[i]] < 0:
                out[0, application[i]] = i
            out[1, application[i]] = i
    return out


# Compiled, because `np.divide(..., where=...)` takes several passes and this is called most often.
@jit
def divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return `top / bottom`, NaN where the bottom is 0 or either side is NaN."""
    out = np.empty(len(top))
    for i in range(len(top)):
        out[i] = np.nan if bottom[i] == 0.0 else top[i] / bottom[i]
    return out
