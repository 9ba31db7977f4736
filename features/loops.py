"""The compiled loops: one pass over the rows of a slice per kind of sum. Everything else is array expressions over their results.

Rows of a slice come in the order (application, event_time, event_id); `row` (the application), `step`, `day`, `age` and `value` have one
entry each, `row` and `step` are unsigned (an index that cannot be negative is twice as fast). A value that is null is NaN and is left out.
Results are (kinds, steps, n): a step's sums run in the order of the rows, then each window is the sum over its steps, so no cell depends
on which other applications are there.
"""

from __future__ import annotations

import numpy as np

from .clock import MICROS_PER_DAY, N_STEPS
from .compiled import jit


@jit
def in_order(row: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    """Whether the rows are sorted by (row, time, event), as the world writes them."""
    for i in range(1, len(row)):
        if row[i] < row[i - 1]:
            return False
        if row[i] == row[i - 1] and (time[i] < time[i - 1] or (time[i] == time[i - 1] and event[i] <= event[i - 1])):
            return False
    return True


@jit
def _accumulate(sums: np.ndarray) -> None:
    for kind in sums:
        for s in range(1, len(kind)):
            kind[s] += kind[s - 1]


@jit
def counts(row: np.ndarray, step: np.ndarray, n: int) -> np.ndarray:
    """Rows per window."""
    out = np.zeros((1, N_STEPS, n))
    for i in range(len(row)):
        out[0, step[i], row[i]] += 1.0
    _accumulate(out)
    return out


@jit
def moments(row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Rows with a value, sum of values, sum of squares."""
    out = np.zeros((3, N_STEPS, n))
    for i in range(len(row)):
        v = value[i]
        if v == v:
            out[0, step[i], row[i]] += 1.0
            out[1, step[i], row[i]] += v
            out[2, step[i], row[i]] += v * v
    _accumulate(out)
    return out


@jit
def trends(row: np.ndarray, step: np.ndarray, value: np.ndarray, month: np.ndarray, n: int) -> np.ndarray:
    """Sums of time, time squared, and time times value, over rows with a value."""
    out = np.zeros((3, N_STEPS, n))
    for i in range(len(row)):
        v, t = value[i], month[i]
        if v == v:
            out[0, step[i], row[i]] += t
            out[1, step[i], row[i]] += t * t
            out[2, step[i], row[i]] += t * v
    _accumulate(out)
    return out


@jit
def extremes(row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Smallest and largest value; infinite without any."""
    out = np.empty((2, N_STEPS, n))
    out[0], out[1] = np.inf, -np.inf
    for i in range(len(row)):
        v, s, a = value[i], step[i], row[i]
        if v == v:
            out[0, s, a] = min(out[0, s, a], v)
            out[1, s, a] = max(out[1, s, a], v)
    for s in range(1, N_STEPS):
        out[0, s] = np.minimum(out[0, s], out[0, s - 1])
        out[1, s] = np.maximum(out[1, s], out[1, s - 1])
    return out


@jit
def binned(row: np.ndarray, bin_: np.ndarray, value: np.ndarray, bins: int, n: int) -> np.ndarray:
    """(2, bins, n): rows, and sums of values, per bin back from as_of."""
    out = np.zeros((2, bins, n))
    for i in range(len(row)):
        b, v = bin_[i], value[i]
        if b < bins:
            out[0, b, row[i]] += 1.0
            if v == v:
                out[1, b, row[i]] += v
    return out


@jit
def days(row: np.ndarray, step: np.ndarray, day: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Days with rows, most rows on one day, largest sum of values on one day."""
    out = np.zeros((3, N_STEPS, n))
    count, total, before = 0.0, 0.0, -1
    for i in range(len(row)):
        if before < 0 or row[i] != row[before] or day[i] != day[before]:
            count, total = 0.0, 0.0
            out[0, step[i], row[i]] += 1.0
        count += 1.0
        if value[i] == value[i]:
            total += value[i]
        out[1, step[i], row[i]] = max(out[1, step[i], row[i]], count)
        out[2, step[i], row[i]] = max(out[2, step[i], row[i]], total)
        before = i
    for s in range(1, N_STEPS):
        out[0, s] += out[0, s - 1]
        out[1:, s] = np.maximum(out[1:, s], out[1:, s - 1])
    return out


@jit
def gaps(row: np.ndarray, step: np.ndarray, age: np.ndarray, n: int) -> np.ndarray:
    """Between neighbours in time, counted where the later one lies: how many, sum and squares of the days, the longest."""
    out = np.zeros((4, N_STEPS, n))
    before = -1
    for i in range(len(row)):
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
def moves(row: np.ndarray, step: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """Between neighbours in time with a value, counted where the later one lies: how many, sum of absolute changes."""
    out = np.zeros((2, N_STEPS, n))
    before = -1
    for i in range(len(row)):
        if value[i] == value[i]:
            if before >= 0 and row[i] == row[before]:
                out[0, step[i], row[i]] += 1.0
                out[1, step[i], row[i]] += abs(value[i] - value[before])
            before = i
    _accumulate(out)
    return out


@jit
def ends(row: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """(2, n): the oldest and the newest row with a value of each application; -1 without one."""
    out = np.full((2, n), -1)
    for i in range(len(row)):
        if value[i] == value[i]:
            if out[0, row[i]] < 0:
                out[0, row[i]] = i
            out[1, row[i]] = i
    return out
