"""Measures of a directed network that grows: each pair is linked from one moment on, and a measure knows only links before its own.

Exact at any moment without a snapshot: a circle exists from the moment its last link is known, so all are found once.
"""

from __future__ import annotations

import numpy as np

from . import walks
from .network import rows_of, starts_of


class Moments:
    """Moments (integers) of each of n nodes, to be counted up to any other moment."""

    def __init__(self, node: np.ndarray, moment: np.ndarray, n: int) -> None:
        order = np.lexsort((moment, node))
        self.moment, self.start = moment[order], starts_of(node, n)

    def before(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """How many of each node's lie before the moment asked for."""
        return walks.before(self.start, self.moment, node, moment)


class Links:
    """Directed links among n nodes without loops, each pair once with the moment from which it is known, sorted by (source, target)."""

    def __init__(self, source: np.ndarray, target: np.ndarray, known: np.ndarray, n: int) -> None:
        order = np.argsort(source * n + target)
        self.target, self.known, self.n = target[order], known[order], n
        self.start = starts_of(source, n)

    def busiest_target(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Most sources of any target of each node, all links known before its moment; 0 without a target."""
        at, row = rows_of(self.start, node)
        seen = self.known[row] < moment[at]
        at, target, most = at[seen], self.target[row[seen]], np.zeros(len(node))
        np.maximum.at(most, at, Moments(self.target, self.known, self.n).before(target, moment[at]))
        return most

    def circles(self) -> Moments:
        """Circles of three links, by corner: the moment from which all three are known."""
        circles = walks.circles(self.start, self.target, self.known)
        return Moments(circles[:, :3].ravel(), np.repeat(circles[:, 3], 3), self.n)
