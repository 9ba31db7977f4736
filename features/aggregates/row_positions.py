"""The compiled loops that say where a row lies: its place in the order, application, step, day, hour and bin, and the rows of a slice."""

from __future__ import annotations

import numpy as np

from ..clock import MICROS_PER_DAY, STEP_OF_DAY, YEAR_DAYS
from ..compiled import jit


@jit
def _comes_first(i: int, j: int, row: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    if row[i] != row[j]:
        return row[i] < row[j]
    if time[i] != time[j]:
        return time[i] < time[j]
    return event[i] < event[j] or (event[i] == event[j] and i < j)


@jit
def in_order(row: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    """Whether the rows are sorted by (row, time, event): as `runs` tells, without a branch and so in less time."""
    wrong = 0
    for i in range(1, len(row)):
        is_later = (time[i - 1] < time[i]) | ((time[i - 1] == time[i]) & (event[i - 1] <= event[i]))
        wrong += not ((row[i - 1] < row[i]) | ((row[i - 1] == row[i]) & is_later))
    return wrong == 0


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
        while head[first] < end[first] and (
            second < 0 or _comes_first(head[first], head[second], row, time, event)
        ):
            head[first] += 1
        found.append((begin, head[first]))


@jit
def placed(
    row: np.ndarray, time: np.ndarray, as_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(application, age in microseconds, whole days back, step) of every row, in the types that the loops index by."""
    n = len(row)
    application, age, day, step = (
        np.empty(n, np.uint32),
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.uint8),
    )
    for i in range(n):
        application[i] = row[i]
        age[i] = as_of[row[i]] - time[i]
        day[i] = (age[i] - 1) // MICROS_PER_DAY
        step[i] = STEP_OF_DAY[min(day[i], YEAR_DAYS)]
    return application, age, day, step


@jit
def hours(time: np.ndarray) -> np.ndarray:
    """Hour 0-23 of the stored clock."""
    found = np.empty(len(time), np.int8)
    for i in range(len(time)):
        found[i] = time[i] // (MICROS_PER_DAY // 24) % 24
    return found


@jit
def weekdays(time: np.ndarray) -> np.ndarray:
    """Monday is 0; 1970-01-01 was a Thursday."""
    found = np.empty(len(time), np.int8)
    for i in range(len(time)):
        found[i] = (time[i] // MICROS_PER_DAY + 3) % 7
    return found


@jit
def cells(plane: np.ndarray, row: np.ndarray, n: int) -> np.ndarray:
    """Cell of every row: its application in its plane, a step."""
    found = np.empty(len(row), np.uint32)
    for i in range(len(row)):
        found[i] = plane[i] * np.uint32(n) + row[i]
    return found


@jit
def bins(day: np.ndarray, row: np.ndarray, days: int, n: int) -> np.ndarray:
    """Cell of every row in planes of so many days, back from as_of; what is older than the last whole bin of the year shares one more."""
    found, size, last = np.empty(len(row), np.uint32), np.int32(days), np.int32(YEAR_DAYS // days)
    for i in range(len(row)):
        found[i] = np.uint32(min(day[i] // size, last)) * np.uint32(n) + row[i]
    return found


@jit
def chosen(mask: np.ndarray) -> np.ndarray:
    """Places of the rows that a mask holds."""
    places = np.empty(
        len(mask) + 1, np.uint32
    )  # one more, as every row is written before it is known to count
    found = 0
    for i in range(len(mask)):
        places[found] = i
        found += mask[i]
    return places[:found].copy()
