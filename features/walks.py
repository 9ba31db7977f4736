"""The compiled loops over a network's neighbours: cores and components.

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
