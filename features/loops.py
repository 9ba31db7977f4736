"""The compiled loops: one pass over the rows of a slice per kind of sum. Everything else is array expressions over their results.

`at` are the places of a slice's rows among the stream's, which come in the order (application, event_time, event_id): nothing is copied
for a slice. `row` (the application), `step`, `day`, `age` and `value` have one entry per row of the stream; what is an index is unsigned
(one that cannot be negative is twice as fast). A value that is null is NaN and is left out. Results are (kinds, steps, n): a step's sums
run in the order of the rows, then each window is the sum over its steps, so no cell depends on which other applications are there.
"""

from __future__ import annotations

import numpy as np

from .clock import BIN_DAYS, MICROS_PER_DAY, N_STEPS, STEP_OF_DAY, YEAR_DAYS
from .compiled import jit


@jit
def _comes_first(i: int, j: int, row: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    if row[i] != row[j]:
        return row[i] < row[j]
    if time[i] != time[j]:
        return time[i] < time[j]
    return event[i] < event[j] or (event[i] == event[j] and i < j)


@jit
def runs(row: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Where each run that is sorted by (row, time, event) begins; a table in order is one run, an empty one none."""
    starts = np.empty(len(row), np.int64)
    found = 0
    for i in range(len(row)):
        if i == 0 or not _comes_first(i - 1, i, row, time, event):
            starts[found] = i
            found += 1
    return starts[:found].copy()


@jit
def pieces(starts: np.ndarray, row: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """(pieces, 2): begin and end of the stretches that put the runs in order one after the other; equal rows keep their order."""
    head, end = starts.copy(), np.append(starts[1:], len(row))
    found = [(0, 0) for _ in range(0)]
    while True:
        first, second = -1, -1
        for r in range(len(head)):
            if head[r] == end[r]:
                continue
            if first < 0 or _comes_first(head[r], head[first], row, time, event):
                first, second = r, first
            elif second < 0 or _comes_first(head[r], head[second], row, time, event):
                second = r
        if first < 0:
            return np.array(found, np.int64)
        begin = head[first]
        while head[first] < end[first] and (second < 0 or _comes_first(head[first], head[second], row, time, event)):
            head[first] += 1
        found.append((begin, head[first]))


@jit
def placed(row: np.ndarray, time: np.ndarray, as_of: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(application, age in microseconds, whole days back, step) of every row, in the types that the loops index by."""
    n = len(row)
    application, age, day, step = np.empty(n, np.uint32), np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.uint8)
    for i in range(n):
        application[i] = row[i]
        age[i] = as_of[row[i]] - time[i]
        day[i] = (age[i] - 1) // MICROS_PER_DAY
        step[i] = STEP_OF_DAY[min(day[i], YEAR_DAYS)]
    return application, age, day, step


@jit
def chosen(mask: np.ndarray) -> np.ndarray:
    """Places of the rows that a mask holds."""
    places = np.empty(len(mask) + 1, np.uint32)  # one more, as every row is written before it is known to count
    found = 0
    for i in range(len(mask)):
        places[found] = i
        found += mask[i]
    return places[:found].copy()


@jit
def _accumulate(sums: np.ndarray) -> None:
    for kind in sums:
        for s in range(1, len(kind)):
            kind[s] += kind[s - 1]


@jit
def counts(at: np.ndarray, row: np.ndarray, step: np.ndarray, n: int) -> np.ndarray:
    """Rows per window."""
    out = np.zeros((1, N_STEPS, n))
    for i in at:
        out[0, step[i], row[i]] += 1.0
    _accumulate(out)
    return out


@jit
def moments(at: np.ndarray, row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Rows with a value, sum of values, sum of squares."""
    out = np.zeros((3, N_STEPS, n))
    for i in at:
        v = value[i]
        if v == v:
            out[0, step[i], row[i]] += 1.0
            out[1, step[i], row[i]] += v
            out[2, step[i], row[i]] += v * v
    _accumulate(out)
    return out


@jit
def trends(at: np.ndarray, row: np.ndarray, step: np.ndarray, value: np.ndarray, age: np.ndarray, n: int) -> np.ndarray:
    """Sums of time in months (negative before as_of), time squared, and time times value, over rows with a value."""
    out = np.zeros((3, N_STEPS, n))
    for i in at:
        v, t = value[i], -age[i] / (BIN_DAYS * MICROS_PER_DAY)
        if v == v:
            out[0, step[i], row[i]] += t
            out[1, step[i], row[i]] += t * t
            out[2, step[i], row[i]] += t * v
    _accumulate(out)
    return out


@jit
def extremes(at: np.ndarray, row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Smallest and largest value; infinite without any."""
    out = np.empty((2, N_STEPS, n))
    out[0], out[1] = np.inf, -np.inf
    for i in at:
        v, s, a = value[i], step[i], row[i]
        if v == v:
            out[0, s, a] = min(out[0, s, a], v)
            out[1, s, a] = max(out[1, s, a], v)
    for s in range(1, N_STEPS):
        out[0, s] = np.minimum(out[0, s], out[0, s - 1])
        out[1, s] = np.maximum(out[1, s], out[1, s - 1])
    return out


@jit
def binned(at: np.ndarray, row: np.ndarray, bin_: np.ndarray, bins: int, n: int) -> np.ndarray:
    """(bins, n): rows per bin back from as_of."""
    out = np.zeros((bins, n))
    for i in at:
        if bin_[i] < bins:
            out[bin_[i], row[i]] += 1.0
    return out


@jit
def binned_sums(at: np.ndarray, row: np.ndarray, bin_: np.ndarray, value: np.ndarray, bins: int, n: int) -> np.ndarray:
    """(bins, n): sums of values per bin back from as_of."""
    out = np.zeros((bins, n))
    for i in at:
        if bin_[i] < bins and value[i] == value[i]:
            out[bin_[i], row[i]] += value[i]
    return out


@jit
def days(at: np.ndarray, row: np.ndarray, step: np.ndarray, day: np.ndarray, n: int) -> np.ndarray:
    """Days with rows, most rows on one day."""
    out = np.zeros((2, N_STEPS, n))
    count, before = 0.0, -1
    for i in at:
        if before < 0 or row[i] != row[before] or day[i] != day[before]:
            count = 0.0
            out[0, step[i], row[i]] += 1.0
        count += 1.0
        out[1, step[i], row[i]] = max(out[1, step[i], row[i]], count)
        before = i
    for s in range(1, N_STEPS):
        out[0, s] += out[0, s - 1]
        out[1, s] = np.maximum(out[1, s], out[1, s - 1])
    return out


@jit
def day_sums(at: np.ndarray, row: np.ndarray, step: np.ndarray, day: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """(steps, n): largest sum of values on one day."""
    out = np.zeros((N_STEPS, n))
    total, before = 0.0, -1
    for i in at:
        if before < 0 or row[i] != row[before] or day[i] != day[before]:
            total = 0.0
        if value[i] == value[i]:
            total += value[i]
        out[step[i], row[i]] = max(out[step[i], row[i]], total)
        before = i
    for s in range(1, N_STEPS):
        out[s] = np.maximum(out[s], out[s - 1])
    return out


@jit
def gaps(at: np.ndarray, row: np.ndarray, step: np.ndarray, age: np.ndarray, n: int) -> np.ndarray:
    """Between neighbours in time, counted where the later one lies: how many, sum and squares of the days, the longest."""
    out = np.zeros((4, N_STEPS, n))
    before = -1
    for i in at:
        if before >= 0 and row[i] == row[before]:
            s, a, gap = step[i], row[i], (age[before] - age[i]) / MICROS_PER_DAY
            out[0, s, a] += 1.0
            out[1, s, a] += gap
            out[2, s, a] += gap * gap
            out[3, s, a] = max(out[3, s, a], gap)
        before = i
    _accumulate(out[:3])
    for s in range(1, N_STEPS):
        out[3, s] = np.maximum(out[3, s], out[3, s - 1])
    return out


@jit
def moves(at: np.ndarray, row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Between neighbours in time with a value, counted where the later one lies: how many, sum of absolute changes."""
    out = np.zeros((2, N_STEPS, n))
    before = -1
    for i in at:
        if value[i] == value[i]:
            if before >= 0 and row[i] == row[before]:
                out[0, step[i], row[i]] += 1.0
                out[1, step[i], row[i]] += abs(value[i] - value[before])
            before = i
    _accumulate(out)
    return out


@jit
def ends(at: np.ndarray, row: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """(2, n): place of the oldest and of the newest row with a value of each application; -1 without one."""
    out = np.full((2, n), -1)
    for i in at:
        if value[i] == value[i]:
            if out[0, row[i]] < 0:
                out[0, row[i]] = i
            out[1, row[i]] = i
    return out
