"""How much one column tells: of an outcome, or of a group. Everything comes from one sort.

Figures are held out: a bin is rated on the rows of the other half, so that a column of many levels
does not look strong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats, Mask

Labels = NDArray[np.int8]
Codes = NDArray[np.int64]

# Bins of a number: enough to see a narrow range, few enough to rate each.
BINS = 50
# Rows with the mean rate that are added to each bin or level.
SMOOTHING = 1.0
# Half width of a 95 % interval, in standard errors.
NORMAL_95 = 1.96


@dataclass(frozen=True)
class SortedColumn:
    """A column by its values in order.

    values: each once, ascending. place: of each row among them, -1 for null.
    """

    values: NDArray[Any]
    place: Codes
    is_number: bool

    @classmethod
    def of(cls, column: pd.Series) -> SortedColumn:
        """Return a column of float64 (null = NaN) or of text."""
        if column.dtype != np.float64:
            place, levels = pd.factorize(column, sort=True)
            return cls(np.asarray(levels, dtype=object), place.astype(np.int64), False)
        numbers = column.to_numpy(np.float64)
        is_known = ~np.isnan(numbers)
        values, known = np.unique(numbers[is_known], return_inverse=True)
        place = np.full(len(numbers), -1, np.int64)
        place[is_known] = known
        return cls(values, place, True)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each value; the first entry is of null."""
        return np.bincount(self.place + 1, minlength=len(self.values) + 1)

    def bads(self, label: Labels) -> NDArray[np.int64]:
        """Return the bads of each value; the first entry is of null."""
        chosen = self.place[label == 1] + 1
        return np.bincount(chosen, minlength=len(self.values) + 1)

    @cached_property
    def bins(self) -> Codes:
        """A number per row: its level, or its range among at most about 50; null is one too.

        A value that many rows have is a bin of its own.
        """
        if not self.is_number or not len(self.values):
            return self.place + 1
        n = self.counts[1:]
        before = np.cumsum(n) - n
        part = before * BINS // max(int(n.sum()), 1)
        is_heavy = n * BINS >= n.sum()
        begins = np.ones(len(n), bool)
        begins[1:] = (np.diff(part) > 0) | is_heavy[1:] | is_heavy[:-1]
        of_value = np.concatenate(([0], np.cumsum(begins)))
        return np.asarray(of_value[self.place + 1], np.int64)

    def rank_auc(self, label: Labels) -> float:
        """Return the AUC of a number by itself, null at the end that suits it; at least .5."""
        if not self.is_number or not len(self.values):
            return 0.5
        bads = self.bads(label)
        goods = self.counts - bads
        figures = [auc_of_counts(bads, goods)]
        if self.counts[0]:
            figures.append(auc_of_counts(np.roll(bads, -1), np.roll(goods, -1)))
        return max(max(figure, 1 - figure) for figure in figures)

    def longest_pure(self, label: Labels) -> tuple[int, str]:
        """Return the rows of the largest level or range without a good, and its words."""
        bads = self.bads(label)
        null_rows = int(self.counts[0])
        best = (null_rows, "is null") if null_rows and bads[0] == null_rows else (0, "")
        n = self.counts[1:]
        is_pure = bads[1:] == n
        if not is_pure.any():
            return best
        # Values that follow one another are one range; a level is one by itself.
        edges = np.flatnonzero(np.diff(np.concatenate(([0], is_pure.astype(np.int8), [0]))))
        starts = edges[::2] if self.is_number else np.flatnonzero(is_pure)
        ends = edges[1::2] if self.is_number else starts + 1
        total = np.concatenate(([0], np.cumsum(n)))
        rows = total[ends] - total[starts]
        longest = int(np.argmax(rows))
        if rows[longest] <= best[0]:
            return best
        return int(rows[longest]), self._words(int(starts[longest]), int(ends[longest]))

    def _words(self, start: int, end: int) -> str:
        first = self.values[start]
        last = self.values[end - 1]
        if end - start == 1:
            return f"is {first:g}" if self.is_number else f"is {first}"
        if end == len(self.values):
            return f"from {first:g} on"
        return f"up to {last:g}" if start == 0 else f"from {first:g} to {last:g}"


