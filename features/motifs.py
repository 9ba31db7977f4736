"""Measures of a directed network that grows: each pair is linked from one moment on, and a measure knows only links before its own.

Exact at any moment without a snapshot: a circle exists from the moment its last link is known, so all are found once.
"""

from __future__ import annotations

import numpy as np

from .network import rows_of

PATHS = 2_000_000
"""Paths of two links looked at together."""


class Moments:
    """Moments of each node, to be counted up to any other moment."""

    def __init__(self, node: np.ndarray, moment: np.ndarray, n: int) -> None:
        self.times = np.unique(moment)
        self.size = len(self.times) + 1
        self.key = np.sort(node * self.size + np.searchsorted(self.times, moment))
        self.start = np.searchsorted(self.key, np.arange(n) * self.size)

    def before(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """How many of each node's lie before the moment asked for."""
        up_to = np.searchsorted(self.key, node * self.size + np.searchsorted(self.times, moment))
        return (up_to - self.start[node]).astype(float)


class Links:
    """Directed links among n nodes, each pair once with the moment from which it is known, sorted by (source, target)."""

    def __init__(self, source: np.ndarray, target: np.ndarray, known: np.ndarray, n: int) -> None:
        order = np.argsort(source * n + target)
        self.source, self.target, self.known, self.n = source[order], target[order], known[order], n
        self.key = self.source * n + self.target
        self.start = np.searchsorted(self.source, np.arange(n + 1))

    def busiest_target(self, node: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Most sources of any target of each node, all links known before its moment; 0 without a target."""
        at, row = rows_of(self.start, node)
        seen = self.known[row] < moment[at]
        at, target, most = at[seen], self.target[row[seen]], np.zeros(len(node))
        np.maximum.at(most, at, Moments(self.target, self.known, self.n).before(target, moment[at]))
        return most

    def circles(self) -> Moments:
        """Circles of three links, by corner: the moment from which all three are known."""
        found = [self._circles(part) for part in self._parts()]
        corner = np.concatenate([corners for corners, _ in found]) if found else np.zeros(0, np.int64)
        return Moments(corner, np.concatenate([known for _, known in found]) if found else self.known[:0], self.n)

    def _parts(self) -> list[np.ndarray]:
        """Links that may begin a circle at its smallest corner, in parts of about PATHS paths."""
        first = np.flatnonzero(self.source < self.target)
        paths = np.cumsum(np.diff(self.start)[self.target[first]])
        return np.split(first, np.searchsorted(paths, np.arange(PATHS, paths.max(initial=0), PATHS)))

    def _circles(self, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(corner, moment) of the circles a -> b -> c -> a that begin with the links given, three rows each; a is the smallest."""
        at, second = rows_of(self.start, self.target[first])
        first = first[at]
        smallest = self.target[second] > self.source[first]
        first, second = first[smallest], second[smallest]
        key = self.target[second] * self.n + self.source[first]
        last = np.minimum(np.searchsorted(self.key, key), max(len(self.key) - 1, 0))
        closes = self.key[last] == key
        links = [links[closes] for links in (first, second, last)]
        return np.concatenate([self.source[link] for link in links]), np.tile(np.maximum.reduce([self.known[link] for link in links]), 3)
