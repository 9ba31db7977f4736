"""The compiled loops over a network's neighbours: cores, components, circles of directed links, moments before others.

A network is its compressed rows: the neighbours of node k are `other[start[k]:start[k + 1]]`.
"""

from __future__ import annotations

import numpy as np

from .compiled import jit


@jit
def cores(start: np.ndarray, other: np.ndarray, degree: np.ndarray, order: np.ndarray, first: np.ndarray) -> None:
    """Turn degrees into core numbers: nodes are peeled by rising degree, in one pass over the links (Batagelj and Zaversnik).

    `order`: nodes by degree; `first`: where each degree begins in it. Both change with the degrees.
    """
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    for k in range(len(order)):
        node = order[k]
        for neighbour in other[start[node] : start[node + 1]]:
            if degree[neighbour] > degree[node]:  # swapped with the first node of its degree, then one degree lower
                head = max(first[degree[neighbour]], k + 1)
                here, moved = place[neighbour], order[head]
                order[head], order[here] = neighbour, moved
                place[neighbour], place[moved] = head, here
                first[degree[neighbour]] = head + 1
                degree[neighbour] -= 1


@jit
def component_sizes(start: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Number of nodes that can be reached from each node, itself among them."""
    size, found = np.zeros(len(start) - 1, np.int64), np.empty(len(start) - 1, np.int64)
    for node in range(len(size)):
        if size[node] > 0:
            continue
        found[0], size[node], seen, head = node, 1, 1, 0
        while head < seen:
            for neighbour in other[start[found[head]] : start[found[head] + 1]]:
                if size[neighbour] == 0:
                    found[seen], size[neighbour] = neighbour, 1
                    seen += 1
            head += 1
        size[found[:seen]] = seen
    return size


@jit
def _position(values: np.ndarray, low: int, high: int, value: int) -> int:
    """Where a value would stand among the sorted values from `low` up to `high`."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def before(start: np.ndarray, moment: np.ndarray, node: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """How many of a node's moments, sorted from `start[node]` on, lie before each limit."""
    found = np.empty(len(node))
    for k in range(len(node)):
        found[k] = _position(moment, start[node[k]], start[node[k] + 1], limit[k]) - start[node[k]]
    return found


@jit
def circles(start: np.ndarray, other: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(circles, 4): a, b, c and the moment from which a -> b -> c -> a is known, each circle once, from its smallest corner a.

    Links are directed and come with the moment from which they are known; each node's `other` are sorted.
    """
    found = [(0, 0, 0, 0)]  # left out at the end: an array cannot be made of no rows
    for a in range(len(start) - 1):
        for first in range(start[a], start[a + 1]):
            b = other[first]
            if b > a:
                for second in range(start[b], start[b + 1]):
                    c = other[second]
                    if c > a:
                        last = _position(other, start[c], start[c + 1], a)
                        if last < start[c + 1] and other[last] == a:
                            found.append((a, b, c, max(known[first], known[second], known[last])))
    return np.array(found, np.int64)[1:]
