"""Measures of an undirected network: centrality, core, clustering, components.

`adjacency` is a symmetric 0/1 matrix in compressed rows, without loops, with sorted indices. The
same edges give the same bits. Nodes without an edge are not part of the network: they get 0.
Sources: S5-R17, domain 7.4.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..compiled import jit

# Compiled loops over a network's neighbours: cores, circles, moments.


# Compiled, because peeling goes node by node and each step depends on the one before.
@jit
def cores(
    start: np.ndarray, other: np.ndarray, degree: np.ndarray, order: np.ndarray, first: np.ndarray
) -> None:
    """Turn degrees into core numbers, in place (Batagelj and Zaversnik).

    Nodes are peeled by rising degree, in one pass over the links. `order` has the nodes by degree,
    `first` where each degree begins in it. Both change with the degrees.
    """
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    for k in range(len(order)):
        node = order[k]
        for neighbour in other[start[node] : start[node + 1]]:
            if degree[neighbour] > degree[node]:
                # Swap it with the first node of its degree, then make its degree one lower.
                # So `order` stays sorted without a sort.
                head = max(first[degree[neighbour]], k + 1)
                here, moved = place[neighbour], order[head]
                order[head], order[here] = neighbour, moved
                place[neighbour], place[moved] = head, here
                first[degree[neighbour]] = head + 1
                degree[neighbour] -= 1


# Compiled, because the loops below call it for each node or link. A bisection.
@jit
def _position(values: np.ndarray, low: int, high: int, value: int) -> int:
    """Return where a value would stand among the sorted values from `low` up to `high`."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


# Compiled: one bisection per request, each within the moments of its own node.
@jit
def before(
    start: np.ndarray, moment: np.ndarray, node: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Return how many of a node's moments, sorted from `start[node]` on, lie before each limit."""
    count = np.empty(len(node))
    for k in range(len(node)):
        count[k] = _position(moment, start[node[k]], start[node[k] + 1], limit[k]) - start[node[k]]
    return count


# Compiled: three nested loops. A corner is smaller than the two after it, so no circle comes twice.
@jit
def circles(start: np.ndarray, other: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return (circles, 4): a, b, c and the moment from which a -> b -> c -> a is known.

    Each circle stands once, from its smallest corner a. Links are directed and have the moment from
    which they are known; each node's `other` are sorted.
    """
    # One row of zeros, left out at the end: an array cannot be made of no rows.
    found = [(0, 0, 0, 0)]
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


# The usual damping of PageRank.
DAMPING = 0.85
# A fixed number of rounds: a stop by tolerance could come one round later on another machine.
# What is left after 30 rounds is 0.85 ** 30, below 1 %.
PAGERANK_ROUNDS = 30


def pagerank(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Return the rank of each node times the number of nodes, so that 1 is average.

    The formula is r = (1 - d) + d A (r / degree), a fixed number of rounds.
    """
    degree = np.diff(adjacency.indptr).astype(float)
    is_member = degree > 0
    # Nodes without an edge have rank 0; a degree of 1 only avoids a division by zero.
    divisor = np.maximum(degree, 1.0)
    rank = is_member.astype(float)
    for _ in range(PAGERANK_ROUNDS):
        received = adjacency @ (rank / divisor)
        rank = np.where(is_member, (1.0 - DAMPING) + DAMPING * received, 0.0)
    return rank


def core_numbers(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Return the largest k such that the node survives peeling every node of degree below k."""
    degree = np.diff(adjacency.indptr).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(np.bincount(degree))])
    # A stable sort, so that equal degrees are peeled in the order of the nodes.
    order = np.argsort(degree, kind="stable")
    cores(adjacency.indptr, adjacency.indices, degree, order, first)
    return degree.astype(float)


def neighbourhoods(
    adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray, rows: int = 2_000
) -> tuple[np.ndarray, np.ndarray]:
    """Return the clustering of each node asked for, and sums over its second degree.

    The clustering is the share of pairs of its neighbours who are linked, null below two
    neighbours. The second degree is everyone at a distance of exactly two, each once whatever the
    number of paths: neither the node itself nor its neighbours. `values` has a row per node of the
    network, the sums one per node asked for. `rows` nodes are worked on at once, to bound memory.
    """
    starts = range(0, len(nodes), rows)
    blocks = [_neighbourhood(adjacency, nodes[i : i + rows], values) for i in starts]
    linked = np.concatenate([np.zeros(0), *(block[0] for block in blocks)])
    no_sums = np.zeros((0, values.shape[1]))
    second = np.concatenate([no_sums, *(block[1] for block in blocks)])
    degree = np.diff(adjacency.indptr)[nodes].astype(float)
    pairs = degree * (degree - 1.0)
    unknown = np.full(len(nodes), np.nan)
    return np.divide(linked, pairs, out=unknown, where=pairs > 0), second


def _neighbourhood(
    adjacency: sparse.csr_matrix, nodes: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return linked pairs of neighbours, and sums over the second degree, from one product.

    Walks of two steps end in the second degree, at neighbours (they close a triangle), or back at
    the node.
    """
    mine = adjacency[nodes]
    walks = mine @ adjacency
    closed = walks.multiply(mine).tocsr()
    linked = np.asarray(closed.sum(axis=1)).ravel()
    # From here on it counts whether there is a walk, not how many.
    walks.data[:] = 1.0
    closed.data[:] = 1.0
    # A node with a neighbour gets back to itself.
    has_neighbours = (np.diff(mine.indptr) > 0)[:, None]
    back = values[nodes] * has_neighbours
    return linked, walks @ values - closed @ values - back


def starts_of(node: np.ndarray, n: int) -> np.ndarray:
    """Return where the rows of each of n nodes begin once sorted by node, and where they end.

    >>> starts_of(np.array([0, 2, 2]), 3).tolist()
    [0, 1, 1, 3]
    """
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=n))])


def rows_of(start: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (which of the nodes, row) for all rows of the nodes.

    Rows `start[k]` up to `start[k + 1]` are those of node k.

    >>> at, row = rows_of(np.array([0, 1, 1, 3]), np.array([2, 0]))
    >>> at.tolist(), row.tolist()
    ([0, 0, 1], [1, 2, 0])
    """
    size = np.diff(start)[nodes]
    skipped = np.repeat(start[nodes] - (np.cumsum(size) - size), size)
    return np.repeat(np.arange(len(nodes)), size), np.arange(int(size.sum())) + skipped


def component_shares(adjacency: sparse.csr_matrix) -> np.ndarray:
    """Return the share of the network's nodes that can be reached from each node."""
    is_member = np.diff(adjacency.indptr) > 0
    component = csgraph.connected_components(adjacency, directed=False)[1]
    size = np.bincount(component)[component]
    return np.where(is_member, size / max(int(is_member.sum()), 1), 0.0)


def neighbour_max(adjacency: sparse.csr_matrix, value: np.ndarray) -> np.ndarray:
    """Return the largest value among a node's neighbours; null without one."""
    largest = np.full(adjacency.shape[0], np.nan)
    start = adjacency.indptr[:-1]
    has_neighbours = np.diff(adjacency.indptr) > 0
    # `reduceat` refuses to work on no neighbour at all.
    if has_neighbours.any():
        values = value[adjacency.indices]
        largest[has_neighbours] = np.maximum.reduceat(values, start[has_neighbours])
    return largest