def auc_of_counts(bads: NDArray[Any], goods: NDArray[Any]) -> float:
    """Return the AUC of values in order, from the bads and goods of each; .5 without one class.

    >>> auc_of_counts(np.array([0, 1]), np.array([1, 0]))
    1.0
    """
    total = float(bads.sum()) * float(goods.sum())
    if not total:
        return 0.5
    below = np.cumsum(goods) - goods
    return float((bads * (below + goods / 2)).sum()) / total


def held_out_auc(codes: Codes, label: NDArray[Any]) -> float:
    """Return the AUC of the bins' bad rates, each row rated by rows of the other half; at least .5.

    The halves take every second row of each class, so that the figure needs no seed.
    """
    size = int(codes.max()) + 1
    is_even = _halves(label)
    is_bad = label == 1
    # table: bads and all rows of each bin, in the two halves
    bads = [np.bincount(codes[half & is_bad], minlength=size) for half in (is_even, ~is_even)]
    rows = [np.bincount(codes[half], minlength=size) for half in (is_even, ~is_even)]
    figures = []
    for own in (0, 1):
        rates = _rates(bads[1 - own], rows[1 - own])
        # Bins of one rate tie: they are one value of the score.
        _, tied = np.unique(rates, return_inverse=True)
        own_bads = np.bincount(tied, weights=bads[own])
        own_goods = np.bincount(tied, weights=rows[own] - bads[own])
        figures.append(auc_of_counts(own_bads, own_goods))
    return max(0.5, float(np.mean(figures)))


def _halves(label: NDArray[Any]) -> Mask:
    """Return a mask of every second row of each class."""
    is_even = np.zeros(len(label), bool)
    for value in (0, 1):
        is_even[np.flatnonzero(label == value)[::2]] = True
    return is_even


def _rates(bads: NDArray[Any], rows: NDArray[Any]) -> Floats:
    mean = bads.sum() / max(rows.sum(), 1)
    return np.asarray((bads + SMOOTHING * mean) / (rows + SMOOTHING), np.float64)


def auc_words(figure: float, label: NDArray[Any]) -> str:
    """Return an AUC with its 95 % interval and the rows of both classes behind it.

    The standard error is that of Hanley and McNeil (1982), which needs the AUC and counts alone.

    >>> auc_words(0.9, np.repeat([1, 0], [20, 100]))
    'AUC 0.900 (0.807 to 0.993; 20 rows against 100)'
    """
    ones = int(label.sum())
    others = len(label) - ones
    low, high = auc_ends(figure, ones, others)
    return f"AUC {figure:.3f} ({low:.3f} to {high:.3f}; {ones:,} rows against {others:,})"


def auc_ends(figure: float, ones: int, others: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUC by Hanley and McNeil, from the rows of both classes.

    >>> [round(end, 3) for end in auc_ends(0.9, 20, 100)]
    [0.807, 0.993]
    """
    alike = figure / (2 - figure) - figure**2
    apart = 2 * figure**2 / (1 + figure) - figure**2
    variance = figure * (1 - figure) + (ones - 1) * alike + (others - 1) * apart
    half = NORMAL_95 * float(np.sqrt(variance / max(ones * others, 1)))
    return max(figure - half, 0.0), min(figure + half, 1.0)


def strongest_column(frame: pd.DataFrame, label: Labels) -> tuple[str, float]:
    """Return the column that tells the outcome best by itself, and its AUC (by rank or by bins)."""
    figures = []
    for name in frame:
        column = SortedColumn.of(frame[name])
        figure = max(held_out_auc(column.bins, label), column.rank_auc(label))
        figures.append((figure, str(name)))
    best, name = max(figures, default=(0.5, ""))
    return name, best


def luck_of_auc(label: Labels, columns: int) -> float:
    """Return the AUC that the best of so many columns of noise reaches by luck."""
    # The largest of n normal draws lies near sqrt(2 ln n) standard errors; one more is allowed.
    errors = 1.0 + float(np.sqrt(2 * np.log(max(columns, 2))))
    return 0.5 + errors * auc_error(label)


def auc_error(label: Labels) -> float:
    """Return a standard error of an AUC that is at most this: that of AUC .5."""
    bads = max(int(label.sum()), 1)
    goods = max(len(label) - bads, 1)
    return float(np.sqrt((bads + goods + 1) / (12 * bads * goods)))
