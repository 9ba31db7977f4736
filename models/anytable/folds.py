"""Stratified folds and the out-of-time cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def stratified(label: NDArray[np.int8], folds: int, seed: int) -> Iterator[Mask]:
    """Yield the mask of the held-out rows, fold by fold; every fold holds its share of bads and of goods."""
    fold = np.empty(len(label), dtype=np.int64)
    rng = np.random.default_rng(seed)
    start = 0  # goods go on counting where bads stop, so that fold sizes differ by one at most
    for value in (1, 0):
        rows = rng.permutation(np.flatnonzero(label == value))
        fold[rows] = (start + np.arange(len(rows))) % folds
        start += len(rows)
    for k in range(folds):
        yield fold == k


def latest(time: NDArray[np.datetime64], share: float) -> Mask:
    """Mask of the rows with the latest dates, about `share` of all; rows of one moment stay together, on the later side."""
    ordered = np.sort(time)
    cut = ordered[min(len(ordered) - 1, int(np.ceil(len(ordered) * (1 - share))))]
    return np.asarray(time >= cut)
