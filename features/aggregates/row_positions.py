"""Compiled loops that say where an event lies: its order, application, step, day, hour and bin.

All are compiled because they visit every event once, and numpy would make a copy per step.
`application` is the place of an application in its bucket, `time` and `age` are microseconds.
"""

from __future__ import annotations

import numpy as np

from ..clock import MICROS_PER_DAY, STEP_OF_DAY, YEAR_DAYS
from ..compiled import jit


# Compiled: the loops below ask it once per pair of neighbours.
@jit
def _comes_first(
    i: int, j: int, application: np.ndarray, time: np.ndarray, event: np.ndarray
) -> bool:
    """Return whether event i stands before event j; equal events keep their order."""
    if application[i] != application[j]:
        return application[i] < application[j]
    if time[i] != time[j]:
        return time[i] < time[j]
    # The tie-break: `event_id`, then the place, so that there is one order only.
    return event[i] < event[j] or (event[i] == event[j] and i < j)


# Compiled: numpy would need three arrays of comparisons to answer yes or no.
@jit
def in_order(application: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    """Return whether the events are sorted by (application, time, event).

    The answer is that of `runs`. It comes in less time, as the loop has no branch.
    """
    # Truth values are summed without an early end, so that the processor works on several rows at
    # once.
    wrong = 0
    for i in range(1, len(application)):
        is_later = (time[i - 1] < time[i]) | ((time[i - 1] == time[i]) & (event[i - 1] <= event[i]))
        is_same_application = application[i - 1] == application[i]
        is_next_application = application[i - 1] < application[i]
        wrong += not (is_next_application | (is_same_application & is_later))
    return wrong == 0


# Compiled: where a run ends depends on the event before, in order of the rows.
@jit
def runs(application: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Return where each run begins that is sorted by (application, time, event).

    A table in order is one run, an empty table has none.
    """
    starts = np.empty(len(application), np.int64)
    n_runs = 0
    for i in range(len(application)):
        if i == 0 or not _comes_first(i - 1, i, application, time, event):
            starts[n_runs] = i
            n_runs += 1
    # A copy, so that the array of full length can be freed.
    return starts[:n_runs].copy()


# Compiled, because runs are merged event by event. It looks at the head of each run and takes from
# the first one until the second one comes first; with few runs that beats a sort.
@jit
def pieces(
    starts: np.ndarray, application: np.ndarray, time: np.ndarray, event: np.ndarray
) -> np.ndarray:
    """Return (pieces, 2): begin and end of the stretches that put the runs in order.

    Taken one after the other the stretches are the sorted table; equal events keep their order.
    """
    head = starts.copy()
    end = np.append(starts[1:], len(application))
    # An empty list of pairs: numba reads the type of the pairs from the comprehension.
    stretches = [(0, 0) for _ in range(0)]
    while True:
        first, second = -1, -1
        for r in range(len(head)):
            if head[r] == end[r]:
                continue
            if first < 0 or _comes_first(head[r], head[first], application, time, event):
                first, second = r, first
            elif second < 0 or _comes_first(head[r], head[second], application, time, event):
                second = r
        if first < 0:
            return np.array(stretches, np.int64)
        begin = head[first]
        while head[first] < end[first] and (
            second < 0 or _comes_first(head[first], head[second], application, time, event)
        ):
            head[first] += 1
        stretches.append((begin, head[first]))


# Compiled: stretches are short where many runs are merged, and numpy would make one array of each.
@jit
def stretched(stretches: np.ndarray) -> np.ndarray:
    """Return the places of the rows of stretches (begin, end), one after the other."""
    places = np.empty((stretches[:, 1] - stretches[:, 0]).sum(), np.int64)
    at = 0
    for k in range(len(stretches)):
        for place in range(stretches[k, 0], stretches[k, 1]):
            places[at] = place
            at += 1
    return places


# Compiled: four columns from one pass; numpy would read the times four times.
@jit
def event_positions(
    row: np.ndarray, time: np.ndarray, as_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (application, age in microseconds, whole days back, step) of every event.

    The types are those that the other loops index by. `as_of` has one entry per application.
    """
    n = len(row)
    # Indices are unsigned: numba then leaves out the test for a negative index.
    application = np.empty(n, np.uint32)
    age = np.empty(n, np.int64)
    day = np.empty(n, np.int32)
    step = np.empty(n, np.uint8)
    for i in range(n):
        application[i] = row[i]
        age[i] = as_of[row[i]] - time[i]
        # An age of exactly one day still belongs to day 0: windows are closed at their old end.
        day[i] = (age[i] - 1) // MICROS_PER_DAY
        step[i] = STEP_OF_DAY[min(day[i], YEAR_DAYS)]
    return application, age, day, step


# Compiled: whole-number division without an array in between.
@jit
def hours(time: np.ndarray) -> np.ndarray:
    """Return the hour 0-23 of the stored clock."""
    # int8, so that the loops over identifiers give each hour a slot of its own.
    hour = np.empty(len(time), np.int8)
    for i in range(len(time)):
        hour[i] = time[i] // (MICROS_PER_DAY // 24) % 24
    return hour


# Compiled: whole-number division without an array in between.
@jit
def weekdays(time: np.ndarray) -> np.ndarray:
    """Return the day of the week, Monday is 0."""
    weekday = np.empty(len(time), np.int8)
    for i in range(len(time)):
        # 1970-01-01, day 0 of the clock, was a Thursday.
        weekday[i] = (time[i] // MICROS_PER_DAY + 3) % 7
    return weekday


# Compiled: one pass, and 32 bits where numpy would make 64.
@jit
def cells(plane: np.ndarray, application: np.ndarray, n: int) -> np.ndarray:
    """Return the cell of every event: its application in its plane, which is a step."""
    # Planes come first, so that one step of all applications lies together in memory.
    cell = np.empty(len(application), np.uint32)
    for i in range(len(application)):
        cell[i] = plane[i] * np.uint32(n) + application[i]
    return cell


# Compiled: one pass, and 32 bits where numpy would make 64.
@jit
def bins(day: np.ndarray, application: np.ndarray, days: int, n: int) -> np.ndarray:
    """Return the cell of every event where planes are bins of `days` days, back from as_of.

    What is older than the last whole bin of the year shares one more plane.
    """
    cell = np.empty(len(application), np.uint32)
    # Of the type of `day`: a mixed division would go through int64.
    size = np.int32(days)
    last = np.int32(YEAR_DAYS // days)
    for i in range(len(application)):
        cell[i] = np.uint32(min(day[i] // size, last)) * np.uint32(n) + application[i]
    return cell


# Compiled: the loop writes every event and moves on by its mask, so it has no branch.
@jit
def mask_positions(mask: np.ndarray) -> np.ndarray:
    """Return the places of the events that a mask holds, in order."""
    # One place more than events: every event is written before it is known to count.
    # That saves a branch in the loop.
    places = np.empty(len(mask) + 1, np.uint32)
    n_places = 0
    for i in range(len(mask)):
        places[n_places] = i
        n_places += mask[i]
    return places[:n_places].copy()
