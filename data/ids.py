"""Whole-number ids of a long stream: which come twice, and which lie in a given set. Numpy does both in a fraction of a scan's time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

BITS = 20  # a block of flags covers 2^20 neighbouring numbers, 1 MB
MOST = 512  # blocks held at once: half a GB
LOW = (1 << BITS) - 1


class Repeats:
    """Finds ids that come more than once, with one byte per possible id where ids lie close together (made part by part, they do)."""

    def __init__(self) -> None:
        self._blocks: dict[int, NDArray[np.bool_]] = {}
        self._found: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids."""
        for key, inside in _by_block(ids):
            if len(self._blocks) <= MOST:
                self._mark(self._blocks.setdefault(key, np.zeros(1 << BITS, dtype=bool)), inside)

    def _mark(self, block: NDArray[np.bool_], ids: Ids) -> None:
        place = ids & LOW
        seen, before = block[place], np.count_nonzero(block)
        block[place] = True
        if seen.any():
            self._found.append(ids[seen])
        if np.count_nonzero(block) - before < len(ids) - np.count_nonzero(seen):
            values, counts = np.unique(ids[~seen], return_counts=True)
            self._found.append(values[counts > 1])

    @property
    def found(self) -> Ids | None:
        """The repeated ids, sorted, or None where ids lie too far apart for the flags."""
        if len(self._blocks) > MOST:
            return None
        return np.unique(np.concatenate(self._found)) if self._found else np.zeros(0, np.int64)


class Strangers:
    """Finds ids that are not among the `known`."""

    def __init__(self, known: Ids) -> None:
        self._known = np.append(np.unique(known), np.iinfo(np.int64).max)  # a last one, so that every place exists
        self._found: list[Ids] = []

    def add(self, ids: Ids) -> None:
        """Look at one more stretch of ids. Equal neighbours are looked up once: rows of one person often lie together."""
        if not len(ids):
            return
        once = ids[np.concatenate([[True], ids[1:] != ids[:-1]])]
        self._found.append(np.unique(once[self._known[np.searchsorted(self._known, once)] != once]))

    @property
    def found(self) -> Ids:
        """The ids found, sorted."""
        return np.unique(np.concatenate([np.zeros(0, np.int64), *self._found]))


def _by_block(ids: Ids) -> Iterable[tuple[int, Ids]]:
    high = ids >> BITS
    if not len(high) or high.min() == high.max():
        return [(int(high[0]), ids)] if len(high) else []
    return [(int(key), ids[high == key]) for key in np.unique(high)]
