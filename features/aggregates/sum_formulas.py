"""Compiled formulas over sums: what several array expressions gave, in one pass and the same bits.

For the one application of an online decision each expression of numpy costs more than its numbers.
Every loop adds, multiplies and divides in the order of the expression that it stands for. Arrays
are (windows, applications) or (bins, applications); `counts` are whole bins of each window.
"""

from __future__ import annotations

import numpy as np

from ..compiled import jit

# A variance below this share of the squared mean is what rounding leaves of equal values.
VARIANCE_ROUNDING = 1e-12
# A spread of intervals needs three of them; below that it says more of chance than of habit.
MIN_INTERVALS = 3


# Compiled for the loops below. NaN where nothing is divided by.
@jit
def _over(top: float, bottom: float) -> float:
    return np.nan if bottom == 0.0 else top / bottom


# Compiled: the bins of a window are added one after the other, for all applications at once.
@jit
def bin_variations(binned: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return standard deviation over mean of the newest bins, by window."""
    n = binned.shape[1]
    out = np.empty((len(counts), n))
    for w in range(len(counts)):
        total = binned[0].copy()
        squares = binned[0] * binned[0]
        for b in range(1, counts[w]):
            for i in range(n):
                total[i] += binned[b, i]
                squares[i] += binned[b, i] * binned[b, i]
        for i in range(n):
            mean = total[i] / counts[w]
            spread = squares[i] / counts[w] - mean * mean
            # Rounding can bring the variance of equal bins just below 0.
            out[w, i] = _over(np.sqrt(0.0 if spread < 0.0 else spread), mean)
    return out


# Compiled like `bin_variations`.
@jit
def bin_slopes(binned: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the least-squares slope over bins, relative to their mean, by window."""
    n = binned.shape[1]
    out = np.empty((len(counts), n))
    for w in range(len(counts)):
        # Bin 0 is the newest, so its distance from the centre counts as positive.
        centre = (counts[w] - 1) / 2
        moment = centre * binned[0]
        total = binned[0].copy()
        width = centre * centre
        for b in range(1, counts[w]):
            width += (centre - b) * (centre - b)
            for i in range(n):
                moment[i] += (centre - b) * binned[b, i]
                total[i] += binned[b, i]
        for i in range(n):
            out[w, i] = _over(moment[i] / width, total[i] / counts[w])
    return out


# Compiled like `bin_variations`.
@jit
def largest_bin_shares(binned: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the largest bin over the sum of the newest bins, by window."""
    n = binned.shape[1]
    out = np.empty((len(counts), n))
    for w in range(len(counts)):
        for i in range(n):
            total, largest = binned[0, i], binned[0, i]
            for b in range(1, counts[w]):
                total += binned[b, i]
                largest = max(largest, binned[b, i])
            out[w, i] = _over(largest, total)
    return out


# Compiled: three sums are read once, and nothing lies in between.
@jit
def variances(n: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return (ss - s s / n) / n; null below two values, 0 where only rounding is left."""
    out = np.empty(n.shape)
    for w in range(n.shape[0]):
        for i in range(n.shape[1]):
            average = _over(sums[w, i], n[w, i])
            spread = _over(squares[w, i], n[w, i]) - average * average
            is_real = spread > VARIANCE_ROUNDING * average * average
            out[w, i] = np.nan if n[w, i] < 2 else (spread if is_real else 0.0)
    return out


# Compiled like `variances`.
@jit
def variations(n: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return standard deviation over mean of the values."""
    out = np.sqrt(variances(n, sums, squares))
    for w in range(n.shape[0]):
        for i in range(n.shape[1]):
            out[w, i] = _over(out[w, i], _over(sums[w, i], n[w, i]))
    return out


# Compiled like `variances`.
@jit
def relative_differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the difference relative to both."""
    out = np.empty(one.shape)
    for w in range(one.shape[0]):
        for i in range(one.shape[1]):
            out[w, i] = _over(one[w, i] - other[w, i], one[w, i] + other[w, i])
    return out


# Compiled like `variances`.
@jit
def interval_variations(gaps: np.ndarray) -> np.ndarray:
    """Return standard deviation over mean of intervals, of what `window_sums.gaps` gives."""
    n_windows, n_applications = gaps.shape[1], gaps.shape[2]
    out = np.empty((n_windows, n_applications))
    for w in range(n_windows):
        for i in range(n_applications):
            n, total, squares = gaps[0, w, i], gaps[1, w, i], gaps[2, w, i]
            mean = _over(total, n if n >= MIN_INTERVALS else 0.0)
            spread = _over(squares, n) - mean * mean
            # Rounding can bring the variance of equal intervals just below 0.
            out[w, i] = _over(np.sqrt(0.0 if spread < 0.0 else spread), mean)
    return out


# Compiled: one pass in place of two arrays of places and one of steps.
@jit
def at_places(at: np.ndarray, column: np.ndarray, step: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the entry of a column at one event of each application, by window.

    `at` is the place of that event, -1 without one; `ends` are the last steps of the windows. Null
    where the event lies outside the window.
    """
    out = np.empty((len(ends), len(at)))
    for w in range(len(ends)):
        for i in range(len(at)):
            is_within = at[i] >= 0 and step[at[i]] <= ends[w]
            out[w, i] = column[at[i]] if is_within else np.nan
    return out
