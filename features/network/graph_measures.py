"""Measures of an undirected network in compressed rows: centrality, core, clustering, components. Same edges, same bits.

`adjacency` is symmetric, 0/1, without loops, with sorted indices. Nodes without an edge are not part of the network: they get 0.
Sources: S5-R17, domain 7.4.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..compiled import jit

# The compiled loops over a network's neighbours: cores, components, circles of directed links, moments before others.


@jit
def cores(
    start: np.ndarray, other: np.ndarray, degree: np.ndarray, order: np.ndarray, first: np.ndarray
) -> None:
    """Turn degrees into core numbers: nodes are peeled by rising degree, in one pass over the links (Batagelj and Zaversnik).

    `order`: nodes by degree; `first`: where each degree begins in it. Both change with the degrees.
    """
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    for k in range(len(order)):
        node = order[k]
        for neighbour in other[start[node] : start[node + 1]]:
            if (
                degree[neighbour] > degree[node]
            ):  # swapped with the first node of its degree, then one degree lower
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
def before(
    start: np.ndarray, moment: np.ndarray, node: np.ndarray, limit: np.ndarray
) -> np.ndarray:
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


DAMPING, ROUNDS = 0.85, 30


def pagerank(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Rank times the number of nodes, so that 1 is average: r = (1 - d) + d A (r / degree), a fixed number of rounds."""
    degree = np.diff(adjacency.indptr).astype(float)
    member = degree > 0
    rank = member.astype(float)
    for _ in range(ROUNDS):
        rank = np.where(
            member, (1.0 - DAMPING) + DAMPING * (adjacency @ (rank / np.maximum(degree, 1.0))), 0.0
        )
    return rank


def core_numbers(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Largest k such that the node survives peeling every node of degree below k."""
    degree = np.diff(adjacency.indptr).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(np.bincount(degree))])
    cores(adjacency.indptr, adjacency.indices, degree, np.argsort(degree, kind="stable"), first)
    return degree.astype(float)


def neighbourhoods(
    adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray, rows: int = 2_000
) -> tuple[np.ndarray, np.ndarray]:
    """Around each node asked for: the share of pairs of its neighbours who are linked, and sums of `values` over its second degree.

    The second degree is everyone at a distance of exactly two, each once whatever the number of paths: neither the node itself nor its
    neighbours. `values` has a row per node of the network, the sums one per node asked for. The share is null below two neighbours.
    """
    blocks = [
        _neighbourhood(adjacency, nodes[i : i + rows], values) for i in range(0, len(nodes), rows)
    ]
    linked = np.concatenate([block[0] for block in blocks]) if blocks else np.zeros(0)
    second = (
        np.concatenate([block[1] for block in blocks]) if blocks else np.zeros((0, values.shape[1]))
    )
    degree = np.diff(adjacency.indptr)[nodes].astype(float)
    pairs = degree * (degree - 1.0)
    return np.divide(linked, pairs, out=np.full(len(nodes), np.nan), where=pairs > 0), second


def _neighbourhood(
    adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both from one product: walks of two steps end in the second degree, at neighbours (they close a triangle) and back at the node."""
    mine = adjacency[nodes]
    walks = mine @ adjacency
    closed = walks.multiply(mine).tocsr()
    linked = np.asarray(closed.sum(axis=1)).ravel()
    walks.data[:], closed.data[:] = 1.0, 1.0
    has_neighbours = (np.diff(mine.indptr) > 0)[:, None]
    return linked, walks @ values - closed @ values - values[nodes] * has_neighbours


def starts_of(node: np.ndarray, n: int) -> np.ndarray:
    """Where the rows of each of n nodes begin once they are sorted by node, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=n))])


def rows_of(start: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the nodes asked for, where rows `start[k]` up to `start[k + 1]` are those of node k: (which node asked for, row)."""
    size = np.diff(start)[nodes]
    skipped = np.repeat(start[nodes] - (np.cumsum(size) - size), size)
    return np.repeat(np.arange(len(nodes)), size), np.arange(int(size.sum())) + skipped


def component_shares(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Share of the network's nodes that can be reached from each node."""
    member = np.diff(adjacency.indptr) > 0
    size = component_sizes(adjacency.indptr, adjacency.indices)
    return np.where(member, size / max(int(member.sum()), 1), 0.0)


def neighbour_max(adjacency: sparse.csr_matrix, value: np.ndarray) -> np.ndarray:
    """Largest value among a node's neighbours; null without one."""
    best, start = np.full(adjacency.shape[0], np.nan), adjacency.indptr[:-1]
    has = np.diff(adjacency.indptr) > 0
    if has.any():
        best[has] = np.maximum.reduceat(value[adjacency.indices], start[has])
    return best
